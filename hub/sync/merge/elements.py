"""Giving each shown value its element, and the values and attributes of one element (rules C7, C8, C13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.canonical.schema import COLLECTIONS
from hub.canonical.values import key as canonical_key
from hub.mapping.view import CollectionSpec, Position, Row, Value
from hub.state import Cell, Collection, Element, Esent, Golden, Link, Shown
from hub.sync.merge.context import Merge
from hub.sync.merge.fields import EMPTY, UNSEEN
from hub.sync.merge.groups import propose
from hub.sync.policy import is_blank


@dataclass(slots=True)
class Sight:
    """One collection of one record under observation.

    paired: per current position the seen index; given: per current position the eid that it shows (None: empty or not
    decided yet); made: eids of the elements that were made in this observation.
    """

    merge: Merge
    golden: Golden
    link: Link
    spec: CollectionSpec
    coll: Collection
    seen: Sequence[Shown]
    current: Sequence[Position]
    paired: list[int | None]
    given: list[str | None] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def esent(self) -> dict[str, Esent]:
        return self.link.esent.setdefault(self.name, {})

    def key(self, value: Value) -> str:
        return canonical_key(self.name, value, region=self.merge.policy.region)

    def image(self, element: Element) -> Row | None:
        """How this system is predicted to show the element."""
        return self.merge.mapping.norm_row(self.name, element.value.value, element.attr_values())

    def image_key(self, element: Element) -> str:
        """Keys are compared through the system (rule C5)."""
        row = self.image(element)
        return self.key(element.value.value if row is None else row.value)

    def own(self, index: int) -> str | None:
        """The element of the seen position that this current one continues."""
        paired = self.paired[index]
        return None if paired is None or self.seen[paired].value is None else self.seen[paired].eid

    def before(self, index: int) -> Value:
        paired = self.paired[index]
        return None if paired is None else self.seen[paired].value

    def shown_now(self) -> set[str]:
        return {eid for eid in self.given if eid is not None}

    def lost_name(self, eid: str, attr: str = "") -> str:
        return f"{self.name}/{eid}/{attr}" if attr else f"{self.name}/{eid}"


def new_element(sight: Sight, position: Position) -> Element:
    """An element that nobody knew: a new one, shown here first."""
    merge = sight.merge
    value = _complete(sight, position.value)
    cell = merge.cell(value, "new")
    attrs = {name: merge.cell(item, "new") for name, item in position.attrs.items() if item}
    element = Element(f"e{cell.seq}", cell, attrs, True, None, cell.seq, cell.seq, 1)
    sight.coll.elements[element.eid] = element
    merge.changed(sight.golden, sight.lost_name(element.eid), None, cell)
    sight.esent[element.eid] = Esent.of(element)
    return element


def _complete(sight: Sight, value: Value) -> Value:
    """A group element with every member of the schema; other values as they are."""
    if isinstance(value, dict) and COLLECTIONS[sight.name].kind == "address":
        return propose("address", value, None, None)[0]
    return value


def touch(sight: Sight, element: Element) -> int:
    """Stamp an element: added, edited, revived or claimed now."""
    element.stamp = sight.merge.tick()
    sight.golden.seq = element.stamp
    return element.stamp


def claim(sight: Sight, element: Element, position: Position) -> None:
    """An element that this record shows for the first time (rule C8): attributes by the "new link" rows.

    One that a person had taken back here is shown because somebody entered it again: it is given whole from now on."""
    sight.link.undone.pop(sight.lost_name(element.eid), None)
    if not element.alive:
        revive(sight, element, position)
    element.claims += 1
    touch(sight, element)
    _better_spelling(sight, element, position)
    _filled(sight, element, position)
    _told_apart(sight, element, position)
    attrs = dict(element.attr_values())
    for name, shown in position.attrs.items():
        current = element.attr(name)
        if not shown:
            attrs.pop(name, None)
            continue
        if not current:
            _set_attr(sight, element, name, shown, "first value")
        elif current != shown:
            attrs[name] = current
            sight.link.lost.add(sight.lost_name(element.eid, name))
            sight.merge.loses(
                sight.golden,
                sight.lost_name(element.eid, name),
                "first link: fill only",
                current,
                element.attrs[name].source,
                shown,
                sight.merge.system,
            )
            continue
        attrs[name] = shown
    sight.esent[element.eid] = Esent(element.value.value, attrs, element.claims)


def _filled(sight: Sight, element: Element, position: Position) -> None:
    """What golden's address leaves out and this one says is taken, as in the "new link, golden BLANK" row; what this one
    leaves out it gets."""
    value, golden = position.value, element.value.value
    if not isinstance(value, dict) or not isinstance(golden, dict) or COLLECTIONS[sight.name].kind != "address":
        return
    full = {member: golden.get(member) or value.get(member) for member in {**golden, **value}}
    if full != golden and not element.value.pinned:
        set_value(sight, element, full, "first value")
    row = sight.image(element)
    shown = row.value if row is not None and isinstance(row.value, dict) else {}
    if any(shown.get(member) and not item for member, item in value.items()):
        sight.link.lost.add(sight.lost_name(element.eid))


def _told_apart(sight: Sight, element: Element, position: Position) -> None:
    """Two values of one key may still differ (two addresses that only differ in the district): as in the "new link, both
    differ" row, what golden has stays, the other one is in the ledger and is put right."""
    row, value = sight.image(element), position.value
    kind = COLLECTIONS[sight.name].kind
    if row is None:
        return
    if isinstance(value, dict) and isinstance(row.value, dict) and kind == "address":
        value = {
            member: item or row.value.get(member) for member, item in value.items()
        }  # left out says nothing against
    if sight.merge.same(kind, row.value, value):
        return
    name = sight.lost_name(element.eid)
    cell = element.value
    sight.link.lost.add(name)
    sight.merge.loses(
        sight.golden, name, "first link: fill only", cell.value, cell.source, position.value, sight.merge.system
    )


def _better_spelling(sight: Sight, element: Element, position: Position) -> None:
    """Rule C13 for elements: a value of the same key that golden's own source would show as golden's is the richer one."""
    value, cell = position.value, element.value
    if value == cell.value or cell.source == sight.merge.system or cell.pinned:
        return
    source = sight.merge.mappings(cell.source)
    if source is None or sight.name not in source.collections:
        return
    full = value
    if isinstance(value, dict) and isinstance(cell.value, dict):
        full = {**cell.value, **{k: v for k, v in value.items() if v is not None}}
    theirs = source.norm_row(sight.name, full, element.attr_values())
    ours = source.norm_row(sight.name, cell.value, element.attr_values())
    if theirs is not None and ours is not None and theirs.value == ours.value and full != cell.value:
        set_value(sight, element, full, "spelling")


def revive(sight: Sight, element: Element, position: Position) -> None:
    """An edit or claim arrives at a removed element (rule C10)."""
    long_gone = element.stamp <= sight.merge.start
    element.alive, element.into = True, None
    touch(sight, element)
    if long_gone:
        element.keyed = element.stamp
    sight.merge.loses(
        sight.golden,
        sight.lost_name(element.eid),
        "revived",
        position.value,
        sight.merge.system,
        None,
        element.value.source,
    )


def set_value(sight: Sight, element: Element, value: Value, rule: str) -> None:
    """Make a value the golden one of an element."""
    old = element.value.value
    cell = sight.merge.cell(value, rule)
    if sight.key(old) != sight.key(value):
        element.keyed = cell.seq
    element.value = cell
    element.stamp = cell.seq
    sight.merge.changed(sight.golden, sight.lost_name(element.eid), old, cell)


def value_here(sight: Sight, element: Element, position: Position) -> Value:
    """What an element is worth to who edits something else of its row: golden's value, or where an undo had left another
    one, that."""
    if sight.link.undone.pop(sight.lost_name(element.eid), None) is None:
        return element.value.value
    known = sight.esent.setdefault(element.eid, Esent.of(element))
    known.value = _proposal(sight, element, known, position.value, None)
    return known.value


def _set_attr(sight: Sight, element: Element, name: str, value: Value, rule: str) -> None:
    old = element.attr(name)
    cell = sight.merge.cell(value, rule)
    element.attrs[name] = cell
    sight.merge.changed(sight.golden, sight.lost_name(element.eid, name), old, cell)


def set_label(sight: Sight, element: Element, labels: Value, rule: str) -> None:
    """Give an element other labels (a slot's place says what it is)."""
    if element.attr("labels") != labels:
        _set_attr(sight, element, "labels", labels, rule)


def observe_value(sight: Sight, element: Element, before: Value, shown: Value) -> None:
    """The field table for the value of an element that this record showed before."""
    known = sight.esent.get(element.eid)
    if before == shown:
        return
    if known is None:  # shown, but never noted as sent: what was shown is the most that this system can have known
        known = sight.esent[element.eid] = Esent(before, element.attr_values(), element.claims)
    lost_name = sight.lost_name(element.eid)
    cell = element.value
    hub_moved = known.value != cell.value or lost_name in sight.link.lost or not element.alive
    if hub_moved and _stood_here(sight, element, before):  # nobody sent it there, but who edited it saw golden's value
        hub_moved, known.value = False, cell.value
        sight.link.lost.discard(lost_name)
    if not hub_moved:
        value = _proposal(sight, element, known, shown, before)
        if value != cell.value:
            if lost_name in sight.link.undone or _filled_a_gap(cell.value, value, before):
                rule = UNSEEN if lost_name in sight.link.undone else EMPTY
                sight.merge.loses(sight.golden, lost_name, rule, value, sight.merge.system, cell.value, cell.source)
            set_value(sight, element, value, "edit")
        sight.link.undone.pop(lost_name, None)
        known.value = value
        return
    row = sight.image(element)
    if element.alive and row is not None and row.value == shown:
        if shown == cell.value and sight.merge.wins(sight.name, cell, shown)[0]:
            # the stronger of two equal edits stands for both, or the order of reading would decide a third one
            element.value = Cell(shown, sight.merge.system, cell.seq, sight.merge.time, cell.rule, False, cell.run)
        known.value = cell.value
        sight.link.lost.discard(lost_name)
        return
    value = _proposal(sight, element, known, shown, before)
    if not element.alive:
        sight.merge.loses(
            sight.golden, lost_name, "an edit beats a removal", shown, sight.merge.system, None, cell.source
        )
        revive(sight, element, Position(None, shown))
        set_value(sight, element, value, "revived")
        known.value = value
        return
    wins, rule = sight.merge.wins(sight.name, cell, value)
    ask = sight.merge.policy.of(sight.name).conflict == "ask"
    if ask:  # pushes of this element wait for a person; the rest goes on with the provisional winner (A1)
        candidates = sight.golden.frozen.setdefault(lost_name, [[cell.value, cell.source, cell.time]])
        candidates.append([value, sight.merge.system, sight.merge.time])
    ours, theirs = (value, sight.merge.system), (cell.value, cell.source)
    if wins:
        sight.merge.loses(sight.golden, lost_name, rule, *ours, *theirs, still_open=ask)
        set_value(sight, element, value, f"conflict: {rule}")
        known.value = value
        sight.link.lost.discard(lost_name)
    else:
        sight.merge.loses(sight.golden, lost_name, rule, *theirs, *ours, still_open=ask)
        sight.link.lost.add(lost_name)


def _filled_a_gap(golden: Value, value: Value, before: Value) -> bool:
    """Whether somebody changed a member of a group that looked empty to them, although golden has it."""
    if not isinstance(golden, dict) or not isinstance(value, dict) or not isinstance(before, dict):
        return False
    empty = [member for member, item in before.items() if is_blank(item)]
    return any(not is_blank(golden.get(member)) and value.get(member) != golden.get(member) for member in empty)


def _stood_here(sight: Sight, element: Element, before: Value) -> bool:
    """Whether the record showed golden's value before, as ``fields._stood_here``."""
    if not element.alive or is_blank(before) or sight.lost_name(element.eid) in sight.link.undone:
        return False
    row = sight.image(element)
    return row is not None and row.value == before


def _proposal(sight: Sight, element: Element, known: Esent, shown: Value, seen: Value) -> Value:
    if not isinstance(shown, dict) or COLLECTIONS[sight.name].kind != "address":
        return shown
    sent = known.value if isinstance(known.value, dict) else None
    row = sight.merge.mapping.norm_row(sight.name, sent, known.attrs) if sent is not None else None
    before = seen if isinstance(seen, dict) and not sight.link.apart(sight.lost_name(element.eid)) else None
    value, dropped = propose("address", shown, sent, None if row is None else row.value, before)
    for member, old in dropped.items():
        path = f"{sight.lost_name(element.eid)}.{member}"
        sight.merge.loses(sight.golden, path, "dependent", None, sight.merge.system, old, element.value.source)
    return value


def observe_attrs(sight: Sight, element: Element, before: Shown, position: Position) -> None:
    """The field table per attribute, against the position's own seen value and what this system was last sent."""
    known = sight.esent.get(element.eid)
    if known is None:
        return
    for name, shown in position.attrs.items():
        if before.attrs.get(name) == shown:
            continue
        lost_name = sight.lost_name(element.eid, name)
        cell = element.attrs.get(name) or Cell(None)
        new = shown or None
        if known.attrs.get(name) == cell.value and lost_name not in sight.link.lost:
            if new != cell.value:
                _set_attr(sight, element, name, new, "edit")
        elif cell.value == new:
            sight.link.lost.discard(lost_name)
        else:
            _attr_conflict(sight, element, name, cell, new)
            if element.attr(name) != new:
                continue
        if new is None:
            known.attrs.pop(name, None)
        else:
            known.attrs[name] = new


def _attr_conflict(sight: Sight, element: Element, name: str, cell: Cell, shown: Value) -> None:
    lost_name = sight.lost_name(element.eid, name)
    wins, rule = sight.merge.wins(sight.name, cell, shown)
    if wins:
        sight.merge.loses(sight.golden, lost_name, rule, shown, sight.merge.system, cell.value, cell.source)
        _set_attr(sight, element, name, shown, f"conflict: {rule}")
        sight.link.lost.discard(lost_name)
    else:
        sight.merge.loses(sight.golden, lost_name, rule, cell.value, cell.source, shown, sight.merge.system)
        sight.link.lost.add(lost_name)
