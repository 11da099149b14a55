"""Plans that wait for a person: kept with what is needed to look at them, not to carry them out.

An approval names the hash of a plan; the run that it starts reads and plans anew and writes only if its plan has the
same hash.  So what is kept may be cut short without harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from hub.store.database import unpack
from hub.store.protocol import Database
from hub.store.tables import plan as table
from hub.store.work import Work

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.sync.engine import Result
    from hub.sync.plan.items import Item

SHOWN = 2_000
"""Items that are kept to be looked at; of all others the counts are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan to look at.  hash: what an approval names;  items: the first ones;  report: how records belong together."""

    hash: str
    sync: str
    at: float
    state: str
    run: str
    items: list[dict[str, Any]]
    counts: dict[str, dict[str, int]]
    trips: list[dict[str, str]]
    review: int
    conflicts: int
    calls: dict[str, int]
    vetoes: list[str]
    report: dict[str, Any]

    @property
    def total(self) -> dict[str, int]:
        """kind -> number of items over all systems."""
        kinds = ("create", "update", "delete")
        return {kind: sum(item.get(kind, 0) for item in self.counts.values()) for kind in kinds}

    @property
    def writes(self) -> int:
        return sum(self.total.values())

    @property
    def held(self) -> int:
        """Writes that the guards hold back: what an approval is about."""
        systems = {trip["system"] for trip in self.trips}
        return sum(sum(item.values()) for system, item in self.counts.items() if system in systems)


def keep(app: App, result: Result, report: Mapping[str, Any] | None = None) -> str:
    """Keep the plan of a run to be looked at, and let earlier proposals for its sync go; its hash, "" if there is none."""
    plan = result.plan
    if plan is None:
        return ""
    hash_ = plan.approval()
    doc = {
        "run": result.run,
        "items": [_shown(item) for item in islice(plan.items, SHOWN)],
        "counts": plan.counts(),
        "trips": [asdict(trip) for trip in result.held],
        "review": result.review,
        "conflicts": result.conflicts,
        "calls": plan.calls,
        "vetoes": plan.vetoes,
        "report": dict(report or {}),
    }
    with app.store.transaction():
        forget(app.store.db, result.sync)
        state = "proposed" if plan.items else "approved"  # where there is nothing to write, nothing waits for a person
        app.store.work.save_plan(hash_, result.sync, app.clock(), state, doc)
    return hash_


def keep_held(app: App, result: Result) -> None:
    """After a run: what its guards hold back waits for approval; otherwise nothing of its sync does."""
    if result.held and result.plan is not None and result.plan.items:
        keep(app, result)
    else:
        with app.store.transaction():
            forget(app.store.db, result.sync)


def forget(db: Database, sync: str) -> None:
    """Earlier proposals are no longer how things stand."""
    db.write(update(table).where(table.c.sync == sync, table.c.state != "used").values(state="used"))


def proposed(db: Database, sync: str | None = None) -> list[Kept]:
    """Plans that wait, the newest first."""
    statement = select(table).where(table.c.state == "proposed").order_by(table.c.at.desc())
    if sync is not None:
        statement = statement.where(table.c.sync == sync)
    return [_kept(row) for row in db.rows(statement)]


def newest(db: Database, sync: str) -> Kept | None:
    """The plan of a sync that was made last and says how things stand, also one with nothing to write."""
    found = select(table).where(table.c.sync == sync, table.c.state != "used").order_by(table.c.at.desc()).limit(1)
    rows = db.rows(found)
    return _kept(rows[0]) if rows else None


def find(db: Database, sync: str, hash_: str) -> Kept | None:
    """A plan of a sync, also one that was used."""
    rows = db.rows(select(table).where(table.c.sync == sync, table.c.hash == hash_))
    return _kept(rows[0]) if rows else None


def _kept(row: Any) -> Kept:
    return Kept(row.hash, row.sync, row.at, row.state, **unpack(row.doc))


def _shown(item: Item) -> dict[str, Any]:
    """What people look at, without what carries the item out."""
    return {
        "system": item.system,
        "resource": item.resource,
        "gid": item.gid,
        "kind": item.kind,
        "remote_id": item.remote_id,
        "title": item.title,
        "diffs": [
            {"path": diff.path, "old": diff.old, "new": diff.new, "source": diff.source, "rule": diff.rule}
            for diff in item.diffs
        ],
        "held": item.held,
    }


def agreed(db: Database, hash_: str) -> str:
    """Who has approved a plan as the first of two people; "" if nobody has."""
    return Work(db).meta(f"agreed:{hash_}")


def agree(db: Database, hash_: str, who: str) -> None:
    """Note the first of two people.  It holds for exactly this plan."""
    Work(db).set_meta(f"agreed:{hash_}", who)
