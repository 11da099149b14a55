"""Other clocks, the same customers (I9): skew may decide only what the ledger lists as concurrent."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import orjson

from hub.testing.simulation.world import World

SERVER = ("records", "log", "unseen", "past", "made", "touched", "handed", "expired", "_ids", "_parts")
"""What a server is made of, beside its world."""
SKEWS = (-7200.0, -300.0, 0.0, 0.0, 30.0, 300.0, 90_000.0)


@dataclass(slots=True)
class _Moment:
    """A world at one moment, to come back to."""

    store: bytes
    now: float
    random: Any
    ids: Any
    lineage: Any
    writes: int
    servers: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, world: World) -> _Moment:
        servers = {n: {key: copy.deepcopy(getattr(s, key)) for key in SERVER} for n, s in world.servers.items()}
        return cls(
            world.machine.save(), world.now, world.random.getstate(), copy.copy(world._ids),
            copy.deepcopy(world.lineage), len(world.writes), servers,
        )  # fmt: skip

    def come_back(self, world: World) -> None:
        world.machine.image = self.store
        world.machine.fresh()
        world.now, world._ids = self.now, copy.copy(self.ids)
        world.random.setstate(self.random)
        lineage = copy.deepcopy(self.lineage)
        world.lineage = world.users.lineage = lineage
        del world.writes[self.writes :]
        for name, kept in self.servers.items():
            for key, value in kept.items():
                setattr(world.servers[name], key, copy.deepcopy(value))


def skewed(world: World) -> None:
    """The same people edit the same records, some of them the same field of one customer, under two sets of clocks."""
    skews = {name: world.random.choice(SKEWS) for name in world.servers}
    moment = _Moment.of(world)
    first = _lived(world, {})
    if first is None:
        return
    moment.come_back(world)
    second = _lived(world, skews)
    if second is None:
        return
    (values, listed), (others, also) = first, second
    for place in sorted({*values, *others}):
        if values.get(place) != others.get(place) and place not in listed | also:
            world.violate(
                "clocks",
                f"{place[0]} {place[1]} is {values.get(place)} or {others.get(place)} by the clocks {skews} alone",
            )


Place = tuple[str, str]


def _lived(world: World, skews: dict[str, float]) -> tuple[dict[Place, str], set[Place]] | None:
    """People edit and the hub syncs until all is passed on; golden values by place, and the places in the ledger."""
    _set_clocks(world, skews)
    known = {row[0] for row in world.machine.query("SELECT id FROM ledger")}
    for _ in range(2):
        _edit_one_customer(world)
    for _ in range(3):
        result = world.sync(reconcile=0)
        if result is None or result.held or result.paused:
            return None
    rows = world.machine.query("SELECT id, gid, path FROM ledger")
    return _golden(world), {(gid, _head(path)) for id_, gid, path in rows if id_ not in known}


def _set_clocks(world: World, skews: dict[str, float]) -> None:
    for name, skew in skews.items():
        server = world.servers[name]
        server.profile = replace(server.profile, skew=skew)
    world.profiles = [world.servers[item.name].profile for item in world.profiles]


def _edit_one_customer(world: World) -> None:
    """One customer is edited in one or two systems, perhaps in the same field."""
    pairs = world.machine.query(
        "SELECT a.system, a.remote_id, b.system, b.remote_id FROM link AS a JOIN link AS b USING (gid) JOIN golden USING (gid)"
        " WHERE golden.state = 'live' AND a.state = 'active' AND b.state = 'active' AND a.is_primary = 1 AND b.is_primary = 1"
        " AND a.system < b.system ORDER BY 1, 2, 3, 4"
    )
    pairs = [p for p in pairs if not any(world.servers[p[i]].records[p[i + 1]].deleted for i in (0, 2))]
    if not pairs:
        return
    left, left_id, right, right_id = world.random.choice(pairs)
    deeds = (world.users.rename, world.users.write_note)
    world.users.change(world.servers[left], left_id, world.random.choice(deeds))
    world.now += world.random.choice([0.2, 5.0, 70.0, 4000.0])
    if world.random.random() < 0.7:
        world.users.change(world.servers[right], right_id, world.random.choice(deeds))


def _golden(world: World) -> dict[Place, str]:
    """(gid, field or collection) -> its value."""
    found: dict[Place, str] = {}
    for gid, raw in world.machine.query("SELECT gid, doc FROM golden WHERE state = 'live'"):
        doc = orjson.loads(raw)
        for name, cell in doc["f"].items():
            if not name.startswith("consents."):  # since when a consent holds is a matter of clocks
                found[(gid, name)] = str(cell[0])
        for name, collection in doc["c"].items():
            live = (item["v"][0] for item in collection["e"].values() if item["s"][0])
            found[(gid, name)] = str(sorted(map(str, live)))
    return found


def _head(path: str) -> str:
    name = path.split("/", 1)[0]
    return "name" if name.startswith("name.") else name
