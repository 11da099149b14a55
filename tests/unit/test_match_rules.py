"""Matching (sync-semantics, section 10): one to one within both sides; each record is decided exactly once."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.identity.match import HOT, Entry, Matches, match
from hub.identity.names import agree


def entry(ref: str, *keys: str, name: str = "anna berg", **more: Any) -> Entry:
    """``ref`` is "SYSTEM/ID"; keys are e-mail addresses unless they name their kind."""
    full = tuple(key if ":" in key else f"email:{key}" for key in keys)
    return Entry(ref, (ref.split("/", 1)[0], "contacts"), full, name, **more)


def golden(gid: str, *keys: str, name: str = "anna berg", sides: tuple[str, ...] = ()) -> Entry:
    full = tuple(f"email:{key}" for key in keys)
    return Entry(gid, ("hub", ""), full, name, None, gid, frozenset((side, "contacts") for side in sides))


def run(*entries: Entry, never: set[tuple[str, str]] | None = None) -> Matches:
    return match(entries, never or set(), agree)


def groups(found: Matches) -> list[tuple[tuple[str, ...], str | None]]:
    return sorted((tuple(sorted(group.refs)), group.gid) for group in found.groups)


def questions(found: Matches) -> list[tuple[tuple[str, ...], tuple[str, ...], str]]:
    return sorted((tuple(sorted(item.refs)), item.gids, item.reason) for item in found.questions)


def test_one_on_each_side_is_one_customer() -> None:
    assert groups(run(entry("A/1", "x"), entry("B/1", "x"))) == [(("A/1", "B/1"), None)]


def test_a_chain_over_two_keys_is_one_customer() -> None:
    found = run(entry("A/1", "x"), entry("B/1", "x", "y"), entry("C/1", "y"))
    assert groups(found) == [(("A/1", "B/1", "C/1"), None)]


def test_no_common_key_is_no_match() -> None:
    assert groups(run(entry("A/1", "x"), entry("B/1", "y"))) == [(("A/1",), None), (("B/1",), None)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_two_on_one_side_are_a_question(order: tuple[int, ...]) -> None:
    items = [entry("A/1", "x"), entry("A/2", "x"), entry("B/1", "x")]
    found = run(*(items[index] for index in order))
    assert groups(found) == []
    assert questions(found) == [(("A/1", "A/2", "B/1"), (), "several records of A share a key")]


def test_two_on_one_side_through_a_third_are_a_question() -> None:
    found = run(entry("A/1", "x"), entry("A/2", "y"), entry("B/1", "x", "y"))
    assert [refs for refs, _, _ in questions(found)] == [("A/1", "A/2", "B/1")]


def test_a_key_of_more_than_three_is_none() -> None:
    shared = [entry(f"A/{index}", "info", name=f"p {index}") for index in range(HOT + 1)]
    found = run(*shared, entry("B/1", "info"))
    assert len(groups(found)) == HOT + 2
    assert not found.questions


@pytest.mark.parametrize("systems", range(2, 12))
def test_one_customer_in_many_systems_is_one_customer(systems: int) -> None:
    """A key is counted by side: nine systems that each know Anna once prove more than two do, not less."""
    everywhere = [entry(f"S{index}/1", "x") for index in range(systems)]
    assert len(groups(run(*everywhere))) == 1
    assert groups(run(*everywhere[1:], golden("g1", "x", sides=("S0",)))) == [
        (tuple(sorted(item.ref for item in everywhere[1:])), "g1")
    ]


def test_a_key_of_more_than_three_customers_of_the_hub_is_none() -> None:
    known = [golden(f"g{index}", "info", name=f"p {index}", sides=("A",)) for index in range(HOT + 1)]
    assert groups(run(*known, entry("B/1", "info"))) == [(("B/1",), None)]


def test_a_hot_key_does_not_spoil_another_key() -> None:
    crowd = [entry(f"A/{index}", "info", name=f"p {index}") for index in range(HOT)]
    found = run(*crowd, entry("A/9", "info", "x"), entry("B/9", "info", "x"))
    assert (("A/9", "B/9"), None) in groups(found)


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        ("anna berg", "anna berg", "linked"),
        ("anna berg", "otto wolf", "apart"),
        ("anna berg", "", "asked"),
        ("", "", "asked"),
    ],
)
def test_a_phone_number_alone_needs_agreeing_names(left: str, right: str, outcome: str) -> None:
    found = run(entry("A/1", "phone:+4930", name=left), entry("B/1", "phone:+4930", name=right))
    assert ("asked" if found.questions else "linked" if len(found.groups) == 1 else "apart") == outcome


def test_a_phone_number_beside_an_email_needs_no_name() -> None:
    found = run(entry("A/1", "phone:+4930", "x", name=""), entry("B/1", "phone:+4930", "x", name=""))
    assert groups(found) == [(("A/1", "B/1"), None)]


@pytest.mark.parametrize("key", ["email:x", "tax:DE123"])
def test_other_names_contradict_a_key(key: str) -> None:
    found = run(entry("A/1", key, name="anna berg"), entry("B/1", key, name="otto wolf"))
    assert [reason for _, _, reason in questions(found)] == ["the same e-mail or number, but different names"]


def test_a_pair_that_a_person_declared_different_is_never_matched() -> None:
    found = run(entry("A/1", "x"), entry("B/1", "x"), never={("A/1", "B/1")})
    assert groups(found) == [(("A/1",), None), (("B/1",), None)]


def test_a_new_record_joins_its_golden_record() -> None:
    found = run(golden("g1", "x", sides=("A",)), entry("B/1", "x"))
    assert groups(found) == [(("B/1",), "g1")]


def test_a_second_record_of_a_linked_system_is_a_question() -> None:
    found = run(golden("g1", "x", sides=("A", "B")), entry("B/2", "x"))
    assert questions(found) == [(("B/2",), ("g1",), "the customer is linked to another record of this system already")]


def test_several_golden_records_are_a_question() -> None:
    found = run(golden("g1", "x"), golden("g2", "x"), entry("B/1", "x"))
    assert questions(found) == [(("B/1",), ("g1", "g2"), "matches several customers of the hub")]


def test_golden_records_alone_are_never_joined() -> None:
    found = run(golden("g1", "x"), golden("g2", "x"))
    assert (found.groups, found.questions) == ([], [])


def test_our_own_key_beats_every_other_key() -> None:
    found = run(golden("g1", "x"), golden("g2", "y"), entry("B/1", "y", own_key="g1"))
    assert groups(found) == [(("B/1",), "g1")]


def test_our_own_key_without_its_golden_record_makes_it_again() -> None:
    found = run(entry("A/1", "x", own_key="g1"), entry("B/1", "y", own_key="g1"))
    assert groups(found) == [(("A/1", "B/1"), None)]
    assert found.groups[0].own_key == "g1"


@pytest.mark.parametrize("known", [True, False])
def test_copies_that_carry_our_key_are_a_question(known: bool) -> None:
    items = [entry("A/1", own_key="g1"), entry("A/2", own_key="g1")]
    found = run(*([golden("g1")] if known else []), *items)
    assert questions(found) == [(("A/1", "A/2"), ("g1",) if known else (), "a copy of a record that carries our key")]


def test_a_copy_beside_the_linked_record_is_a_question() -> None:
    found = run(golden("g1", sides=("A",)), entry("A/2", own_key="g1"))
    assert [refs for refs, _, _ in questions(found)] == [("A/2",)]


entries = st.lists(
    st.tuples(
        st.sampled_from("ABC"),
        st.lists(st.sampled_from(["x", "y", "z", "phone:1"]), max_size=3),
        st.sampled_from(["anna berg", "otto wolf", ""]),
        st.sampled_from([None, None, "g1", "g2"]),
    ),
    max_size=8,
)


@given(entries, st.booleans())
def test_each_record_is_decided_exactly_once_and_never_two_of_a_side(rows: list[Any], known: bool) -> None:
    items = [
        entry(f"{side}/{index}", *keys, name=name, own_key=own) for index, (side, keys, name, own) in enumerate(rows)
    ]
    goldens = [golden("g1", "x", sides=("A",)), golden("g2", "y")] if known else []
    found = run(*items, *goldens)
    decided = [ref for group in found.groups for ref in group.refs]
    decided += [ref for question in found.questions for ref in question.refs]
    assert sorted(decided) == sorted(item.ref for item in items)
    for group in found.groups:
        sides = [ref.split("/", 1)[0] for ref in group.refs]
        assert len(set(sides)) == len(sides)
        assert not (known and group.gid == "g1" and "A" in sides)
    for gid in ("g1", "g2"):
        joined = [
            ref.split("/", 1)[0] for group in found.groups if gid in (group.gid, group.own_key) for ref in group.refs
        ]
        assert len(set(joined)) == len(joined), "one record of a side joins a golden record, by whatever key"


def test_a_record_without_our_key_joins_the_one_that_carries_it() -> None:
    """The hub's database was lost: one system kept our keys, the other has only its natural keys."""
    found = run(entry("A/1", "x"), entry("B/1", "x", own_key="g1"))
    assert groups(found) == [(("A/1",), "g1"), (("B/1",), None)]


def test_two_of_one_side_cannot_join_by_different_keys() -> None:
    found = run(golden("g1", "x"), entry("A/1", own_key="g1"), entry("A/2", "x"))
    assert groups(found) == [(("A/1",), "g1")]
    assert [refs for refs, _, _ in questions(found)] == [("A/2",)]


@given(entries, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(rows: list[Any], random: Any) -> None:
    items = [
        entry(f"{side}/{index}", *keys, name=name, own_key=own) for index, (side, keys, name, own) in enumerate(rows)
    ]
    mixed = list(items)
    random.shuffle(mixed)
    one, two = run(*items), run(*mixed)
    assert groups(one) == groups(two)
    assert [refs for refs, _, _ in questions(one)] == [refs for refs, _, _ in questions(two)]
