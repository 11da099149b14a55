"""Rare accidents that are tried on purpose in a quiet world: a listing that misses records, a deletion beside an edit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from hub.testing.simulation.lineage import tokens
from hub.testing.simulation.oracles import agreement, losses
from hub.testing.simulation.oracles.stillness import settle
from hub.testing.simulation.world import World


def short_listing(world: World) -> None:
    """Every system's listing misses whole pages and ends as if it were complete: nothing may be deleted for it (``blast``
    watches every delete)."""
    before = len(world.writes)
    with _only(world, "page_missing"):
        world.sync(reconcile=0)
    world.sync()
    deleted = [f"{item.system}/{item.id}" for item in world.writes[before:] if item.kind == "delete"]
    if deleted:
        world.violate("blast", f"a listing that missed pages deleted {deleted}")


def edit_beats_deletion(world: World) -> None:
    """A customer is renamed in one system and deleted in another between two runs: where deletions are passed on, the
    edit wins, because whoever deleted had not seen it.  (A read-only system may show an older name: an edit of that is a
    conflict with the newer one, which has its own rules.)"""
    pairs = [pair for pair in _pairs(world) if world.policy.delete_policy(pair[0]) == "propagate"]
    live = _live_tokens(world)
    pairs = [pair for pair in pairs if tokens(world.servers[pair[2]].records[pair[3]].data.get("name")) <= live]
    if not pairs:
        return
    away, gone, name, id_ = world.random.choice(pairs)
    world.users.change(world.servers[name], id_, world.users.rename)
    typed = tokens(world.servers[name].records[id_].data["name"])
    world.users.delete(world.servers[away], gone)
    if settle(world):
        if not typed <= _live_tokens(world):
            world.violate("lost", f"{name}/{id_}: the edit {sorted(typed)} was lost, {away}/{gone} had been deleted")
        agreement.check(world)
        losses.check(world)


def edit_on_a_lost_write(world: World) -> None:
    """Two fields of a customer are written to a system and the process dies; then a user who sees both edits one of
    them.  That is an edit of what we wrote (W1), and no conflict that somebody else could win."""
    pairs = _pairs(world, "A")
    pairs = [pair for pair in pairs if not world.servers[pair[2]].profile.traits & {"rewrite", "read_only"}]
    if not pairs:
        return
    _, id_, name, theirs = world.random.choice(pairs)
    world.users.change(world.servers["A"], id_, world.users.rename)
    world.users.change(world.servers["A"], id_, world.users.write_note)
    typed = tokens([world.servers["A"].records[id_].data.get(key) for key in ("name", "notes")])
    server = world.servers[name]

    def written(moment: str) -> bool:
        return moment == "receipt" and typed <= tokens(server.records[theirs].data)

    world.kill = written
    killed = world.sync(reconcile=0) is None
    world.kill = None
    if not killed or server.records[theirs].deleted:
        return  # it was not written: held by a guard, decided otherwise, or refused
    world.users.change(server, theirs, world.users.write_note)
    wanted = tokens(server.records[theirs].data["notes"])
    if settle(world) and not wanted <= _live_tokens(world):
        world.violate(
            "lost", f"{name}/{theirs}: an edit {sorted(wanted)} of what we had written was taken for a conflict"
        )
    agreement.check(world)
    losses.check(world)


@contextmanager
def _only(world: World, kind: str) -> Iterator[None]:
    """This fault wherever it can happen, and no other one."""
    faults = world.faults
    kinds, rate, on = faults.kinds, faults.rate, faults.on
    faults.kinds, faults.rate, faults.on = frozenset({kind}), 1.0, True
    try:
        yield
    finally:
        faults.kinds, faults.rate, faults.on = kinds, rate, on


def _pairs(world: World, away: str | None = None) -> list[tuple[str, str, str, str]]:
    """Two records of one customer on two systems (the first on ``away``), both linked and there."""
    found = world.machine.query(
        "SELECT a.system, a.remote_id, b.system, b.remote_id FROM link AS a JOIN link AS b USING (gid) JOIN golden USING (gid)"
        " WHERE golden.state = 'live' AND a.state = 'active' AND b.state = 'active' AND a.is_primary = 1 AND b.is_primary = 1"
        " AND a.system <> b.system AND a.system = coalesce(?, a.system) ORDER BY 1, 2, 3, 4",
        away,
    )
    records = {name: server.records for name, server in world.servers.items()}
    return [pair for pair in found if not (records[pair[0]][pair[1]].deleted or records[pair[2]][pair[3]].deleted)]


def _live_tokens(world: World) -> set[str]:
    live: set[str] = set()
    for (raw,) in world.machine.query("SELECT doc FROM golden WHERE state = 'live'"):
        live |= tokens(orjson.loads(raw))
    return live
