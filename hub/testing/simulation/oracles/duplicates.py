"""No customer is created twice on a system, and none becomes two golden records because an answer was lost (I3).

Bounded for systems without any key: a record that a user changed between the lost answer and the recovery cannot be
recognised by natural keys; that is a documented limit."""

from __future__ import annotations

from hub.testing.simulation.remote import SimulatedServer
from hub.testing.simulation.world import World, Write


def check(world: World, write: Write) -> None:
    if write.kind != "create":
        return
    server = world.servers[write.system]
    twins = [
        id_
        for id_, gid in server.made.items()
        if gid == write.op.key and id_ != write.id and not server.records[id_].deleted and not _unknowable(server, id_)
    ]
    if twins:
        world.violate("duplicate", f"{write.system}: {write.op.key} created as {write.id} beside {twins}")


def _unknowable(server: SimulatedServer, id_: str) -> bool:
    return server.traits.create in ("none", "unique_key") and id_ in server.touched


def check_links(world: World) -> None:
    """What the hub created is linked to the golden record that it was created for."""
    survivors = dict(world.machine.query("SELECT gid, merged_into FROM golden"))

    def survivor(gid: str) -> str:
        while survivors.get(gid):
            gid = survivors[gid]
        return gid

    links = {(system, id_): gid for system, id_, gid in world.machine.query("SELECT system, remote_id, gid FROM link")}
    for name, server in world.servers.items():
        for id_, gid in server.made.items():
            record, linked = server.records[id_], links.get((name, id_))
            if record.deleted or id_ in server.touched or not linked:
                continue
            if survivor(linked) != survivor(gid):
                world.violate("duplicate", f"{name}/{id_} was created for {gid} and is linked to {linked}")
