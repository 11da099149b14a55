"""A simulated day: two processes that serve one store, five systems in memory, faults and people; a clock that is moved
by hand.  Scheduler, store, engine and decisions are the real ones; what is simulated is time, death and the network."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hub.bootstrap import UsageProblem
from hub.config.model import Config, Connection, Hub, Sync
from hub.config.timing import Serving, Timing, parse_quiet, parse_schedule
from hub.connected import Unreachable
from hub.contract.connector import Connector, ConnectorConfig, Context
from hub.contract.errors import ConnectorError, RateLimited, Rejected
from hub.contract.notices import Notice
from hub.contract.records import Hint, Subscription
from hub.mapping.compile import compile_mapping
from hub.mapping.parse import parse_mapping
from hub.service.caretaker import Caretaker
from hub.service.desk import Desk, LeaseLost, open_desk
from hub.service.lease import Lease
from hub.service.post import deliver
from hub.service.scheduler import Report, Scheduler
from hub.state import Subscribed
from hub.store.errors import Locked
from hub.store.store import open_store
from hub.sync.engine import Engine, Result
from hub.sync.policy import Policy
from hub.sync.systems import Source, Systems
from hub.testing.memory import MemoryConnector, MemoryServer, Traits
from tests.engine.world import HEAD, PLAIN, empty_store

HOUR = 3600.0
TICK = 20.0
START = 1_796_083_200.0
"""2026-12-01 00:00 UTC, a Tuesday."""
SYSTEMS = ("a", "b", "c", "d", "e")


class Killed(BaseException):
    """The process died: nothing of it runs any more, not even its ``except`` clauses for ordinary errors."""


def schedule(text: str, **more: Any) -> Timing:
    quiet = tuple(parse_quiet(item) for item in more.pop("quiet", ()))
    return Timing(parse_schedule(text), text=text, quiet=quiet, **more)


SYNCS = {
    "customers": schedule("every 15m", fresh=HOUR),
    "daily": schedule("cron 0 7 * * *"),
    "office": schedule("every 40m", quiet=["22:00-06:00"]),
}


@dataclass(slots=True)
class Run:
    """One run as an observer saw it."""

    sync: str
    process: str
    started: float
    ended: float | None = None


class Remote(Connector[ConnectorConfig]):
    """What a system says about its webhooks to the hub: "active", "disabled" or "refused"."""

    name = "memory"
    Config = ConnectorConfig
    check = resources = changes = fetch = None  # only webhooks are asked for

    def __init__(self, day: Day, system: str) -> None:
        self._day, self._system = day, system

    def subscribe(self, url: str) -> list[Subscription]:
        state = self._day.hooks[self._system]
        if state == "refused":
            raise Rejected("the right to webhooks was taken away", where=self._system)
        self._day.hooks[self._system] = "active"
        return [Subscription("1", "all", url, mended="woken" if state == "disabled" else "")]


Remote.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]  # the same


class Opened:
    """What the caretaker opens: the systems of the day."""

    def __init__(self, day: Day) -> None:
        self.day, self.config = day, day.config

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, name: str) -> Any:
        if name not in self.day.hooks:
            raise UsageProblem(f"{name} has no webhooks")
        return SimpleNamespace(connector=Remote(self.day, name))


@dataclass
class Day:
    """The world.  at: things that happen at an hour of the day, each once."""

    folder: Path
    seed: int
    now: float = START
    servers: dict[str, MemoryServer] = field(default_factory=dict)
    faults: dict[str, ConnectorError] = field(default_factory=dict)
    calls: dict[str, list[float]] = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    going: list[Run] = field(default_factory=list)
    lock: str = ""
    sent: list[tuple[float, Notice]] = field(default_factory=list)
    at: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    during: list[tuple[float, Callable[[Process], None]]] = field(default_factory=list)
    """Things that happen in the middle of the first run after an hour."""
    events: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    hooks: dict[str, str] = field(default_factory=lambda: {"a": "active", "b": "active"})
    """System -> how its webhooks to the hub are."""
    heard: list[tuple[float, str]] = field(default_factory=list)
    """Hints that a process took, and of which system."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.path = self.folder / "hub.db"
        self.path.write_bytes(empty_store())
        self._ids = itertools.count(1)
        for name in SYSTEMS:
            server = self.servers[name] = MemoryServer(Traits(), lambda: self.now)
            server.fault = self._fault(name)
            self.calls[name] = []
        syncs = {name: Sync(name, SYSTEMS, Policy(SYSTEMS), timing=timing) for name, timing in SYNCS.items()}
        hub = Hub(self.folder, self.folder)
        notifier: dict[str, Any] = {"office": None}
        connections = {name: Connection(name, "memory") for name in SYSTEMS}
        serving = Serving(first=60, longest=1800, public_url="https://hub.firm.example")
        self.config = Config(self.folder / "c.toml", hub, connections, syncs, notifier, serving)
        self._deliveries = itertools.count(1)
        self.processes = [Process("one", self), Process("two", self)]

    def _fault(self, name: str) -> Callable[[str, int], ConnectorError | None]:
        def fault(call: str, _number: int) -> ConnectorError | None:
            if call == "changes":
                self.calls[name].append(self.now)
            return self.faults.get(name)

        return fault

    # time

    def hour(self, number: float) -> float:
        return START + number * HOUR

    def pass_until(self, end: float, running: Process | None = None) -> None:
        """Let time pass: things happen, processes look after their work."""
        while self.now < end:
            self.now = min(end, self.now + TICK)
            for item in [item for item in self.at if item[0] <= self.now]:
                self.at.remove(item)
                item[1]()
            if running is not None and not running.alive:
                raise Killed
            for process in self.processes:
                process.tick(inside=process is running)

    # webhooks

    def subscribe(self) -> None:
        """A person has had the webhooks of two systems made."""
        store = open_store(self.path)
        for name in self.hooks:
            store.inbox.saw(Subscribed(name, wanted=True))
        store.close()

    def tell(self, system: str, *ids: str) -> bool:
        """A system sends a webhook; nobody hears it if no process serves, or if it is switched off."""
        serving = next((item for item in self.processes if item.alive and not item.asleep and item.lease), None)
        if serving is None or self.hooks.get(system) != "active":
            return False
        serving.desk.inbox.put(system, [Hint("contacts", list(ids))], f"d{next(self._deliveries)}", self.now)
        self.heard.append((self.now, system))
        return True

    # systems

    def sources(self, holds: Mapping[str, ConnectorError]) -> list[Source]:
        found = []
        for name, server in self.servers.items():
            connector: Any = MemoryConnector(server, Context(name, lambda: None, self.folder))  # type: ignore[arg-type, return-value]  # no HTTP in memory
            capabilities = connector.resources()[0].capabilities
            text = HEAD.format(name=name) + PLAIN.replace("{fields}", "")
            mapping = compile_mapping(parse_mapping(text, name=f"{name}.contacts", file=f"{name}.toml"))
            if name in holds:
                connector = Unreachable(connector, holds[name])
            found.append(Source(name, "contacts", connector, mapping, capabilities))
        return found

    def engine(self, store: Any, sync: str, holds: Mapping[str, ConnectorError], progress: Any = None) -> Engine:
        more = {} if progress is None else {"progress": progress}
        return Engine(
            store,
            Systems(self.sources(holds)),
            Policy(SYSTEMS),
            sync,
            clock=lambda: self.now,
            new_id=lambda: f"id{next(self._ids):06d}",
            **more,
        )

    def by_hand(self, sync: str) -> Result:
        """A person syncs and approves what is shown."""
        store = open_store(self.path)
        try:
            plan = self.engine(store, sync, {}).read("plan").plan
            assert plan is not None
            return self.engine(store, sync, {}).sync(approve=plan.approval())
        finally:
            store.close()

    def everything(self, system: str) -> list[tuple[str, str, str]]:
        rows = self.servers[system].alive().values()
        return sorted((row["name"], row.get("email") or "", row.get("notes") or "") for row in rows)


class Process:
    """One process that serves: what hub.service.process does with threads and signals, done by the day's clock."""

    def __init__(self, name: str, day: Day) -> None:
        self.name, self.day = name, day
        self.alive = self.asleep = False
        self.lives = 0
        self._store: Any = None

    def start(self) -> None:
        self.lives += 1
        self.alive, self.asleep = True, False
        self.desk: Desk = open_desk(self.day.path)
        self.scheduler = Scheduler(self.desk, self.day.config, self, lambda: self.day.now, self._log)
        self.lease: Lease | None = None
        self.caretaker = Caretaker(
            self.desk,
            lambda: self.day.config,
            lambda _config: Opened(self.day),  # type: ignore[arg-type, return-value]  # all that it uses of an App
            lambda: self.day.now,
            self._log,
        )
        self._wake = 0.0
        self._me = Lease(f"{self.name}{self.lives}", self.name, "here", 0, 0.0, 0.0)

    def kill(self) -> None:
        """kill -9: what is open is gone, what the operating system holds is given back."""
        self.alive = False
        if self.day.lock == self.name:
            self.day.lock = ""
        self.day.going = [run for run in self.day.going if run.process != self.name]
        self.desk.close()
        if self._store is not None:
            self._store.close()

    def _log(self, event: str, /, **fields: Any) -> None:
        self.day.events.append((self.day.now, event, {"process": self.name, **fields}))

    def tick(self, *, inside: bool = False) -> None:
        """Heartbeat, election, and work if it is time; ``inside`` a run only the heartbeat goes on."""
        if not self.alive or self.asleep:
            return
        if self.lease is not None:
            try:
                self.desk.beat(self.lease, self.day.now)
                if self.caretaker.look() and not inside:
                    self._wake = min(self._wake, self.day.now)
            except LeaseLost:
                self._lose()
        if inside or any(run.process == self.name for run in self.day.going):
            return
        if self.lease is None:
            alone = not any(item.alive for item in self.day.processes if item is not self)
            self.lease = self.scheduler.lease = self.desk.take(self._me, self.day.now, alone=alone)
            if self.lease is None:
                return
            self._wake = 0.0
        try:
            if self._wake == 0.0:
                self.scheduler.arrange()
                self.caretaker.begin()
            if self.day.now >= self._wake or self.scheduler.due():
                while self.scheduler.step():
                    pass
                self._wake = self.scheduler.wake_at()
                deliver(self.desk, self._send, self.day.now, self._log)
        except LeaseLost:
            self._lose()
        except Killed:
            pass

    def _lose(self) -> None:
        """It sees that another one serves."""
        self.lease = None
        self._log("lease_lost")

    def _send(self, _notifier: str, notice: Notice) -> None:
        self.day.sent.append((self.day.now, notice))

    # hub.service.scheduler.Runner

    def run(self, config: Config, sync: Sync, holds: Mapping[str, ConnectorError]) -> Report:
        day = self.day
        if day.lock:
            raise Locked("busy", holder=day.lock)
        day.lock = self.name
        seen = Run(sync.name, self.name, day.now)
        day.runs.append(seen)
        day.going.append(seen)
        assert len(day.going) == 1, "two runs at once"
        store = self._store = open_store(day.path)
        took = day.rng.choice([5.0, 30.0, 90.0, 240.0])

        def progress(step: str, _system: str, _done: int, _total: int | None) -> None:
            if step == "link":  # everything is read, nothing is written yet
                for item in [item for item in day.during if item[0] <= day.now]:
                    day.during.remove(item)
                    item[1](self)
                if not self.alive:
                    raise Killed
                day.pass_until(day.now + took, self)
                while self.asleep:
                    day.pass_until(day.now + TICK, self)

        try:
            result = day.engine(store, sync.name, holds, progress).sync()
        except BaseException:
            if self.alive:
                raise
            raise Killed from None  # a dead process writes nothing about its end: its store is closed
        finally:
            store.close()
            if self.alive:
                day.lock = ""
                day.going.remove(seen)
                seen.ended = day.now
        return Report(result.run, result.state, dict(result.paused), {}, None, result)

    def fingerprint(self, config: Config, connection: str) -> str:
        return self.day.secret.get(connection, "first")


def limited(seconds: float) -> RateLimited:
    return RateLimited("too many calls", retry_after=seconds)
