"""A collection that a system shows in slots: fixed native fields, each for one element."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.mapping.conditions import Condition
from hub.mapping.draft import Draft
from hub.mapping.elements import Element
from hub.mapping.leaf import Leaf
from hub.mapping.pairs import Refused
from hub.mapping.paths import root_of
from hub.mapping.spec import CollectionLines
from hub.mapping.view import KEEP, CollectionChange, CollectionSpec, Partly, Position, Problem, Row, SlotSpec, Value


@dataclass(frozen=True, slots=True)
class Slot:
    """A compiled slot.  ``label`` is what it says about its element; None if its picks leave that open."""

    name: str
    picks: tuple[str, ...]
    element: Element
    when: Condition | None

    @property
    def label(self) -> str | None:
        return self.picks[0][6:] if len(self.picks) == 1 and self.picks[0].startswith("label:") else None

    @property
    def attrs(self) -> dict[str, Value]:
        return {"labels": (self.label,)} if self.label else {}


class SlotsCollection:
    """Reads and writes the slots of one collection."""

    def __init__(self, lines: CollectionLines, slots: tuple[Slot, ...], when: Condition | None) -> None:
        self.lines = lines
        self.when = when
        self._slots = slots
        self._by_name = {slot.name: slot for slot in slots}
        self._attrs = {slot.name: slot.attrs for slot in slots}
        self._empty = {slot.name: Position(slot.name, None) for slot in slots}
        self._primary = {slot.name: True if "primary" in slot.picks else None for slot in slots}
        self.spec = CollectionSpec(
            name=lines.name,
            shape="slots",
            direction=lines.direction,
            attrs=frozenset({"labels"} if any(self._attrs.values()) else ()),
            slots=tuple(SlotSpec(slot.name, slot.picks) for slot in slots),
        )

    @property
    def roots(self) -> tuple[str, ...]:
        return tuple(
            {root_of(path): None for slot in self._slots for leaf in slot.element.leaves for path in leaf.paths}
        )

    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(leaf for slot in self._slots for leaf in slot.element.leaves)

    def get(self, data: Mapping[str, Any], problems: list[Problem]) -> tuple[Position, ...]:
        found = []
        for slot in self._slots:
            if slot.when is not None and not slot.when(data):
                continue
            value = slot.element.get(data)
            if isinstance(value, Refused):
                # Unreadable is not empty: the slot is left out, so that nobody takes it for cleared.
                problems.append(Problem(slot.name, "unreadable", value.reason))
                continue
            if type(value) is Partly:
                problems.extend(value.problems)
            if value is None:
                found.append(self._empty[slot.name])
            else:
                found.append(Position(slot.name, value, self._attrs[slot.name], self._primary[slot.name]))
        return tuple(found)

    def put(self, change: CollectionChange, draft: Draft) -> None:
        positions = self.get(draft.base, []) if not draft.new else tuple(self._empty.values())
        for index, wanted in sorted(change.edit.items()):
            if not 0 <= index < len(positions) or wanted.value is KEEP:
                continue
            slot = self._by_name[positions[index].pos or ""]
            if slot.when is not None and not slot.when(draft.row):
                draft.held[self.lines.name] = f"slot {slot.name} does not apply to this record"
                continue
            held: list[str] = []
            natives = slot.element.change(draft.row, wanted.value, new=draft.new, held=held)
            if isinstance(natives, Refused):
                draft.held[self.lines.name] = f"slot {slot.name}: {natives.reason}"
                continue
            if held:
                draft.held[self.lines.name] = "; ".join(held)
            draft.write(natives)

    def surely_holds(self, value: Value, slot: str | None) -> bool:
        return (self._slots[0] if slot is None else self._by_name[slot]).element.surely_holds(value)

    def norm_row(self, value: Value, attrs: Mapping[str, Value], slot: str | None) -> Row | None:
        if value is None or value is KEEP:
            return None
        for candidate in self._slots if slot is None else (self._by_name[slot],):
            shown = candidate.element.image(value)
            if shown is not None and not isinstance(shown, Refused):
                return Row(value=shown, attrs=dict(self._attrs[candidate.name]))
        return None
