"""The cursor of incremental reading: where the next pass starts and what it may skip.

Odoo stamps a row with the start of its transaction, in whole seconds on the wire, and a long transaction shows late.  So
a pass trusts only what is older than its own start minus an overlap; what is younger is asked for again, and skipped by
id and version.  ``>=`` only: before 18.4 hidden microseconds make ``>`` and ``=`` useless (odoo/odoo 24102, 203626).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crmhub_odoo.document import stamp
from hub import plugin

_FORMAT = 1
_MOST_SEEN = 5_000


@dataclass
class Pass:
    """One pass over the changes; it may be interrupted after every page.

    since:   lower bound of the source time, None for everything.
    after:   the last id of this pass; started: the server's time at its first page.
    seen:    id -> version of what earlier passes gave at or after ``since``.
    fresh:   the same of this pass, for the next one.
    """

    since: datetime | None = None
    after: int = 0
    started: datetime | None = None
    seen: dict[str, str] = field(default_factory=dict)
    fresh: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: plugin.Json) -> Pass:
        """The pass that a cursor describes.  Raises CursorExpired for a cursor of another version of this plugin."""
        if cursor is None:
            return cls()
        if not isinstance(cursor, dict) or cursor.get("format") != _FORMAT:
            raise plugin.CursorExpired("the cursor is not one of this version of the plugin")
        return cls(_parse(cursor["since"]), cursor["after"], _parse(cursor["started"]), cursor["seen"], cursor["fresh"])

    def dump(self) -> dict[str, Any]:
        """The pass as JSON."""
        times = {"since": self.since and self.since.isoformat(), "started": self.started and self.started.isoformat()}
        return {"format": _FORMAT, **times, "after": self.after, "seen": self.seen, "fresh": self.fresh}

    def domain(self) -> list[Any]:
        """What to search for."""
        return [] if self.since is None else [["write_date", ">=", stamp(self.since)]]

    def take(self, records: Iterable[plugin.Record], overlap: timedelta) -> list[plugin.Record]:
        """The records that an earlier pass did not give; notes those that the next one may meet again."""
        new = []
        for record in records:
            version = record.version or ""
            young = self.started is None or record.modified_at is None or record.modified_at >= self.started - overlap
            if young and len(self.fresh) < _MOST_SEEN:  # beyond it a record is merely given twice
                self.fresh[record.id] = version
            if self.seen.get(record.id) != version:
                new.append(record)
        return new

    def next(self, overlap: timedelta) -> Pass:
        """The pass that follows when this one has ended; without a Date header nothing is ever trusted."""
        if self.started is None:
            return Pass(self.since, seen=self.fresh)
        settled = self.started - overlap
        since = settled if self.since is None else max(settled, self.since)
        return Pass(since, seen=self.fresh)


def _parse(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
