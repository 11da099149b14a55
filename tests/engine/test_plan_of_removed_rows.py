"""What is planned for rows whose element is removed, became another one, or is nothing that this system can hold."""

from __future__ import annotations

from typing import Any

import pytest

from hub.state import Esent
from hub.sync.plan.items import Diff, Payload
from tests.engine.planned import after, element, golden, lines, planned
from tests.engine.test_plan_of_a_list import (
    ADDRESSES,
    CANNOT,
    IDS,
    LONG,
    SHORT,
    X,
    Y,
    noted,
    pictured,
    row,
    sent,
    shows,
    values,
)

# rows of removed elements


def test_the_row_of_a_removed_element_goes_and_nothing_else() -> None:
    record = golden(element("a", X, alive=False), element("b", Y))
    native = shows(row("1", X), row("2", Y))
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "b")))
    assert after(IDS, native, item) == shows(row("2", Y))
    assert item.diffs == [Diff("emails/a", X, None, "Z", "edit")]
    assert (item.writes, item.book) == (Payload(picture={"emails": [["2", "b"]]}), Payload())


def test_the_row_of_an_element_that_became_another_one_becomes_that_one() -> None:
    record = golden(element("a", X, alive=False, into="b"), element("b", Y, "work"))
    native = shows(row("1", X, "home"))
    item = planned(IDS, record, native, pictured(("1", "a")))
    assert after(IDS, native, item) == shows(row("1", Y, "work"))
    assert lines(item) == [("emails/b", X, Y)]
    b = record.collection("emails").elements["b"]
    assert item.writes == Payload(elements={"emails": {"b": noted(b)}}, picture={"emails": [["1", "b"]]})


@pytest.mark.parametrize("known", [{}, {"b": sent(Y)}])
def test_a_row_of_an_element_that_became_another_one_is_set_also_if_that_one_was_sent(known: dict[str, Esent]) -> None:
    record = golden(element("a", X, alive=False, into="b"), element("b", Y))
    native = shows(row("1", X))
    item = planned(IDS, record, native, pictured(("1", "a")), esent={"emails": known})
    assert after(IDS, native, item) == shows(row("1", Y))


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_the_row_of_an_element_that_became_another_one_goes_if_that_one_has_a_row(order: tuple[str, str]) -> None:
    record = golden(element("a", X, alive=False, into="b"), element("b", Y))
    of = {"a": row("1", X), "b": row("2", Y)}
    native = shows(*(of[eid] for eid in order))
    item = planned(IDS, record, native, pictured(*((str(of[eid]["id"]), eid) for eid in order)))
    assert after(IDS, native, item) == shows(row("2", Y))
    assert item.writes == Payload(picture={"emails": [["2", "b"]]})


def test_the_row_of_a_removed_element_stays_for_one_with_the_same_address() -> None:
    record = golden(element("a", X, alive=False), element("c", Y), element("b", X.upper(), "work"))
    native = {"emails": [{**row("1", X, "work"), "note": "kept"}, row("2", Y)]}
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "c")))
    assert (item.data, item.writes, item.diffs) == ({}, Payload(), [])
    b = record.collection("emails").elements["b"]
    assert item.book == Payload(elements={"emails": {"b": noted(b)}})


def test_two_rows_of_removed_elements_do_not_both_stay_for_one_address() -> None:
    record = golden(element("a", X, alive=False), element("b", X, alive=False), element("c", X.upper()))
    native = shows(row("1", X), row("2", X.upper()))
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "b")))
    assert values(after(IDS, native, item)) == [(X, None)]
    assert item.writes.picture == {"emails": [["1", "c"]]}


def test_a_row_does_not_stay_for_an_element_that_has_a_row_or_that_no_row_can_show() -> None:
    record = golden(element("a", X, alive=False), element("b", X), element("c", LONG))
    native = shows(row("1", X), row("2", X, "work"))
    item = planned(SHORT, record, native, pictured(("1", "a"), ("2", "b")))
    assert after(SHORT, native, item) == shows(row("2", X, "work"))
    assert item.held == {"emails/c": CANNOT}


# rows of elements that this system cannot hold


@pytest.mark.parametrize("given", [None, {"lines": ["Am Ring 1"], "city": "Graz"}])
def test_the_row_of_an_address_of_which_nothing_is_left_to_show_goes(given: Any) -> None:
    record = golden(element("a", {"district": "Geidorf"}), of="addresses")
    native = {"addresses": [{"id": "1", "street": "Am Ring 1", "city": "Graz"}]}
    known = {"addresses": {} if given is None else {"a": sent(given)}}
    item = planned(ADDRESSES, record, native, {"addresses": [["1", "a"]]}, esent=known)
    assert after(ADDRESSES, native, item) == {"addresses": []}
    assert (item.held, item.writes) == (
        {"addresses/a": CANNOT},
        Payload(picture={"addresses": []}),
    )
    record.frozen["addresses/a"] = []
    item = planned(ADDRESSES, record, native, {"addresses": [["1", "a"]]}, esent=known)
    assert (item.data, item.held) == ({}, {"addresses/a": CANNOT}), "a person has to decide"


def test_the_row_of_what_this_system_cannot_hold_stays_as_it_is() -> None:
    record = golden(element("a", LONG))
    native = shows(row("1", X))
    item = planned(SHORT, record, native, pictured(("1", "a")), esent={"emails": {"a": sent(X)}})
    assert (item.data, item.held, item.writes, item.book) == ({}, {"emails/a": CANNOT}, Payload(), Payload())


def test_a_row_of_which_golden_holds_nothing_that_it_shows_stays_if_it_was_given_as_it_is() -> None:
    record = golden(element("a", {"district": "Geidorf"}), of="addresses")
    native = {"addresses": [{"id": "1", "street": "Am Ring 1", "city": "Graz"}]}
    item = planned(ADDRESSES, record, native, {"addresses": [["1", "a"]]})
    assert (item.data, item.held) == ({}, {"addresses/a": CANNOT})
