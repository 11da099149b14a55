"""History does not grow without limit, and what other parts need stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.config.model import InvalidConfig
from hub.config.read import read_config
from hub.store.retention import tidy, trim
from hub.sync.keep import DAY, Retention
from tests.engine.world import LIST_WITH_IDS, ONE_SLOT, World

KEEP = Retention(runs=30 * DAY, journal=10 * DAY)
LIMITS = {"runs": KEEP.runs, "journal": KEEP.journal}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A customer whose note changed on day 0, day 25 and day 40; a conflict on day 0; it is day 41."""
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "notes": "n0", "emails": [{"id": "1", "value": "anna@x.example"}]})
    world.sync()
    world.servers["A"].edit(world.id("A"), name="Anna A")
    world.servers["B"].edit(world.id("B"), name="Anna B")
    world.sync()
    for days, note in ((25, "n1"), (15, "n2")):
        world.now += days * DAY
        world.servers["A"].edit(world.id("A"), notes=note)
        world.sync()
    world.now += DAY
    return world


def rows(world: World, text: str) -> list[Any]:
    with world.store.db.transaction() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(text).all()]


def test_what_is_older_goes_and_what_is_needed_stays(world: World) -> None:
    ledger = rows(world, "SELECT id FROM ledger")
    assert ledger
    before = rows(world, "SELECT count(*) FROM run")[0][0]
    removed = trim(world.store, **LIMITS, now=world.now)
    assert removed["journal"] >= 2
    assert removed["image"] == removed["journal"]
    assert rows(world, "SELECT count(*) FROM run")[0][0] == before - removed["run"]
    assert rows(world, f"SELECT count(*) FROM journal WHERE at < {world.now - KEEP.journal}") == [(0,)]
    assert rows(world, "SELECT count(*) FROM image") == rows(world, "SELECT count(*) FROM journal")
    assert rows(world, "SELECT count(*) FROM account WHERE run NOT IN (SELECT id FROM run)") == [(0,)]
    assert rows(world, "SELECT id FROM ledger") == ledger, "what lost can be taken back for ever"
    (name,) = world.store.history.changes(world.golden().gid, "name")
    assert name["new"]["full"] in ("Anna A", "Anna B"), "why a value is what it is stays known, however old it is"
    world.quiet()


def test_a_run_within_the_time_of_the_journal_can_still_be_undone(world: World) -> None:
    trim(world.store, **LIMITS, now=world.now)
    run = world.store.history.runs(1)[0]["id"]
    world.engine().undo(run, yes=True)
    assert world.one("B")["notes"] == "n1"


def test_history_is_tidied_after_a_sync_at_most_once_a_day(world: World) -> None:
    world.sync(keep=KEEP)
    assert rows(world, f"SELECT count(*) FROM journal WHERE at < {world.now - KEEP.journal}") == [(0,)]
    assert tidy(world.store, runs=DAY, journal=DAY, now=world.now) == {}
    assert tidy(world.store, runs=DAY, journal=DAY, now=world.now + 2 * DAY) != {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('journal = "2h"', "must be at least a day"),
        ('runs = "5d"', "journal must not be longer than runs"),
        ('run = "5d"', "Did you mean 'runs'"),
        ('runs = "soon"', "must be a duration"),
    ],
)
def test_mistakes_in_the_configuration_are_located(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[hub.retention]\n{text}\n")
    with pytest.raises(InvalidConfig) as caught:
        read_config(file)
    assert message in str(caught.value)
    assert "config.toml:2" in str(caught.value)


def test_the_configuration_says_how_long(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[hub.retention]\nruns = "2w"\njournal = "3d"\n')
    assert read_config(file).hub.keep == Retention(14 * DAY, 3 * DAY)


def test_a_run_whose_journal_is_gone_has_nothing_to_undo(world: World) -> None:
    old = world.store.history.runs(100)[-2]["id"]
    trim(world.store, runs=LIMITS["runs"], journal=DAY / 2, now=world.now + DAY)
    result = world.engine().undo(old)
    assert result.undo is not None
    assert not result.undo.back
    assert world.store.past.counts(old)["writes"] == 0
