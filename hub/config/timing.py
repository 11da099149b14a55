"""When a sync runs by itself: schedules, quiet windows and freshness, as written in the configuration."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.config.quantities import parse_duration

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?:(?P<days>[a-z,-]+)\s+)?(?P<start>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)")
_HOW = 'such as "every 15m", "cron 0 7 * * mon-fri" or "manual"'
_MINUTES = 24 * 60
WEEK = 7 * _MINUTES


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again.  seconds: from the beginning of one run to the beginning of the next."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cron:
    """At times of the clock on the wall: minute, hour, day of the month, month and weekdays (0 is Monday), in the form
    that APScheduler reads."""

    minute: str
    hour: str
    day: str
    month: str
    weekday: str

    @property
    def at_fixed_hours(self) -> bool:
        """Whether it names hours: then an hour that the clock shows twice (the end of summer time) counts once."""
        return not self.hour.startswith("*")


Schedule = Every | Cron


@dataclass(frozen=True, slots=True)
class Quiet:
    """A part of the day in which nothing starts, in local time.  start / end: minutes since midnight, the end excluded;
    an end that is not after the start is on the next day.  days: of the start, 0 is Monday."""

    start: int
    end: int
    days: frozenset[int] = frozenset(range(7))

    def minutes(self) -> frozenset[int]:
        """The minutes of the week that it covers, 0 is Monday 00:00."""
        length = self.end - self.start if self.end > self.start else self.end + _MINUTES - self.start
        return frozenset((day * _MINUTES + self.start + offset) % WEEK for day in self.days for offset in range(length))


@dataclass(frozen=True, slots=True)
class Timing:
    """When a sync runs by itself.

    schedule: None is "manual";  jitter: seconds that a start may be late, at random, so that not everything starts at
    once;  zone: name of the time zone of cron times and quiet windows;  fresh: seconds after which the data of the sync
    counts as old, None if nobody minds.
    """

    schedule: Schedule | None = None
    jitter: float = 0.0
    zone: str = "UTC"
    quiet: tuple[Quiet, ...] = ()
    fresh: float | None = None
    text: str = "manual"

    @property
    def spec(self) -> str:
        """What the times depend on: a changed one is planned anew."""
        return f"{self.text}|{self.jitter:g}|{self.zone}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the pages and webhooks are; a host is an IP address or a name of this machine."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Serving:
    """[serve]: for ``crmhub serve``.

    zone: of syncs that name none;  first / longest: seconds of the first and the longest wait for a system that does not
    answer;  notify: notifiers that are told of alarms, None for all;  listen: where pages and webhooks are, None for
    nowhere;  public_url: under which address other systems reach it, "" if they cannot;  gather: seconds from a webhook to
    the run that it causes, in which others may come;  rest: seconds between the beginnings of two such runs;
    metrics_token: reference of the secret with which other machines may see metrics, None for none;  two_people:
    whether a plan that deletes needs the approval of two people on the pages;  refused_passwords: a file of passwords, one
    a line, that no user of the pages may have.
    """

    zone: str = "UTC"
    first: float = 60.0
    longest: float = 3600.0
    notify: tuple[str, ...] | None = None
    listen: Address | None = Address("127.0.0.1", 8787)
    public_url: str = ""
    gather: float = 3.0
    rest: float = 30.0
    metrics_token: Mapping[str, Any] | None = None
    two_people: bool = False
    refused_passwords: Path | None = None


def parse_zone(text: object) -> str:
    """The name of a time zone.  Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError('must be a time zone such as "Europe/Berlin"')
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'is {text!r}, which is no time zone; it must be one such as "Europe/Berlin"') from None
    return text


def parse_listen(text: object) -> Address | None:
    """ "127.0.0.1:8787", "[::1]:8787" or "off".  Raises ValueError."""
    if text == "off":
        return None
    host, _, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    if not host or not port.isdecimal() or int(port) > 65535 or (":" in host) != host.startswith("["):
        raise ValueError(f'is {text!r}; it must be an address and a port such as "127.0.0.1:8787", or "off"')
    return Address(host.strip("[]"), int(port))


def parse_public_url(text: object) -> str:
    """An address such as "https://hub.firm.example", without a slash at its end.  Raises ValueError."""
    found = urlsplit(text) if isinstance(text, str) else None
    if not found or found.scheme not in ("http", "https") or not found.hostname or found.query or found.fragment:
        raise ValueError(f'is {text!r}; it must be an address such as "https://hub.firm.example"')
    if found.username or found.password:
        raise ValueError("must not hold a user name or a password")
    return str(text).rstrip("/")


def parse_secret(reference: object) -> Mapping[str, Any]:
    """A reference to a secret, such as { env = "NAME" }.  Raises ValueError."""
    if not isinstance(reference, Mapping):
        raise ValueError('must be a secret reference such as { env = "NAME" }')
    return dict(reference)


def parse_schedule(text: object) -> Schedule | None:
    """ "every 15m", "cron 0 7 * * mon-fri" or "manual".  Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"must be a schedule {_HOW}")
    word, _, rest = text.strip().partition(" ")
    if word == "manual" and not rest.strip():
        return None
    if word == "every":
        seconds = parse_duration(rest)
        if not 1 <= seconds <= 366 * 86_400:
            raise ValueError(f"must be every second at most and once a year at least, found {rest.strip()!r}")
        return Every(seconds)
    if word == "cron":
        return _cron(rest)
    raise ValueError(f"must be a schedule {_HOW}, found {text!r}")


def _cron(text: str) -> Cron:
    fields = text.lower().split()
    if len(fields) != 5:
        raise ValueError(f"needs five parts after cron (minute hour day month weekday), found {len(fields)}")
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        raise ValueError("must name days of the month or weekdays, not both: cron programs disagree on what that means")
    cron = Cron(minute, hour, day, month, _weekdays(weekday))
    from apscheduler.triggers.cron import CronTrigger  # loaded only for those who use it

    utc = zoneinfo.ZoneInfo("UTC")
    try:
        trigger = CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=cron.weekday, timezone=utc)
    except ValueError as error:
        words = str(error)
        raise ValueError(f"cannot be read: {words[:1].lower()}{words[1:]}") from None
    if trigger.get_next_fire_time(None, datetime(2000, 1, 1, tzinfo=utc)) is None:
        raise ValueError(f"is a day that never comes: {text.strip()!r}")
    return cron


def _weekdays(text: str) -> str:
    """Cron counts weekdays from Sunday = 0 (and 7), APScheduler from Monday = 0: every list becomes one of ours."""
    if text.startswith("*"):
        return text
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        start, end = _weekday(first), _weekday(last) if dash else _weekday(first)
        length = (end - start) % 7 or (6 if dash and first != last else 0)  # 0-7 is the whole week
        every = int(step) if step.isdigit() and int(step) > 0 else 1
        found |= {(start + offset) % 7 for offset in range(0, length + 1, every)}
    return ",".join(str(day) for day in sorted(found))


def _weekday(text: str) -> int:
    if text in DAYS:
        return DAYS.index(text)
    if text.isdigit() and int(text) <= 7:
        return (int(text) - 1) % 7
    raise ValueError(f"cannot be read: {text!r} is no weekday; write {', '.join(DAYS)}, or 0 to 7 (0 and 7 are Sunday)")


def parse_quiet(text: str) -> Quiet:
    """ "22:00-06:00", "sat,sun 00:00-24:00" or "mon-fri 08:00-09:30".  Raises ValueError."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f'must be a window such as "22:00-06:00" or "sat,sun 00:00-24:00", found {text!r}')
    start, end = _minute(found["start"]), _minute(found["end"])
    if start in (_MINUTES, end):
        raise ValueError(f"has a window without a length: {text!r}")
    days = frozenset(range(7))
    if found["days"]:
        days = frozenset(int(day) for day in _weekdays(found["days"]).split(","))
    return Quiet(start, end, days)


def _minute(text: str) -> int:
    if text == "24:00":
        return _MINUTES
    try:
        found = time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"has {text!r}, which is no time of the day") from None
    return found.hour * 60 + found.minute
