"""A write of a primary flag that was never carried out is written again; it is no edit of the system's users."""

from __future__ import annotations

from pathlib import Path

from hub.contract.errors import OutcomeUnknown
from tests.engine.test_collection_scenarios import X, Y, add_row, flagged
from tests.engine.world import LIST_WITH_IDS, ONE_SLOT, World, failing, no_fault


def test_a_flag_whose_write_was_lost_is_not_taken_for_cleared(tmp_path: Path) -> None:
    world = World(tmp_path, A=LIST_WITH_IDS, B=ONE_SLOT)
    world.servers["A"].add({"name": "Anna Berg", "emails": [{"value": X}]})
    world.servers["B"].add({"name": "Anna Berg", "email": X})
    world.sync()
    add_row(world, "A", Y)
    world.servers["A"].fault = failing(OutcomeUnknown("no answer"), "write")  # before anything is stored
    world._sync()
    world.servers["A"].fault = no_fault
    world.sync()
    world.sync()
    assert world.primary() == X
    assert flagged(world, "A") == [X]
    world.quiet()
