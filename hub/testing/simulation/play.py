"""Playing one seed from its first record to its last check."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from random import Random

from hub.sync.policy import DeletePolicy, FieldPolicy, Guards, Policy
from hub.testing.simulation import faults as faults_
from hub.testing.simulation import oracles, profile
from hub.testing.simulation.disks import Place
from hub.testing.simulation.oracles.stillness import settle
from hub.testing.simulation.seams import simulated
from hub.testing.simulation.world import Violation, World

STEPS = 60
DELETE_POLICIES: tuple[DeletePolicy, ...] = ("unlink", "propagate", "archive", "ask")
WINDOWS = 64
"""In one of so many worlds users act in the write window of systems without conditional writes.  It is some milliseconds
wide, between calls that are minutes apart; what is lost by it is a known hazard."""
CONFLICTS = ("auto", "auto", "ask", "longest", "prefer:A")


@dataclass(frozen=True, slots=True)
class Options:
    """What a command line says about the worlds.  None: drawn by the seed.  place: where the stores are."""

    steps: int = STEPS
    traits: frozenset[str] | None = None
    faults: frozenset[str] | None = None
    policy: str | None = None
    place: Place = None
    probes: frozenset[str] = frozenset()
    """What is tried at the end of every world, whatever its seed (``oracles.PROBES``)."""


@dataclass(slots=True)
class Outcome:
    """What became of a seed."""

    seed: int
    edits: int = 0
    creates: int = 0
    writes: int = 0
    runs: int = 0
    crashes: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    digest: str = ""
    trace: list[str] = field(default_factory=list)
    seconds: float = 0.0
    hazards: frozenset[str] = frozenset()


def make_world(seed: int, options: Options) -> World:
    """The world of a seed: its systems, policies and faults."""
    random = Random(seed)
    names = "ABCD"[: random.choice([2, 3, 3, 4])]
    profiles = [profile.draw(random, name, options.traits, first=name == "A") for name in names]
    profiles = profile.limited(profiles, seed, options.traits)
    world = World(
        profiles,
        _policy(random, names, options.policy),
        random,
        faults_.draw(random, options.faults),
        options.place,
        {item.name: -item.skew for item in profiles if item.skew and random.random() < 0.6},
        meddling=random.choice([0.0, 0.02, 0.06, 0.15]),
        windows=seed % WINDOWS == 0,
        deciding=random.choice([0.0, 0.0, 0.3, 0.6]),
    )
    oracles.watch(world)
    return world


def _policy(random: Random, names: str, chosen: str | None) -> Policy:
    delete = dict.fromkeys(names, chosen) if chosen else {name: random.choice(DELETE_POLICIES[:3]) for name in names}
    conflict = random.choice(CONFLICTS)
    fields = {"notes": FieldPolicy(conflict, random.choice(["erase", "erase", "ignore"]))}
    if random.random() < 0.15:
        fields["emails"] = FieldPolicy("ask")
    return Policy(
        tuple(names),
        authority={"job.title": ("B",)} if random.random() < 0.3 else {},
        fields=fields,
        skew={name: random.choice([2.0, 60.0]) for name in names},
        delete=delete,  # type: ignore[arg-type]  # one of the four words
        delete_any=frozenset(names) if random.random() < 0.5 else frozenset(),
        guards=Guards(),
    )


def play(seed: int, options: Options) -> Outcome:
    """Play one seed; violations are in the outcome, an unexpected exception is one of them."""
    start = time.perf_counter()
    world = make_world(seed, options)
    try:
        with simulated(world):
            _live(world, options.steps)
            _end(world, options.probes)
    except Exception as error:  # noqa: BLE001  # any failure of the engine is a finding of this seed
        lines = traceback.format_exc().strip().splitlines()
        world.violate("crash", f"{type(error).__name__}: {error} ({lines[-2].strip() if len(lines) > 1 else ''})")
        world.trace.extend(lines)
    outcome = Outcome(
        seed,
        world.lineage.edits,
        sum(write.kind == "create" for write in world.writes),
        world.total_writes(),
        world.runs,
        world.crashes,
        world.faults.counts,
        world.violations,
        world.digest(),
        world.trace,
        time.perf_counter() - start,
        frozenset(world.hazards),
    )
    world.close()
    return outcome


def _live(world: World, steps: int) -> None:
    """A few customers, a first sync, then users and runs in turn."""
    begin(world)
    world.faults.on = True
    for _ in range(steps):
        for _ in range(world.random.randint(0, 3)):
            world.users.act()
        if world.random.random() < 0.5:
            happen(world)
            world.sync()
    world.faults.on = False


def begin(world: World) -> None:
    """The same customers in several systems before the first sync, some of them only in one."""
    servers = list(world.servers.values())
    for _ in range(world.random.randint(1, 4)):
        email, name = f"{world.lineage.token()}@x.example", f"{world.lineage.token()} Person"
        for server in servers:
            if world.random.random() < 0.6:
                world.users.create(server, email, name)
    world.users.create(servers[0])


def happen(world: World) -> None:
    """What takes longer than one call: permissions, retention, clocks, accidents."""
    random, faults = world.random, world.faults
    faults.state(random, list(world.servers.values()))
    if faults.strikes("clock_jump", 3):
        jump = random.choice([-7200.0, 86400.0])
        world.now += jump
        world.set_back += max(0.0, -jump)
        world.say("clock", "jumps")
    if faults.strikes("mass_delete", 2):
        server = random.choice(list(world.servers.values()))
        for id_ in list(server.alive()):
            world.users.delete(server, id_)
    if faults.strikes("id_reuse", 3):
        world.users.reuse(random.choice(list(world.servers.values())))
    if random.random() < 0.1:
        world.machine.restart()
    if world.deciding and random.random() < world.deciding:
        world.person.act()


def _end(world: World, probes: frozenset[str]) -> None:
    """Users and faults stop; then everything must agree, and stay quiet."""
    world.meddling = 0.0
    for server in world.servers.values():
        server.unveil()
        server.expired = False
    world.now += 26 * 3600.0
    if settle(world):
        oracles.at_rest(world)
        oracles.probe(world, probes)
