"""One stress test: the connector's system on its bench, one in memory, people, faults and the hub between them."""

from __future__ import annotations

import random as random_
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any
from uuid import UUID

from hub.contract.connector import AnyConnector
from hub.contract.errors import HubError
from hub.loader import Registry
from hub.mapping.compile import compile_mapping
from hub.mapping.compiled import CompiledMapping
from hub.mapping.registry import load_mappings
from hub.mapping.spec import MappingSpec
from hub.mapping.transforms import Registry as Transforms
from hub.mapping.view import View
from hub.sync.engine import Engine, Result
from hub.sync.policy import Guards, Policy
from hub.sync.systems import Source, Systems
from hub.testing.kit.bench import Bench
from hub.testing.kit.wire import Answer, Fault, Sent
from hub.testing.memory import Document
from hub.testing.simulation.process import Killed, Machine
from hub.testing.stateful import fellow
from hub.testing.stateful.people import FIRST, People

SYNC = "stressed"
HOUR = 3600.0
PEOPLE = 8
"""Records in the beginning."""
_FAULTS: tuple[Fault | Answer, ...] = (
    "lost_request",
    "lost_reply",
    "cut_short",
    Answer(500),
    Answer(503, b"<html>Service Unavailable</html>", {"Content-Type": "text/html"}),
    Answer(200, b"<html>Please sign in</html>", {"Content-Type": "text/html"}),
    Answer(429, headers={"Retry-After": "1"}),
)
_HARMLESS = frozenset({"unavailable", "rate_limited", "outcome_unknown"})
"""What a system may be paused for while the wire is cut: everything else would keep a person busy for nothing."""


class NotPlayable(HubError):
    """This bench cannot be played: the text says why."""


class World:
    """Made for a bench that runs.  Raises NotPlayable, or what the connector raises when it is described."""

    def __init__(self, bench: Bench, registry: Registry, seed: int) -> None:
        self.bench, self.random = bench, Random(seed)
        self._fate, self._noise = Random(f"{seed} kills"), Random(f"{seed} wire")  # what one decides moves no other
        bench.freeze()
        self.system = bench.connector.name
        self.trace: list[str] = []
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        self.ahead = 0.0
        self._ids = self._killing = 0
        self._meddling = 0.0
        random_.seed(seed)  # the pauses between two tries are drawn
        self.machine = Machine(None, lambda: None)
        self._template(registry)
        self.server = fellow.draw_server(self.random, self.shape, lambda: bench.now().timestamp())
        self.policy = self._policy()
        self.people = People(
            self.system,
            bench,
            self.server,
            self.shape,
            bench.able,
            self.mapping.fields[self._field].direction == "both",
            self._document,
            self._seen,
            self.random,
            self.say,
        )

    # what both sides can hold

    def _template(self, registry: Registry) -> None:
        """Read a first record and find out what the text field is in the canonical schema."""
        connector = self.bench.connect()
        account, resource = connector.check(), self._resource(connector)
        if resource.record not in ("", "customer"):
            raise NotPlayable(f"{resource.name} holds no customers")
        spec = self._spec(registry, resource.mapping or f"{self.system}.{resource.name}")
        self.mapping: CompiledMapping = compile_mapping(
            spec,
            server_version=account.version or None,
            schema={item.path: item for item in connector.fields(resource.name)} or None,
            registry=Transforms(registry.transforms),
        )
        id_ = self.bench.person_creates(FIRST)
        data = dict(next(iter(connector.fetch(resource.name, [id_]))).data or {})
        before, after = (self._view({**data, self.bench.text: text}) for text in ("q0q", "q1q"))
        shape = fellow.shape_of(spec, self.mapping, before, after)
        if shape is None:
            raise NotPlayable(f"the mapping shows {self.bench.text!r} in no text of a customer")
        self.shape, self._sample = shape, data
        self._field = "name" if shape.text.startswith("name.") else shape.text
        self.fellow_mapping = shape.mapping()

    def _resource(self, connector: AnyConnector) -> Any:
        return next(item for item in connector.resources() if item.name == self.bench.resource)

    def _spec(self, registry: Registry, name: str) -> MappingSpec:
        found = load_mappings(registry.mapping_folders()).get(name)
        if found is None:
            raise NotPlayable(f"there is no mapping {name}", hint="Put it into the folder mappings of the package")
        return found

    def _view(self, data: Mapping[str, Any]) -> View:
        found = self.mapping.get(data)
        if found is None:
            raise NotPlayable("the mapping selects none of the bench's records")
        return found

    def _document(self, number: int) -> Document:
        """The bench's record of that number, as somebody types it into the system in memory."""
        return self.shape.document(self._view({**self._sample, **self.bench.document(number)}))

    def _seen(self, id_: str) -> Document:
        """A record that is in the connector's system, as somebody types it into the other one."""
        connector = self.bench.connect()
        (record,) = connector.fetch(self.bench.resource, [id_])
        return self.shape.document(self._view(record.data or {}))

    def _policy(self) -> Policy:
        systems = [self.system, fellow.SYSTEM]
        self.random.shuffle(systems)
        return Policy(
            tuple(systems),
            delete=dict.fromkeys(systems, "propagate"),
            delete_any=frozenset(systems),
            guards=Guards((10_000, 1.0), (10_000, 1.0), 1.0, (10_000, 1.0), 1.0, 1.0, 1.0),
        )

    # what happens

    def say(self, who: str, what: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{who:<12} {what}")

    def accuse(self, what: str) -> None:
        """Something is wrong."""
        if what not in self.wrong:
            self.wrong.append(what)
            self.say("WRONG", what)

    def begin(self) -> None:
        """Some customers, a few of them in both systems."""
        for number in range(PEOPLE):
            if self.shape.known and number % 4 == 0:
                self.people.enter_twice()
            elif "create" in self.people.able.writes and number % 2:
                self.people.enter(fellow.SYSTEM)
            else:
                self.people.enter(self.system)

    def live(self) -> None:
        """One round: people work, runs are interrupted, people work on, a run may come through."""
        for _ in range(self.random.randint(1, 5)):
            self.people.act()
        while self.random.random() < 0.6:
            if self.random.random() < 0.15 and self.bench.expire_token():
                self.say(self.system, "ends all sessions")
            self.run(killing=self.random.choice([0, 0, 8, 25]), meddling=self.random.choice([0.0, 0.1, 0.3]))
            if self.random.random() < 0.5:
                self.people.act()
        if self.random.random() < 0.7:
            self.run()

    def run(self, *, killing: int = 0, meddling: float = 0.0, reconcile: bool = False) -> Result | None:
        """One run of the hub, an hour after the last; None if it was killed.

        killing: it dies at one in so many moments (0: never); meddling: share of requests that fail.
        """
        self.bench.later(HOUR)
        self.ahead += 0.0 if self.bench.moves_clock else HOUR
        self._killing, self._meddling = killing, meddling
        self.counts["runs"] += 1
        self.say("hub", f"run {self.counts['runs']}")
        self.machine.moment.kill = self._dies
        try:
            with self._meddled():
                result = self._approved({"reconcile": 0.0} if reconcile else {})
        except Killed:
            self.counts["killed"] += 1
            self.say("hub", "KILLED")
            self.machine.restart()
            return None
        finally:
            self._killing = 0
        paused = {name: f"{item.code}: {item}" for name, item in result.paused.items()}
        self.say("hub", f"{result.state}, applied {result.applied}, paused {paused}")
        for name, error in result.paused.items():
            if error.code not in _HARMLESS or not meddling:
                self.accuse(f"{name} was paused: {paused[name]}")
        return result

    def _dies(self, _moment: str) -> bool:
        return bool(self._killing) and self._fate.random() < 1 / self._killing

    @contextmanager
    def _meddled(self) -> Iterator[None]:
        wire = self.bench.wire
        if wire is not None:
            wire.meddle(self._fault if self._meddling else None)
        try:
            yield
        finally:
            if wire is not None:
                wire.meddle(None)

    def _fault(self, sent: Sent) -> Fault | Answer | None:
        if self._noise.random() >= self._meddling:
            return None
        chosen = self._noise.choice(_FAULTS)
        self.counts["faults"] += 1
        self.say("wire", f"{chosen.status if isinstance(chosen, Answer) else chosen} {sent.method}")
        return chosen

    def _approved(self, options: dict[str, Any]) -> Result:
        result = self._engine(options).sync()
        if result.held and result.plan is not None:
            result = self._engine(options).sync(approve=result.plan.hash())
        return result

    def _engine(self, options: dict[str, Any]) -> Engine:
        """A new engine with new connectors: nothing is kept in the process between runs."""
        connector = self.bench.connect()
        able = self._resource(connector).capabilities
        ours = fellow.connect(self.server)
        sources = [
            Source(self.system, self.bench.resource, self.watched(self.system, connector), self.mapping, able),
            Source(
                fellow.SYSTEM,
                fellow.RESOURCE,
                self.watched(fellow.SYSTEM, ours),
                self.fellow_mapping,
                ours.resources()[0].capabilities,
            ),
        ]
        return Engine(
            self.machine.store,
            Systems(sources),
            self.policy,
            SYNC,
            clock=lambda: self.bench.now().timestamp() + self.ahead,
            new_id=self._new_id,
            **options,
        )

    def _new_id(self) -> str:
        self._ids += 1
        return str(UUID(int=(0x0190 << 112) | (7 << 76) | (8 << 60) | self._ids))

    def watched(self, system: str, connector: AnyConnector) -> AnyConnector:
        """The process may die between two pages and between two receipts; writes are counted."""
        changes, write, world = connector.changes, connector.write, self

        def watched_changes(resource: str, cursor: Any = None) -> Iterator[Any]:
            for page in changes(resource, cursor):
                world.machine.moment.reach("page")
                yield page

        def watched_write(resource: str, ops: Any) -> Iterator[Any]:
            world.say("hub", f"writes {', '.join(f'{op.kind} {op.id or op.key}' for op in ops)} to {system}")
            for receipt in write(resource, ops):
                world.counts["writes"] += receipt.error is None
                if receipt.error is not None:
                    world.say(system, f"{receipt.id or receipt.key}: {receipt.error!r}")
                world.machine.moment.reach("receipt")
                yield receipt

        setattr(connector, "changes", watched_changes)  # noqa: B010  # a method, replaced on this one object
        setattr(connector, "write", watched_write)  # noqa: B010
        return connector

    def close(self) -> None:
        self.machine.close()
