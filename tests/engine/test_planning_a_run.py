"""Planning all that changed: who waits for what, what is noted at once, and who needs no further look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.state import Golden, Link
from hub.store.work import OpRow, Quarantined
from hub.sync import planning
from hub.sync.guards import Facts
from hub.sync.plan.plan import Plan
from hub.sync.planning import fingerprint, make_plan
from hub.sync.policy import Policy
from tests.engine.test_linking import shared_of
from tests.engine.world import PLAIN, World

CANNOT = "this system cannot hold this value"
SHORT = PLAIN.replace('notes = "notes"', 'notes = { at = "notes", max = 5 }')
NAMES = PLAIN.replace('notes = "notes"\n', "")
REFERRING = PLAIN.replace("{fields}", 'company = { ref = "contacts", at = "company_id" }\n{fields}')


def synced(folder: Path, number: int = 1, policy: Policy | None = None, **shapes: str) -> World:
    world = World(folder, policy, **shapes)
    for index in range(number):
        world.servers["A"].add({"name": f"Anna {index}", "email": f"a{index}@x.example", "notes": "old"})
    world.sync()
    world.sync()
    assert world.store.records.dirty_gids() == []
    return world


def edited(world: World, **values: Any) -> None:
    """All records of A are edited and read; nothing is written yet."""
    for id_ in world.servers["A"].alive():
        world.servers["A"].edit(id_, **values)
    world.engine().read()


def called(world: World, number: int) -> Golden:
    (found,) = [item for item in world.goldens() if item.value("name")["full"] == f"Anna {number}"]
    return found


def wanted(plan: Plan) -> dict[str, list[str]]:
    """System -> the customers that something is written of, with the kind of the write where it is no update."""
    found: dict[str, list[str]] = {}
    for item in plan.items:
        found.setdefault(item.system, []).append(item.gid if item.kind == "update" else f"{item.kind} {item.gid}")
    return {system: sorted(gids) for system, gids in found.items()}


def dirty(world: World) -> list[str]:
    return sorted(world.store.records.dirty_gids())


def alone(plan: Plan) -> list[bool]:
    return [item.alone for item in plan.items]


def refused(world: World, gid: str, mark: str, *, code: str = "rejected", remote_id: str = "1") -> None:
    """B has refused a write to this customer (a create, if it has no id)."""
    item = Quarantined("B", "contacts", remote_id, gid, "run", 0.0, code, "no", mark)
    with world.store.transaction():
        world.store.work.quarantine([item])


def mark_of(world: World, gid: str, system: str = "B") -> str:
    (source,) = [item for item in world.sources() if item.system == system]
    return fingerprint(world.store.records.goldens([gid])[gid], source)


def forget(world: World, system: str, gid: str) -> None:
    """The record of a customer in a system is as if it had never been there."""
    links = [item for item in world.store.records.links_by_gid([gid])[gid] if item.system == system]
    with world.store.transaction():
        world.store.records.delete_links([item.id for item in links if item.id is not None])


# who is planned


def test_every_customer_that_changed_is_planned_in_portions_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_BATCH", 2)
    world = synced(tmp_path, 5, A=PLAIN, B=PLAIN)
    assert not make_plan(shared_of(world), "test").items
    edited(world, notes="new")
    gids = dirty(world)
    assert len(gids) == 5
    plan = make_plan(shared_of(world), "test")
    assert wanted(plan) == {"B": gids}
    assert [item.data for item in plan.items] == [{"notes": "new"}] * 5
    assert (plan.sync, plan.calls, plan.trips, plan.review, plan.conflicts) == ("test", {"B": 1}, [], 0, 0)
    assert wanted(make_plan(shared_of(world), "test", only={gids[1], gids[4], "unknown"})) == {"B": [gids[1], gids[4]]}
    assert not make_plan(shared_of(world), "test", only=set()).items


def test_the_guards_are_asked_about_what_would_be_written(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN)
    edited(world, notes="new")
    asked = []

    def facts(plan: Plan) -> dict[str, Facts]:
        asked.append(wanted(plan))
        return {"B": Facts(first=True), "A": Facts(first=True)}

    plan = make_plan(shared_of(world), "test", facts=facts)
    assert [(trip.system, trip.guard) for trip in plan.trips] == [("B", "first_sync")]
    assert asked == [wanted(plan)]


# looking and applying


def test_looking_changes_nothing(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=SHORT, C=PLAIN)
    edited(world, notes="far too long")
    (gid,) = dirty(world)
    shared = shared_of(world)
    shared.moved.add("somebody")
    assert wanted(make_plan(shared, "test")) == {"C": [gid]}
    assert (shared.moved, dirty(world), world.link("B").held) == ({"somebody"}, [gid], {})


def test_what_needs_no_write_is_noted_and_needs_no_further_look(tmp_path: Path) -> None:
    world = synced(tmp_path, 3, A=PLAIN, B=SHORT, C=NAMES)
    edited(world, notes="far too long")
    assert len(dirty(world)) == 3
    shared = shared_of(world)
    shared.moved.add("somebody")
    plan = make_plan(shared, "test", book=True)
    assert not plan.items
    held = [link.held for item in world.goldens() for link in links(world, item.gid) if link.system == "B"]
    assert held == [{"notes": CANNOT}] * 3
    assert (shared.moved, dirty(world)) == (set(), []), "nobody moved by this"


def links(world: World, gid: str) -> list[Link]:
    return world.store.records.links_by_gid([gid])[gid]


def test_one_write_of_a_customer_stands_alone_and_two_do_not(tmp_path: Path) -> None:
    for name, shape, number in (("one", NAMES, 1), ("two", PLAIN, 2)):
        world = synced(tmp_path / name, A=PLAIN, B=PLAIN, C=shape)
        edited(world, notes="new")
        gids = dirty(world)
        assert alone(make_plan(shared_of(world), "test")) == [False] * number, "only once it is carried out"
        assert alone(make_plan(shared_of(world), "test", book=True)) == [number == 1] * number
        assert dirty(world) == gids, "until it is written"


# who waits


def test_a_record_with_an_open_write_waits_and_the_other_systems_go_on(tmp_path: Path) -> None:
    world = synced(tmp_path, 2, A=PLAIN, B=PLAIN, C=PLAIN)
    edited(world, notes="new")
    first, second = dirty(world)
    op = OpRow("op1", "run", "B", "contacts", first, "1", "update", "in_flight", {}, 1, 1.0)
    other = OpRow("op2", "run", "B", "leads", second, "2", "update", "in_flight", {}, 1, 1.0)
    with world.store.transaction():
        world.store.work.save_ops([op, other])
    plan = make_plan(shared_of(world), "test", book=True)
    assert wanted(plan) == {"B": [second], "C": [first, second]}
    assert alone(plan) == [False] * 3
    with world.store.transaction():
        op.state = other.state = "planned"
        world.store.work.save_ops([op, other])
    assert wanted(make_plan(shared_of(world), "test")) == {"B": [second], "C": [first, second]}


def test_a_customer_of_whom_nothing_but_an_open_write_is_left_is_looked_at_again(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN, C=NAMES)
    edited(world, notes="new")
    (gid,) = dirty(world)
    with world.store.transaction():
        world.store.work.save_ops([OpRow("op", "run", "B", "contacts", gid, "1", "update", "in_flight", {}, 1, 1.0)])
    assert not make_plan(shared_of(world), "test", book=True).items
    assert dirty(world) == [gid]


def test_nobody_is_made_where_a_record_may_be_the_same_customer(tmp_path: Path) -> None:
    world = synced(tmp_path, 2, A=PLAIN, B=PLAIN, C=PLAIN)
    edited(world, notes="new")
    asked, other = dirty(world)
    for gid in (asked, other):
        forget(world, "B", gid)
        forget(world, "C", gid)
    members = [
        {"system": "hub", "resource": "", "remote_id": "", "title": "", "gid": asked},
        {"system": "B", "resource": "contacts", "remote_id": "9", "title": "", "gid": ""},
        {"system": "C", "resource": "contacts", "remote_id": "9", "title": "", "gid": other},
    ]
    with world.store.transaction():
        world.store.history.add_review("run", 0.0, "link", {"reason": "like", "members": members})
    plan = make_plan(shared_of(world), "test", book=True)
    assert wanted(plan) == {"C": [f"create {gid}" for gid in sorted((asked, other))]}
    assert (plan.review, alone(plan)) == (1, [False, False])


def test_a_question_about_a_customer_that_was_merged_is_one_about_its_survivor(tmp_path: Path) -> None:
    world = synced(tmp_path, 2, A=PLAIN, B=PLAIN)
    edited(world, notes="new")
    kept, lost = dirty(world)
    forget(world, "B", kept)
    (merged,) = world.store.records.goldens([lost]).values()
    merged.state, merged.merged_into = "merged", kept
    members = [{"system": "B", "gid": ""}, {"system": "hub", "gid": lost}]
    with world.store.transaction():
        world.store.records.save_goldens([(merged, "")])
        world.store.history.add_review("run", 0.0, "link", {"reason": "like", "members": members})
    assert not make_plan(shared_of(world), "test", book=True).items
    assert kept in dirty(world)


def test_a_question_about_a_customer_that_the_system_has_keeps_nothing_from_being_written(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN)
    edited(world, notes="new")
    (gid,) = dirty(world)
    members = [{"system": "B", "gid": ""}, {"system": "hub", "gid": gid}]
    with world.store.transaction():
        world.store.history.add_review("run", 0.0, "link", {"reason": "like", "members": members})
    plan = make_plan(shared_of(world), "test", book=True)
    assert (wanted(plan), alone(plan)) == ({"B": [gid]}, [True])


def test_what_this_run_keeps_quiet_about_is_looked_at_again(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=NAMES)
    edited(world, notes="new", name="Anna B.")
    for quiet, waits in (("owner", False), ("notes", True)):
        shared = shared_of(world)
        shared.quiet = frozenset({quiet})
        assert alone(make_plan(shared, "test", book=True)) == [not waits]
    world.sync()
    edited(world, notes="newer")
    (gid,) = dirty(world)
    shared = shared_of(world)
    shared.quiet = frozenset({"notes"})
    assert not make_plan(shared, "test", book=True).items
    assert dirty(world) == [gid]


def test_a_reference_that_waits_for_its_record_is_looked_at_again(tmp_path: Path) -> None:
    policy = Policy(tuple("AB"), no_create=frozenset("B"))
    world = synced(tmp_path, 2, policy, A=REFERRING, B=REFERRING)
    a = world.servers["A"]
    assert world.servers["B"].alive() == {}
    world.servers["B"].add({"name": "Anna 0", "email": "a0@x.example"})
    world.sync()
    a.edit("1", company_id="2", name="Anna B.")
    world.engine().read()
    (gid,) = dirty(world)
    plan = make_plan(shared_of(world), "test", book=True)
    assert ([item.data for item in plan.items], alone(plan)) == ([{"name": "Anna B."}], [False])
    world.sync()
    assert dirty(world) == [gid]


def test_frozen_conflicts_are_counted_by_customer(tmp_path: Path) -> None:
    world = synced(tmp_path, 3, A=PLAIN, B=PLAIN)
    edited(world, notes="new")
    goldens = world.goldens()
    goldens[0].frozen = {"notes": [], "name": []}
    goldens[2].frozen = {"notes": []}
    with world.store.transaction():
        world.store.records.save_goldens([(item, "") for item in goldens])
    assert make_plan(shared_of(world), "test").conflicts == 2


# refused writes


@pytest.mark.parametrize("remote_id", ["1", ""])
def test_a_refused_write_is_not_tried_again_while_nothing_that_it_depended_on_changes(
    tmp_path: Path, remote_id: str
) -> None:
    world = synced(tmp_path, 2, A=PLAIN, B=PLAIN, C=PLAIN)
    edited(world, notes="new")
    gid, other = dirty(world)
    if not remote_id:
        forget(world, "B", gid)
    refused(world, gid, mark_of(world, gid), remote_id=remote_id)
    plan = make_plan(shared_of(world), "test", book=True)
    assert wanted(plan) == {"B": [other], "C": sorted((gid, other))}
    assert alone(plan) == [False] * 3
    assert (dirty(world), len(world.store.work.quarantined())) == (sorted((gid, other)), 1)


def test_a_refused_write_alone_is_looked_at_again_and_what_is_held_back_beside_it_noted(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=SHORT, C=NAMES)
    edited(world, notes="far too long", name="Anna B.")
    (gid,) = dirty(world)
    refused(world, gid, mark_of(world, gid))
    forget(world, "C", gid)
    shared = shared_of(world)
    shared.policy = Policy(tuple("ABC"), no_create=frozenset("C"))
    assert not make_plan(shared, "test", book=True).items
    assert dirty(world) == [gid]
    assert len(world.store.work.quarantined()) == 1


def test_a_refused_write_is_tried_again_and_released_when_golden_has_changed(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN, C=NAMES)
    edited(world, notes="new")
    (gid,) = dirty(world)
    refused(world, gid, "another")
    refused(world, "", mark_of(world, gid), remote_id="77")
    plan = make_plan(shared_of(world), "test")
    assert (wanted(plan), len(world.store.work.quarantined())) == ({"B": [gid]}, 2), "looking releases nothing"
    plan = make_plan(shared_of(world), "test", book=True)
    assert (wanted(plan), alone(plan)) == ({"B": [gid]}, [True])
    assert [item.remote_id for item in world.store.work.quarantined()] == ["77"]


def test_a_refused_write_is_released_when_nothing_is_to_be_written_any_more(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=NAMES)
    edited(world, notes="new")
    (gid,) = dirty(world)
    refused(world, gid, mark_of(world, gid))
    assert not make_plan(shared_of(world), "test", book=True).items
    assert (world.store.work.quarantined(), dirty(world)) == ([], [])


@pytest.mark.parametrize("code", ["rejected", "ambiguous_create"])
def test_a_refused_create_is_released_when_the_customer_has_a_record_there(tmp_path: Path, code: str) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN)
    edited(world, notes="new")
    (gid,) = dirty(world)
    refused(world, gid, mark_of(world, gid), code=code, remote_id="")
    assert wanted(make_plan(shared_of(world), "test", book=True)) == {"B": [gid]}
    assert world.store.work.quarantined() == []


def test_a_create_that_may_have_happened_is_never_tried_again_by_itself(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN)
    edited(world, notes="new")
    (gid,) = dirty(world)
    forget(world, "B", gid)
    refused(world, gid, "another", code="ambiguous_create", remote_id="")
    assert not make_plan(shared_of(world), "test", book=True).items
    assert (dirty(world), len(world.store.work.quarantined())) == ([gid], 1)


def test_a_refused_deletion_is_not_tried_again_either(tmp_path: Path) -> None:
    world = synced(tmp_path, A=PLAIN, B=PLAIN)
    (golden,) = world.goldens()
    golden.state = "dead"
    with world.store.transaction():
        world.store.records.save_goldens([(golden, "")])
    assert wanted(make_plan(shared_of(world), "test")) == {"B": [f"delete {golden.gid}"]}
    refused(world, golden.gid, mark_of(world, golden.gid))
    assert not make_plan(shared_of(world), "test", book=True).items
    assert dirty(world) == [golden.gid]


# references


def test_what_a_customer_refers_to_is_known_though_it_is_planned_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_BATCH", 1)
    world = synced(tmp_path, 4, A=REFERRING, B=REFERRING)
    world.servers["A"].edit("1", company_id="2")
    world.servers["A"].edit("3", company_id="4")
    world.engine().read()
    merged, kept = called(world, 3), called(world, 1)
    merged.state, merged.merged_into = "merged", kept.gid
    with world.store.transaction():
        world.store.records.save_goldens([(merged, "")], dirty=False)
    plan = make_plan(shared_of(world), "test")
    ids = {item.gid: item.remote_id for item in _links(world, "B")}
    found = {item.gid: item.data for item in plan.items}
    assert found == {
        called(world, 0).gid: {"company_id": ids[kept.gid]},
        called(world, 2).gid: {"company_id": ids[kept.gid]},
    }


def _links(world: World, system: str) -> list[Link]:
    return list(world.store.records.linked(system, "contacts"))
