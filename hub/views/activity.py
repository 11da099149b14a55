"""What went on in the last days, for charts: changes written, lag, API calls against quota."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, select

from hub.contract.errors import HubError
from hub.store.tables import journal

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.store.store import Store

DAYS = 7
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Calls:
    """API calls of a system today.  most: what its account allows in 24 hours, None if nobody knows."""

    system: str
    made: int
    most: int | None


def changes_by_day(store: Store, now: float, zone: str) -> list[tuple[datetime, int]]:
    """(midnight, writes of that day) of the last seven days, today last."""
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    ends = [*(day.timestamp() for day in days[1:]), math.inf]
    counts = [
        func.count(case((and_(journal.c.at >= day.timestamp(), journal.c.at < end), 1)))
        for day, end in zip(days, ends, strict=True)
    ]
    (row,) = store.db.rows(select(*counts).where(journal.c.at >= days[0].timestamp()))
    return list(zip(days, row, strict=True))


def lag_by_hour(store: Store, syncs: list[str], now: float) -> list[tuple[float, float]]:
    """(hour, minutes) of the last seven days: how old the data of the sync that was worst off was at the end of each
    hour.  Hours before the first good run are left out."""
    begun = now - DAYS * 24 * _HOUR
    worst: dict[float, float] = {}
    for sync in syncs:
        runs = store.history.runs(limit=5_000, sync=sync)
        good = sorted(
            run["started"] for run in runs if run["kind"] == "sync" and run["state"] in ("success", "partial")
        )
        at, last, position = begun, None, 0
        while at <= now:
            while position < len(good) and good[position] <= at:
                last, position = good[position], position + 1
            if last is not None:
                worst[at] = max(worst.get(at, 0.0), (at - last) / 60)
            at += _HOUR
    return sorted(worst.items())


def calls_today(app: App, now: float, zone: str) -> list[Calls]:
    """API calls since midnight by system, those with the most first."""
    midnight = (
        datetime.fromtimestamp(now, ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    )
    made: dict[str, int] = {}
    for run in app.store.history.runs(limit=2_000):
        if run["started"] < midnight:
            break
        for system, counts in run.get("counts", {}).items():
            made[system] = made.get(system, 0) + counts.get("calls", 0)
    found = [Calls(name, number, _daily(app, name)) for name, number in made.items() if name in app.config.connections]
    return sorted(found, key=lambda item: -item.made)


def _daily(app: App, name: str) -> int | None:
    try:
        return app.registry.connector(app.config.connections[name].plugin).limits.daily
    except HubError:
        return None  # the plugin is gone: the connection's own page says so
