"""Planning a collection of one record: rows of a list (rules L1, L2, C12) and slots (rule S1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.canonical.schema import COLLECTIONS
from hub.canonical.values import key, same
from hub.mapping.view import KEEP, CollectionChange, CollectionSpec, Row, Value
from hub.state import LOST, Collection, Element, Esent, Shown
from hub.sync.plan.assign import assign, nothing_left, stays
from hub.sync.plan.draft import UNDONE, Draft
from hub.sync.plan.items import Payload

NAMELESS: Final = "the row has no id yet"


class _Lists:
    """The plan of one list: what becomes of each row, and what is added."""

    def __init__(self, draft: Draft, spec: CollectionSpec) -> None:
        self.draft, self.spec = draft, spec
        self.coll: Collection = draft.golden.collection(spec.name)
        self.rows: Sequence[Shown] = draft.base.collections[spec.name]
        self.esent = draft.link.esent.get(spec.name, {})
        self.kind = COLLECTIONS[spec.name].kind
        self.edit: dict[int, Row] = {}
        self.remove: set[int] = set()
        self.add: list[Row] = []
        self.targets: list[str | None] = [row.eid for row in self.rows]
        self.added: list[str] = []
        self.touched: set[str] = set()

    def image(self, element: Element) -> Row | None:
        return self.draft.mapping.norm_row(self.spec.name, element.value.value, element.attr_values())

    def lost(self, eid: str, attr: str = "") -> bool:
        path = f"{self.spec.name}/{eid}{'/' + attr if attr else ''}"
        if path in self.draft.link.undone:  # left here by an undo, and golden has moved since
            return not self.draft.undone(path, self.coll.elements.get(eid))
        return path in self.draft.link.lost

    def mine(self, value: Value) -> bool:
        return not self.spec.ours or str(value).startswith(self.spec.ours)

    def nameless(self, row: Shown) -> bool:
        """Whether a write could not say which row it means: the system names its rows and has not named this one yet."""
        return self.spec.ids and row.pos is None

    def namesake(self, value: Value) -> Element | None:
        """A live element that this value would be, and that no row shows: the row of a removed one may stay for it, with
        what else the system keeps there."""
        wanted = key(self.spec.name, value, region=self.draft.region)
        shown = {row.eid for row in self.rows} | set(self.targets)
        for element in self.coll.live():
            if element.eid not in shown and (image := self.image(element)) is not None:
                if key(self.spec.name, image.value, region=self.draft.region) == wanted:
                    return element
        return None

    def shown_elsewhere(self, index: int, eid: str, value: Value) -> bool:
        """Whether another row that stays shows this element (or this value) already."""
        wanted = key(self.spec.name, value, region=self.draft.region)
        return any(
            place != index
            and place not in self.remove
            and row.value is not None
            and (row.eid == eid or self.targets[place] == eid)
            and key(self.spec.name, row.value, region=self.draft.region) == wanted
            for place, row in enumerate(self.rows)
        )


def plan_list(draft: Draft, spec: CollectionSpec) -> None:
    """Set differing attributes on every row of an element, remove rows of removed elements, add missing ones."""
    work = _Lists(draft, spec)
    for index, row in enumerate(work.rows):
        if row.eid is not None and row.eid in work.coll.elements:
            _plan_row(work, index, row)
    _plan_missing(work)
    _plan_primary(work)
    _finish(work)


def _plan_row(work: _Lists, index: int, row: Shown) -> None:
    assert row.eid is not None
    element = work.coll.elements[row.eid]
    if not element.alive:
        target = work.coll.follow(row.eid) or work.namesake(row.value)
        if target is None or any(other.eid == target.eid for other in work.rows):
            _remove_row(work, index, row)
            return
        work.targets[index] = target.eid
        element = target
    image = work.image(element)
    if image is None:
        stale = (known := work.esent.get(element.eid)) is None or known.value != element.value.value
        if (
            stale
            and nothing_left(row.value, element.value.value)
            and not work.draft.frozen(f"{work.spec.name}/{row.eid}")
        ):
            _remove_row(work, index, row)
        else:
            work.draft.held[f"{work.spec.name}/{element.eid}"] = "this system cannot hold this value"
        return
    value_new = _value_to_write(work, index, row, element, image)
    if value_new and row.pos is None and (other := work.namesake(row.value)) is not None:
        # without an id the row is its value: it is the other one's now, with what else the system keeps there
        work.targets[index], element = other.eid, other
        value_new, image = False, work.image(other) or image
    if value_new and work.shown_elsewhere(index, element.eid, image.value):
        work.remove.add(index)  # outdated, while another row already shows the new value (L1)
        work.touched.add(element.eid)
        return
    attrs = _attrs_to_write(work, index, row, element, image)
    if (value_new or attrs) and work.nameless(row):
        work.draft.held[f"{work.spec.name}/{element.eid}"] = NAMELESS
    elif value_new or attrs:
        work.edit[index] = Row(element.value.value if value_new else KEEP, attrs)
        work.touched.add(element.eid)
        old = row.value if value_new else dict(row.attrs)
        work.draft.diff(f"{work.spec.name}/{element.eid}", old, image.value if value_new else attrs)


def _remove_row(work: _Lists, index: int, row: Shown) -> None:
    if not work.mine(row.value) or _undone(work.draft, work.spec.name, work.coll.elements.get(row.eid or "")):
        return
    if work.nameless(row):
        work.draft.held[f"{work.spec.name}/{row.eid}"] = NAMELESS
        return
    work.remove.add(index)
    work.draft.diff(f"{work.spec.name}/{row.eid}", row.value, None)


def _undone(draft: Draft, name: str, element: Element | None) -> bool:
    """Whether a person took this element back here (or back in): it is neither added nor removed until it changes."""
    path = f"{name}/{element.eid}" if element is not None else name
    if element is None or not draft.undone(path, element):
        return False
    draft.held[path] = UNDONE
    return True


def _value_to_write(work: _Lists, index: int, row: Shown, element: Element, image: Row) -> bool:
    known = work.esent.get(element.eid)
    if work.draft.frozen(f"{work.spec.name}/{element.eid}"):
        return False
    alias = work.targets[index] != row.eid
    stale = alias or known is None or known.value != element.value.value or work.lost(element.eid)
    return stale and not same(work.kind, image.value, row.value, region=work.draft.region)


def _attrs_to_write(work: _Lists, index: int, row: Shown, element: Element, image: Row) -> dict[str, Value]:
    known = work.esent.get(element.eid)
    alone = sum(1 for other in work.rows if other.eid == row.eid) == 1
    result: dict[str, Value] = {}
    for name in row.attrs:
        wanted = image.attrs.get(name)
        stale = (
            known is None or known.attrs.get(name) != element.attr(name) or work.lost(element.eid, name) or not alone
        )
        if stale and (wanted or None) != (row.attrs[name] or None):
            result[name] = element.attr(name)
    return result


def _plan_missing(work: _Lists) -> None:
    shown = {eid for index, eid in enumerate(work.targets) if index not in work.remove and eid is not None}
    keys = {
        key(work.spec.name, row.value, region=work.draft.region)
        for index, row in enumerate(work.rows)
        if index not in work.remove and index not in work.edit and row.value is not None
    }
    primary = work.coll.primary_eid()
    for element in sorted(work.coll.live(), key=lambda item: (item.eid != primary, item.stamp)):
        if element.eid in shown or not work.mine(element.value.value):
            continue
        if _undone(work.draft, work.spec.name, element):
            continue
        image = work.image(element)
        if image is None:
            work.draft.held[f"{work.spec.name}/{element.eid}"] = "this system cannot hold this value"
            continue
        if work.draft.link.sent.get(f"{work.spec.name}/{element.eid}") == [element.value.value, element.claims]:
            work.draft.held[f"{work.spec.name}/{element.eid}"] = "this system did not take it"
            continue
        wanted = key(work.spec.name, image.value, region=work.draft.region)
        if wanted in keys:
            work.draft.held[f"{work.spec.name}/{element.eid}"] = "this system shows it as equal to another one"
            continue
        keys.add(wanted)
        flag: Any = (element.eid == primary) if work.spec.primary else KEEP
        work.add.append(Row(element.value.value, element.attr_values(), flag))
        work.added.append(element.eid)
        work.touched.add(element.eid)
        work.draft.diff(f"{work.spec.name}/{element.eid}", None, image.value)


def _plan_primary(work: _Lists) -> None:
    name, draft = work.spec.name, work.draft
    if work.spec.primary is None:
        return
    primary = work.coll.primary_eid()
    sent = draft.link.psent.get(name, LOST if draft.creating else None)
    flag_leaves = any(row.primary and index in work.remove for index, row in enumerate(work.rows))
    if sent == primary and not flag_leaves:
        return
    left = {target for index, target in enumerate(work.targets) if index not in work.remove} | set(work.added)
    if len(left) == 1 and sent is None and not draft.creating:
        return  # the only one needs no flag; G stays 1, so that it gets one when another joins it
    changed = False
    if primary in work.added:
        changed = True
    for index, row in enumerate(work.rows):
        if index in work.remove:
            continue
        target = work.targets[index]
        wanted = target is not None and target == primary
        if wanted and not row.primary and work.nameless(row):
            return  # G stays 1 until the row can be named
        if wanted and not row.primary and not _another_row_flagged(work, index, primary):
            changed = True
            _flag(work, index, True)
        elif row.primary and not wanted and work.spec.primary == "flag":
            changed = True
            _flag(work, index, False)
    (draft.writes if changed else draft.book).psent[name] = primary


def _another_row_flagged(work: _Lists, index: int, eid: str | None) -> bool:
    return any(
        place != index and place not in work.remove and row.primary and work.targets[place] == eid
        for place, row in enumerate(work.rows)
    )


def _flag(work: _Lists, index: int, primary: bool) -> None:
    old = work.edit.get(index, Row())
    work.edit[index] = Row(old.value, old.attrs, primary)
    work.draft.diff(f"{work.spec.name}/{work.targets[index]}/primary", not primary, primary)


def _finish(work: _Lists) -> None:
    name, draft = work.spec.name, work.draft
    changed = bool(work.edit or work.remove or work.add)
    shown = [[row.pos, work.targets[index]] for index, row in enumerate(work.rows) if index not in work.remove] + [
        [None, eid] for eid in work.added
    ]
    if changed:
        draft.collections[name] = CollectionChange(dict(work.edit), frozenset(work.remove), tuple(work.add))
        draft.writes.picture[name] = shown
    _note_elements(draft, name, work.coll, [eid for _, eid in shown if eid is not None], work.touched, work.esent)


def _note_elements(
    draft: Draft, name: str, coll: Collection, shown: list[str], touched: set[str], esent: dict[str, Esent]
) -> None:
    """What the picture corresponds to once this is carried out: written elements with the write, others at once."""
    for eid in shown:
        element = coll.elements.get(eid)
        if element is None or not element.alive or f"{name}/{eid}" in draft.held:
            continue
        known = esent.get(eid)
        prefix = f"{name}/{eid}"
        lost = [item for item in draft.link.lost if item == prefix or item.startswith(prefix + "/")]
        value = element.value.value
        if known is not None and draft.frozen(prefix):
            value, lost = (
                known.value,
                [item for item in lost if item != prefix],
            )  # the value is not pushed: a person decides
        now = [value, element.attr_values(), element.claims]
        if eid in touched or known is None or [known.value, known.attrs, known.claims] != now or lost:
            payload = draft.writes if eid in touched else draft.book
            payload.elements.setdefault(name, {})[eid] = now
            payload.cleared.extend(lost)


def plan_slots(draft: Draft, spec: CollectionSpec) -> None:
    """Fill, keep, change or empty each slot according to ``assign``."""
    name = spec.name
    coll = draft.golden.collection(name)
    rows = draft.base.collections[name]
    by_name = {row.pos: index for index, row in enumerate(rows)}
    if _as_it_stands(draft, spec, coll, rows):
        picture: list[list[str | None]] = [
            [slot.name, rows[by_name[slot.name]].eid] for slot in spec.slots if slot.name in by_name
        ]
        if any(eid is not None for _, eid in picture):
            draft.book.picture[name] = picture
        _note_primary(draft, spec, coll, draft.book)
        return
    chosen = assign(
        draft.mapping, spec, coll, rows, draft.link.holds.get(name, {}), set(draft.link.esent.get(name, {})), draft.held
    )
    esent = draft.link.esent.get(name, {})
    elements = {
        row.pos: chosen.get(row.pos or "") or _typed_twice(draft, name, rows, index, chosen)
        for index, row in enumerate(rows)
    }
    left = {
        row.pos
        for row in rows
        if draft.undone(f"{name}/{row.pos}", elements[row.pos], coll.elements.get(row.eid or ""))
    }
    moved = {element.eid for slot, element in chosen.items() if slot not in left}
    edit: dict[int, Row] = {}
    touched: set[str] = set()
    picture = []
    for slot in spec.slots:
        index = by_name.get(slot.name)
        if index is None:
            continue
        row, element = rows[index], elements[slot.name]
        picture.append([slot.name, element.eid if element else None])
        new = _slot_value(draft, spec, slot.name, row, element, esent)
        own = coll.elements.get(row.eid or "")
        if new is not KEEP and slot.name in left and not (element is None and row.eid in moved):
            # the slot goes on showing what it shows, and follows that; not what another slot is given, which would be doubled
            draft.held[f"{name}/{slot.name}"], picture[-1] = UNDONE, [slot.name, row.eid]
            element = own if own is not None and own.alive else None
            new = KEEP if element is None else _slot_value(draft, spec, slot.name, row, element, esent)
        if new is not KEEP:
            edit[index] = Row(new)
            if element is not None:
                touched.add(element.eid)
            draft.diff(f"{name}/{slot.name}", row.value, new, element.value if element is not None else None)
    if edit:
        draft.collections[name] = CollectionChange(edit)
        draft.writes.picture[name] = picture
    elif any(eid is not None for _, eid in picture):
        draft.book.picture[name] = picture
    _note_elements(draft, name, coll, [eid for _, eid in picture if eid is not None], touched, esent)
    _note_primary(draft, spec, coll, draft.writes if edit else draft.book)


def _note_primary(draft: Draft, spec: CollectionSpec, coll: Collection, payload: Payload) -> None:
    primary = coll.primary_eid()
    if any("primary" in slot.picks for slot in spec.slots) and draft.link.psent.get(spec.name, LOST) != primary:
        payload.psent[spec.name] = primary


def _as_it_stands(draft: Draft, spec: CollectionSpec, coll: Collection, rows: Sequence[Shown]) -> bool:
    """Whether every live element stands in a slot of its own that it fits, and was sent as it is: then ``assign`` changes
    nothing.  Only a shortcut: most records are planned when nothing is to be written to them."""
    link = draft.link
    if draft.creating or link.lost or link.undone or spec.ours:
        return False
    esent, live = link.esent.get(spec.name, {}), coll.live()
    places: dict[str, Shown] = {}
    for row in rows:
        if (row.value is None) != (row.eid is None) or row.eid in places:
            return False
        if row.eid is not None:
            places[row.eid] = row
    if len(places) != len(live):
        return False
    if not live:
        return True
    primary, slots = coll.primary_eid(), {slot.name: slot for slot in spec.slots}
    for slot in spec.slots if primary is not None else ():
        if slot.picks[:1] == ("primary",) and any(row.pos == slot.name and row.eid != primary for row in rows):
            return False
    for element in live:
        shown, known = places.get(element.eid), esent.get(element.eid)
        if shown is None or known is None or shown.pos not in slots:
            return False
        attrs = element.attr_values()
        if (known.value, known.attrs, known.claims) != (element.value.value, attrs, element.claims):
            return False
        if not stays(shown, element, slots[shown.pos]):
            return False
        if not draft.mapping.holds(spec.name, element.value.value, attrs, shown.pos):
            return False
    return True


def _typed_twice(
    draft: Draft, name: str, rows: Sequence[Shown], index: int, chosen: dict[str, Element]
) -> Element | None:
    """A duplicate that a user typed into two slots stays until golden changes (S3).

    None is an element that moves to another slot, and a value that an undo left there: it was said to stay only while its
    element does not move.
    """
    own = rows[index].eid
    element = next((item for item in chosen.values() if item.eid == own), None)
    if element is None or draft.link.apart(f"{name}/{element.eid}"):
        return None
    if not any(row.eid == own for place, row in enumerate(rows) if place != index):
        return None
    known = draft.link.esent.get(name, {}).get(element.eid)
    return element if known is not None and known.value == element.value.value else None


def _slot_value(
    draft: Draft, spec: CollectionSpec, slot: str, row: Shown, element: Element | None, esent: dict[str, Esent]
) -> Any:
    """The value to write into a slot, None to empty it, KEEP to leave it."""
    if element is None:
        return None if row.value is not None and row.eid is not None else KEEP
    image = draft.mapping.norm_row(spec.name, element.value.value, element.attr_values(), slot)
    if image is None:
        return KEEP
    known = esent.get(element.eid)
    if element.eid == row.eid and draft.frozen(f"{spec.name}/{element.eid}"):
        return KEEP
    if element.eid == row.eid:
        path = f"{spec.name}/{element.eid}"
        lost = path in draft.link.lost or (path in draft.link.undone and not draft.undone(path, element))
        if known is not None and known.value == element.value.value and not lost:
            return KEEP
    if row.value is not None and same(COLLECTIONS[spec.name].kind, image.value, row.value, region=draft.region):
        return KEEP
    return element.value.value
