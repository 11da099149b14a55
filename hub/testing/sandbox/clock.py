"""A clock that tests can stop and move, so that lags and expiries need no waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The sandbox's idea of the true time.  Runs with the machine's clock until it is frozen; always in UTC."""

    def __init__(self, frozen_at: datetime | None = None) -> None:
        self._frozen = frozen_at.astimezone(UTC) if frozen_at is not None else None
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return (self._frozen or datetime.now(UTC)) + self._ahead

    def advance(self, seconds: float) -> datetime:
        """Move on by so many seconds (also while frozen); a negative number moves back."""
        self._ahead += timedelta(seconds=seconds)
        return self.now()

    def freeze(self, at: datetime | None = None) -> datetime:
        """Stop at ``at``, or at this moment."""
        self._frozen, self._ahead = (at.astimezone(UTC) if at is not None else self.now()), timedelta()
        return self.now()

    def run(self) -> datetime:
        """Run on from where the clock stands."""
        if self._frozen is not None:
            self._ahead = self.now() - datetime.now(UTC)
            self._frozen = None
        return self.now()
