"""Records in quarantine that a person has told to ignore.  They stay refused and counted; only nobody is asked about
them, until the record, its mapping or the cause is another one: then the row in quarantine has another fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, bindparam, delete, exists, func, select

from hub.store.protocol import Database
from hub.store.tables import ignored, quarantine
from hub.store.work import Quarantined

Key = tuple[str, str, str, str]
"""(system, resource, remote id, gid) of a row in quarantine."""

_SAME = and_(
    *(
        ignored.c[name] == quarantine.c[name]
        for name in ("system", "resource", "remote_id", "gid", "code", "fingerprint")
    )
)
_STANDING = select(ignored).join(quarantine, _SAME)
_ASKED = quarantine.select().where(~exists().where(_SAME))
_LAPSED = delete(ignored).where(~exists().where(_SAME))
_REMOVE = delete(ignored).where(
    ignored.c.system == bindparam("b_s"),
    ignored.c.resource == bindparam("b_r"),
    ignored.c.remote_id == bindparam("b_i"),
    ignored.c.gid == bindparam("b_g"),
)


@dataclass(frozen=True, slots=True)
class Ignoring:
    """at: since when (seconds since the epoch);  who: the user, "" for the command line."""

    at: float
    who: str


class Ignored:
    """What of the quarantine nobody wants to be asked about."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def standing(self) -> dict[Key, Ignoring]:
        """Rows of the quarantine that are ignored now."""
        return {
            (row.system, row.resource, row.remote_id, row.gid): Ignoring(row.at, row.who)
            for row in self._db.rows(_STANDING)
        }

    def has_all_of(self, run: str) -> bool:
        """Whether rows came into quarantine in a run, and all of them are ignored."""
        came = select(func.count()).select_from(quarantine).where(quarantine.c.run == run)
        asked = select(func.count()).select_from(_ASKED.where(quarantine.c.run == run).subquery())
        return bool(self._db.rows(came)[0][0]) and not self._db.rows(asked)[0][0]

    def count_others(self) -> int:
        """Rows of the quarantine that are not ignored."""
        return int(self._db.rows(select(func.count()).select_from(_ASKED.subquery()))[0][0])

    def asking(self) -> set[tuple[str, str]]:
        """(system, resource) of the rows that are not ignored."""
        found = _ASKED.subquery()
        return {
            (row.system, row.resource) for row in self._db.rows(select(found.c.system, found.c.resource).distinct())
        }

    def add(self, items: Sequence[Quarantined], at: float, who: str) -> None:
        """Ignore rows as they are now; what was ignored and has changed since is forgotten."""
        self._db.write(_LAPSED)
        self._db.upsert(
            ignored,
            [
                {
                    "system": item.system,
                    "resource": item.resource,
                    "remote_id": item.remote_id,
                    "gid": item.gid,
                    "code": item.code,
                    "fingerprint": item.fingerprint,
                    "at": at,
                    "who": who,
                }
                for item in items
            ],
        )

    def remove(self, keys: Iterable[Key]) -> int:
        """Ask about rows again; how many were ignored."""
        return self._db.write(_REMOVE, [{"b_s": s, "b_r": r, "b_i": i, "b_g": g} for s, r, i, g in keys])
