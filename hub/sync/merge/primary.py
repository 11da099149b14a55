"""The primary pseudo-field of a collection (rules P1 and P2)."""

from __future__ import annotations

from hub.state import LOST, Cell
from hub.sync.merge.elements import Sight


def observe_primary(sight: Sight) -> None:
    """Merge which element the system shows as the primary one.  Clearing a primary slot is not a statement; a flag
    that went away together with its part is not one either."""
    slot = _primary_slot(sight)
    if sight.spec.primary is None and slot is None:
        return
    now, before = _shown_primary(sight, slot)
    psent = sight.link.psent
    golden = sight.coll.primary_eid()
    if sight.name not in psent:
        _first(sight, now, golden)
        return
    if psent[sight.name] not in (None, LOST) and not _live(sight, psent[sight.name]):
        psent[sight.name] = LOST
    if now is not None and not _live(sight, now):
        psent[sight.name] = LOST
        return
    said = now != before and (now is not None or (slot is None and before in sight.shown_now()))
    if sight.spec.primary == "first" and (before is None or before not in sight.shown_now()):
        said = False  # some row is always the first: only moving another one to the front says something
    if not said:
        if before is not None and now is None and slot is None and before not in sight.shown_now():
            psent[sight.name] = LOST
        return
    if psent[sight.name] == golden:
        _set(sight, now, "edit")
    elif now == golden:
        psent[sight.name] = golden
    else:
        _conflict(sight, now)


def _primary_slot(sight: Sight) -> int | None:
    for index, slot in enumerate(sight.spec.slots):
        if "primary" in slot.picks:
            return index
    return None


def _shown_primary(sight: Sight, slot: int | None) -> tuple[str | None, str | None]:
    if slot is not None:
        return sight.given[slot], sight.own(slot)
    now = next((eid for item, eid in zip(sight.current, sight.given, strict=True) if item.primary), None)
    before = next((item.eid for item in sight.seen if item.primary), None)
    return now, before


def _live(sight: Sight, eid: str | None) -> bool:
    found = sight.coll.elements.get(eid) if eid is not None else None
    return found is not None and found.alive


def _first(sight: Sight, now: str | None, golden: str | None) -> None:
    if not _live(sight, now):
        sight.link.psent[sight.name] = None
    elif golden is None:
        _set(sight, now, "first value")
    else:
        sight.link.psent[sight.name] = golden if now == golden else LOST


def _set(sight: Sight, eid: str | None, rule: str) -> None:
    old = sight.coll.primary_eid()
    if old != eid:
        cell = sight.merge.cell(eid, rule)
        sight.coll.primary = cell
        sight.merge.changed(sight.golden, f"{sight.name}/primary", old, cell)
    sight.link.psent[sight.name] = eid


def _conflict(sight: Sight, now: str | None) -> None:
    cell = sight.coll.primary if sight.coll.primary_eid() is not None else Cell(None)
    path = f"{sight.name}/primary"
    wins, rule = sight.merge.wins(path, cell, now)
    if wins:
        sight.merge.loses(sight.golden, path, rule, now, sight.merge.system, cell.value, cell.source)
        _set(sight, now, f"conflict: {rule}")
    else:
        sight.merge.loses(sight.golden, path, rule, cell.value, cell.source, now, sight.merge.system)
        sight.link.psent[sight.name] = LOST
