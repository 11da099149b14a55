"""Updates and deletes of unknown outcome, settled one by one: what they leave on the link, in the journal and for later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.contract.errors import Rejected
from hub.contract.records import Record
from hub.sync.policy import Policy
from tests.engine.test_recovery import heal, lose_answers, lose_requests
from tests.engine.test_recovery_table import dirty, recover
from tests.engine.test_undo import undo
from tests.engine.world import PLAIN, World

SELECTED = 'select = { notes = ["tea", "coffee"] }\n' + PLAIN


def unlink(world: World, gid: str) -> None:
    """Nobody has the record of B any more."""
    links = world.store.records.links_by_gid([gid])[gid]
    with world.store.transaction():
        world.store.records.delete_links([item.id for item in links if item.system == "B" and item.id is not None])


def lost_update(folder: Path, *, done: bool = True, shape: str = PLAIN) -> World:
    """An update of Anna's notes on B of which nobody knows whether it was carried out."""
    world = World(folder, A=PLAIN, B=shape)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example", "notes": "tea"})
    world.sync()
    world.servers["A"].edit("1", notes="coffee")
    if done:
        lose_answers(world, "B")
    else:
        lose_requests(world, "B")
    world.sync()
    heal(world)
    return world


def fetching(world: World, *found: Record) -> None:
    world.connectors["B"].fetch = lambda *_: iter(found)  # type: ignore[method-assign]  # instead of the server's


def rereads(world: World) -> list[str]:
    return world.store.work.reread_take("B", "contacts")


@pytest.mark.parametrize("done", [True, False])
def test_an_update_is_settled_by_what_its_record_shows(tmp_path: Path, done: bool) -> None:
    world = lost_update(tmp_path, done=done)
    op, counter = recover(world)
    link = world.link("B")
    stored = world.servers["B"].records["1"]
    assert op.state == ("confirmed" if done else "superseded")
    assert counter.updated == (1 if done else 0)
    assert (link.version, link.modified) == (str(stored.version), stored.modified)
    assert link.sent["notes"] == ("coffee" if done else "tea")
    assert link.native is not None
    assert link.native["notes"] == ("coffee" if done else "tea")
    assert (link.unread, rereads(world)) == (None, [])
    writes = len(world.servers["B"].writes)
    world.sync()
    assert len(world.servers["B"].writes) == writes + (0 if done else 1)
    assert world.one("B")["notes"] == "coffee"
    world.quiet()


def test_an_update_whose_record_has_no_time_is_settled_without_one(tmp_path: Path) -> None:
    world = lost_update(tmp_path)
    fetching(world, Record("1", dict(world.one("B")), "9"))
    op, _ = recover(world)
    assert (op.state, world.link("B").modified, world.link("B").version) == ("confirmed", None, "9")


@pytest.mark.parametrize(
    "found", [[], [Record("1", None, "9", error=Rejected("unreadable"))]], ids=["gone", "unreadable"]
)
def test_an_update_whose_record_cannot_be_read_is_remembered_for_the_day_when_it_can(
    tmp_path: Path, found: list[Record]
) -> None:
    world = lost_update(tmp_path)
    fetching(world, *found)
    op, counter = recover(world)
    assert (op.state, counter.updated, rereads(world), dirty(world)) == ("superseded", 0, ["1"], [op.gid])
    assert world.link("B").unread == [op.op_id, op.run, op.item]


def test_an_update_whose_record_is_out_of_scope_is_remembered_and_not_read_again(tmp_path: Path) -> None:
    world = lost_update(tmp_path, shape=SELECTED)
    world.servers["B"].edit("1", notes="milk")
    op, counter = recover(world)
    assert (op.state, counter.updated, rereads(world), dirty(world)) == ("superseded", 0, [], [op.gid])
    assert world.link("B").unread == [op.op_id, op.run, op.item]


@pytest.mark.parametrize("gone", [True, False])
def test_an_update_whose_record_is_nobodys_by_now_is_over(tmp_path: Path, gone: bool) -> None:
    world = lost_update(tmp_path)
    unlink(world, world.golden().gid)
    if gone:
        fetching(world)
    op, counter = recover(world)
    assert (op.state, counter.updated, rereads(world)) == ("superseded", 0, ["1"] if gone else [])


# deletes


def lost_delete(folder: Path, *, done: bool = True) -> World:
    world = World(folder, Policy(("A", "B"), delete={"A": "propagate", "B": "propagate"}), A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.servers["A"].remove("1")
    if done:
        lose_answers(world, "B")
    else:
        lose_requests(world, "B")
    world.sync()
    assert [item.kind for item in world.store.work.open_ops("B")] == ["delete"]
    heal(world)
    return world


def test_a_delete_whose_record_is_gone_was_carried_out(tmp_path: Path) -> None:
    world = lost_delete(tmp_path)
    size = world.store.work.cursor("B", "contacts").size
    op, counter = recover(world)
    assert (op.state, counter.deleted, counter.updated) == ("confirmed", 1, 0)
    links = [item for item in world.store.records.links_by_gid([op.gid])[op.gid] if item.system == "B"]
    assert [item.state for item in links] in ([], ["gone"], ["excluded"])
    assert world.store.work.cursor("B", "contacts").size == size - 1
    assert op.op_id in {item["op_id"] for item in world.store.history.journal_rows(run_id="decision")}
    world.quiet()


def test_a_delete_whose_record_is_there_is_planned_again(tmp_path: Path) -> None:
    world = lost_delete(tmp_path, done=False)
    op, counter = recover(world)
    assert (op.state, counter.deleted, dirty(world)) == ("superseded", 0, [op.gid])
    world.sync()
    assert world.servers["B"].alive() == {}
    world.quiet()


def test_a_delete_of_a_record_that_is_nobodys_by_now_is_over(tmp_path: Path) -> None:
    world = lost_delete(tmp_path)
    (op,) = world.store.work.open_ops("B")
    unlink(world, op.gid)
    op, counter = recover(world)
    assert (op.state, counter.deleted) == ("confirmed", 1)


# what an undo wrote


def lost_undo(folder: Path, lose: Callable[[World, str], None] | None) -> World:
    """What A says came to B, which had its own, and was taken back there; ``lose``: nobody knows whether it was."""
    world = World(folder, A=PLAIN, B=PLAIN)
    for system, name, notes in (("A", "Anna Berg", "coffee"), ("B", "Anna B.", "tea")):
        world.servers[system].add({"name": name, "email": "anna@x.example", "notes": notes})
    run = world.sync().run
    assert world.one("B")["notes"] == "coffee"
    if lose is not None:
        lose(world, "B")
    undo(world, run)
    heal(world)
    return world


def known(world: World) -> tuple[Any, ...]:
    link = world.link("B")
    return link.sent, link.lost, link.undone, link.esent, link.picture, link.native, link.version


def test_an_undo_whose_answer_was_lost_leaves_what_one_leaves_that_was_answered(tmp_path: Path) -> None:
    answered = lost_undo(tmp_path / "answered", None)
    world = lost_undo(tmp_path / "lost", lose_answers)
    op, counter = recover(world)
    assert (op.state, counter.updated) == ("confirmed", 1)
    assert set(world.link("B").undone) == {"name", "notes"}
    assert known(world) == known(answered)
    world.quiet()
    assert (world.one("A")["notes"], world.one("B")["notes"]) == ("coffee", "tea")


def test_an_undo_whose_request_was_lost_marks_nothing(tmp_path: Path) -> None:
    world = lost_undo(tmp_path, lose_requests)
    before = known(world)
    op, counter = recover(world)
    assert (op.state, counter.updated) == ("superseded", 0)
    assert known(world) == before
    assert world.link("B").undone == {}


def test_who_edits_what_an_undo_gave_back_has_not_seen_golden_also_if_its_answer_was_lost(tmp_path: Path) -> None:
    world = lost_undo(tmp_path, None)
    world.servers["B"].edit("1", notes="milk")
    rows = outcome(world)
    lost = lost_undo(tmp_path / "lost", lose_answers)
    lost.servers["B"].edit("1", notes="milk")
    assert outcome(lost) == rows == [("edited where an undo had left another value", "milk", "coffee")]


def outcome(world: World) -> list[tuple[str, str, str]]:
    """What the ledger says about the notes, once both systems have what was typed last."""
    known = len(world.ledger())
    world.sync()
    assert {(data["name"], data["notes"]) for data in (world.one("A"), world.one("B"))} == {
        ("Anna Berg", "milk"),
        ("Anna B.", "milk"),
    }
    world.quiet()
    return [(row["rule"], row["winner"], row["loser"]) for row in world.ledger()][: len(world.ledger()) - known]
