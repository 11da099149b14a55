"""What keeps a write from happening: a stale read, a wrong approval, an empty listing, a resource that only reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from hub.contract.records import Op, Receipt
from hub.sync.policy import Policy
from hub.testing.memory import MemoryConnector, to_record
from tests.engine.world import PLAIN, World


def anna(folder: Path, policy: Policy | None = None) -> World:
    world = World(folder, policy, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "old"})
    world.sync()
    world.quiet()
    return world


def test_without_conditional_writes_each_record_is_read_just_before_it_is_written(tmp_path: Path) -> None:
    world = anna(tmp_path)
    world.servers["B"].traits.conditional = False
    world.servers["A"].edit(world.id("A"), notes="by A")
    done: list[str] = []

    def user_edits_after_reading(step: str, _system: str, _done: int, _total: int | None) -> None:
        if step == "plan" and not done:
            done.append(step)
            world.servers["B"].edit(world.id("B"), notes="by a user of B")

    world.sync(progress=user_edits_after_reading)
    kept = [world.golden().value("notes"), *(row["loser"] for row in world.ledger())]
    assert "by a user of B" in kept, "the edit was not written over unseen"
    assert "by A" in kept
    world.quiet()


def test_an_approval_of_another_plan_writes_nothing(tmp_path: Path) -> None:
    world = anna(tmp_path)
    world.servers["A"].edit(world.id("A"), notes="new")
    result = world.engine().sync(approve="0123456789abcdef")
    assert (result.approved, result.applied) == (False, 0)
    assert world.one("B")["notes"] == "old"
    world.sync()
    assert world.one("B")["notes"] == "new"


def test_an_empty_listing_proves_nothing_until_a_person_has_approved_it(tmp_path: Path) -> None:
    world = World(tmp_path, Policy(("A", "B"), delete={"A": "propagate"}), A=PLAIN, B=PLAIN)
    world.servers["A"].traits.feed = False
    for name in ("Anna Berg", "Bo Lund"):
        world.servers["A"].add({"name": name, "email": f"{name[:2]}@x.example"})
    world.sync()
    for id_ in list(world.servers["A"].alive()):
        world.servers["A"].remove(id_)
    result = world.engine(reconcile=0.0).sync()
    assert result.plan is not None
    assert [(trip.system, trip.guard) for trip in result.plan.trips] == [("A", "shrunk")]
    assert len(world.servers["B"].alive()) == 2
    world.engine(reconcile=0.0).sync(approve=result.plan.approval())
    assert world.servers["B"].alive() == {}


def test_a_resource_that_cannot_update_gets_no_updates_planned(tmp_path: Path) -> None:
    world = anna(tmp_path)
    world.servers["B"].traits.writes = frozenset({"create"})
    world.servers["A"].edit(world.id("A"), notes="new")
    result = world.sync()
    assert result.plan is not None
    assert list(result.plan.items) == []
    assert world.one("B")["notes"] == "old"


def test_a_create_that_is_answered_with_another_customers_record_deletes_nobody(tmp_path: Path) -> None:
    """Some systems take a create for an edit of a record that they find alike.  That is no deletion of its customer."""
    world = World(tmp_path, Policy(("A", "B"), delete={"B": "propagate"}), A=PLAIN, B=PLAIN)
    a, b = world.servers["A"], world.servers["B"]
    a.add({"name": "Anna Berg", "email": "anna@x.example", "notes": "was here first"})
    world.sync()
    a.add({"name": "Bo Dahl", "email": "bo@x.example"})
    connector = world.connectors["B"]

    def write(_connector: MemoryConnector, _resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        del connector.write
        for op in ops:
            b.edit("1", **op.data)
            image = to_record(b.records["1"])
            yield Receipt(op.key, "1", image.version, image)

    connector.write = write.__get__(connector)  # type: ignore[method-assign]  # once
    world.sync()
    world.sync()
    assert sorted(data["name"] for data in a.alive().values()) == ["Anna Berg", "Bo Dahl"]
    assert sorted(data["name"] for data in b.alive().values()) == ["Anna Berg", "Bo Dahl"]
