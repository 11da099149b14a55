"""The hub writes over nothing that it has not read (I2, seen from the server).

Bounded for systems without conditional writes: what a user does between the hub's last look at a record and its write is
their documented risk.  What is lost by it is counted, and ``World.writing`` checks that the look was directly before."""

from __future__ import annotations

from hub.testing.simulation.lineage import tokens, without_private
from hub.testing.simulation.world import World, Write


def check(world: World, write: Write) -> None:
    server = world.servers[write.system]
    mapped = server.profile.mapping().prune
    gone = tokens(without_private(mapped(write.before))) - tokens(write.after)
    lineage = world.lineage
    unread = gone - lineage.read - lineage.dropped.keys() - lineage.excused.keys()
    if server.traits.conditional:
        if unread:
            world.violate("clobber", f"{write.system}/{write.id}: {write.kind} over unread {sorted(unread)}")
            lineage.excuse(unread, "write window")
        return
    looked, wanted = (tokens(without_private(mapped(item))) for item in server.meant(write.op))
    moved = gone - (looked - wanted)  # a user put it, just before, where the write went
    lineage.excuse(unread | moved, "write window")
