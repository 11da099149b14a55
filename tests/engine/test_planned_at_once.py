"""What a confirmed write still needs: a record is planned in the transaction that confirms it, or in a second round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.sync.engine import Result
from tests.engine.world import LIST_WITH_IDS, ONE_SLOT, PLAIN, TWO_SLOTS, World


def started(folder: Path, **shapes: str) -> World:
    world = World(folder, **shapes)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    world.quiet()
    return world


def rounds(result: Result) -> int:
    """How often a run planned all that was to be planned."""
    return next(stage.times for stage in result.stages if stage.name == "plan")


@pytest.mark.parametrize("shape", [PLAIN, TWO_SLOTS, ONE_SLOT, LIST_WITH_IDS])
def test_an_update_confirmed_as_planned_needs_no_second_round(tmp_path: Path, shape: str) -> None:
    world = started(tmp_path, A=PLAIN, B=shape)
    world.servers["A"].edit("1", notes="new", email="anna.berg@x.example")
    result = world.sync()
    assert (rounds(result), world.store.records.dirty_gids()) == (1, [])
    assert world.one("B")["notes"] == "new"
    world.quiet()


@pytest.mark.parametrize("shape", [PLAIN, TWO_SLOTS, ONE_SLOT, LIST_WITH_IDS])
def test_a_create_confirmed_as_planned_needs_no_second_round(tmp_path: Path, shape: str) -> None:
    world = started(tmp_path, A=PLAIN, B=shape)
    world.servers["A"].add({"name": "Bo Dahl", "email": "bo@x.example", "notes": "new"})
    result = world.sync()
    assert (rounds(result), world.store.records.dirty_gids()) == (1, [])
    assert len(world.servers["B"].records) == 2
    world.quiet()


def test_a_change_that_concerns_no_other_system_is_not_planned_in_every_run(tmp_path: Path) -> None:
    world = started(tmp_path, A=PLAIN, B=PLAIN.replace('notes = "notes"\n', ""))
    world.servers["A"].edit("1", notes="only A has notes")
    world.sync()
    assert world.golden().value("notes") == "only A has notes"
    assert world.store.records.dirty_gids() == []


def test_what_its_system_cannot_hold_is_noted_at_once(tmp_path: Path) -> None:
    world = started(
        tmp_path, A=LIST_WITH_IDS.replace("{fields}", ""), B=PLAIN.replace('"notes"', '{ at = "notes", max = 5 }')
    )
    world.servers["A"].add(
        {"name": "Bo Dahl", "emails": [{"id": "1", "value": "bo@x.example"}], "notes": "much too long"}
    )
    result = world.sync()
    gid = next(item.gid for item in world.goldens() if item.value("name")["full"] == "Bo Dahl")
    (link,) = (item for item in world.store.records.links_by_gid([gid])[gid] if item.system == "B")
    assert rounds(result) == 1
    assert list(link.held) == ["notes"]
    world.quiet()


def test_what_two_systems_get_is_planned_again(tmp_path: Path) -> None:
    """Each confirmation knows its own system only."""
    world = started(tmp_path, A=PLAIN, B=PLAIN, C=PLAIN)
    world.servers["A"].edit("1", notes="new")
    assert rounds(world.sync()) == 2
    world.quiet()


def test_what_was_stored_differently_than_sent_is_planned_again(tmp_path: Path) -> None:
    world = started(tmp_path, A=PLAIN, B=PLAIN)

    def shorten(data: Any) -> None:
        if data.get("notes"):
            data["notes"] = data["notes"][:3]

    world.servers["B"].traits.rewrite = shorten
    world.servers["A"].edit("1", notes="longer than three")
    assert rounds(world.sync()) == 2
    assert world.one("A")["notes"] == "longer than three"
    world.quiet()


def test_who_another_write_moved_meanwhile_is_planned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systems are written to at the same time: a confirmation on one of them may concern what was planned for another."""
    from hub.sync.apply import Apply

    world = started(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].edit("1", notes="new")
    finish = Apply._finish

    def moved(self: Apply, ops: Any, *rest: Any) -> None:
        self.shared.moved.update(item.gid for _, item in ops.values())
        finish(self, ops, *rest)

    monkeypatch.setattr(Apply, "_finish", moved)
    assert rounds(world.sync()) == 2
    world.quiet()
