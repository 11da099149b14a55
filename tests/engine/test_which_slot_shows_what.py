"""Which element each slot shows (rule S1), put together by hand: primary, sticky, best free one, holds, labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hub.state import Collection, Element, Shown
from hub.sync.plan.assign import assign
from tests.engine.planned import collection, element, mapping_of, slots

NOTHING: tuple[str | None, Any] = (None, None)


TWO = slots(email="primary", email2="next")
LABELS = slots(work="label:work", home="label:home")


def shown_by(
    shape: str,
    coll: Collection,
    shows: Mapping[str, tuple[str | None, Any]],
    *,
    holds: Mapping[str, int] | None = None,
    before: str = "",
    name: str = "emails",
    held: dict[str, str] | None = None,
) -> dict[str, str]:
    """Slot -> the element it shows.  shows: slot -> (element, value) that it shows now; before: elements sent before;
    held: filled with what the system cannot hold (without it there must be nothing)."""
    mapping = mapping_of(shape)
    spec = mapping.collections[name]
    rows = [Shown(slot, eid, value) for slot, (eid, value) in shows.items()]
    told: dict[str, str] = {}
    found = assign(mapping, spec, coll, rows, holds or {}, set(before.split()), told if held is None else held)
    assert told == {}
    return {slot: item.eid for slot, item in found.items()}


def address(eid: str, *labels: str, **more: Any) -> Element:
    return element(eid, f"{eid}@x.example", *labels, **more)


def at(eid: str) -> tuple[str, str]:
    return eid, f"{eid}@x.example"


# the order in which slots choose


def test_the_slot_of_the_primary_one_chooses_first_and_the_one_for_what_is_left_last() -> None:
    shape = slots(rest="next", work="label:work", email="primary")
    coll = collection(address("a", "work"), address("b", "work"), address("c"), primary="a")
    empty = {"rest": NOTHING, "work": NOTHING, "email": NOTHING}
    assert shown_by(shape, coll, empty) == {"email": "a", "work": "b", "rest": "c"}


def test_a_slot_for_a_label_chooses_before_the_one_for_what_is_left() -> None:
    shape = slots(rest="next", work="label:work")
    coll = collection(address("a", "work"), address("b"))
    assert shown_by(shape, coll, {"rest": NOTHING, "work": NOTHING}) == {"work": "a", "rest": "b"}


def test_the_primary_one_stands_in_its_slot_even_if_a_slot_for_its_label_is_named_before() -> None:
    shape = slots(work="label:work", email="primary")
    coll = collection(address("a", "work"), address("b"), primary="a")
    assert shown_by(shape, coll, {"work": NOTHING, "email": NOTHING}) == {"email": "a"}


def test_a_slot_that_the_record_does_not_have_shows_nothing() -> None:
    coll = collection(address("a"), address("b"), primary="a")
    assert shown_by(TWO, coll, {"email2": NOTHING}) == {"email2": "a"}


def test_of_two_slots_for_the_primary_one_one_shows_it_and_the_other_another() -> None:
    shape = slots(email="primary", login="primary")
    coll = collection(address("a"), address("b"), primary="a")
    assert shown_by(shape, coll, {"email": NOTHING, "login": NOTHING}) == {"email": "a", "login": "b"}


# the primary one


def test_a_primary_one_that_stood_elsewhere_moves_and_what_it_displaces_takes_the_free_slot() -> None:
    coll = collection(address("a"), address("b"), primary="b")
    assert shown_by(TWO, coll, {"email": at("a"), "email2": at("b")}, before="a b") == {"email": "b", "email2": "a"}


@pytest.mark.parametrize(("seq", "email"), [(5, {}), (6, {"email": "a"})])
def test_a_slot_that_a_user_emptied_shows_only_what_was_made_primary_since(seq: int, email: dict[str, str]) -> None:
    coll = collection(address("a", stamp=3), primary="a", seq=seq)
    shows = {"email": NOTHING, "email2": NOTHING}
    assert shown_by(TWO, coll, shows, holds={"email": 5, "email2": 5}) == email


def test_a_hold_does_not_matter_to_a_slot_that_shows_something() -> None:
    coll = collection(address("a"), address("b"), primary="b", seq=2)
    shown = shown_by(TWO, coll, {"email": at("a"), "email2": NOTHING}, holds={"email": 5, "email2": 5}, before="a")
    assert shown == {"email": "b"}


def test_without_a_primary_one_every_slot_goes_on_showing_what_it_shows() -> None:
    coll = collection(address("a"), address("b"), address("c"))
    assert shown_by(TWO, coll, {"email": at("c"), "email2": at("b")}, before="a b c") == {"email": "c", "email2": "b"}


def test_a_primary_one_that_the_system_cannot_hold_leaves_its_slot_as_it_is() -> None:
    shape = slots(email="primary", email2="next").replace('as = "email"', 'as = "email", max = 12')
    coll = collection(element("a", "a@x.example"), element("b", "much.too.long@x.example"), primary="b")
    held: dict[str, str] = {}
    assert shown_by(shape, coll, {"email": at("a"), "email2": NOTHING}, before="a", held=held) == {"email": "a"}
    assert held == {"emails/b": "this system cannot hold this value"}


def test_a_primary_one_that_is_removed_is_no_primary_one() -> None:
    coll = collection(address("a"), address("b", alive=False), primary="b")
    assert shown_by(TWO, coll, {"email": NOTHING, "email2": NOTHING}) == {"email": "a"}


def test_the_first_primary_one_of_all_fills_its_empty_slot_before_what_the_system_knows() -> None:
    coll = collection(address("a"), address("b"), primary="b", seq=1)
    assert shown_by(TWO, coll, {"email": NOTHING, "email2": NOTHING}, before="a") == {"email": "b", "email2": "a"}


def test_only_the_first_wish_of_a_slot_says_when_it_chooses() -> None:
    shape = slots(rest="next, label:home", work="label:work", email="primary, next")
    coll = collection(address("a", "work"), address("b", "work"), address("c"), primary="a")
    empty = {"rest": NOTHING, "work": NOTHING, "email": NOTHING}
    assert shown_by(shape, coll, empty) == {"email": "a", "work": "b", "rest": "c"}
    shows = {"rest": NOTHING, "work": NOTHING, "email": at("b")}
    assert shown_by(shape, coll, shows, before="b c") == {"email": "a", "work": "b", "rest": "c"}


# what a slot showed


def test_a_free_slot_does_not_take_what_another_one_goes_on_showing() -> None:
    coll = collection(address("a"), address("b", run="9"))
    assert shown_by(TWO, coll, {"email": NOTHING, "email2": at("a")}, before="a") == {"email": "b", "email2": "a"}
    assert shown_by(TWO, coll, {"email": at("a"), "email2": NOTHING}, before="a") == {"email": "a", "email2": "b"}


def test_a_slot_follows_an_element_that_became_another_one() -> None:
    coll = collection(address("a", alive=False, into="b"), address("b"), address("c"))
    assert shown_by(TWO, coll, {"email": NOTHING, "email2": at("a")}, before="c") == {"email": "c", "email2": "b"}


def test_two_slots_whose_elements_became_one_show_it_once_and_the_next_one_beside_it() -> None:
    coll = collection(address("a", alive=False, into="b"), address("b"), address("c"))
    assert shown_by(TWO, coll, {"email": at("a"), "email2": at("b")}, before="b c") == {"email": "b", "email2": "c"}


def test_a_slot_for_a_label_lets_go_of_an_element_that_has_lost_it() -> None:
    coll = collection(address("a", "home"), address("b", "work"))
    shows = {"work": at("a"), "home": NOTHING}
    assert shown_by(LABELS, coll, shows, before="a") == {"work": "b", "home": "a"}


def test_a_slot_that_shows_nothing_follows_nothing() -> None:
    """An element that a slot could not show for a while is no longer its own."""
    coll = collection(address("a"), address("b", run="1"))
    assert shown_by(TWO, coll, {"email": ("b", None), "email2": NOTHING}, before="a") == {"email": "a", "email2": "b"}


def test_an_element_of_which_nothing_is_left_that_a_slot_could_show_is_not_kept() -> None:
    shape = '[addresses.slots.home]\npick = "primary"\nlines = { at = "street", as = "lines(comma)" }\ncity = "city"\n'
    old = {"lines": ["Am Ring 1"], "city": "Graz"}
    coll = collection(
        element("a", {"district": "Geidorf"}),
        element("b", {"lines": ["Am Ring 2"], "city": "Linz"}),
        element("c", {"lines": [], "city": "Wien"}),
    )
    assert shown_by(shape, coll, {"home": ("a", old)}, before="a b", name="addresses") == {"home": "b"}
    assert shown_by(shape, coll, {"home": ("c", old)}, before="b", name="addresses") == {"home": "c"}


# the best free one


def test_a_free_slot_takes_nothing_that_is_as_old_as_its_being_emptied() -> None:
    coll = collection(address("a", stamp=5), address("b", stamp=6), address("c", stamp=4))
    assert shown_by(TWO, coll, {"email": NOTHING, "email2": NOTHING}, holds={"email": 5, "email2": 6}) == {"email": "b"}


def test_a_free_slot_prefers_what_the_system_knows_then_the_primary_one_then_the_oldest_then_by_value() -> None:
    first = address("z", run="1")
    coll = collection(address("c", run="2"), address("b", run="2"), first, address("p", run="3"), primary="p")
    shape = slots(email2="next")
    assert shown_by(shape, coll, {"email2": NOTHING}, before="b") == {"email2": "b"}
    assert shown_by(shape, coll, {"email2": NOTHING}) == {"email2": "p"}
    coll.primary.value = None
    assert shown_by(shape, coll, {"email2": NOTHING}) == {"email2": "z"}
    first.alive = False
    assert shown_by(shape, coll, {"email2": NOTHING}) == {"email2": "b"}


def test_a_slot_takes_its_first_wish_and_only_then_its_second() -> None:
    shape = '[emails.slots]\nemail = { pick = "label:work, next", as = "email" }\n'
    coll = collection(address("a"), address("b", "work"))
    assert shown_by(shape, coll, {"email": NOTHING}, before="a") == {"email": "b"}
    coll.elements["b"].alive = False
    assert shown_by(shape, coll, {"email": NOTHING}) == {"email": "a"}


def test_a_slot_passes_over_what_the_system_cannot_hold_and_says_so() -> None:
    shape = slots(email="primary").replace('as = "email"', 'as = "email", max = 12')
    coll = collection(element("a", "much.too.long@x.example"), element("b", "b@x.example"))
    held: dict[str, str] = {}
    assert shown_by(shape, coll, {"email": NOTHING}, before="a", held=held) == {"email": "b"}
    assert held == {"emails/a": "this system cannot hold this value"}


def test_a_slot_for_one_scheme_takes_only_what_is_of_it() -> None:
    shape = '[tax_ids.slots]\nvat = { pick = "scheme:vat" }\n'
    coll = collection(
        element("a", {"scheme": "ein", "value": "12-3456789"}), element("b", {"scheme": "vat", "value": "DE1"})
    )
    assert shown_by(shape, coll, {"vat": NOTHING}, before="a", name="tax_ids") == {"vat": "b"}
    coll.elements["b"].alive = False
    assert shown_by(shape, coll, {"vat": NOTHING}, name="tax_ids") == {}
