"""The cursor of incremental reading: where the next pass starts and what it may skip.

Tryton stamps a row with the start of its transaction, so a long transaction commits rows that are older than rows
already seen (measured on PostgreSQL: the next poll with ``>=`` found 0 of 4,000).  So a pass trusts only what is older
than its own start minus an overlap; what is younger is asked for again and skipped by id and version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any

from crmhub_tryton.document import Row, newest, version
from crmhub_tryton.values import moment
from hub import plugin

_FORMAT = 1
_MOST_SEEN = 5_000
_DATED = ("", "contact_mechanisms.", "addresses.", "identifiers.")


@dataclass
class Pass:
    """One pass over the changes; it may be interrupted after every page.

    since:      lower bound of the source time, None for everything; ``beyond`` excludes the bound itself.
    seen:       id -> version of what earlier passes gave at or after ``since``.
    gone_since: lower bound of the deletion log; ``gone_seen`` its rows at or after that, already reported.
    after:      the last id of this pass; started: the server's time at its first page; latest: newest stamp of it.
    fresh:      id -> (stamp, version) of what this pass gave and the next one may meet again.
    """

    since: datetime | None = None
    beyond: bool = False
    seen: dict[str, str] = field(default_factory=dict)
    gone_since: datetime | None = None
    gone_seen: list[int] = field(default_factory=list)
    after: int = 0
    started: datetime | None = None
    latest: datetime | None = None
    fresh: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: plugin.Json) -> Pass:
        """The pass that a cursor describes.  Raises CursorExpired for a cursor of another version of this plugin."""
        if cursor is None:
            return cls()
        if not isinstance(cursor, dict) or cursor.get("format") != _FORMAT:
            raise plugin.CursorExpired("the cursor is not one of this version of the plugin")
        return cls(
            since=_parse(cursor["since"]),
            beyond=cursor["beyond"],
            seen=dict(cursor["seen"]),
            gone_since=_parse(cursor["gone_since"]),
            gone_seen=list(cursor["gone_seen"]),
            after=cursor["after"],
            started=_parse(cursor["started"]),
            latest=_parse(cursor["latest"]),
            fresh={key: (datetime.fromisoformat(stamp), text) for key, (stamp, text) in cursor["fresh"].items()},
        )

    def dump(self) -> dict[str, Any]:
        """The pass as JSON."""
        return {
            "format": _FORMAT,
            "since": _print(self.since),
            "beyond": self.beyond,
            "seen": self.seen,
            "gone_since": _print(self.gone_since),
            "gone_seen": self.gone_seen,
            "after": self.after,
            "started": _print(self.started),
            "latest": _print(self.latest),
            "fresh": {key: (stamp.isoformat(), text) for key, (stamp, text) in self.fresh.items()},
        }

    def domain(self) -> list[Any]:
        """What to search for: the party or one of its parts was created or edited since."""
        if self.since is None:
            return []
        operator, bound = ">" if self.beyond else ">=", moment(self.since)
        clauses = [[f"{part}{key}", operator, bound] for part in _DATED for key in ("write_date", "create_date")]
        return [["OR", *clauses]]

    def take(self, row: Row, overlap: timedelta) -> bool:
        """Note a row of this pass; False when an earlier pass gave it already."""
        key, stamp, text = str(row["id"]), newest(row), version(row)
        self.after = max(self.after, row["id"])
        if stamp is not None:
            self.latest = stamp if self.latest is None else max(self.latest, stamp)
            if self.started is None or stamp >= self.started - overlap:
                self.fresh[key] = (stamp, text)
        return self.seen.get(key) != text

    def next(self, overlap: timedelta, *, single: bool) -> Pass:
        """The pass that follows when this one has ended; ``single``: it had one page, so it is a snapshot.

        Edits made while a pass of several pages ran, to ids it had left behind, are younger than its start.
        """
        latest = max((stamp for stamp in (self.latest, self.since) if stamp is not None), default=None)
        if self.started is not None:
            settled: datetime | None = self.started - overlap
        elif single and latest is not None:
            settled = latest - overlap  # no Date header: a snapshot can do without
        else:
            settled = self.since
        gone_since = max((stamp for stamp in (self.gone_since, settled) if stamp is not None), default=None)
        if latest is None or settled is None:
            return Pass(since=self.since, gone_since=gone_since)
        if settled >= latest:
            return Pass(since=latest, beyond=True, gone_since=gone_since)
        if self.since is not None and self.since > settled:
            since, beyond = self.since, self.beyond
        else:
            since, beyond = settled, False
        fresh = ((stamp, key, text) for key, (stamp, text) in self.fresh.items() if stamp >= since)
        # Beyond the bound a record is merely given twice, which the contract allows.
        seen = {key: text for _, key, text in nlargest(_MOST_SEEN, fresh)}
        return Pass(since=since, beyond=beyond, seen=seen, gone_since=gone_since)


def _parse(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _print(stamp: datetime | None) -> str | None:
    return None if stamp is None else stamp.isoformat()
