"""Guards (sync-semantics, section 12): each trips above its threshold and not at it, and holds only its own system."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.sync.guards import Facts, lossy_trips, trips
from hub.sync.plan.items import Diff, Item, ItemKind
from hub.sync.plan.plan import Plan
from hub.sync.policy import Guards


def items(system: str, kind: ItemKind, number: int, diffs: Sequence[Diff] = ()) -> list[Item]:
    return [
        Item(system, "contacts", f"g{kind}{index}", kind, data={"x": index}, diffs=list(diffs))
        for index in range(number)
    ]


def tripped(found: Sequence[Item], facts: Facts, guards: Guards | None = None) -> list[str]:
    return [trip.guard for trip in trips(Plan("s", list(found)), {"A": facts}, guards or Guards())]


CHANGE = Diff("notes", "old", "new")
ERASURE = Diff("notes", "old", None)
LABEL = Diff("emails/e1", None, "a@x.example")


@pytest.mark.parametrize(
    ("found", "facts", "guard"),
    [
        (items("A", "delete", 5), Facts(20), ""),
        (items("A", "delete", 6), Facts(20), "deletes"),
        (items("A", "delete", 20), Facts(1000), ""),
        (items("A", "delete", 21), Facts(1000), "deletes"),
        (items("A", "create", 50), Facts(20), ""),
        (items("A", "create", 51), Facts(20), "creates"),
        (items("A", "create", 200), Facts(1000), ""),
        (items("A", "create", 201), Facts(1000), "creates"),
        (items("A", "update", 10, [CHANGE]), Facts(12), ""),
        (items("A", "update", 11, [CHANGE]), Facts(12), "field_changed"),
        (items("A", "update", 250, [CHANGE]), Facts(1000), ""),
        (items("A", "update", 251, [CHANGE]), Facts(1000), "field_changed"),
        (items("A", "update", 251, [LABEL]), Facts(1000), "field_changed"),
        (items("A", "update", 10, [ERASURE]), Facts(100), ""),
        (items("A", "update", 11, [ERASURE]), Facts(100), "field_blanked"),
        (items("A", "update", 50, [ERASURE]), Facts(1000), ""),
        (items("A", "update", 51, [ERASURE]), Facts(1000), "field_blanked"),
        ([], Facts(20, shrank="shrank"), "shrunk"),
        ([], Facts(1000, relinked=20), ""),
        ([], Facts(1000, relinked=21), "relinked"),
        ([], Facts(10, relinked=5), ""),
        ([], Facts(10, relinked=6), "relinked"),
        (items("A", "update", 1), Facts(10, changed=("the mapping",)), "rules_changed"),
        ([], Facts(10, changed=("the mapping",)), ""),
        (items("A", "create", 1), Facts(0, first=True), "first_sync"),
        ([], Facts(0, first=True), ""),
        (items("A", "update", 1, [Diff("consents.email_marketing", None, "granted")]), Facts(10), "consent"),
        (items("A", "update", 1, [Diff("consents.email_marketing", "withdrawn", "granted")]), Facts(10), "consent"),
        (items("A", "update", 1, [Diff("consents.email_marketing", "withdrawn", "pending")]), Facts(10), "consent"),
        (items("A", "update", 1, [Diff("consents.email_marketing", "granted", "withdrawn")]), Facts(10), ""),
        (items("A", "update", 1, [Diff("consents.email_marketing", None, "denied")]), Facts(10), ""),
    ],
)
def test_a_guard_trips_above_its_threshold_and_not_at_it(found: list[Item], facts: Facts, guard: str) -> None:
    assert tripped(found, facts) == ([guard] if guard else [])


@pytest.mark.parametrize(
    ("written", "held"),
    [
        ({"A": (100, 5)}, []),
        ({"A": (100, 6)}, ["A"]),
        ({"A": (10, 1)}, []),
        ({"A": (10, 2)}, ["A"]),
        ({"A": (100, 0), "B": (10, 10)}, ["B"]),
        ({"A": (0, 0)}, []),
    ],
)
def test_a_canary_that_is_stored_differently_than_sent_trips(
    written: dict[str, tuple[int, int]], held: list[str]
) -> None:
    assert [(trip.system, trip.guard) for trip in lossy_trips(written, Guards())] == [(name, "lossy") for name in held]


def test_a_blanked_field_counts_as_changed_too() -> None:
    assert tripped(items("A", "update", 30, [ERASURE]), Facts(100)) == ["field_changed", "field_blanked"]


def test_an_erasure_of_nothing_is_no_erasure() -> None:
    assert tripped(items("A", "update", 12, [Diff("notes", None, None)]), Facts(1000)) == []


def test_several_lines_about_one_field_of_one_record_count_once() -> None:
    diffs = [Diff("emails/e1", None, "a"), Diff("emails/e2", None, "b")]
    assert tripped(items("A", "update", 10, diffs), Facts(12)) == []


def test_the_first_sync_has_its_own_guard_instead_of_those_for_creates_and_changes() -> None:
    found = [*items("A", "create", 500), *items("A", "update", 500, [CHANGE])]
    assert tripped(found, Facts(600, first=True)) == ["first_sync"]


def test_the_first_sync_may_not_delete_or_blank_freely() -> None:
    found = [*items("A", "delete", 50), *items("A", "update", 50, [ERASURE])]
    assert tripped(found, Facts(60, first=True)) == ["first_sync", "deletes", "field_blanked"]


def test_thresholds_are_configurable() -> None:
    guards = Guards(delete=(0, 0.0), create=(1000, 1.0))
    assert tripped(items("A", "delete", 1), Facts(100), guards) == ["deletes"]
    assert tripped(items("A", "create", 999), Facts(10), guards) == []


def test_a_guard_names_only_the_system_that_tripped_it() -> None:
    plan = Plan("s", [*items("A", "delete", 9), *items("B", "delete", 1)])
    found = trips(plan, {"A": Facts(10), "B": Facts(10)}, Guards())
    assert [(trip.system, trip.guard) for trip in found] == [("A", "deletes")]
    assert found[0].message == "9 of 10 records would be deleted"
