"""When a schedule is due, and when quiet ends: pure functions over moments (seconds since the epoch)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hub.config.timing import Cron, Every, Quiet, Timing

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_DAY = 24 * 60
_MINUTE = timedelta(minutes=1)


def following(timing: Timing, slot: float | None, after: float) -> float | None:
    """The first time of a schedule that is later than ``after``; None for "manual".

    slot: a time of this schedule before, from which "every" counts on; None begins with ``after``.
    Times that lie between are left out: what was missed is made good by one run, not by many.
    """
    if timing.schedule is None:
        return None
    if isinstance(timing.schedule, Every):
        period = timing.schedule.seconds
        anchor = after if slot is None or slot > after + period else slot
        return anchor + period * (max(0.0, (after - anchor) // period) + 1)
    return _cron_after(timing.schedule, timing.zone, after)


def jittered(timing: Timing, name: str, slot: float) -> float:
    """A time with its share of jitter, the same one whenever it is asked for."""
    return slot + timing.jitter * zlib.crc32(f"{name}@{slot:.0f}".encode()) / 2**32


def _cron_after(cron: Cron, zone: str, after: float) -> float:
    """A time that the clock skips (the beginning of summer time) is due as much later as the clock is put on; an hour
    that the clock shows twice counts once for a schedule that names hours, and twice for one that runs every hour."""
    tz = ZoneInfo(zone)
    wall = _wall_after(cron, _local(after, tz))
    at = wall.replace(tzinfo=tz).timestamp()
    if at > after and _local(after - _NEAR, tz) - _local(at + _NEAR, tz) == timedelta(seconds=after - at - 2 * _NEAR):
        return at  # the clock is not changed anywhere near
    return _near_a_change(cron, tz, after)


_NEAR = 3 * 3600.0
"""Seconds: more than any clock is put on or back at once."""


def _near_a_change(cron: Cron, tz: ZoneInfo, after: float) -> float:
    """The same where the clock changes: all times of the clock on the wall from some hours before until nothing earlier can
    come (a time that is skipped comes later than times behind it)."""
    best, wall = float("inf"), _local(after - _NEAR, tz) - timedelta(seconds=_NEAR)
    while True:
        wall = _wall_after(cron, wall)
        moments = {wall.replace(tzinfo=tz, fold=fold).timestamp() for fold in (0, 1) if _counts(cron, wall, tz, fold)}
        best = min([best, *(at for at in moments if at > after)])
        if wall.replace(tzinfo=tz).timestamp() > best + _NEAR:
            return best


def _counts(cron: Cron, wall: datetime, tz: ZoneInfo, fold: int) -> bool:
    """Whether a time on the wall is one: its second showing only for schedules that do not name hours."""
    if fold == 0:
        return True
    shown = [wall.replace(tzinfo=tz, fold=item).timestamp() for item in (0, 1)]
    return shown[1] > shown[0] and not cron.at_fixed_hours


def _local(at: float, tz: ZoneInfo) -> datetime:
    """What the clock on the wall shows, without a zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(tz).replace(tzinfo=None)


def _wall_after(cron: Cron, wall: datetime) -> datetime:
    """The next time on the wall that is later, in whole seconds.  The trigger knows no zone: where the clock is changed, it
    may leave out a day (it adds hours of the day before to hours of the day after)."""
    start = wall.replace(microsecond=0, tzinfo=UTC) + timedelta(seconds=1)
    found = _trigger(cron).get_next_fire_time(None, start)
    assert found is not None, "a schedule that never comes is refused when the configuration is read"
    return found.replace(tzinfo=None)  # type: ignore[no-any-return]  # the library has no types


@lru_cache(64)
def _trigger(cron: Cron) -> CronTrigger:
    from apscheduler.triggers.cron import CronTrigger

    return CronTrigger(
        minute=cron.minute,
        hour=cron.hour,
        day=cron.day,
        month=cron.month,
        day_of_week=cron.weekday,
        timezone=UTC,
    )


# quiet windows


def is_quiet(windows: Sequence[Quiet], zone: str, at: float) -> bool:
    """Whether nothing may start at a moment."""
    local = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone))
    return _window_end(windows, local) is not None


def quiet_until(windows: Sequence[Quiet], zone: str, at: float) -> float:
    """The first moment from ``at`` on that is not quiet; ``at`` itself if it is not."""
    tz = ZoneInfo(zone)
    now = datetime.fromtimestamp(at, UTC)
    end = _window_end(windows, now.astimezone(tz))
    if end is None:
        return at
    while end is not None:
        now = _first_at(end, tz, now)
        end = _window_end(windows, now.astimezone(tz))
    return now.timestamp()


def _window_end(windows: Sequence[Quiet], local: datetime) -> datetime | None:
    """The end of a window (on the clock on the wall, without a zone) that a local time is in."""
    minute, today = local.hour * 60 + local.minute, local.date()
    for window in windows:
        overnight = window.end <= window.start
        if today.weekday() in window.days and window.start <= minute and (overnight or minute < window.end):
            return _wall(today + timedelta(days=1) if overnight else today, window.end)
        if overnight and (today.weekday() - 1) % 7 in window.days and minute < window.end:
            return _wall(today, window.end)
    return None


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def _first_at(wall: datetime, tz: ZoneInfo, after: datetime) -> datetime:
    """The first moment later than ``after`` at which the clock on the wall shows ``wall`` or, if it skips that, more."""
    both = [wall.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if both[0] == both[1]:
        return max(both[0], after + _MINUTE) if both[0] <= after else both[0]
    at = max(min(both), after.replace(second=0, microsecond=0) + _MINUTE)
    while at < max(both) and at.astimezone(tz).replace(tzinfo=None) < wall:
        at += _MINUTE
    return at
