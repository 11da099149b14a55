"""The engine from end to end on systems in memory."""

from __future__ import annotations

from pathlib import Path

from tests.engine.world import LIST_NO_IDS, LIST_WITH_IDS, ONE_SLOT, World


def test_a_record_reaches_every_system_and_then_all_is_quiet(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT, D=LIST_NO_IDS)
    world.servers["A"].add(
        {"name": "Anna Berg", "notes": "vip", "emails": [{"value": "anna@x.example", "label": "work"}]}
    )
    world.sync()
    assert world.one("B")["email"] == "anna@x.example"
    assert world.one("B")["name"] == "Anna Berg"
    assert [row["value"] for row in world.one("D")["emails"]] == ["anna@x.example"]
    world.quiet()


def test_disjoint_edits_of_one_record_are_merged(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "anna@x.example"}]})
    world.sync()
    world.servers["A"].edit(world.id("A"), notes="likes tea")
    world.servers["B"].edit(world.id("B"), name="Anna Bergmann")
    world.sync()
    assert world.one("B")["notes"] == "likes tea"
    assert world.one("A")["name"] == "Anna Bergmann"
    assert world.ledger() == []
    world.quiet()


def test_a_true_conflict_has_one_winner_and_the_loser_is_in_the_ledger(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": "anna@x.example"}]})
    world.sync()
    world.servers["A"].edit(world.id("A"), name="Anna Bergmann")
    world.now += 60
    world.servers["B"].edit(world.id("B"), name="Anna Bergman")
    world.sync()
    assert world.one("A")["name"] == world.one("B")["name"] == "Anna Bergman"
    (row,) = world.ledger()
    assert row["loser"]["full"] == "Anna Bergmann"
    world.quiet()
