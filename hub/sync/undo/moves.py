"""What undoing changes in a golden record, with the undo as the author (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.canonical.values import key
from hub.mapping.view import Value
from hub.state import Cell, Golden, GoldenChange, LedgerRow

AUTHOR = "undo"
"""Source of golden values that an undo gave."""

Kind = Literal["field", "value", "attr", "revive", "remove", "primary", "state"]


@dataclass(frozen=True, slots=True)
class Move:
    """One step back.  path: "notes", "emails/EID", "emails/EID/labels", "emails/primary" or "state"."""

    kind: Kind
    path: str
    value: Value


@dataclass(slots=True)
class Moved:
    """What the moves changed, and the values that they replaced (for the ledger)."""

    changes: list[GoldenChange]
    losers: list[LedgerRow]

    def names(self) -> set[str]:
        """The fields and collections that changed."""
        return {change.path.split("/", 1)[0] for change in self.changes if change.path != "state"}

    def elements(self) -> set[str]:
        """The elements that changed in whatever way ("emails/EID")."""
        return {"/".join(change.path.split("/")[:2]) for change in self.changes if "/" in change.path}


def apply_moves(
    golden: Golden, moves: Iterable[Move], *, tick: Sequence[int], time: float, run: str, rule: str
) -> Moved:
    """Carry the moves out on a golden record.  tick: a hub sequence for each move; time: seconds since the epoch."""
    done = Moved([], [])
    for move, seq in zip(moves, tick, strict=True):
        cell = Cell(move.value, AUTHOR, seq, time, rule, False, run)
        old, source = _apply(golden, move, cell)
        if old == move.value:
            continue
        golden.seq = seq
        done.changes.append(GoldenChange(golden.gid, move.path, old, move.value, AUTHOR, rule, seq))
        if move.kind in ("field", "value") and old is not None:
            done.losers.append(LedgerRow(golden.gid, move.path, rule, move.value, AUTHOR, old, source))
    return done


def _apply(golden: Golden, move: Move, cell: Cell) -> tuple[Value, str]:
    """The old value and who had given it."""
    name, _, rest = move.path.partition("/")
    if move.kind == "state":
        old, golden.state = golden.state, move.value
        return old, ""
    if move.kind == "field":
        before = golden.fields.get(name) or Cell(None)
        golden.fields[name] = cell
        return before.value, before.source
    collection = golden.collection(name)
    if move.kind == "primary":
        former, collection.primary = collection.primary, cell
        return former.value, former.source
    eid, _, attr = rest.partition("/")
    element = collection.elements[eid]
    if move.kind == "attr":
        known = element.attrs.get(attr) or Cell(None)
        element.attrs[attr] = cell
        return known.value, known.source
    present = element.value.value if element.alive else None
    source = element.value.source
    if move.kind == "remove":
        element.alive, element.stamp = False, cell.seq
        return present, source
    before_key = key(name, element.value.value)
    element.value, element.alive, element.into, element.stamp = cell, True, None, cell.seq
    if move.kind == "revive" or key(name, move.value) != before_key:
        element.keyed = cell.seq
    return present, source
