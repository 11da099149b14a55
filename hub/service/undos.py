"""Undos that a person has looked at: kept beside the plans with what is needed to look at them, not to carry them out.

An approval names the hash; the run that it starts reads and plans the undo anew and writes only if it has the same hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import select

from hub.service.plans import SHOWN, forget
from hub.store.database import unpack
from hub.store.protocol import Database
from hub.store.tables import plan as table

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.sync.engine import Result

_Line = TypeVar("_Line")
BUCKETS: Final = ("back", "kept", "cannot")
"""What is taken back; what stays because it changed since; what cannot be taken back."""


@dataclass(frozen=True, slots=True)
class KeptUndo:
    """An undo to look at.  hash: what an approval names;  past: the run that is undone;  at: when it was looked at.

    lines: bucket -> the first lines, as hub.sync.undo.outcome.Entry has them;  sizes: bucket -> number of all lines;
    counts: system -> kind -> number of writes;  run: the run that found this out."""

    hash: str
    past: str
    at: float
    run: str
    lines: dict[str, list[dict[str, Any]]]
    sizes: dict[str, int]
    counts: dict[str, dict[str, int]]
    trips: list[dict[str, str]]
    vetoes: list[str]

    @property
    def total(self) -> dict[str, int]:
        """kind -> number of writes in all systems."""
        return {kind: sum(item[kind] for item in self.counts.values()) for kind in ("create", "update", "delete")}


def keep_undo(app: App, result: Result) -> str:
    """Keep what an undo would do, instead of earlier looks at the same one; its hash."""
    undo = result.undo
    assert undo is not None
    entries = {"back": undo.back, "kept": undo.kept, "cannot": undo.cannot}
    doc = {
        "run": result.run,
        "lines": {
            bucket: [{**asdict(item), "reason": app.redact(item.reason)} for item in lines]
            for bucket, lines in share(entries, SHOWN).items()
        },
        "sizes": {bucket: len(items) for bucket, items in entries.items()},
        "counts": undo.plan.counts(),
        "trips": [asdict(trip) for trip in undo.plan.trips],
        "vetoes": [app.redact(text) for text in undo.plan.vetoes],
    }
    with app.store.transaction():
        forget(app.store.db, _place(undo.past))
        # not "proposed": nobody has to decide about an undo, so it is not among the plans that wait for a person
        app.store.work.save_plan(undo.hash(), _place(undo.past), app.clock(), "approved", doc)
    return undo.hash()


def share(buckets: Mapping[str, Sequence[_Line]], most: int) -> dict[str, Sequence[_Line]]:
    """The first ones of each, ``most`` altogether; what a small one does not need is left to the others."""
    found: dict[str, Sequence[_Line]] = {}
    for done, name in enumerate(sorted(buckets, key=lambda name: len(buckets[name]))):
        found[name] = buckets[name][: most // (len(buckets) - done)]
        most -= len(found[name])
    return found


def looked_at(db: Database, past: str) -> KeptUndo | None:
    """The last look at the undo of a run, unless it was carried out since."""
    here = (table.c.sync == _place(past), table.c.state != "used")
    rows = db.rows(select(table).where(*here).order_by(table.c.at.desc()).limit(1))
    return KeptUndo(rows[0].hash, past, rows[0].at, **unpack(rows[0].doc)) if rows else None


def forget_undo(app: App, past: str) -> None:
    """It was carried out; what was looked at is no longer how things stand."""
    with app.store.transaction():
        forget(app.store.db, _place(past))


def _place(past: str) -> str:
    """Where the table of plans has the name of a sync; no sync is called so."""
    return f"undo:{past}"
