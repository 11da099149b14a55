"""Matching decides a few hundred records at a time; the outcome is the one of deciding about all of them at once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hub.sync import linking
from tests.engine.test_linking import add, links, reviews
from tests.engine.world import TWO_SLOTS, World


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "_BATCH", 1)


def populate(world: World, seed: int) -> None:
    """Records that share keys in chains, in pairs, in crowds and not at all."""
    dice = random.Random(seed)
    for number in range(24):
        system = dice.choice("AB")
        email = dice.choice([f"{dice.randint(0, 15)}@x.example", None])
        second = dice.choice([f"{dice.randint(10, 22)}@x.example", None])
        add(world, system, f"{dice.choice(['Anna', 'Jonas', 'Mia'])} {number % 3}", email, email2=second)


@pytest.mark.parametrize("seed", range(12))
def test_the_size_of_a_batch_changes_nothing(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for size in (1, 7, 1000):
        monkeypatch.setattr(linking, "_BATCH", size)
        world = World(tmp_path / str(size), A=TWO_SLOTS, B=TWO_SLOTS)
        populate(world, seed)
        world.engine().read()
        found.append((links(world), sorted(reviews(world))))
        world.store.close()
    assert found[0] == found[1] == found[2]


def test_a_twin_in_a_later_batch_is_found(tmp_path: Path, one_at_a_time: None) -> None:
    world = World(tmp_path, A=TWO_SLOTS, B=TWO_SLOTS)
    for number in range(3):
        add(world, "A", f"Anna {number}", f"{number}@x.example")
    for number in reversed(range(3)):
        add(world, "B", f"Anna {number}", f"{number}@x.example")
    world.engine().read()
    assert links(world) == [["A1", "B3"], ["A2", "B2"], ["A3", "B1"]]


def test_a_key_that_four_records_of_one_side_share_is_no_key_for_the_last_of_them_either(
    tmp_path: Path, one_at_a_time: None
) -> None:
    world = World(tmp_path, A=TWO_SLOTS, B=TWO_SLOTS)
    for system, name in (("A", "Anna"), ("A", "Jonas"), ("A", "Mia"), ("A", "Bo"), ("B", "Anna")):
        add(world, system, name, "info@x.example")
    world.engine().read()
    assert links(world) == [["A1"], ["A2"], ["A3"], ["A4"], ["B1"]]


def test_who_a_question_leaves_behind_is_decided_about_again(tmp_path: Path) -> None:
    """Three records wait under one question; a newer one takes one of them elsewhere, and a crowd makes their common
    key worthless: the other two must not wait for an answer to a question that nobody is asked any more."""
    world = World(tmp_path, A=TWO_SLOTS, B=TWO_SLOTS)
    world.sync()
    for name in ("Anna", "Anna"):
        add(world, "A", name, "x@x.example")
    add(world, "B", "Anna", "x@x.example", email2="y@x.example")
    world.sync()
    assert [members for _, members in reviews(world)] == [["A/1", "A/2", "B/1"]]
    add(world, "A", "Jonas", "x@x.example")
    add(world, "A", "Mia", "x@x.example")
    add(world, "A", "Anna", "y@x.example")
    add(world, "A", "Anna", "y@x.example")
    world.sync()
    assert [members for _, members in reviews(world)] == [["A/5", "A/6", "B/1"]]
    assert {item.ref.replace("/contacts", "") for item in world.store.staging.page("review", None, 100)} == {
        "A/5",
        "A/6",
        "B/1",
    }
    assert [items for items in links(world) if {"A1", "A2"}.intersection(items)] == [["A1", "B4"], ["A2", "B5"]]
