"""The slot transitions of collections.md: a slot is a fixed place that shows one element."""

from __future__ import annotations

from hub.mapping.view import Position
from hub.state import Element, Esent
from hub.sync.merge.elements import Sight, claim, observe_value, set_label
from hub.sync.merge.removal import remove


def observe_slots(sight: Sight) -> None:
    """Take every slot through its transition (u: seen value, v: current value, e: the slot's element)."""
    first = sight.name not in sight.link.picture
    before = {item.eid for item in sight.seen if item.eid is not None}
    removed: set[str] = set()
    for index, position in enumerate(sight.current):
        own, given = sight.own(index), sight.given[index]
        if given is not None and given == own:
            observe_value(sight, sight.coll.elements[given], sight.before(index), position.value)
        elif given is not None:
            _arrived(sight, index, given, before, first=first)
    for index, position in enumerate(sight.current):
        if position.value is None and sight.own(index) is not None:
            _cleared(sight, index, removed)
        elif position.value is not None and sight.own(index) not in (None, sight.given[index]):
            _overwritten(sight, index, removed)


def _holds(sight: Sight) -> dict[str, int]:
    return sight.link.holds.setdefault(sight.name, {})


def _arrived(sight: Sight, index: int, eid: str, before: set[str], *, first: bool) -> None:
    """An element was put into this slot by a user (or is seen here for the first time)."""
    position = sight.current[index]
    element = sight.coll.elements[eid]
    if eid not in before and eid not in sight.made:
        claim(sight, element, Position(position.pos, position.value))
    if position.pos is not None and sight.before(index) is None:
        _holds(sight).pop(position.pos, None)
    _place_relabels(sight, element, position, first=first)
    known, fresh = sight.esent.get(eid), Esent.of(element)
    if known is not None and eid in before:
        fresh.value = known.value  # moved, not edited: an edit made elsewhere meanwhile is still to come here
    sight.esent[eid] = fresh


def _place_relabels(sight: Sight, element: Element, position: Position, *, first: bool) -> None:
    """A labelled slot says what its element is: on first sight the label is added, later it replaces the others that
    this record's slots can say."""
    mine = tuple(position.attrs.get("labels") or ())
    if not mine:
        return
    current = tuple(element.attr("labels") or ())
    if set(mine) <= set(current):
        return
    sayable = {label for item in sight.current for label in item.attrs.get("labels") or ()}
    sayable |= {
        pick.removeprefix("label:") for slot in sight.spec.slots for pick in slot.picks if pick.startswith("label:")
    }
    kept = set(current) if first else set(current) - sayable
    set_label(sight, element, tuple(sorted(kept | set(mine))), "place")


def _cleared(sight: Sight, index: int, removed: set[str]) -> None:
    """x -> BLANK."""
    position = sight.current[index]
    own = sight.own(index)
    assert own is not None
    element = sight.coll.elements[own]
    hold = True
    if own in sight.shown_now():
        _displaced_by_move(sight, own, removed)
    elif element.alive and own not in removed:
        hold = remove(sight, element)
        removed.add(own)
    if hold and position.pos is not None:
        _holds(sight)[position.pos] = sight.merge.start


def _displaced_by_move(sight: Sight, moved: str, removed: set[str]) -> None:
    """The element that a move displaced, and that no slot shows any more, was removed by the user (C9)."""
    for index, given in enumerate(sight.given):
        displaced = sight.own(index)
        if given == moved and displaced not in (None, moved) and displaced not in sight.shown_now():
            assert displaced is not None
            element = sight.coll.elements[displaced]
            if element.alive and displaced not in removed:
                removed.add(displaced)
                remove(sight, element)


def _overwritten(sight: Sight, index: int, removed: set[str]) -> None:
    """x -> y where y is not x's element: what becomes of x's element."""
    own, given = sight.own(index), sight.given[index]
    assert own is not None
    assert given is not None
    target = sight.coll.elements[given]
    if own in sight.shown_now():
        if given in sight.made:
            _displaced_by_move(sight, own, removed)
        return
    element = sight.coll.elements[own]
    if target.keyed > sight.merge.start and element.alive and own not in removed:
        removed.add(own)
        remove(sight, element, into=given)
