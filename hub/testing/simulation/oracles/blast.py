"""Empty, partial or damaged readings delete nothing and blank nothing (I10)."""

from __future__ import annotations

from hub.testing.memory import Stored
from hub.testing.simulation.remote import SimulatedServer
from hub.testing.simulation.world import World, Write


def check(world: World, write: Write) -> None:
    """A delete of the hub has a cause: some user deleted (or merged) a record of that customer, or one with it.  One who
    takes it back while the run passes the deletion on does not undo that the hub was told; the next run revives it."""
    if (
        write.kind == "delete"
        and not _takes_back(world, write)
        and not any(_was_deleted(world, *item) for item in _others(world, write))
    ):
        world.violate("blast", f"{write.system}/{write.id} deleted although nobody deleted anything")


def _takes_back(world: World, write: Write) -> bool:
    """Whether an undo deletes what the hub itself had created."""
    return world.undoing and write.id in world.servers[write.system].made


def _was_deleted(world: World, server: SimulatedServer, record: Stored) -> bool:
    return record.deleted or server.returned.get(record.id) == world.runs


def _others(world: World, write: Write) -> list[tuple[SimulatedServer, Stored]]:
    gids = world.machine.query("SELECT gid FROM link WHERE system = ? AND remote_id = ?", write.system, write.id)
    found: list[tuple[SimulatedServer, Stored]] = []
    for (gid,) in gids:
        for system, id_ in world.machine.query("SELECT system, remote_id FROM link WHERE gid = ?", gid):
            record = world.servers[system].records.get(id_)
            if record is not None and (system, id_) != (write.system, write.id):
                found.append((world.servers[system], record))
    return found
