"""Observing a keyed collection: one algorithm for lists and slots, always over all positions together (rules C6 to C14).

The order of work: pair positions (C6), give each shown value its element (C7), let the positions speak (values and
attributes through the field table, slot transitions), then removals (C9 to C11), then the primary pseudo-field (P1, P2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub.canonical.values import may_be_one
from hub.mapping.view import Position
from hub.state import Element, Esent, Golden, Link, Shown
from hub.sync.merge.context import Merge
from hub.sync.merge.elements import (
    Sight,
    claim,
    new_element,
    observe_attrs,
    observe_value,
    revive,
    set_value,
    value_here,
)
from hub.sync.merge.pairing import pair
from hub.sync.merge.primary import observe_primary
from hub.sync.merge.removal import remove
from hub.sync.merge.slots import observe_slots


def observe_collection(
    merge: Merge, golden: Golden, link: Link, name: str, seen: Sequence[Shown], current: Sequence[Position]
) -> list[Shown]:
    """Merge one collection of a record into golden and return its new picture.  Changes golden and link in place."""
    spec = merge.mapping.collections[name]
    coll = golden.collection(name)
    sight = Sight(merge, golden, link, spec, coll, seen, current, pair(spec, seen, current))
    outgoing = spec.direction in ("write", "create")
    identify(sight, make=not outgoing)
    if outgoing:
        _match_esent(sight)
    elif spec.shape == "slots":
        observe_slots(sight)
    else:
        _observe_list(sight)
    if not outgoing:
        observe_primary(sight)
    _forget(sight)
    return [
        Shown(item.pos, eid, item.value, dict(item.attrs), item.primary)
        for item, eid in zip(current, sight.given, strict=True)
    ]


def identify(sight: Sight, *, make: bool) -> None:
    """Rule C7: the element of every position; unknown values become new elements only if ``make``."""
    sight.given = [None] * len(sight.current)
    for index, position in enumerate(sight.current):
        own = sight.own(index)
        if position.value is not None and own is not None and _is_own(sight, own, sight.before(index), position):
            sight.given[index] = own
    rest = [i for i, item in enumerate(sight.current) if item.value is not None and sight.given[i] is None]
    keys = {index: sight.key(sight.current[index].value) for index in rest}
    stayed = sight.shown_now()
    for index in rest:
        sight.given[index] = _shown_before(sight, index, keys[index], stayed) or _known(sight, index, keys[index])
    made: dict[str, str] = {}
    for index in rest:
        if sight.given[index] is not None:
            continue
        key, position = keys[index], sight.current[index]
        eid = made.get(key)
        own = sight.own(index)
        if eid is None and own is not None and own in sight.coll.elements and own not in sight.shown_now():
            eid = own
        if eid is None and (less := _says_less(sight, position)) is not None:
            eid = made[key] = less
        if eid is None and make:
            eid = made[key] = new_element(sight, position).eid
            sight.made.add(eid)
        sight.given[index] = eid


def _match_esent(sight: Sight) -> None:
    """A collection that only flows to the system: the hub alone decides, what is shown just tells what it has."""
    for eid in sight.shown_now():
        sight.esent.setdefault(eid, Esent.of(sight.coll.elements[eid]))


def _is_own(sight: Sight, own: str, before: object, position: Position) -> bool:
    if position.value == before or sight.key(position.value) == sight.key(before):
        return True
    element = sight.coll.elements.get(own)
    if element is None:
        return False
    row = sight.image(element)
    return row is not None and row.value == position.value


def _shown_before(sight: Sight, index: int, key: str, stayed: set[str]) -> str | None:
    """C7c: the element of another position of this record that had this key (moved, swapped, shifted).

    stayed: elements that their own position shows still.  One that has another value by now has not moved: somebody
    entered its old value anew."""
    paired = sight.paired[index]
    for place, shown in enumerate(sight.seen):
        if place != paired and shown.value is not None and shown.eid is not None and sight.key(shown.value) == key:
            element = sight.coll.elements.get(shown.eid)
            if shown.eid not in stayed or element is None or sight.image_key(element) == key:
                return shown.eid
    return None


def _known(sight: Sight, index: int, key: str) -> str | None:
    """C7d: a golden element with this key; a removed one only for a list row, a slot that was empty, or if
    it was removed in this very run (so that the two orders of reading agree)."""
    removed = None
    for element in sight.coll.elements.values():
        if sight.image_key(element) == key:
            if element.alive:
                return element.eid
            just_now = element.stamp > sight.merge.start
            if removed is None and (sight.spec.shape == "list" or sight.before(index) is None or just_now):
                removed = element.eid
    return removed


def _says_less(sight: Sight, position: Position) -> str | None:
    """The oldest live element that nothing of this record has shown yet, and that differs from a new value only by what
    one of the two leaves out (decision 0017)."""
    taken = sight.shown_now() | {item.eid for item in sight.seen}
    for element in sight.coll.live():  # in order of creation
        if element.eid not in taken:
            row = sight.image(element)
            if row is not None and may_be_one(sight.name, row.value, position.value):
                return element.eid
    return None


def _observe_list(sight: Sight) -> None:
    before = dict.fromkeys(item.eid for item in sight.seen if item.eid is not None)
    spoken: set[str] = set()
    order = sorted(range(len(sight.current)), key=lambda index: not _unchanged(sight, index))
    for index in order:
        eid = sight.given[index]
        if eid is None:
            continue
        element = sight.coll.elements[eid]
        if eid in spoken:
            continue  # only duplicates an element that another position shows: it has no say (C8)
        spoken.add(eid)
        if sight.own(index) == eid:
            _speak(sight, element, index)
        elif eid in before:
            _moved_here(sight, element, index)
        elif eid not in sight.made:
            claim(sight, element, sight.current[index])
    _remove_unshown(sight, before)


def _unchanged(sight: Sight, index: int) -> bool:
    return sight.own(index) == sight.given[index] and sight.before(index) == sight.current[index].value


def _speak(sight: Sight, element: Element, index: int) -> None:
    position = sight.current[index]
    paired = sight.paired[index]
    assert paired is not None
    observe_value(sight, element, sight.before(index), position.value)
    seen = sight.seen[paired]
    if not element.alive and any(seen.attrs.get(name) != value for name, value in position.attrs.items()):
        revive(sight, element, position)
        set_value(sight, element, value_here(sight, element, position), "revived")
    if element.alive:
        observe_attrs(sight, element, seen, position)


def _moved_here(sight: Sight, element: Element, index: int) -> None:
    """The element moved between rows: its attributes did not; what this row shows is put right by the plan."""
    for name, shown in sight.current[index].attrs.items():
        if (shown or None) != element.attr(name):
            sight.link.lost.add(sight.lost_name(element.eid, name))
    if not element.alive:
        claim(sight, element, sight.current[index])


def _remove_unshown(sight: Sight, before: Iterable[str]) -> None:
    """Rules C9 to C11 for lists: shown before, shown nowhere now.  In the order of the rows: a set would have another order
    in every process."""
    now = sight.shown_now()
    for eid in before:
        if eid in now:
            continue
        element = sight.coll.elements.get(eid)
        if element is not None and element.alive:
            remove(sight, element, _edited_into(sight, eid))


def _edited_into(sight: Sight, eid: str) -> str | None:
    """The element whose key the row of ``eid`` was edited into (it becomes an alias of that one)."""
    for index, given in enumerate(sight.given):
        if sight.own(index) == eid and given is not None and given != eid:
            return given
    return None


def _forget(sight: Sight) -> None:
    """Drop what the link knew of elements that it does not show any more."""
    shown = sight.shown_now()
    for eid in [eid for eid in sight.esent if eid not in shown]:
        del sight.esent[eid]
    prefix = f"{sight.name}/"
    for eid in shown:
        sight.link.sent.pop(prefix + eid, None)  # the system has taken it since
    for name in [item for item in sight.link.lost if item.startswith(prefix) and item.split("/")[1] not in shown]:
        sight.link.lost.discard(name)
