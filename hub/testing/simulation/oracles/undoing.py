"""Apply and undo restore every system (I13), an edit made in between survives, and the next runs leave it so."""

from __future__ import annotations

from typing import Any

from hub.sync.policy import canonical_bytes
from hub.testing.simulation.lineage import tokens
from hub.testing.simulation.oracles import agreement, losses
from hub.testing.simulation.oracles.stillness import settle
from hub.testing.simulation.world import World

Shown = dict[str, list[str]]
"""System -> what each of its records shows."""


def undone(world: World) -> None:
    """Users edit a quiet world, the hub syncs, and a person undoes that run."""
    for _ in range(world.random.randint(1, 4)):
        _edit(world)
    before = shown(world)
    run = _applied(world)
    if run is None:
        return
    complete = not _planned(world) and not _cut_short(world, run)
    between = world.random.random() < 0.4
    typed = _edit_in_between(world) if between else set[str]()
    result = world.undo(run)
    if result is None or result.undo is None:
        return
    excused = bool(result.undo.kept or result.undo.cannot or between or result.held)
    now = shown(world)
    if not excused and now != before:
        world.violate("undo", f"undoing {run} did not restore: {_difference(before, now)}")
    if settle(world):
        if complete and not excused and shown(world) != before:
            world.violate("undo", f"after undoing {run}, a sync changed: {_difference(before, shown(world))}")
        if not typed <= _somewhere(world):
            world.violate("undo", f"undoing {run} lost {sorted(typed - _somewhere(world))}, typed in between")
        agreement.check(world)
        losses.check(world)


def _edit(world: World) -> None:
    """Somebody edits, creates or deletes."""
    servers = [server for server in world.servers.values() if server.alive()]
    if not servers:
        return
    server, deed = world.random.choice(servers), world.random.random()
    if deed < 0.1:
        world.users.create(server)
    elif deed < 0.2:
        world.users.delete(server, world.random.choice(list(server.alive())))
    else:
        world.users.edit(server, world.random.choice(list(server.alive())))


def _edit_in_between(world: World) -> set[str]:
    """A name that somebody types between the run and its undo."""
    servers = [server for server in world.servers.values() if server.alive() and not server.profile.has("late")]
    if not servers:
        return set()
    server = world.random.choice(servers)
    id_ = world.random.choice(list(server.alive()))
    world.users.change(server, id_, world.users.rename)
    return tokens(server.records[id_].data["name"])


def _applied(world: World) -> str | None:
    """A run that wrote something and that nothing hindered.  Where a person had to approve a part, two runs may have
    written: undoing one of them does not restore what was before both."""
    start = world.total_writes()
    ((last,),) = world.machine.query("SELECT coalesce(max(id), 0) FROM journal")
    result = world.sync(reconcile=0)
    if result is None or result.paused or result.held or world.total_writes() == start:
        return None
    wrote = {run for (run,) in world.machine.query("SELECT DISTINCT run FROM journal WHERE id > ?", last)}
    return result.run if wrote == {result.run} else None


def _planned(world: World) -> bool:
    """Whether another run would write more."""
    plan = world.engine().read().plan
    return plan is None or bool(len(plan.items))


def _cut_short(world: World, run: str) -> bool:
    """Whether a customer was edited and deleted in the same run: the edit goes round when the customer is back."""
    changes = world.machine.query("SELECT gid, path FROM change WHERE run = ?", run)
    died = {gid for gid, path in changes if path == "state"}
    return any(gid in died and path != "state" for gid, path in changes)


def shown(world: World) -> Shown:
    """What every record shows in mapped fields, without ids: what is made again has others."""
    return {
        name: sorted(_record(server, data) for data in server.alive().values())
        for name, server in world.servers.items()
    }


def _record(server: Any, data: Any) -> str:
    """Everything that the hub may write.  What is only read does not come back with a record that is made again, and a
    reference to a record that was made again names the old one (docs/reliability.md)."""
    mapping = server.profile.mapping()
    view = mapping.get(data)
    written = {name for name, spec in mapping.fields.items() if spec.direction != "read" and spec.ref is None}
    fields = {name: value for name, value in view.fields.items() if name in written}
    rows = {
        name: sorted(
            canonical_bytes([item.value, sorted(item.attrs.get("labels") or ()), item.primary]).decode()
            for item in positions
            if item.value is not None
        )
        for name, positions in view.collections.items()
    }
    return canonical_bytes([{k: v for k, v in fields.items() if v is not None}, rows]).decode()


def _difference(before: Shown, now: Shown) -> str:
    found = []
    for name in before:
        found += [f"{name} lacks {item}" for item in before[name] if item not in now[name]]
        found += [f"{name} has {item}" for item in now[name] if item not in before[name]]
    return "; ".join(found)[:600]


def _somewhere(world: World) -> set[str]:
    found: set[str] = set()
    for server in world.servers.values():
        for data in server.alive().values():
            found |= tokens(data)
    return found
