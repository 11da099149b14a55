"""What a person decides about a golden record: values, losers, wrong links."""

from __future__ import annotations

from typing import Any

import pytest

from hub.mapping.view import Position, View
from hub.state import Cell, Collection, Element, Golden
from hub.sync.decisions import DecisionError, decide_value, take_back

WHEN = {"seq": 9, "time": 1000.0, "run": "run"}


def record() -> Golden:
    golden = Golden("g")
    golden.fields["notes"] = Cell("tea", "A", 1)
    golden.fields["name"] = Cell({"full": "Anna Berg", "middle": None}, "A", 1)
    golden.frozen["notes"] = [["tea", "A", 1.0], ["coffee", "B", 2.0]]
    element = Element("e1", Cell("anna@x.example", "A", 1), {"labels": Cell(["work"], "A", 1)})
    golden.collections["emails"] = Collection({"e1": element}, Cell("e1", "A", 1))
    return golden


def test_a_decided_field_is_pinned_by_the_person_and_no_longer_frozen() -> None:
    golden = record()
    change = decide_value(golden, "notes", "water", **WHEN)
    cell = golden.fields["notes"]
    assert (cell.value, cell.source, cell.pinned, cell.seq, cell.time) == ("water", "person", True, 9, 1000.0)
    assert golden.frozen == {}
    assert golden.seq == 9
    assert (change.old, change.new, change.source) == ("tea", "water", "person")


def test_a_field_may_be_decided_to_be_empty() -> None:
    golden = record()
    decide_value(golden, "notes", None, **WHEN)
    assert golden.value("notes") is None


def test_a_member_of_a_group_is_decided_without_the_others() -> None:
    golden = record()
    decide_value(golden, "name.middle", "Maria", **WHEN)
    assert golden.value("name") == {"full": "Anna Berg", "middle": "Maria"}


def test_an_element_gets_its_value_back_under_the_same_id() -> None:
    golden = record()
    decide_value(golden, "emails/e1", "Anna@X.example", **WHEN)
    element = golden.collections["emails"].elements["e1"]
    assert (element.value.value, element.stamp) == ("Anna@X.example", 9)
    assert element.keyed == 0, "another spelling of the same address is the same key"
    decide_value(golden, "emails/e1", "other@x.example", **WHEN)
    assert element.keyed == 9


def test_a_side_that_shows_some_members_of_an_address_leaves_the_others_as_they_are() -> None:
    """Seed 390411: the postal code was gone from golden only, and the systems went on showing it."""
    golden = record()
    full = {
        "lines": ["Am Ring 1"],
        "city": "Wien",
        "postal_code": "1010",
        "district": "Innere Stadt",
        "recipient": "A. Berg",
    }
    golden.collections["addresses"] = Collection({"e2": Element("e2", Cell(full, "B", 1))})
    change = decide_value(golden, "addresses/e2", {"lines": ["Hauptstr. 2"], "city": "Graz"}, **WHEN)
    value = golden.collections["addresses"].elements["e2"].value.value
    known = {name: item for name, item in value.items() if item is not None}
    assert known == {"lines": ["Hauptstr. 2"], "city": "Graz", "postal_code": "1010", "recipient": "A. Berg"}
    assert (change.old, change.new) == (full, value)


def test_a_side_that_shows_only_the_whole_name_is_taken_as_one() -> None:
    golden = record()
    golden.fields["name"] = Cell({"full": "Anna Berg", "given": "Anna", "family": "Berg", "middle": None}, "A", 1)
    decide_value(golden, "name", {"full": "Anna Lind"}, **WHEN)
    assert golden.value("name")["full"] == "Anna Lind"
    assert golden.value("name").get("family") != "Berg"


def test_a_removed_element_is_revived_and_an_element_can_be_removed() -> None:
    golden = record()
    element = golden.collections["emails"].elements["e1"]
    decide_value(golden, "emails/e1", None, **WHEN)
    assert not element.alive
    decide_value(golden, "emails/e1", "anna@x.example", **WHEN)
    assert element.alive


def test_attributes_and_the_primary_are_decided() -> None:
    golden = record()
    decide_value(golden, "emails/e1/labels", ["home"], **WHEN)
    assert golden.collections["emails"].elements["e1"].attr("labels") == ["home"]
    decide_value(golden, "emails/primary", None, **WHEN)
    assert golden.collections["emails"].primary_eid() is None


@pytest.mark.parametrize(("path", "value"), [("emails/e9", "x"), ("emails/e9/labels", []), ("emails/primary", "e9")])
def test_what_the_record_does_not_have_cannot_be_decided(path: str, value: Any) -> None:
    with pytest.raises(DecisionError, match="e9"):
        decide_value(record(), path, value, **WHEN)


def change(path: str, old: Any, source: str) -> dict[str, Any]:
    return {"path": path, "old": old, "source": source}


LEAVING = View(
    {"notes": "coffee, black", "language": "de", "kind": "person"},
    {"emails": (Position("email", "b@x.example"), Position("email2", "c@x.example"))},
)
"""What the record that leaves shows."""


def test_a_split_leaves_what_the_record_that_goes_does_not_show() -> None:
    """Seed 80057: it came from another record of the same system, and was lost."""
    golden = record()
    golden.fields["owner"] = Cell("Mia", "B", 3)
    golden.collections["emails"].elements["e4"] = Element("e4", Cell("d@x.example", "B", 6))
    take_back(golden, "B", [change("owner", None, "B")], LEAVING, **WHEN)
    assert golden.value("owner") == "Mia"
    assert "e4" in [item.eid for item in golden.collections["emails"].live()]


def test_a_split_does_not_leave_a_customer_without_a_name() -> None:
    """Seed 80041: those who stay were made from the one who goes."""
    golden = record()
    golden.fields["name"] = Cell({"full": "Bo"}, "B", 1)
    take_back(golden, "B", [], View({"name": {"full": "Bo"}}), **WHEN)
    assert golden.value("name") == {"full": "Bo"}


@pytest.mark.parametrize(
    ("now", "before", "after"),
    [("withdrawn", None, "withdrawn"), ("denied", "granted", "denied"), ("granted", None, None)],
)
def test_a_split_widens_no_consent(now: str, before: str | None, after: str | None) -> None:
    """Seed 80016: a refusal was forgotten."""
    name = "consents.email_marketing"
    golden = record()
    golden.fields[name] = Cell(now, "B", 2)
    take_back(golden, "B", [change(name, before, "B")], View({name: now}), **WHEN)
    assert golden.value(name) == after


def test_a_person_at_the_hub_cannot_grant_a_consent() -> None:
    """Seed 80025: a grant without evidence had lost, and was taken from the ledger after all."""
    golden = record()
    golden.fields["consents.email_marketing"] = Cell("withdrawn", "A", 2)
    with pytest.raises(DecisionError, match="evidence"):
        decide_value(golden, "consents.email_marketing", "granted", **WHEN)
    decide_value(golden, "consents.email_marketing", "denied", **WHEN)


def test_a_split_takes_back_what_only_the_other_system_had_given() -> None:
    golden = record()
    golden.fields["language"] = Cell("de", "B", 4)
    golden.fields["notes"] = Cell("coffee, black", "B", 5)
    golden.fields["kind"] = Cell("person", "B", 1)
    mine = Element("e2", Cell("b@x.example", "B", 6))
    both = Element("e3", Cell("c@x.example", "B", 7))
    golden.collections["emails"].elements |= {"e2": mine, "e3": both}
    history = [
        change("notes", None, "A"),
        change("notes", "tea", "B"),
        change("notes", "coffee", "B"),
        change("language", None, "B"),
        change("emails/e3", None, "A"),
        change("emails/e3", "C@x.example", "B"),
    ]
    changes = take_back(golden, "B", history, LEAVING, **WHEN)
    assert golden.value("notes") == "tea"
    assert golden.value("language") is None
    assert golden.value("kind") == "person", "the kind is never changed later"
    assert golden.value("name") == {"full": "Anna Berg", "middle": None}
    assert [item.eid for item in golden.collections["emails"].live()] == ["e1", "e3"]
    assert {item.path for item in changes} == {"notes", "language", "emails/e2"}
    assert golden.seq == 9


def test_a_split_of_a_system_that_gave_nothing_changes_nothing() -> None:
    golden = record()
    assert take_back(golden, "C", [], LEAVING, **WHEN) == []
    assert golden.seq == 0
