"""Empty, partial or damaged readings delete nothing and blank nothing (I10)."""

from __future__ import annotations

from hub.testing.memory import Stored
from hub.testing.simulation.world import World, Write


def check(world: World, write: Write) -> None:
    """A delete of the hub has a cause: some user deleted (or merged) a record of that customer, or one with it."""
    if write.kind == "delete" and not any(record.deleted for record in _others(world, write)):
        world.violate("blast", f"{write.system}/{write.id} deleted although nobody deleted anything")


def _others(world: World, write: Write) -> list[Stored]:
    gids = world.machine.query("SELECT gid FROM link WHERE system = ? AND remote_id = ?", write.system, write.id)
    found: list[Stored] = []
    for (gid,) in gids:
        for system, id_ in world.machine.query("SELECT system, remote_id FROM link WHERE gid = ?", gid):
            record = world.servers[system].records.get(id_)
            if record is not None and (system, id_) != (write.system, write.id):
                found.append(record)
    return found
