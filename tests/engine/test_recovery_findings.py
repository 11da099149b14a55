"""Writes of unknown outcome that were judged wrongly once, found by reading the tables of recovery."""

from __future__ import annotations

from pathlib import Path

from hub.contract.records import Page
from hub.sync.policy import Policy
from tests.engine.test_recovery import anna, heal, lose_answers, ops
from tests.engine.world import PLAIN, World


def test_an_older_record_that_came_back_while_a_create_was_looked_for_pauses_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN)
    world.add_system("B", PLAIN, create="marker", index_lag=7 * 3600.0)
    world.policy = Policy(("A", "B"), delete={"A": "propagate", "B": "propagate"})
    anna(world, notes="old")
    world.sync()
    world.servers["B"].remove("1")
    world.servers["A"].edit("1", notes="new")  # the edit wins: Anna is made again on B, and the answer is lost
    lose_answers(world, "B")
    world.sync()
    connector = world.connectors["B"]
    find, changes = connector.find, connector.changes
    # neither the search nor the feed shows the new record yet
    connector.find = lambda *words: (item for item in find(*words) if item.id == "1")
    connector.changes = lambda *words: (
        Page([item for item in page.records if item.id != "2"], page.cursor, complete=page.complete)
        for page in changes(*words)
    )
    world.undelete("B", "1")
    heal(world)
    world.sync()  # record 1 is Anna's again
    connector.find, connector.changes = find, changes
    paused = [world.sync().paused for _ in range(9)]
    assert paused == [{}] * 9
    assert ops(world) == []
    assert world.servers["B"].records["1"].data["notes"] == "new", "what was edited reaches the record that came back"
    world.engine(reconcile=0).sync()
    (review,) = world.store.history.reviews()
    assert review.reason == "the customer is linked to another record of this system already"
    assert review.members[0]["remote_id"] == "2", "the one that the hub made is not forgotten: a person decides"
    world.quiet()
