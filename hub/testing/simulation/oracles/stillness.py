"""A quiet world stays quiet (I4), one edit makes at most one write per system (I5), reading again changes nothing (I6),
planning twice gives one plan (I14), and an empty store writes nothing before a person has looked (I16)."""

from __future__ import annotations

from hub.testing.simulation.process import Machine
from hub.testing.simulation.world import World

MOST_RUNS = 14
"""Runs after which a world without faults and users must be quiet."""


def settle(world: World) -> bool:
    """Run until nothing is written and nothing changes; reports if that does not happen."""
    still = 0
    for number in range(MOST_RUNS):
        before = (world.total_writes(), world.machine.store.seq)
        world.sync(reconcile=0) if number % 2 == 0 else world.sync()
        still = still + 1 if before == (world.total_writes(), world.machine.store.seq) else 0
        if still == 2 and not world.machine.store.work.open_ops():
            return True
    last = [f"{item.system} {item.kind} {item.id} {dict(item.op.data)}" for item in world.writes[-4:]]
    world.violate("quiet", f"not quiet after {MOST_RUNS} runs: {last}")
    return False


def pure(world: World) -> None:
    first, second = world.engine().read().plan, world.engine().read().plan
    assert first is not None
    assert second is not None
    if first.hash() != second.hash():
        world.violate("purity", "planning twice gave two plans")
    if len(first.items):
        world.violate("quiet", f"a quiet world has a plan: {[item.title for item in first.items.first(3)]}")


def replayed(world: World) -> None:
    """Every page of every system again."""
    before = (world.total_writes(), world.machine.store.seq)
    for name in world.servers:
        cursor = world.machine.store.work.cursor(name, "contacts")
        cursor.value = None
        with world.machine.store.transaction():
            world.machine.store.work.save_cursor(cursor)
    world.sync()
    if before != (world.total_writes(), world.machine.store.seq):
        world.violate("replay", "reading everything again changed something")


def echo(world: World) -> None:
    """One edit of a plain field reaches each other system with one write, and its own system with none."""
    linked = world.machine.query(
        "SELECT system, remote_id, gid FROM link JOIN golden USING (gid) WHERE golden.state = 'live'"
        " AND link.state = 'active' AND is_primary = 1 ORDER BY system, remote_id"
    )
    # a customer with a refused write has more to write than the edit: a new value is a reason to try that again
    refused = {item.gid for item in world.machine.store.work.quarantined()}
    linked = [
        (name, id_) for name, id_, gid in linked if gid not in refused and not world.servers[name].records[id_].deleted
    ]
    if not linked:
        return
    name, id_ = world.random.choice(linked)
    server, start = world.servers[name], world.total_writes()
    world.users.change(server, id_, world.users.rename)
    world.sync(reconcile=0)
    world.sync()
    writes = [(item.system, item.id) for item in world.writes[start:]]
    if len(set(writes)) != len(writes) or (name, id_) in writes:
        world.violate("echo", f"one edit of {name}/{id_} made the writes {writes}")


def archive(world: World) -> None:
    """The store is lost: the systems are full, and nothing is written before a review."""
    start, machine = world.total_writes(), world.machine
    world.machine = Machine(None, lambda: None)
    approve, world.approve = world.approve, False
    world.sync()
    world.sync(reconcile=0)
    if world.total_writes() != start:
        world.violate("archive", f"an empty store wrote {[(w.system, w.kind) for w in world.writes[start:]]}")
    world.machine.close()
    world.machine, world.approve = machine, approve
