"""One fault at every step of every scenario: crash, lost request, lost reply.  Afterwards the world must end as it does
without the fault, and stay quiet."""

from __future__ import annotations

import copy
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from hub.contract.errors import OutcomeUnknown, Unavailable
from hub.testing.simulation import oracles
from hub.testing.simulation.faults import Faults
from hub.testing.simulation.oracles.stillness import settle
from hub.testing.simulation.remote import SimulatedServer
from hub.testing.simulation.scenarios import SCENARIOS, Scenario, person
from hub.testing.simulation.seams import simulated
from hub.testing.simulation.world import World

MODES = ("crash", "lost request", "lost reply")


@dataclass(slots=True)
class OneFault(Faults):
    """Lets the n-th call, or the n-th answer to a write, get lost; counts them otherwise."""

    request: int = 0
    reply: int = 0
    calls: int = 0
    answers: int = 0

    def at_call(self, server: SimulatedServer, call: str) -> None:
        self.calls += 1
        if self.calls == self.request:
            server.world.say(server.profile.name, f"{call} is lost")
            raise OutcomeUnknown("the request was lost") if call == "write" else Unavailable("no answer")

    def loses_receipt(self, server: SimulatedServer) -> bool:
        self.answers += 1
        return self.answers == self.reply


@dataclass(slots=True)
class Report:
    """What the points of a scenario showed."""

    scenario: str
    points: int = 0
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Saved:
    """A world at one moment, to be lived through again and again."""

    scenario: Scenario
    store: bytes
    now: float
    number: int
    servers: dict[str, dict[str, Any]]
    past: str = ""
    """The run that is undone, in scenarios of undo."""


_KEPT = ("records", "log", "unseen", "past", "made", "touched", "handed", "expired", "_ids", "_parts")


def _world(scenario: Scenario) -> World:
    world = World(scenario.profiles(), scenario.rules(), Random(0), OneFault(Random(0), frozenset(), 0.0))
    oracles.watch(world)
    return world


def prepare(scenario: Scenario) -> Saved:
    """Play a scenario up to the run that will be disturbed."""
    world = _world(scenario)
    for number in range(1, scenario.people + 1):
        person(world, "A", number)
    scenario.before(world)
    past = ""
    with simulated(world):
        if not scenario.fresh:
            settle(world)
            scenario.deed(world)
        if scenario.undo:
            done = world.sync()
            assert done is not None
            past = done.run
        if scenario.lost_store:
            world.machine.fresh()
    servers = {
        name: {key: copy.deepcopy(getattr(server, key)) for key in _KEPT} for name, server in world.servers.items()
    }
    saved = Saved(scenario, world.machine.save(), world.now, next(world._ids), servers, past)
    world.close()
    return saved


def again(saved: Saved) -> World:
    """A copy of the world with a store and servers of its own."""
    world = _world(saved.scenario)
    world.now = saved.now
    world._ids = iter(range(saved.number, 10**9))
    world.machine.image = saved.store
    world.machine.fresh()
    for name, kept in saved.servers.items():
        for key, value in kept.items():
            setattr(world.servers[name], key, copy.deepcopy(value))
    return world


def ending(world: World) -> str:
    """What the systems and golden hold in the end, without ids."""
    goldens: list[Any] = []
    for state, raw in world.machine.query("SELECT state, doc FROM golden WHERE state <> 'merged'"):
        doc = orjson.loads(raw)
        values = {name: cell[0] for name, cell in doc["f"].items() if name != "company" and cell[0] is not None}
        lists = {
            name: sorted(
                orjson.dumps([item["v"][0], {key: cell[0] for key, cell in item["a"].items() if cell[0]}]).decode()
                for item in collection["e"].values()
                if item["s"][0]
            )
            for name, collection in doc["c"].items()
        }
        goldens.append([state, values, lists])
    remotes = {
        name: [_plain(server, data) for data in server.alive().values()] for name, server in world.servers.items()
    }
    option = orjson.OPT_SORT_KEYS
    sorted_goldens = sorted(orjson.dumps(item, option=option).decode() for item in goldens)
    sorted_remotes = {
        name: sorted(orjson.dumps(item, option=option).decode() for item in rows) for name, rows in remotes.items()
    }
    return orjson.dumps([sorted_goldens, sorted_remotes], option=option | orjson.OPT_INDENT_2).decode()


def _plain(server: SimulatedServer, data: dict[str, Any]) -> dict[str, Any]:
    """A document without generated ids: references by the name of what they refer to, rows in the order of their values."""
    found = {
        key: value for key, value in data.items() if key not in ("hub_id", "company_id") and value not in (None, [])
    }
    target = server.records.get(str(data.get("company_id")))
    if target is not None:
        found["company"] = target.data.get("name")
    for path in server.profile.parts:
        rows = [{k: v for k, v in row.items() if k != "id" and v} for row in data.get(path) or []]
        found[path] = sorted(rows, key=lambda row: orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
    return found


def disturbed(saved: Saved, mode: str, step: int) -> World:
    """Run once with the fault at this step (0: no fault), then until quiet."""
    world = again(saved)
    faults = world.faults
    assert isinstance(faults, OneFault)
    if mode == "lost request":
        faults.request = step
    elif mode == "lost reply":
        faults.reply = step
    elif step:
        world.kill = lambda _moment: world.machine.moment.count == step
    with simulated(world):
        act(world, saved)
        world.kill = None
        faults.request = faults.reply = 0
        if saved.past:
            act(world, saved)  # the same command does what is left
        settle(world)
        oracles.at_rest(world)
    return world


def act(world: World, saved: Saved) -> None:
    """The run that is disturbed: a sync, or the undo of one."""
    if saved.past:
        world.undo(saved.past)
    else:
        world.sync()


def steps(saved: Saved) -> dict[str, int]:
    """How many steps the undisturbed run has, by mode."""
    world = again(saved)
    faults = world.faults
    assert isinstance(faults, OneFault)
    with simulated(world):
        act(world, saved)
    found = {"crash": world.machine.moment.count, "lost request": faults.calls, "lost reply": faults.answers}
    world.close()
    return found


def run(scenario: Scenario, every: int = 1, only: tuple[str, int] | None = None) -> Report:
    """Disturb every n-th step of a scenario in every mode and compare with the undisturbed end."""
    report = Report(scenario.name)
    saved = prepare(scenario)
    calm = disturbed(saved, "crash", 0)
    expected, creates = ending(calm), sum(write.kind == "create" for write in calm.writes)
    report.failures += [f"undisturbed: {item.invariant}: {item.message}" for item in calm.violations]
    calm.close()
    for mode, number in steps(saved).items():
        for step in range(1, number + 1):
            if (only is None and step % every) or (only is not None and only != (mode, step)):
                continue
            report.points += 1
            world = disturbed(saved, mode, step)
            report.failures += _judge(world, f"{mode} at {step}", expected, creates)
            world.close()
    return report


def _judge(world: World, where: str, expected: str, creates: int) -> list[str]:
    found = [f"{where}: {item.invariant}: {item.message}" for item in world.violations]
    shown = ending(world)
    if shown != expected:
        lines = [line for line in shown.splitlines() if line not in expected.splitlines()]
        found.append(f"{where}: ends differently: {' '.join(lines)[:300]}")
    made = sum(write.kind == "create" for write in world.writes)
    if made != creates:
        found.append(f"{where}: {made} creates instead of {creates}")
    return found


def _one(job: tuple[str, int]) -> Report:
    name, every = job
    return run(next(item for item in SCENARIOS if item.name == name), every)


def run_all(names: Sequence[str] | None = None, every: int = 1, jobs: int = 1) -> Iterator[Report]:
    """All scenarios (or those named), in order."""
    known = [item.name for item in SCENARIOS]
    unknown = sorted(set(names or ()).difference(known))
    if unknown:
        raise SystemExit(f"unknown scenarios {', '.join(unknown)}; known are {', '.join(known)}")
    work = [(name, every) for name in names or known]
    if jobs <= 1:
        yield from map(_one, work)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(_one, work)
