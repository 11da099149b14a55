"""What is planned for a list of rows (rules L1, L2, C12), put together by hand: rows to set, to remove and to add."""

from __future__ import annotations

from typing import Any

import pytest

from hub.state import Cell, Element, Esent, mark_of
from hub.sync.plan.draft import UNDONE
from hub.sync.plan.items import Diff, Payload
from hub.sync.plan.record import plan_record
from tests.engine.planned import after, drafted, element, golden, lines, planned

X, Y, Z = "x@x.example", "y@x.example", "z@x.example"
IDS = '[emails]\nlist = "emails"\nid = "id"\nvalue = { at = "value", as = "email" }\nlabel = { at = "label", as = "label" }\n'
NO_IDS = IDS.replace('id = "id"\n', "")
SHORT = IDS.replace('as = "email" }', 'as = "email", max = 12 }')
ADDRESSES = """
[addresses]
list = "addresses"
id = "id"
lines = { at = "street", as = "lines(comma)" }
city = "city"
"""
TAGS = '[tags]\nlist = "tags"\nours = "crm:"\n'
LONG = "much.too.long@x.example"
CANNOT = "this system cannot hold this value"


def row(id_: str, value: str, label: str | None = None) -> dict[str, Any]:
    return {"id": id_, "value": value, "label": label}


def bare(value: str, label: str | None = None) -> dict[str, Any]:
    return {"value": value, "label": label}


def shows(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"emails": list(rows)}


def pictured(*rows: tuple[str | None, str | None]) -> dict[str, list[list[str | None]]]:
    return {"emails": [list(item) for item in rows]}


def values(native: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(item["value"], item.get("label")) for item in native["emails"]]


def sent(value: Any, *labels: str, claims: int = 1) -> Esent:
    return Esent(value, {"labels": labels} if labels else {}, claims)


def noted(item: Element) -> list[Any]:
    return [item.value.value, item.attr_values(), item.claims]


# rows that stay


def test_rows_that_show_what_they_should_need_nothing() -> None:
    record = golden(element("a", X, "work"), element("b", Y))
    native = shows(row("1", X, "work"), row("2", Y))
    assert plan_record(drafted(IDS, record, native, pictured(("1", "a"), ("2", "b")))) is None


def test_a_changed_value_and_a_changed_label_are_set_in_their_rows() -> None:
    record = golden(element("a", Y, "work"), element("b", Z, "home"))
    native = shows(row("1", X, "work"), row("2", Z, "work"))
    known = {"emails": {"a": sent(X, "work"), "b": sent(Z, "work")}}
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "b")), esent=known)
    assert values(after(IDS, native, item)) == [(Y, "work"), (Z, "home")]
    assert lines(item) == [("emails/a", X, Y), ("emails/b", {"labels": ("work",)}, {"labels": ("home",)})]
    assert item.diffs[0] == Diff("emails/a", X, Y, "Z", "edit")
    a, b = record.collection("emails").live()
    picture = pictured(("1", "a"), ("2", "b"))
    assert item.writes == Payload(elements={"emails": {"a": noted(a), "b": noted(b)}}, picture=picture)
    assert (item.book, item.held, item.kind, item.remote_id, item.version) == (Payload(), {}, "update", "7", "3")


def test_a_row_that_nobody_can_name_is_left_alone() -> None:
    record = golden(element("a", X), element("b", Y, stamp=2))
    native = shows(row("1", "k@x.example"), row("2", "l@x.example"))
    item = planned(IDS, record, native, pictured(("1", None), ("2", "unknown")))
    assert values(after(IDS, native, item)) == [("k@x.example", None), ("l@x.example", None), (X, None), (Y, None)]
    assert lines(item) == [("emails/a", None, X), ("emails/b", None, Y)]
    assert item.writes.picture == {"emails": [["1", None], ["2", "unknown"], [None, "a"], [None, "b"]]}
    a, b = record.collection("emails").live()
    assert item.writes.elements == {"emails": {"a": noted(a), "b": noted(b)}}


def test_what_a_row_shows_differently_since_it_was_given_stays() -> None:
    """Golden has not moved: what differs is the system's doing, or its spelling."""
    record = golden(element("a", X, "work"))
    assert plan_record(drafted(IDS, record, shows(row("1", Y, "home")), pictured(("1", "a")))) is None


def test_a_value_that_is_only_spelled_otherwise_is_noted_and_not_written() -> None:
    record = golden(element("a", X, "work"))
    item = planned(
        IDS, record, shows(row("1", X.upper(), "work")), pictured(("1", "a")), esent={"emails": {"a": sent(Y, "work")}}
    )
    assert (item.data, item.writes, item.diffs) == ({}, Payload(), [])
    assert item.book == Payload(elements={"emails": {"a": [X, {"labels": ("work",)}, 1]}})


def test_an_element_that_was_claimed_again_is_noted_at_once() -> None:
    record = golden(element("a", X, claims=2))
    item = planned(IDS, record, shows(row("1", X)), pictured(("1", "a")), esent={"emails": {"a": sent(X)}})
    assert (item.data, item.writes, item.book) == ({}, Payload(), Payload(elements={"emails": {"a": [X, {}, 2]}}))


def test_an_element_that_the_system_showed_by_itself_is_noted_at_once_beside_one_that_is_written() -> None:
    record = golden(element("a", X), element("b", Y))
    native = shows(row("1", X), row("2", Z))
    known = {"emails": {"b": sent(Z)}}
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "b")), esent=known)
    assert values(after(IDS, native, item)) == [(X, None), (Y, None)]
    assert item.writes.elements == {"emails": {"b": [Y, {}, 1]}}
    assert item.book == Payload(elements={"emails": {"a": [X, {}, 1]}})


@pytest.mark.parametrize("lost", ["emails/a", "emails/a/labels"])
def test_what_lost_a_conflict_is_given_again_though_golden_is_as_it_was(lost: str) -> None:
    record = golden(element("a", X, "work"), element("b", Y, "work"))
    native = shows(row("1", Z, "home"), row("2", "b2@x.example", "home"))
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "b")), lost={lost, "emails/ab", "notes"})
    expected = (X, "home") if lost == "emails/a" else (Z, "work")
    assert values(after(IDS, native, item)) == [expected, ("b2@x.example", "home")]
    assert item.writes.elements == {"emails": {"a": [X, {"labels": ("work",)}, 1]}}
    assert item.writes.cleared == [lost]
    assert item.book == Payload()


def test_what_lost_and_is_shown_all_the_same_is_settled_without_a_write() -> None:
    record = golden(element("a", X))
    item = planned(IDS, record, shows(row("1", X)), pictured(("1", "a")), lost={"emails/a"})
    assert (item.data, item.writes) == ({}, Payload())
    assert item.book == Payload(elements={"emails": {"a": [X, {}, 1]}}, cleared=["emails/a"])


def test_a_label_is_taken_away_and_an_empty_one_is_none() -> None:
    record = golden(element("a", X), element("b", Y), element("c", Z))
    record.collection("emails").elements["c"].attrs["labels"] = Cell((), "Z", 2)
    native = shows(row("1", X, "work"), row("2", Y), row("3", Z, "work"))
    known = {"emails": {"a": sent(X, "work"), "b": sent(Y, "work"), "c": sent(Z, "work")}}
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "b"), ("3", "c")), esent=known)
    assert values(after(IDS, native, item)) == [(X, None), (Y, None), (Z, None)]
    assert lines(item) == [
        ("emails/a", {"labels": ("work",)}, {"labels": None}),
        ("emails/c", {"labels": ("work",)}, {"labels": ()}),
    ]
    assert item.book == Payload(elements={"emails": {"b": [Y, {}, 1]}})


# values that a person decides, or took back


def test_a_value_that_waits_for_a_person_is_not_written_but_its_label_is() -> None:
    record = golden(element("a", X, "work"))
    record.frozen["emails/a"] = []
    native = shows(row("1", Y, "home"))
    known = {"esent": {"emails": {"a": sent(Y, "home")}}, "lost": {"emails/a", "emails/a/labels"}}
    item = planned(IDS, record, native, pictured(("1", "a")), **known)
    assert values(after(IDS, native, item)) == [(Y, "work")]
    assert item.writes.elements == {"emails": {"a": [Y, {"labels": ("work",)}, 1]}}, "the value was not given"
    assert item.writes.cleared == ["emails/a/labels"]


def test_a_new_element_that_waits_for_a_person_is_noted_as_it_is() -> None:
    record = golden(element("a", X))
    record.frozen["emails/a"] = []
    item = planned(IDS, record, shows(row("1", X)), pictured(("1", "a")), esent={"emails": {}})
    assert item.book == Payload(elements={"emails": {"a": [X, {}, 1]}})


def test_a_removal_and_an_addition_that_a_person_took_back_stay_taken_back() -> None:
    record = golden(element("a", X, alive=False), element("b", Y))
    coll = record.collection("emails")
    undone = {f"emails/{eid}": mark_of(coll.elements[eid]) for eid in "ab"}
    item = planned(IDS, record, shows(row("1", X)), pictured(("1", "a")), undone=undone)
    assert (item.data, item.held) == ({}, {"emails/a": UNDONE, "emails/b": UNDONE})
    coll.elements["b"].value.seq = coll.elements["a"].keyed = 5
    item = planned(IDS, record, shows(row("1", X)), pictured(("1", "a")), undone=undone)
    assert values(after(IDS, shows(row("1", X)), item)) == [(Y, None)], "until golden moves"
    assert item.held == {}


def test_a_value_that_a_person_took_back_is_given_when_golden_has_moved() -> None:
    record = golden(element("a", X))
    native = shows(row("1", Y))
    a = record.collection("emails").elements["a"]
    undone = {"emails/a": mark_of(a)}
    assert plan_record(drafted(IDS, record, native, pictured(("1", "a")), undone=undone)) is None
    a.value.seq = 2
    item = planned(IDS, record, native, pictured(("1", "a")), undone=undone)
    assert values(after(IDS, native, item)) == [(X, None)]


# several rows


def test_an_outdated_row_goes_while_another_row_of_the_element_shows_the_new_value() -> None:
    record = golden(element("a", Y))
    native = shows(row("1", X), row("2", Y.upper()))
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "a")), esent={"emails": {"a": sent(X)}})
    assert after(IDS, native, item) == shows(row("2", Y.upper()))
    assert lines(item) == []
    assert item.writes == Payload(elements={"emails": {"a": [Y, {}, 1]}}, picture={"emails": [["2", "a"]]})


def test_two_outdated_rows_of_one_element_are_both_set() -> None:
    record = golden(element("a", Z))
    native = shows(row("1", X), row("2", Y))
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", "a")), esent={"emails": {"a": sent(X)}})
    assert values(after(IDS, native, item)) == [(Z, None), (Z, None)]


def test_an_outdated_row_is_set_though_a_row_of_another_element_shows_the_new_value() -> None:
    record = golden(element("a", Y))
    native = shows(row("1", X), row("2", Y))
    item = planned(IDS, record, native, pictured(("1", "a"), ("2", None)), esent={"emails": {"a": sent(X)}})
    assert values(after(IDS, native, item)) == [(Y, None), (Y, None)]


def test_a_row_that_stands_for_an_element_already_makes_an_outdated_one_go() -> None:
    """Both rows showed elements that became this one."""
    record = golden(element("o", Y, alive=False, into="a"), element("p", X, alive=False, into="a"), element("a", Y))
    native = shows(row("1", Y), row("2", X))
    item = planned(IDS, record, native, pictured(("1", "o"), ("2", "p")))
    assert after(IDS, native, item) == shows(row("1", Y))
    assert item.writes == Payload(elements={"emails": {"a": [Y, {}, 1]}}, picture=pictured(("1", "a")))


@pytest.mark.parametrize("labels", [("home", "work"), ("work", "home")])
def test_every_row_of_an_element_gets_the_label_of_golden(labels: tuple[str, str]) -> None:
    record = golden(element("a", X, "work"))
    native = shows(*(row(str(index), X, label) for index, label in enumerate(labels)))
    item = planned(IDS, record, native, pictured(("0", "a"), ("1", "a")))
    assert values(after(IDS, native, item)) == [(X, "work"), (X, "work")]


# rows without ids


def test_a_row_without_an_id_whose_address_is_another_ones_now_is_that_ones() -> None:
    record = golden(element("a", Y, "work"), element("b", X, "home"))
    native = shows({**bare(X, "work"), "note": "kept"})
    item = planned(NO_IDS, record, native, pictured((None, "a")), esent={"emails": {"a": sent(X, "work")}})
    assert after(NO_IDS, native, item) == shows({**bare(X, "home"), "note": "kept"}, bare(Y, "work"))
    a, b = record.collection("emails").live()
    assert item.writes == Payload(
        elements={"emails": {"a": noted(a), "b": noted(b)}}, picture={"emails": [[None, "b"], [None, "a"]]}
    )


def test_a_row_with_an_id_is_set_though_its_old_address_is_another_ones_now() -> None:
    record = golden(element("a", Y), element("b", X))
    native = shows({**row("1", X), "note": "kept"})
    item = planned(IDS, record, native, pictured(("1", "a")), esent={"emails": {"a": sent(X)}})
    assert after(IDS, native, item)["emails"][0] == {**row("1", Y), "note": "kept"}
    assert values(after(IDS, native, item)) == [(Y, None), (X, None)]


def test_a_row_without_an_id_is_set_if_its_old_address_is_nobodys() -> None:
    record = golden(element("a", Y))
    native = shows({**bare(X), "note": "kept"})
    item = planned(NO_IDS, record, native, pictured((None, "a")), esent={"emails": {"a": sent(X)}})
    assert after(NO_IDS, native, item) == shows({**bare(Y), "note": "kept"})


# what is missing


def test_what_is_missing_is_added_the_primary_one_first_then_by_age() -> None:
    record = golden(element("a", X, stamp=5), element("b", Y, "work", stamp=3), element("c", Z, stamp=7), primary="c")
    item = planned(IDS, record, shows(), pictured())
    assert values(after(IDS, shows(), item)) == [(Z, None), (Y, "work"), (X, None)]
    assert item.writes.picture == {"emails": [[None, "c"], [None, "b"], [None, "a"]]}
    assert {eid: raw[0] for eid, raw in item.writes.elements["emails"].items()} == {"a": X, "b": Y, "c": Z}
    assert lines(item) == [("emails/c", None, Z), ("emails/b", None, Y), ("emails/a", None, X)]


def test_what_this_system_cannot_hold_did_not_take_or_shows_as_another_one_is_held_and_the_rest_added() -> None:
    record = golden(
        element("a", LONG),
        element("b", Y, stamp=2, claims=3),
        element("c", Z, stamp=3),
        element("d", X.upper(), stamp=4),
        element("e", Z.upper(), stamp=5),
        element("f", "f@x.example", stamp=6, claims=2),
    )
    native = shows(row("1", X))
    known = {"sent": {"emails/b": [Y, 3], "emails/f": ["f@x.example", 1]}}
    item = planned(SHORT, record, native, pictured(("1", None)), **known)
    assert values(after(SHORT, native, item)) == [(X, None), (Z, None), ("f@x.example", None)]
    assert item.held == {
        "emails/a": CANNOT,
        "emails/b": "this system did not take it",
        "emails/d": "this system shows it as equal to another one",
        "emails/e": "this system shows it as equal to another one",
    }
    assert list(item.writes.elements["emails"]) == ["c", "f"]


def test_a_person_who_took_one_addition_back_does_not_keep_the_others_out() -> None:
    record = golden(element("a", X), element("b", Y))
    undone = {"emails/a": mark_of(record.collection("emails").elements["a"])}
    item = planned(IDS, record, shows(), pictured(), undone=undone)
    assert (values(after(IDS, shows(), item)), item.held) == ([(Y, None)], {"emails/a": UNDONE})


def test_an_address_is_added_again_while_its_old_row_goes_or_becomes_another_one() -> None:
    record = golden(element("a", X, alive=False), element("b", Z), element("c", Y), element("d", X, "work"))
    native = shows(row("1", X), row("0", X), row("2", Y))
    item = planned(IDS, record, native, pictured(("1", "a"), ("0", "a"), ("2", "b")), esent={"emails": {"b": sent(Y)}})
    assert values(after(IDS, native, item)) == [(X, "work"), (Z, None), (Y, None)]
    assert item.held == {}


def tag(*names: str, alive: bool = True) -> list[Element]:
    return [element(name, name, alive=alive) for name in names]


def test_only_our_own_tags_are_added_and_removed() -> None:
    record = golden(*tag("crm:a", "theirs"), *tag("crm:b", "other", alive=False), of="tags")
    native = {"tags": ["other", "crm:b", "mine"]}
    item = planned(TAGS, record, native, {"tags": [[None, "other"], [None, "crm:b"], [None, None]]})
    assert after(TAGS, native, item) == {"tags": ["other", "mine", "crm:a"]}
    assert lines(item) == [("tags/crm:b", "crm:b", None), ("tags/crm:a", None, "crm:a")]
    assert item.held == {}


def test_a_new_record_gets_its_whole_list() -> None:
    record = golden(element("a", X, "work"), element("b", Y, alive=False), element("c", Z))
    item = planned(IDS, record, None)
    assert (item.kind, item.remote_id, item.version) == ("create", None, None)
    assert values(after(IDS, None, item)) == [(X, "work"), (Z, None)]
    assert item.writes.picture == {"emails": [[None, "a"], [None, "c"]]}
