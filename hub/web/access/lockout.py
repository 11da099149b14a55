"""How long a name must wait after wrong passwords.  Pure decisions, and a memory for names that do not exist."""

from __future__ import annotations

import threading
from collections import OrderedDict

FREE = 5
"""Tries before the first wait."""
_WAITS = (60.0, 300.0, 900.0, 3600.0)
"""Seconds, growing with each further wrong password."""
_REMEMBERED = 10_000
NOTED = 60.0
"""Seconds between two lines about names that nobody has."""


def wait_after(failures: int) -> float:
    """Seconds to wait after that many wrong passwords in a row."""
    return 0.0 if failures < FREE else _WAITS[min(failures - FREE, len(_WAITS) - 1)]


class Strangers:
    """Counts tries of names that nobody has, so that these wait like the others and cannot be told apart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted = float("-inf")
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def state(self, name: str) -> tuple[int, float]:
        """(failures, locked until)"""
        with self._lock:
            return self._tries.get(name, (0, 0.0))

    def tried(self, name: str, now: float) -> None:
        with self._lock:
            failures = self._tries.pop(name, (0, 0.0))[0] + 1
            self._tries[name] = failures, now + wait_after(failures)
            while len(self._tries) > _REMEMBERED:
                self._tries.popitem(last=False)

    def worth_noting(self, now: float) -> bool:
        """Whether a refusal that concerns no user becomes a line of the audit log: one a minute does, so that nobody can
        fill it from outside."""
        with self._lock:
            if 0 <= now - self._noted < NOTED:
                return False
            self._noted = now
            return True
