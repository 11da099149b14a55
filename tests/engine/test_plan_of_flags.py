"""Which row is planned to be flagged as the primary one (rule P1), put together by hand."""

from __future__ import annotations

from typing import Any

import pytest

from hub.state import LOST, Golden
from hub.sync.plan.items import Payload
from hub.sync.plan.record import plan_record
from tests.engine.planned import after, drafted, element, golden, lines, planned

X, Y, Z = "x@x.example", "y@x.example", "z@x.example"
PLAIN = '[emails]\nlist = "emails"\nid = "id"\nvalue = { at = "value", as = "email" }\n'
FLAG = PLAIN + 'label = { at = "label", as = "label" }\nprimary = { at = "pref" }\n'
FIRST = PLAIN + 'primary = "first"\n'


def two(primary: str | None) -> Golden:
    return golden(element("a", X), element("b", Y, stamp=2), primary=primary)


def shows(*rows: tuple[str, str, bool]) -> dict[str, Any]:
    return {"emails": [{"id": id_, "value": value, "label": None, "pref": pref} for id_, value, pref in rows]}


def pictured(*rows: tuple[str | None, str | None]) -> dict[str, list[list[str | None]]]:
    return {"emails": [list(item) for item in rows]}


def flags(native: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(row["value"], bool(row.get("pref"))) for row in native["emails"]]


BOTH = pictured(("1", "a"), ("2", "b"))


def test_a_flag_that_moves_is_taken_from_one_row_and_given_to_another() -> None:
    native = shows(("1", X, True), ("2", Y, False))
    item = planned(FLAG, two("b"), native, BOTH, psent={"emails": "a"})
    assert flags(after(FLAG, native, item)) == [(X, False), (Y, True)]
    assert lines(item) == [("emails/a/primary", True, False), ("emails/b/primary", False, True)]
    assert (item.diffs[0].source, item.diffs[0].rule) == ("Z", "flag")
    assert item.writes == Payload(psent={"emails": "b"}, picture=BOTH)
    assert item.book == Payload()


def test_a_flag_that_stands_where_it_should_is_noted_at_once() -> None:
    item = planned(FLAG, two("b"), shows(("1", X, False), ("2", Y, True)), BOTH, psent={"emails": "a"})
    assert (item.data, item.writes, item.book) == ({}, Payload(), Payload(psent={"emails": "b"}))


def test_a_flag_that_was_given_is_not_given_again() -> None:
    assert plan_record(drafted(FLAG, two("b"), shows(("1", X, True), ("2", Y, False)), BOTH)) is None


@pytest.mark.parametrize("primary", ["b", None])
def test_a_flag_that_lost_a_conflict_is_set_right_though_golden_is_as_it_was(primary: str | None) -> None:
    native = shows(("1", X, True), ("2", Y, False))
    item = planned(FLAG, two(primary), native, BOTH, psent={"emails": LOST})
    assert flags(after(FLAG, native, item)) == [(X, False), (Y, primary == "b")]
    assert item.writes.psent == {"emails": primary}


def test_without_a_primary_one_no_row_is_flagged_not_even_one_that_nobody_can_name() -> None:
    native = shows(("1", X, True), ("2", Y, False), ("3", Z, False), ("4", "w@x.example", True))
    picture = pictured(("1", "a"), ("2", "b"), ("3", None), ("4", None))
    item = planned(FLAG, two(None), native, picture, psent={"emails": "a"})
    assert [pref for _, pref in flags(after(FLAG, native, item))] == [False] * 4
    assert item.writes.psent == {"emails": None}


def test_the_only_row_needs_no_flag_until_another_one_joins_it() -> None:
    record = golden(element("a", X), primary="a")
    native = shows(("1", X, False))
    assert plan_record(drafted(FLAG, record, native, pictured(("1", "a")), psent={})) is None
    native = shows(("1", X, False), ("2", Y, False))
    item = planned(FLAG, two("a"), native, BOTH, psent={})
    assert flags(after(FLAG, native, item)) == [(X, True), (Y, False)]
    native = shows(("1", X, False))
    item = planned(FLAG, two("a"), native, pictured(("1", "a")), psent={})
    assert flags(after(FLAG, native, item)) == [(X, True), (Y, False)]
    assert item.writes.psent == {"emails": "a"}


def test_the_only_row_that_is_left_needs_no_flag() -> None:
    record = golden(element("a", X), element("b", Y, alive=False), primary="a")
    native = shows(("1", X, False), ("2", Y, False))
    item = planned(FLAG, record, native, BOTH, psent={})
    assert after(FLAG, native, item) == shows(("1", X, False))
    assert item.writes == Payload(picture=pictured(("1", "a")))


def test_the_only_row_loses_a_flag_that_it_was_given() -> None:
    record = golden(element("a", X))
    item = planned(FLAG, record, shows(("1", X, True)), pictured(("1", "a")), psent={"emails": "a"})
    assert flags(after(FLAG, shows(("1", X, True)), item)) == [(X, False)]
    assert item.writes.psent == {"emails": None}


def test_the_flag_goes_with_its_row_and_comes_to_the_next_primary_one() -> None:
    record = golden(element("a", X, alive=False), element("b", Y), element("c", Z), primary="c")
    native = shows(("1", X, True), ("2", Y, False), ("3", Z, False))
    item = planned(FLAG, record, native, pictured(("1", "a"), ("2", "b"), ("3", "c")), psent={"emails": "a"})
    assert flags(after(FLAG, native, item)) == [(Y, False), (Z, True)]
    assert lines(item) == [("emails/a", X, None), ("emails/c/primary", False, True)]


def test_a_flag_on_an_outdated_row_moves_to_the_row_that_stays() -> None:
    """Both show the same element, which is the primary one now and before."""
    native = shows(("1", "old@x.example", True), ("2", X, False), ("3", Y, False))
    item = planned(
        FLAG,
        two("a"),
        native,
        pictured(("1", "a"), ("2", "a"), ("3", "b")),
        esent={"emails": {}},
        psent={"emails": "a"},
    )
    assert flags(after(FLAG, native, item)) == [(X, True), (Y, False)]
    assert item.writes.psent == {"emails": "a"}


def test_one_of_two_rows_of_the_primary_one_carries_the_flag() -> None:
    native = shows(("1", X, False), ("2", X, True), ("3", Y, False))
    item = planned(FLAG, two("a"), native, pictured(("1", "a"), ("2", "a"), ("3", "b")), psent={"emails": "b"})
    assert (item.data, item.book) == ({}, Payload(psent={"emails": "a"}))


def test_a_row_gets_its_value_its_label_and_its_flag_at_once() -> None:
    record = golden(element("a", X), element("b", Z, "work", stamp=2), primary="b")
    native = shows(("1", X, False), ("2", Y, False))
    item = planned(FLAG, record, native, BOTH, esent={"emails": {}}, psent={"emails": "a"})
    assert after(FLAG, native, item)["emails"][1] == {"id": "2", "value": Z, "label": "work", "pref": True}


def test_a_row_that_is_added_as_the_primary_one_takes_the_flag_along() -> None:
    native = shows(("1", X, True))
    item = planned(FLAG, two("b"), native, pictured(("1", "a")), psent={"emails": "a"})
    assert flags(after(FLAG, native, item)) == [(X, False), (Y, True)]
    assert item.writes.psent == {"emails": "b"}
    native = shows(("1", X, False))
    item = planned(FLAG, two("b"), native, pictured(("1", "a")), psent={"emails": "a"})
    assert flags(after(FLAG, native, item)) == [(X, False), (Y, True)]
    assert (item.writes.psent, item.book) == ({"emails": "b"}, Payload())


def test_a_row_that_is_added_beside_the_primary_one_is_not_flagged() -> None:
    native = shows(("1", X, True))
    item = planned(FLAG, two("a"), native, pictured(("1", "a")))
    assert flags(after(FLAG, native, item)) == [(X, True), (Y, False)]
    assert (item.writes.psent, item.book) == ({}, Payload())


def test_a_new_record_says_which_row_is_the_primary_one_also_if_it_is_the_only_one() -> None:
    item = planned(FLAG, golden(element("a", X), primary="a"), None)
    assert flags(after(FLAG, None, item)) == [(X, True)]
    assert (item.writes.psent, item.book) == ({"emails": "a"}, Payload())
    item = planned(FLAG, golden(element("a", X)), None)
    assert flags(after(FLAG, None, item)) == [(X, False)]
    assert (item.writes.psent, item.book) == ({}, Payload(psent={"emails": None}))


def test_a_list_whose_first_row_is_the_primary_one_is_put_in_order() -> None:
    native = {"emails": [{"id": "1", "value": X}, {"id": "2", "value": Y}]}
    item = planned(FIRST, two("b"), native, BOTH, psent={"emails": "a"})
    assert [row["value"] for row in after(FIRST, native, item)["emails"]] == [Y, X]
    assert lines(item) == [("emails/b/primary", False, True)]
    assert item.writes.psent == {"emails": "b"}
    item = planned(FIRST, two(None), native, BOTH, psent={"emails": "a"})
    assert (item.data, item.book) == ({}, Payload(psent={"emails": None})), "some row is always the first one"


def test_a_list_that_shows_no_primary_one_is_told_none() -> None:
    native = {"emails": [{"id": "1", "value": X}]}
    item = planned(PLAIN, two("b"), native, pictured(("1", "a")), psent={})
    assert [row["value"] for row in after(PLAIN, native, item)["emails"]] == [X, Y]
    assert (item.writes.psent, item.book) == ({}, Payload())
