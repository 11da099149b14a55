"""The conflict order (sync-semantics, section 6): total, deterministic, the same whoever is asked first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.sync.policy import Candidate, FieldPolicy, Policy, canonical_bytes, decide, is_blank

SYSTEMS = ("A", "B", "C")


def longest_first(candidates: Sequence[Candidate]) -> int:
    """A plugin's policy: the alphabetically last value."""
    return max(range(len(candidates)), key=lambda index: canonical_bytes(candidates[index].value))


RULES = ["auto", "ask", "union", "longest", "prefer:B", "last_letter"]
values = st.one_of(st.none(), st.sampled_from(["", "a", "bb", "ccc", "ä"]), st.booleans(), st.integers(0, 3))
candidates = st.builds(
    Candidate,
    values,
    st.sampled_from([*SYSTEMS, "person", "removed system"]),
    st.one_of(st.none(), st.floats(0, 20, allow_nan=False)),
    st.booleans(),
)
policies = st.builds(
    lambda rule, blank, authority, skew: Policy(
        SYSTEMS,
        authority={"notes": authority} if authority else {},
        fields={"notes": FieldPolicy(rule, blank)},
        skew=skew,
        plugins={"last_letter": longest_first},
    ),
    st.sampled_from(RULES),
    st.sampled_from(["erase", "ignore"]),
    st.sampled_from([(), ("B",), ("C", "A")]),
    st.dictionaries(st.sampled_from(SYSTEMS), st.floats(0, 10)),
)


@given(policies, candidates, candidates)
def test_swapping_the_two_swaps_the_answer(policy: Policy, left: Candidate, right: Candidate) -> None:
    challenger_wins, rule = decide(policy, "notes", left, right)
    other_wins, other_rule = decide(policy, "notes", right, left)
    assert rule == other_rule
    if canonical_bytes(left.value) != canonical_bytes(right.value):
        assert challenger_wins != other_wins


@given(policies, candidates, candidates)
def test_the_same_question_has_the_same_answer(policy: Policy, left: Candidate, right: Candidate) -> None:
    assert decide(policy, "notes", left, right) == decide(policy, "notes", left, right)


def fold(policy: Policy, order: Sequence[Candidate]) -> Candidate:
    winner = order[0]
    for challenger in order[1:]:
        if decide(policy, "notes", winner, challenger)[0]:
            winner = challenger
    return winner


total = policies.filter(lambda policy: policy.of("notes").conflict != "last_letter")


@given(total, st.lists(candidates, min_size=2, max_size=5))
@example(Policy(SYSTEMS), [Candidate("a", "A", 0.0), Candidate("b", "B", 60.0), Candidate("c", "C", 0.0)])
def test_the_winner_does_not_depend_on_the_order_of_asking(policy: Policy, found: list[Candidate]) -> None:
    winners = {canonical_bytes(fold(policy, order).value) for order in permutations(found)}
    assert len(winners) == 1


def test_three_edits_within_a_skew_window_have_one_winner() -> None:
    found = [Candidate("a", "A", 0.0), Candidate("b", "B", 1.5), Candidate("c", "C", 3.0)]
    assert len({fold(Policy(SYSTEMS), order).system for order in permutations(found)}) == 1


def test_a_clock_error_next_to_nothing_is_none() -> None:
    policy = Policy(SYSTEMS, skew=dict.fromkeys(SYSTEMS, 1e-308))
    assert decide(policy, "notes", Candidate("a", "A", 2e9), Candidate("b", "B", 2e9 + 1)) == (True, "later edit")


def test_a_value_of_unknown_age_takes_part_in_no_circle() -> None:
    found = [Candidate("a", "A", 0.0), Candidate("b", "B", None), Candidate("c", "C", 300.0)]
    assert {fold(Policy(SYSTEMS), order).system for order in permutations(found)} == {"C"}


T = 1000.0
STEPS: list[tuple[str, Policy, Candidate, Candidate, str]] = [
    (
        "pinned by a person",
        Policy(SYSTEMS, authority={"notes": ("A",)}),
        Candidate("new", "A", T + 100),
        Candidate("old", "person", T, pinned=True),
        "pinned by a person",
    ),
    (
        "authority before time",
        Policy(SYSTEMS, authority={"notes": ("B",)}),
        Candidate("a", "A", T + 100),
        Candidate("b", "B", T),
        "authority",
    ),
    (
        "authority of the whole group",
        Policy(SYSTEMS, authority={"emails": ("B",)}),
        Candidate("a", "A", T + 100),
        Candidate("b", "B", T),
        "authority",
    ),
    (
        "a value beats blank, if the policy says so",
        Policy(SYSTEMS, fields={"notes": FieldPolicy(blank="ignore")}),
        Candidate(None, "A", T + 100),
        Candidate("b", "B", T),
        "a value beats blank",
    ),
    (
        "blank can win otherwise",
        Policy(SYSTEMS),
        Candidate("a", "A", T),
        Candidate(None, "B", T + 100),
        "later edit",
    ),
    (
        "prefer",
        Policy(SYSTEMS, fields={"notes": FieldPolicy("prefer:B")}),
        Candidate("a", "A", T + 100),
        Candidate("b", "B", T),
        "prefer:B",
    ),
    (
        "prefer says nothing about two others",
        Policy(SYSTEMS, fields={"notes": FieldPolicy("prefer:B")}),
        Candidate("a", "A", T),
        Candidate("c", "C", T + 100),
        "later edit",
    ),
    (
        "longest",
        Policy(SYSTEMS, fields={"notes": FieldPolicy("longest")}),
        Candidate("short", "A", T + 100),
        Candidate("much longer", "B", T),
        "longest",
    ),
    (
        "longest of equal length goes on",
        Policy(SYSTEMS, fields={"notes": FieldPolicy("longest")}),
        Candidate("aaa", "A", T),
        Candidate("bbb", "B", T + 100),
        "later edit",
    ),
    (
        "a plugin decides",
        Policy(SYSTEMS, fields={"notes": FieldPolicy("last_letter")}, plugins={"last_letter": longest_first}),
        Candidate("aaa", "A", T + 100),
        Candidate("zzz", "B", T),
        "last_letter",
    ),
    ("later edit", Policy(SYSTEMS), Candidate("a", "A", T), Candidate("b", "B", T + 3), "later edit"),
    (
        "within the skew window the order of systems decides",
        Policy(SYSTEMS, skew={"A": 5.0}),
        Candidate("b", "B", T + 4),
        Candidate("a", "A", T),
        "order of systems",
    ),
    (
        "the widest window of all systems counts",
        Policy(SYSTEMS, skew={"B": 50.0}),
        Candidate("b", "B", T + 49),
        Candidate("a", "A", T),
        "order of systems",
    ),
    (
        "a known age beats an unknown one",
        Policy(SYSTEMS),
        Candidate("a", "A", None),
        Candidate("b", "B", T - 1000),
        "known age",
    ),
    (
        "without times the order of systems decides",
        Policy(SYSTEMS),
        Candidate("b", "B", None),
        Candidate("a", "A", None),
        "order of systems",
    ),
    ("the tie of equal systems", Policy(SYSTEMS), Candidate("a", "A", T), Candidate("b", "A", T), "tie"),
]


@pytest.mark.parametrize(
    ("policy", "loser", "winner", "rule"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS]
)
def test_each_step_of_the_order(policy: Policy, loser: Candidate, winner: Candidate, rule: str) -> None:
    name = "emails/e1" if "emails" in policy.authority else "notes"
    assert decide(policy, name, loser, winner) == (True, rule)
    assert decide(policy, name, winner, loser) == (False, rule)


@pytest.mark.parametrize(
    ("value", "blank"),
    [
        (None, True),
        ("", True),
        ([], True),
        ({"city": None, "lines": []}, True),
        (0, False),
        (False, False),
        ("x", False),
        ({"city": "Bonn", "lines": None}, False),
    ],
)
def test_what_is_blank(value: object, blank: bool) -> None:
    assert is_blank(value) is blank


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 99), min_size=1))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical_bytes(value) == canonical_bytes(dict(reversed(value.items())))


def test_a_field_takes_the_policy_of_its_collection_or_group() -> None:
    policy = Policy(SYSTEMS, fields={"emails": FieldPolicy("longest"), "job": FieldPolicy("ask")})
    assert policy.of("emails/e1/labels").conflict == "longest"
    assert policy.of("job.title").conflict == "ask"
    assert policy.of("notes").conflict == "auto"
