"""The cursor of incremental reading: where the next pass starts and what it may skip.

Vendure stamps a customer when its transaction writes it, and keeps whole seconds on some databases; its filter ``after``
leaves out the very moment.  So a pass trusts only what is older than its own start minus an overlap, asks from one second
before that, and skips by id and version what earlier passes gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any

from hub import plugin

_FORMAT = 1
_MOST_SEEN = 5_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pass is in the list: rows before it, and the ids of the page that ended there."""

    skip: int = 0
    tail: tuple[str, ...] = ()


@dataclass
class Pass:
    """One pass over the changes; it may be interrupted after every page.

    since:    lower bound (inclusive) of the time of change, None for everything.
    seen:     id -> version of what earlier passes gave at or after ``since``.
    total:    how many customers the shop had when the previous pass ended; None: not known.
    listed:   when the hub was last asked for a full listing, by our own clock.
    place:    where it goes on; started: the server's time at its first page; latest: newest stamp of it.
    fresh:    id -> (stamp, version) of what this pass gave and the next one may meet again.
    born:     how many of its records were made since ``since`` and given by no earlier pass.
    """

    since: datetime | None = None
    seen: dict[str, str] = field(default_factory=dict)
    total: int | None = None
    listed: datetime | None = None
    place: Place = Place()
    started: datetime | None = None
    latest: datetime | None = None
    fresh: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    born: int = 0

    @classmethod
    def load(cls, cursor: plugin.Json) -> Pass:
        """The pass that a cursor describes.  Raises CursorExpired for a cursor of another version of this plugin."""
        if cursor is None:
            return cls()
        if not isinstance(cursor, dict) or cursor.get("format") != _FORMAT:
            raise plugin.CursorExpired("the cursor is not one of this version of the plugin")
        return cls(
            since=_parse(cursor["since"]),
            seen=dict(cursor["seen"]),
            total=cursor["total"],
            listed=_parse(cursor["listed"]),
            place=Place(cursor["skip"], tuple(cursor["tail"])),
            started=_parse(cursor["started"]),
            latest=_parse(cursor["latest"]),
            fresh={key: (datetime.fromisoformat(stamp), text) for key, (stamp, text) in cursor["fresh"].items()},
            born=cursor["born"],
        )

    def dump(self, overlap: timedelta) -> dict[str, Any]:
        """The pass as JSON.  ``overlap`` decides what the next pass may meet again."""
        self._forget(overlap)
        return {
            "format": _FORMAT,
            "since": _print(self.since),
            "seen": self.seen,
            "total": self.total,
            "listed": _print(self.listed),
            "skip": self.place.skip,
            "tail": list(self.place.tail),
            "started": _print(self.started),
            "latest": _print(self.latest),
            "fresh": {key: (stamp.isoformat(), text) for key, (stamp, text) in self.fresh.items()},
            "born": self.born,
        }

    def filter(self) -> Mapping[str, Any] | None:
        """What to list: customers that were changed at or after ``since``."""
        if self.since is None:
            return None
        before = self.since.replace(microsecond=0) - timedelta(seconds=1)
        return {"updatedAt": {"after": before.strftime("%Y-%m-%dT%H:%M:%S.000Z")}}

    def take(self, key: str, version: str, changed: datetime, created: datetime) -> bool:
        """Note a record of this pass; False when an earlier pass gave it already."""
        self.latest = changed if self.latest is None else max(self.latest, changed)
        self.fresh[key] = (changed, version)
        if self.since is not None and key not in self.seen and created >= self.since.replace(microsecond=0):
            self.born += 1
        return self.seen.get(key) != version

    def lost_some(self, total: int) -> bool:
        """Whether the number of customers, now ``total``, says that some were deleted since the previous pass."""
        return self.since is not None and self.total is not None and total != self.total + self.born

    def next(self, overlap: timedelta, *, single: bool, total: int, listed: datetime | None) -> Pass:
        """The pass that follows when this one has ended; ``single``: it had one page, so it is a snapshot.

        Edits made while a pass of several pages ran, of customers it had left behind, are younger than its start.
        """
        latest = max((stamp for stamp in (self.latest, self.since) if stamp is not None), default=None)
        settled = self.since
        if self.started is not None:
            settled = self.started - overlap
        elif single and latest is not None:
            settled = latest - overlap  # no Date header: a snapshot can do without
        if latest is None or settled is None:
            return Pass(listed=listed)
        since = min(settled, latest)
        if self.since is not None:
            since = max(since, self.since)
        fresh = (
            (stamp, key, text) for key, (stamp, text) in self.fresh.items() if stamp >= since.replace(microsecond=0)
        )
        # Beyond the bound a record is merely given twice, which the contract allows.
        seen = {key: text for _, key, text in nlargest(_MOST_SEEN, fresh)}
        return Pass(since=since, seen=seen, total=total, listed=listed)

    def _forget(self, overlap: timedelta) -> None:
        """Keep of ``fresh`` only what the next pass may meet: what is as young as its lower bound can be."""
        if self.started is None or self.latest is None:
            return
        bound = min(self.started - overlap, self.latest).replace(microsecond=0)
        self.fresh = {key: item for key, item in self.fresh.items() if item[0] >= bound}


def _parse(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _print(stamp: datetime | None) -> str | None:
    return None if stamp is None else stamp.isoformat()
