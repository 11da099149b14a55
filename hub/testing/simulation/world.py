"""One simulated world: systems, users, faults and the hub, all driven by one seed and one virtual clock."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, cast

from hub.contract.connector import Context
from hub.contract.records import Op, Receipt, Record
from hub.sync.engine import Engine, Result
from hub.sync.policy import Policy
from hub.sync.systems import Source, Systems
from hub.testing.memory import Document
from hub.testing.simulation.disks import Place
from hub.testing.simulation.faults import CALLS, Faults
from hub.testing.simulation.lineage import Lineage, tokens, without_private
from hub.testing.simulation.person import Person
from hub.testing.simulation.process import Killed, Machine
from hub.testing.simulation.profile import Profile
from hub.testing.simulation.remote import RESOURCE, SimulatedConnector, SimulatedServer
from hub.testing.simulation.users import Users

HOUR = 3600.0
SYNC = "simulated"


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant: what was found, in words that name system, record and value."""

    invariant: str
    message: str


@dataclass(frozen=True, slots=True)
class Write:
    """A write as the server carried it out."""

    run: int
    system: str
    kind: str
    id: str
    op: Op
    before: Document
    after: Document


class LogTrap(logging.Handler):
    """Collects everything that is logged while a world is played."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    def take(self) -> list[str]:
        """What was logged since the last call."""
        found, self._lines = self._lines, []
        return found


IN_WINDOW = ("write", "receipt")
"""Moments between the looks at the records of a batch and the writes to them."""


@dataclass(slots=True)
class World:
    """Everything of one seed.  ``sync`` runs the hub once; ``violations`` collects what the oracles find."""

    profiles: Sequence[Profile]
    policy: Policy
    random: Random
    faults: Faults
    place: Place = None
    """Where the store is."""
    offsets: dict[str, float] = field(default_factory=dict)
    meddling: float = 0.0
    windows: bool = True
    """Whether users also act between the look at a record and the write to it where no write is conditional."""
    deciding: float = 0.0
    """How often a person decides something between two runs."""
    now: float = 1_800_000_000.0
    set_back: float = 0.0
    """Seconds by which the clock jumped back altogether: so much later than its effect a cause may be stamped."""
    runs: int = 0
    crashes: int = 0
    approve: bool = True
    undoing: bool = False
    """Whether a run is being undone."""
    trace: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    hazards: set[str] = field(default_factory=set)
    """Known hazards that were met: excused, and counted (docs/reliability.md)."""
    writes: list[Write] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    plans: list[Any] = field(default_factory=list)
    servers: dict[str, SimulatedServer] = field(default_factory=dict)
    connectors: dict[str, SimulatedConnector] = field(default_factory=dict)
    lineage: Lineage = field(default_factory=Lineage)
    after_write: list[Callable[[World, Write], None]] = field(default_factory=list)
    after_run: list[Callable[[World, Result], None]] = field(default_factory=list)
    after_stop: list[Callable[[World], None]] = field(default_factory=list)
    """Called after every run, also one that was killed (on what it left)."""
    machine: Machine = field(init=False)
    users: Users = field(init=False)
    person: Person = field(init=False)
    kill: Callable[[str], bool] | None = None
    log: LogTrap = field(default_factory=LogTrap)
    _acting: bool = False
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.machine = Machine(self.place, self._committed)
        self.users = Users(self, self.lineage, self.random)
        self.person = Person(self, self.random)
        for profile in self.profiles:
            server = SimulatedServer(profile, self)
            context = Context(profile.name, cast(Any, None), Path())  # there is no HTTP in memory
            self.servers[profile.name] = server
            self.connectors[profile.name] = SimulatedConnector(server, context)

    # what happens

    def say(self, who: str, what: str, values: str = "") -> None:
        """One line of the trace."""
        self.trace.append(f"{self.now - 1_800_000_000.0:12.1f}  {who:<12} {what:<26} {values}")

    def violate(self, invariant: str, message: str) -> None:
        found = Violation(invariant, message)
        if found not in self.violations:
            self.violations.append(found)
            self.say("VIOLATION", invariant, message)

    def step(self, server: SimulatedServer, call: str, ops: Sequence[Op] = ()) -> None:
        """A moment of a call: the process may die, users may act, and the call may fail."""
        moment = self.machine.moment
        if moment.dead:
            raise Killed
        self.say("hub", f"{call} {server.profile.name}", " ".join(f"{op.kind} {op.id or op.key}" for op in ops))
        moment.reach(call)
        meddles = not self._acting and self.meddling and self.random.random() < self.meddling
        if meddles and (self.windows or call not in IN_WINDOW or server.traits.conditional):
            self._acting = True
            self.users.act(server if self.random.random() < 0.6 else None)
            self._acting = False
        if call in CALLS:
            server.calls += 1
            self.faults.at_call(server, call)

    def handed(self, server: SimulatedServer, records: Sequence[Record]) -> None:
        """The hub was given these records."""
        mapping = server.profile.mapping()
        for record in records:
            if record.data is not None and record.error is None:
                self.lineage.hand(tokens(without_private(mapping.prune(record.data))))

    def _committed(self) -> None:
        self.lineage.committed()

    def writing(self, server: SimulatedServer, ops: Sequence[Op]) -> None:
        if not server.traits.conditional:
            blind = [op.id for op in ops if op.kind != "create" and op.id not in server.verified]
            if blind:
                self.violate("verified", f"{server.profile.name}: {blind} written without a look just before")

    def wrote(self, server: SimulatedServer, op: Op, receipt: Receipt, before: Document) -> None:
        """A write of the hub was carried out."""
        assert receipt.id is not None
        record = server.records[receipt.id]
        after = {} if op.kind == "delete" else dict(record.data)
        write = Write(self.runs, server.profile.name, op.kind, receipt.id, op, before, after)
        self.writes.append(write)
        self.say(server.profile.name, f"carries out {op.kind} {receipt.id}", str(dict(op.data)))
        for check in self.after_write:
            check(self, write)
        if op.kind == "create":
            server.made[receipt.id] = op.key
            server.touched.discard(receipt.id)

    # the hub

    def sources(self) -> list[Source]:
        found = []
        for profile in self.profiles:
            connector = self.connectors[profile.name]
            found.append(
                Source(
                    profile.name,
                    RESOURCE,
                    connector,
                    profile.mapping(),
                    connector.resources()[0].capabilities,
                    writable=not profile.has("read_only"),
                    calls=lambda server=self.servers[profile.name]: server.calls,  # type: ignore[misc]
                )
            )
        return found

    def engine(self, **options: Any) -> Engine:
        """A new engine on the machine's store: nothing is kept in the process between runs."""
        return Engine(
            self.machine.store,
            Systems(self.sources(), self.offsets),
            self.policy,
            SYNC,
            clock=lambda: self.now,
            new_id=self.new_id,
            **options,
        )

    def new_id(self) -> str:
        return f"id{next(self._ids):05d}"

    def sync(self, **options: Any) -> Result | None:
        """One run of the hub, an hour after the last; None if the process was killed (it is started again then)."""
        return self._run(lambda: self._approved(options))

    def undo(self, past: str, **options: Any) -> Result | None:
        """A person looks at what undoing a run means and approves it, if it is still that; None if the process was killed."""
        self.undoing = True
        try:
            return self._run(lambda: self._undone(past, options))
        finally:
            self.undoing = False

    def _undone(self, past: str, options: dict[str, Any]) -> Result:
        shown = self.engine(**options).undo(past)
        assert shown.undo is not None
        self.say("person", f"undoes {past}", f"{len(shown.undo.back)} back, {len(shown.undo.kept)} kept")
        return self.engine(**options).undo(past, approve=shown.undo.hash())

    def _run(self, work: Callable[[], Result]) -> Result | None:
        self.now += HOUR
        self.runs += 1
        self.faults.broken.clear()
        self.plans.clear()
        self.say("hub", f"run {self.runs}")
        moment = self.machine.moment
        moment.kill = self.kill or self._dies
        moment.count = 0
        try:
            result = work()
        except Killed:
            self.crashes += 1
            self.say("hub", "KILLED")
            self.lineage.killed()
            self.machine.restart()
            for stopped in self.after_stop:
                stopped(self)
            return None
        finally:
            self.machine.moment.kill = lambda _moment: False
        self.say("hub", f"run ends {result.state}", f"applied {result.applied}, paused {sorted(result.paused)}")
        self.results.append(result)
        for check in self.after_run:
            check(self, result)
        for stopped in self.after_stop:
            stopped(self)
        return result

    def _approved(self, options: dict[str, Any]) -> Result:
        """A run; where guards hold something back, a person approves what they saw (if it is that kind of world)."""
        result = self.engine(**options).sync()
        if result.held and self.approve and result.plan is not None:
            self.say("person", "approves", ", ".join(sorted({trip.guard for trip in result.held})))
            result = self.engine(**options).sync(approve=result.plan.hash())
        return result

    def _dies(self, _moment: str) -> bool:
        return self.faults.strikes("kill", 0.3)

    def total_writes(self) -> int:
        return len(self.writes)

    def digest(self) -> str:
        """A hash of the trace and of the whole store: equal for equal seeds."""
        text = "\n".join(self.trace) + self.machine.dump()
        return hashlib.sha256(text.encode()).hexdigest()

    def close(self) -> None:
        self.machine.close()
