"""Settling one open intent, step by step: what is looked for, what is believed, and what is left of it (section 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import Rejected
from hub.contract.records import Page, Record
from hub.store.work import OpRow
from hub.sync.recover import CLOCK_SLACK, SLOW_CALL, Recover
from hub.sync.workspace import Counter
from tests.engine.test_linking import shared_of
from tests.engine.test_recovery import anna, first, heal, lose_answers, lose_requests, names, world_with
from tests.engine.world import PLAIN, World

ANNA = {"name": "Anna Berg", "email": "anna@x.example", "notes": None}


def recover(world: World, offset: float | None = None) -> tuple[OpRow, Counter]:
    """Settle the only open intent of B by itself, outside of a run."""
    (op,) = world.store.work.open_ops("B")
    shared, counter = shared_of(world), Counter()
    if offset is not None:
        shared.systems.offsets["B"] = offset
    with world.store.transaction():
        world.store.records.mark_dirty([op.gid], dirty=False)
    source = next(item for item in shared.systems.sources if item.system == "B")
    Recover(shared, source, counter).run()
    (settled,) = [item for item in world.store.work.ops_of(op.gid) if item.op_id == op.op_id]
    return settled, counter


def lost_create(folder: Path, create: str = "marker", *, done: bool = True, **traits: Any) -> World:
    """A create of Anna on B of which nobody knows whether it was carried out."""
    world = first(world_with(folder, create, **traits))
    anna(world)
    if done:
        lose_answers(world, "B")
    else:
        lose_requests(world, "B")
    world.sync()
    heal(world)
    return world


def record(id_: str, data: dict[str, Any] | None = None, **more: Any) -> Record:
    return Record(id_, dict(ANNA) if data is None else data, "1", **more)


def finding(world: World, *found: Record) -> list[tuple[str, list[str]]]:
    """B answers every search with these records; the searches are noted."""
    asked: list[tuple[str, list[str]]] = []

    def find(_resource: str, key: str, values: Iterable[str]) -> Iterable[Record]:
        asked.append((key, list(values)))
        return iter(found)

    world.connectors["B"].find = find  # type: ignore[method-assign, assignment]  # instead of the server's
    return asked


def listing(world: World, *found: Record) -> list[list[str]]:
    """B lists these records; those without data are read one by one: what was asked for is noted."""
    asked: list[list[str]] = []

    def fetch(_resource: str, ids: Iterable[str]) -> Iterable[Record]:
        asked.append(list(ids))
        return iter([record(id_) for id_ in asked[-1]])

    connector = world.connectors["B"]
    connector.changes = lambda *_: iter([Page(found[:2], 1), Page(found[2:], 1, complete=True)])  # type: ignore[method-assign]  # these
    connector.fetch = fetch  # type: ignore[method-assign, assignment]  # instead of the server's
    return asked


def dirty(world: World) -> list[str]:
    return world.store.records.dirty_gids()


# what is open at all


def test_only_intents_of_this_resource_are_settled(tmp_path: Path) -> None:
    world = lost_create(tmp_path)
    (op,) = world.store.work.open_ops("B")
    other = replace(op, op_id="other", resource="companies", state="in_flight")
    elsewhere = replace(op, op_id="elsewhere", system="A", state="planned")
    with world.store.transaction():
        world.store.work.save_ops([replace(op, state="superseded"), other, elsewhere])
    shared = shared_of(world)
    source = next(item for item in shared.systems.sources if item.system == "B")
    Recover(shared, source, Counter()).run()
    assert {item.op_id: item.state for item in world.store.work.open_ops()} == {
        "other": "in_flight",
        "elsewhere": "planned",
    }


def test_an_intent_that_was_never_begun_is_planned_again_without_a_look(tmp_path: Path) -> None:
    world = lost_create(tmp_path, done=False)
    (op,) = world.store.work.open_ops("B")
    with world.store.transaction():
        world.store.work.save_ops([replace(op, state="planned", error="stopped by a person")])
    asked, calls = finding(world), world.servers["B"].calls
    settled, _ = recover(world)
    assert (settled.state, settled.error, asked, world.servers["B"].calls) == (
        "superseded",
        "stopped by a person",
        [],
        calls,
    )
    assert dirty(world) == [op.gid]
    del world.connectors["B"].find
    world.sync()
    assert names(world, "B") == ["Anna Berg", "Old Friend"]
    world.quiet()


# creates


@pytest.mark.parametrize("create", ["marker", "client_id", "upsert_key"])
def test_a_create_is_looked_for_by_the_key_of_its_customer_and_adopted(tmp_path: Path, create: str) -> None:
    world = lost_create(tmp_path, create)
    asked = finding(world, record("2"))
    op, counter = recover(world)
    assert asked == [("op_key", [op.gid])]
    assert (op.state, op.remote_id) == ("confirmed", "2")
    assert (counter.created, counter.adopted) == (1, 1)
    assert world.store.records.links_by_remote("B", "contacts", ["2"])["2"].gid == op.gid
    assert [item["op_id"] for item in world.store.history.journal_rows(run_id="decision")] == [op.op_id]


def test_a_create_that_is_found_nowhere_is_planned_again(tmp_path: Path) -> None:
    world = lost_create(tmp_path, done=False)
    finding(world)
    op, counter = recover(world)
    assert (op.state, op.attempts, dirty(world)) == ("superseded", 1, [op.gid])
    assert counter == Counter()


def test_a_create_that_may_be_a_record_that_cannot_be_read_now_waits(tmp_path: Path) -> None:
    world = lost_create(tmp_path)
    finding(world, record("2"), Record("3", None, "1"))
    op, _ = recover(world)
    assert (op.state, dirty(world)) == ("ambiguous", [])
    assert world.store.work.quarantined("B") == []


def test_a_create_that_is_found_twice_is_for_a_person(tmp_path: Path) -> None:
    world = lost_create(tmp_path)
    finding(world, record("2"), record("7"))
    op, _ = recover(world)
    message = "a create of unknown outcome may be any of 2, 7"
    assert (op.state, op.error) == ("quarantined", message)
    (item,) = world.store.work.quarantined("B")
    assert (item.resource, item.remote_id, item.gid, item.run) == ("contacts", "", op.gid, "decision")
    assert (item.at, item.code, item.message) == (world.now, "ambiguous_create", message)


@pytest.mark.parametrize(("lag", "later", "state"), [
    (30.0, 30.0 + SLOW_CALL - 1, "ambiguous"),
    (30.0, 30.0 + SLOW_CALL, "superseded"),
    (0.0, 1.0, "superseded"),
])  # fmt: skip
def test_a_search_that_lags_is_believed_later(tmp_path: Path, lag: float, later: float, state: str) -> None:
    world = lost_create(tmp_path, done=False, index_lag=lag)
    (op,) = world.store.work.open_ops("B")
    assert op.t0 is not None
    world.now = op.t0 + later
    finding(world)
    assert recover(world)[0].state == state


def test_a_new_record_ends_the_wait_for_a_search_that_lags(tmp_path: Path) -> None:
    world = lost_create(tmp_path, index_lag=30.0)
    (op,) = world.store.work.open_ops("B")
    assert op.t0 is not None
    world.now = op.t0 + 1
    finding(world, record("2"))
    assert recover(world)[0].state == "confirmed"


def test_a_record_of_another_customer_with_the_same_key_is_not_ours(tmp_path: Path) -> None:
    """Record 1 is that of the old friend; beside it one new record is ours, alone it says that ours was not made."""
    world = lost_create(tmp_path, done=False)
    finding(world, record("1"))
    assert recover(world)[0].state == "superseded"
    again = lost_create(tmp_path / "again")
    finding(again, record("1"), record("2"))
    op, _ = recover(again)
    assert (op.state, op.remote_id) == ("confirmed", "2")


def test_two_new_records_beside_one_of_another_customer_are_for_a_person(tmp_path: Path) -> None:
    world = lost_create(tmp_path)
    finding(world, record("1"), record("2"), record("7"))
    op, _ = recover(world)
    assert op.error == "a create of unknown outcome may be any of 2, 7"


def own_record(folder: Path, state: Any = "active") -> tuple[World, str]:
    """A create whose customer has a record by now, or had one."""
    world = lost_create(folder)
    (op,) = world.store.work.open_ops("B")
    (old,) = world.store.records.links_by_remote("B", "contacts", ["1"]).values()
    with world.store.transaction():
        world.store.records.save_links([replace(old, id=0, remote_id="5", gid=op.gid, state=state)])
    return world, op.gid


def test_a_record_that_the_customer_has_by_now_ends_its_create(tmp_path: Path) -> None:
    world, gid = own_record(tmp_path)
    finding(world, record("5"))
    op, counter = recover(world)
    assert (op.state, op.remote_id, counter) == ("superseded", "5", Counter())
    assert [item.remote_id for item in world.store.records.links_by_gid([gid])[gid] if item.system == "B"] == ["5"]


def test_one_new_record_beside_one_that_the_customer_had_is_the_created_one(tmp_path: Path) -> None:
    world, _ = own_record(tmp_path, "gone")
    finding(world, record("5"), record("2"))
    op, _ = recover(world)
    assert (op.state, op.remote_id) == ("confirmed", "2")


# creates with a unique value


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ({**ANNA}, "confirmed"),
        ({**ANNA, "email": "ANNA@x.example", "name": "Berg, Anna"}, "confirmed"),
        ({**ANNA, "name": None}, "confirmed"),
        ({**ANNA, "name": "Zoltan Nagy"}, "superseded"),
        ({**ANNA, "email": "other@x.example"}, "superseded"),
    ],
    ids=["the same", "spelled otherwise", "nameless", "another name", "another address"],
)
def test_a_create_with_a_unique_value_is_the_record_that_has_it_and_no_other_name(
    tmp_path: Path, data: dict[str, Any], state: str
) -> None:
    world = lost_create(tmp_path, "unique_key", unique="email")
    asked = finding(world, record("2", data))
    op, _ = recover(world)
    assert asked == [("email", ["anna@x.example"])]
    assert op.state == state


def test_a_create_whose_unique_value_is_in_use_at_several_is_for_a_person(tmp_path: Path) -> None:
    world = lost_create(tmp_path, "unique_key", unique="email")
    finding(world, record("1"), record("2"), record("2"), record("7"))
    assert recover(world)[0].error == "a create of unknown outcome may be any of 2, 7"


# creates without any key


@pytest.mark.parametrize(
    ("data", "wanted", "state"),
    [
        (ANNA, {}, "confirmed"),
        ({**ANNA, "name": "Zoltan Nagy"}, {}, "confirmed"),
        ({**ANNA, "email": None}, {}, "ambiguous"),
        ({**ANNA, "email": "other@x.example"}, {}, "ambiguous"),
        ({**ANNA, "email": None}, {"email": None}, "confirmed"),
        ({**ANNA, "email": None, "name": "Anna Meier"}, {"email": None}, "ambiguous"),
        (ANNA, {"email": None}, "ambiguous"),
    ],
    ids=["the same", "another name", "without the address", "another address", "nameless ones by name", "nor by another name",
         "one that has an address"],
)  # fmt: skip
def test_a_create_without_any_key_is_the_record_with_its_address_or_with_its_name_where_neither_has_one(
    tmp_path: Path, data: dict[str, Any], wanted: dict[str, Any], state: str
) -> None:
    world = first(world_with(tmp_path, "none"))
    anna(world, **wanted)
    lose_answers(world, "B")
    world.sync()
    heal(world)
    listing(world, record("2", data))
    op, _ = recover(world)
    assert op.state == state


def test_absence_is_believed_when_it_is_seen_twice(tmp_path: Path) -> None:
    """One fruitless look may have missed a page."""
    world = lost_create(tmp_path, "none")
    listing(world)
    seen = []
    for _ in range(2):
        op, _ = recover(world)
        seen.append((op.state, op.attempts, dirty(world)))
    assert seen == [("ambiguous", 2, []), ("superseded", 2, [op.gid])]


def test_a_look_passes_over_what_cannot_be_the_created_record(tmp_path: Path) -> None:
    """Known records, merged ones, tombstones and what could not be read say nothing; a bare one is read by itself."""
    world = lost_create(tmp_path, "none")
    asked = listing(
        world,
        record("1"),
        record("3", merged_into="1"),
        record("4", deleted=True),
        Record("8", None, "1", deleted=True),
        Record("9", None, "1"),
        Record("6", None, "1"),
    )
    op, _ = recover(world)
    assert asked == [["6", "9"]]
    assert op.error == "a create of unknown outcome may be any of 6, 9"


def test_pages_are_read_only_for_what_they_leave_out(tmp_path: Path) -> None:
    world = lost_create(tmp_path, "none")
    asked = listing(world, record("2"))
    op, _ = recover(world)
    assert (asked, op.state, op.remote_id) == ([], "confirmed", "2")


def test_a_bare_record_is_compared_as_it_is_read(tmp_path: Path) -> None:
    world = lost_create(tmp_path, "none")
    listing(world, Record("2", None, "1"), record("7", {"name": "Bo Dahl", "email": "bo@x.example"}))
    op, _ = recover(world)
    assert (op.state, op.remote_id) == ("confirmed", "2")


def test_a_listed_record_that_cannot_be_read_may_be_the_created_one(tmp_path: Path) -> None:
    world = lost_create(tmp_path, "none")
    listing(world, Record("2", None, "1", error=Rejected("unreadable")))
    assert recover(world)[0].state == "ambiguous"


def test_a_listed_record_that_the_mapping_does_not_select_is_not_the_created_one(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN)
    world.add_system("B", 'select = { type = ["customer"] }\n' + PLAIN, create="none")
    first(world)
    anna(world)
    lose_answers(world, "B")
    world.sync()
    heal(world)
    listing(world, record("2", {**ANNA, "type": "supplier"}))
    op, _ = recover(world)
    assert (op.state, op.attempts) == ("ambiguous", 2), "it was looked through once without finding anything"


@pytest.mark.parametrize(
    ("offset", "age", "ours"),
    [
        (None, 24 * 3600.0, True),
        (None, 24 * 3600.0 + 1, False),
        (0.0, CLOCK_SLACK, True),
        (0.0, CLOCK_SLACK + 1, False),
        (3600.0, 3600.0 + CLOCK_SLACK, True),
        (3600.0, 3601.0 + CLOCK_SLACK, False),
        (-3600.0, CLOCK_SLACK - 3600.0, True),
        (-3600.0, CLOCK_SLACK - 3599.0, False),
    ],
)
def test_a_record_that_is_older_than_the_create_by_the_corrected_clock_is_not_ours(
    tmp_path: Path, offset: float | None, age: float, ours: bool
) -> None:
    world = lost_create(tmp_path, "none")
    (op,) = world.store.work.open_ops("B")
    assert op.t0 is not None
    listing(world, record("2", created_at=datetime.fromtimestamp(op.t0 - age, UTC)))
    op, _ = recover(world, offset)
    assert op.state == ("confirmed" if ours else "ambiguous")
