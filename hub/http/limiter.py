"""One limiter for each account: rate, calls at a time, what answers say is left, a daily quota, and a circuit breaker.

It is shared by all threads and by all connections that use the same account.  It waits for short limits and raises
RateLimited for long ones, so that the run is put off instead of hanging.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

from hub.contract.errors import RateLimited, Unavailable
from hub.contract.records import Limits

_RATE = re.compile(r"(\d+)/(\d+(?:\.\d+)?)?(s|m|h)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_DAY = 86_400.0
_RESERVE = 0.02
"""Part of the daily quota that is left to others."""
_SPENT = 3600.0
"""Seconds until it is tried again when nothing is left of a quota whose end nobody told."""
FAILURES = 5
"""Failures in a row after which nothing is tried for a while."""
PAUSE = 60.0
"""Seconds of that while; then one call is let through to see."""


@dataclass(slots=True)
class Quota:
    """Calls of one day, kept in a file so that restarts do not forget them.  A day begins with its first call."""

    most: int
    path: Path | None = None
    began: float = 0.0
    used: int = 0
    _saved: int = 0

    def __post_init__(self) -> None:
        if self.path is not None:
            try:
                kept = json.loads(self.path.read_text(encoding="ascii"))
                self.began, self.used = float(kept["began"]), int(kept["used"])
            except (OSError, ValueError, KeyError, TypeError):
                self.began, self.used = 0.0, 0  # a lost count is made good by what answers say is left
        self._saved = self.used

    def take(self, now: float) -> float | None:
        """Count one call; the seconds to wait if none is left."""
        if now - self.began >= _DAY or now < self.began:
            self.began, self.used = now, 0
        if self.used >= self.most * (1 - _RESERVE):
            return self.began + _DAY - now
        self.used += 1
        if self.used - self._saved >= 50 or self.used == 1:
            self.save()
        return None

    def left(self, remaining: int) -> None:
        """An answer says how many calls are left."""
        self.used = max(self.used, self.most - remaining)

    def save(self) -> None:
        """Keep the count."""
        self._saved = self.used
        if self.path is not None:
            draft = self.path.with_suffix(".new")
            draft.write_text(json.dumps({"began": self.began, "used": self.used}), encoding="ascii")
            draft.replace(self.path)


@dataclass(slots=True)
class Limiter:
    """Lets calls through as an account allows.

    longest_wait: seconds that a call waits here; a longer limit raises RateLimited at once.
    now, clock:   a steady clock, and seconds since the epoch; sleep: all for tests.
    """

    limits: Limits
    where: str = ""
    quota: Quota | None = None
    longest_wait: float = 30.0
    now: Callable[[], float] = time.monotonic
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _sent: deque[float] = field(default_factory=deque)
    _blocked: float = 0.0
    _failures: int = 0
    _open_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _slots: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = threading.BoundedSemaphore(max(1, self.limits.concurrency))

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a turn and hold it during a call.  Raises RateLimited or Unavailable (the circuit is open)."""
        with self._slots:
            self._check_circuit()
            while (seconds := self._claim()) > 0:
                if seconds > self.longest_wait:
                    raise RateLimited(
                        f"the limit of {self.where} is reached", retry_after=seconds, scope="account", where=self.where
                    )
                self.sleep(seconds)
            self._count()
            yield

    def answered(self, headers: Mapping[str, str], *, failed: bool) -> None:
        """An answer came (or none): learn what is left, and how healthy the system is."""
        names = self.limits.headers
        with self._lock:
            if not failed:
                self._failures, self._open_until = 0, 0.0
            remaining = _number(headers.get(names.get("remaining", "")))
            if remaining is not None and remaining <= 0:
                self._blocked = max(self._blocked, self.now() + self._reset(headers))
            left = _number(headers.get(names.get("daily_remaining", "")))
            if left is not None and self.quota is not None:
                self.quota.left(int(left))
            elif left is not None and left <= 0:
                self._blocked = max(self._blocked, self.now() + _SPENT)

    def failed(self) -> None:
        """The system could not be reached or is broken."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._open_until = self.now() + PAUSE

    def refused(self, retry_after: float | None) -> None:
        """The system asked to wait: every thread does."""
        with self._lock:
            self._blocked = max(self._blocked, self.now() + (1.0 if retry_after is None else retry_after))

    def close(self) -> None:
        """Keep the count of the day."""
        if self.quota is not None:
            self.quota.save()

    def _check_circuit(self) -> None:
        with self._lock:
            left = self._open_until - self.now()
            if left > 0:
                raise Unavailable(
                    f"{self.where} failed {self._failures} times in a row; it is left alone for {left:.0f} s more",
                    where=self.where,
                )
            if self._open_until:  # half open: one call tries, its failure opens the circuit again
                self._failures = FAILURES - 1
                self._open_until = 0.0

    def _claim(self) -> float:
        """Take a turn, or the seconds until one may be free."""
        with self._lock:
            now = self.now()
            if self._blocked > now:
                return self._blocked - now
            rate = parse_rate(self.limits.rate)
            if rate is not None:
                most, seconds = rate
                while self._sent and now - self._sent[0] >= seconds:
                    self._sent.popleft()
                if len(self._sent) >= most:
                    return seconds - (now - self._sent[0])
                self._sent.append(now)
            return 0.0

    def _count(self) -> None:
        if self.quota is None:
            return
        with self._lock:
            seconds = self.quota.take(self.clock())
        if seconds is not None:
            raise RateLimited(
                f"the daily quota of {self.where} is used up", retry_after=seconds, scope="daily", where=self.where
            )

    def _reset(self, headers: Mapping[str, str]) -> float:
        """Seconds until calls are possible again: as seconds, as a time since the epoch, or as an HTTP date."""
        value = headers.get(self.limits.headers.get("reset", ""), "")
        number = _number(value)
        if number is not None:
            return number - self.clock() if number > 1e9 else number
        try:
            when = parsedate_to_datetime(value)
            return max(0.0, when.replace(tzinfo=when.tzinfo or UTC).timestamp() - self.clock())
        except ValueError:
            rate = parse_rate(self.limits.rate)
            return rate[1] if rate else 1.0


def parse_rate(rate: str) -> tuple[int, float] | None:
    """ "100/10s" -> (100, 10.0); None for ""."""
    if not rate:
        return None
    match = _RATE.fullmatch(rate)
    if match is None:
        raise ValueError(f"a rate looks like 100/10s, not {rate!r}")
    return int(match[1]), float(match[2] or 1) * _SECONDS[match[3]]


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
