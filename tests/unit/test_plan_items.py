"""Plans as data: saved and read back without loss, named by a hash of exactly what they write."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hub.contract.records import Parts
from hub.sync.plan import pile
from hub.sync.plan import plan as plans
from hub.sync.plan.items import Diff, GuardTrip, Item, Payload
from hub.sync.plan.parts import decode, encode
from hub.sync.plan.plan import Plan


def item(gid: str = "g1", system: str = "A", **more: Any) -> Item:
    values: dict[str, Any] = {
        "kind": "update",
        "remote_id": "1",
        "version": "7",
        "title": "Anna Berg",
        "data": {"notes": "new"},
        "writes": Payload(
            {"notes": "new"}, {"emails": {"e1": ["a", {}, 1]}}, {"emails": "e1"}, {"emails": [["p", "e1"]]}
        ),
        "book": Payload(cleared=["notes"]),
        "diffs": [Diff("notes", "old", "new", "B", "edit")],
        "held": {"language": "too long"},
    }
    return Item(system, "contacts", gid, **(values | more))


def test_a_plan_survives_json() -> None:
    plan = Plan("s", [item(), item("g2")], [GuardTrip("A", "deletes", "too many")], 2, 3, {"A": 4})
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert again.hash() == plan.hash()


def test_a_plan_without_anything_in_it_says_so() -> None:
    plan = Plan("s")
    empty = {"format": 1, "sync": "s", "items": [], "trips": [], "review": 0, "conflicts": 0, "calls": {}}
    assert plan.to_json() == {**empty, "hash": plan.hash()}
    assert len(plan.hash()) == 16


def test_a_plan_keeps_the_pile_that_it_is_given_and_names_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    items = pile.Items([item()])
    plan = Plan("s", items)
    assert plan.items is items
    hashes = [plan.hash(), plan.approval()]
    asked: list[Any] = []
    monkeypatch.setattr(plans, "_hash", lambda found: asked.append(list(found)) or "other")
    assert [plan.hash(), plan.approval()] == hashes
    plan.items.append(item("g2"))
    assert (plan.hash(), len(asked)) == ("other", 1)


@pytest.mark.parametrize(
    "change",
    [
        {"gid": "g2"},
        {"system": "B"},
        {"resource": "people"},
        {"kind": "delete"},
        {"remote_id": "2"},
        {"version": "8"},
        {"data": {"notes": "newer"}},
    ],
)
def test_the_hash_names_exactly_what_is_written(change: dict[str, Any]) -> None:
    assert Plan("s", [item()]).hash() != Plan("s", [replace(item(), **change)]).hash()


def test_the_hash_ignores_what_is_only_shown() -> None:
    assert Plan("s", [item()]).hash() == Plan("s", [item(title="Other", diffs=[], held={})]).hash()


def test_an_approval_names_the_part_that_guards_hold() -> None:
    one, two = item("g1", "A"), item("g2", "B")
    trip = GuardTrip("A", "deletes", "too many")
    plan = Plan("s", [one, two], [trip])
    assert plan.approval() == Plan("s", [one]).hash()
    assert Plan("s", [one, item("g3", "B")], [trip]).approval() == plan.approval(), "B's part is written anyway"
    assert Plan("s", [one, two]).approval() == Plan("s", [one, two]).hash()


def test_counts_are_per_system_and_kind() -> None:
    plan = Plan("s", [item(), item("g2"), item("g3", "B", remote_id=None)])
    assert plan.counts() == {
        "A": {"create": 0, "update": 2, "delete": 0},
        "B": {"create": 0, "update": 1, "delete": 0},
    }


def test_changes_to_rows_survive_json() -> None:
    parts = Parts([{"value": "a"}], {"p1": {"value": "b"}}, ["p2"], ["p1", "p3"])
    data = {"emails": parts, "notes": None, "tags": ["x"]}
    again = decode(json.loads(json.dumps(encode(data))))
    assert again == data


@pytest.mark.parametrize(
    "payload",
    [Payload({"a": 1}), Payload(elements={"a": {}}), Payload(psent={"a": None}), Payload(cleared=["a"])],
)
def test_a_payload_with_anything_in_it_is_not_empty(payload: Payload) -> None:
    assert not payload.empty()


def test_a_payload_without_anything_in_it_is_empty() -> None:
    assert Payload().empty()


@pytest.mark.parametrize("spill", [1, 1000, pile._SPILL], ids=["in a file", "half of it in a file", "in memory"])
def test_items_come_back_by_kind_system_and_resource_wherever_they_are_kept(
    monkeypatch: pytest.MonkeyPatch, spill: int
) -> None:
    monkeypatch.setattr(pile, "_SPILL", spill)
    gone = [item(f"d{n}", "A", kind="delete") for n in range(2)]
    changed = [item(f"u{n}", "B", title=f"title {n}") for n in range(5)]
    people = [replace(item(f"p{n}", "B"), resource="people") for n in range(2)]
    made = [item(f"c{n}", "B", kind="create") for n in range(3)]
    items = pile.Items([gone[0], people[0], *changed[:2], made[0]])
    items.extend([made[1], *changed[2:], people[1], gone[1], made[2]])

    assert len(items._buffer) <= spill, "memory stays flat"
    assert (items._file is None) == (spill > 1000)
    assert list(items) == [*made, *changed, *people, *gone] == items.first(99)
    assert items == [*made, *changed, *people, *gone]
    assert items == pile.Items([*gone, *people, *changed, *made])
    assert items != [*made, *changed, *people]
    assert items != pile.Items([*made, *changed, *people, replace(gone[0], title="Bo"), gone[1]])
    assert items != "items"
    assert list(items.of("B")) == [*made, *changed, *people]
    assert list(items.of("B", "people")) == people
    assert list(items.of("C")) == []
    assert [found["gid"] for found in items.documents(["A"])] == ["d0", "d1"]
    assert [found["gid"] for found in items.documents()] == [found.gid for found in items]
    assert items.first(2) == made[:2]
    assert items.first(2, "update") == changed[:2]
    assert items.systems() == ["A", "B"]
    assert len(items) == items.count() == 12
    counts = [
        items.count("A"),
        items.count("B"),
        items.count("B", "people"),
        items.count(kind="create"),
        items.count("C"),
    ]
    assert counts == [2, 10, 2, 3, 0]


def test_what_just_fits_is_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    items = pile.Items([item()])
    monkeypatch.setattr(pile, "_SPILL", 2 * len(items._buffer))
    items.append(item())
    assert items._file is None
    items.append(item())
    assert (items._file is None, len(items._buffer), list(items)) == (False, 0, [item()] * 3)
