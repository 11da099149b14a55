"""Daily quotas over a rolling window of 24 hours, by the sandbox's clock."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

_WINDOW = timedelta(hours=24)


class Quota:
    """How much was spent within the last 24 hours."""

    def __init__(self) -> None:
        self._spent: deque[tuple[datetime, int]] = deque()

    def spent(self, now: datetime) -> int:
        """Spent within the window that ends now."""
        while self._spent and self._spent[0][0] <= now - _WINDOW:
            self._spent.popleft()
        return sum(cost for _, cost in self._spent)

    def take(self, now: datetime, cost: int, limit: int | None) -> bool:
        """Spend ``cost``; False, and nothing is spent, where it would exceed the limit."""
        if limit is not None and self.spent(now) + cost > limit:
            return False
        self._spent.append((now, cost))
        return True
