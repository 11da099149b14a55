"""Which element each slot shows (rule S1): explicit primary, else sticky, else the best free one that is newer than the
slot's hold.  Never ranked by element id, which would depend on the order of reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.mapping.view import CollectionSpec, Mapping_, SlotSpec, Value
from hub.state import Collection, Element, Shown
from hub.sync.policy import canonical_bytes, is_blank


def assign(
    mapping: Mapping_,
    spec: CollectionSpec,
    coll: Collection,
    rows: Sequence[Shown],
    holds: Mapping[str, int],
    shown_before: set[str],
    held: dict[str, str],
) -> dict[str, Element]:
    """Slot name -> element.  Elements without a slot are coverage, not errors."""
    by_slot = {row.pos: row for row in rows}
    chosen: dict[str, Element] = {}
    taken: set[str] = set()
    order = sorted((slot for slot in spec.slots if slot.name in by_slot), key=lambda slot: _rank_of_picks(slot))
    live = [item for item in coll.live() if not spec.ours or str(item.value.value).startswith(spec.ours)]
    primary = coll.primary_eid()
    sticky = {slot.name: _sticky(coll, by_slot[slot.name], slot) for slot in order}
    for slot in order:
        element = _explicit_primary(coll, slot, by_slot[slot.name], holds.get(slot.name, 0), taken)
        if element is None or not _fits_system(mapping, spec, slot, element, held):
            element = sticky[slot.name]
            if element is not None and element.eid in taken:
                element = None
        if element is None:
            kept = taken | {
                item.eid
                for name, item in sticky.items()
                if item is not None and name != slot.name and name not in chosen
            }
            element = _best(mapping, spec, slot, live, kept, holds.get(slot.name, 0), shown_before, primary, held)
        if element is not None:
            chosen[slot.name] = element
            taken.add(element.eid)
    return chosen


def _rank_of_picks(slot: SlotSpec) -> int:
    if slot.picks[:1] == ("primary",):
        return 0
    return 2 if slot.picks[:1] == ("next",) else 1


def _explicit_primary(coll: Collection, slot: SlotSpec, row: Shown, hold: int, taken: set[str]) -> Element | None:
    """The element that someone made primary, in the slot that shows the primary one."""
    eid = coll.primary_eid()
    if eid is None or eid in taken or slot.picks[:1] != ("primary",):
        return None
    if coll.primary.seq > hold or row.value is not None:
        return coll.elements[eid]
    return None


def _sticky(coll: Collection, row: Shown, slot: SlotSpec) -> Element | None:
    element = coll.follow(row.eid)
    return element if element is not None and stays(row, element, slot) else None


def stays(row: Shown, element: Element, slot: SlotSpec) -> bool:
    """Whether a slot goes on to show the element that it shows."""
    if row.value is None or nothing_left(row.value, element.value.value):
        return False
    return any(_fits(pick, element) for pick in slot.picks)


def nothing_left(shown: Value, value: Value) -> bool:
    """Whether an element has lost all that a place can show of it (an address of which only a district is left)."""
    if not (isinstance(shown, Mapping) and isinstance(value, Mapping)):
        return False
    return all(is_blank(value.get(member)) for member in shown)


def _fits(pick: str, element: Element) -> bool:
    """Whether a selector accepts an element; "primary" accepts any, because "no primary" is a legal state and the
    explicit primary has been placed before."""
    if pick in ("next", "primary"):
        return True
    kind, _, wanted = pick.partition(":")
    if kind == "label":
        return wanted in (element.attr("labels") or ())
    value: Any = element.value.value
    return isinstance(value, dict) and value.get(kind) == wanted


def _fits_system(
    mapping: Mapping_, spec: CollectionSpec, slot: SlotSpec, element: Element, held: dict[str, str]
) -> bool:
    if mapping.holds(spec.name, element.value.value, element.attr_values(), slot.name):
        return True
    held[f"{spec.name}/{element.eid}"] = "this system cannot hold this value"
    return False


def _best(
    mapping: Mapping_,
    spec: CollectionSpec,
    slot: SlotSpec,
    live: Sequence[Element],
    taken: set[str],
    hold: int,
    shown_before: set[str],
    primary: str | None,
    held: dict[str, str],
) -> Element | None:
    for pick in slot.picks:
        fitting = [item for item in live if item.eid not in taken and item.stamp > hold and _fits(pick, item)]
        fitting.sort(
            key=lambda item: (
                item.eid not in shown_before,
                item.eid != primary,
                item.value.run,
                canonical_bytes(item.value.value),
            )
        )
        for element in fitting:
            if _fits_system(mapping, spec, slot, element, held):
                return element
    return None
