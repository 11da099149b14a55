"""A cursor never passes a record that was not stored (section 8): checked whenever a run has ended or was killed."""

from __future__ import annotations

from hub.testing.simulation.world import World

LOSING = ("page_missing", "empty_list", "unreadable")
"""Faults by which a system itself keeps records back: what it says that it showed was never handed out."""


def check(world: World) -> None:
    if any(world.faults.counts.get(kind) for kind in LOSING):
        return
    known = set(world.machine.query("SELECT system, remote_id FROM link"))
    for table in ("staged", "quarantine", "reread"):
        known |= set(world.machine.query(f"SELECT system, remote_id FROM {table}"))  # noqa: S608  # our own names
    for name, server in world.servers.items():
        place = world.machine.store.work.cursor(name, "contacts").value
        if not isinstance(place, int):
            continue
        last = {id_: index for index, id_ in enumerate(server.log)}
        unseen = {id_ for _, id_ in server.unseen}
        for id_, index in last.items():
            if index < place and id_ not in unseen and not server.records[id_].deleted and (name, id_) not in known:
                world.violate("cursor", f"{name}/{id_} is before the cursor and not known to the hub")
