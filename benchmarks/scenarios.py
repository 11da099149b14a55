"""The scenarios: what is prepared, what is measured, what the numbers of calls must be.

a  first sync and link: two systems with N people each, three of five in both; one of twenty differs
b  no change: N linked pairs, nothing happened
c  1 % of the people changed in one system
d  reconcile: both systems are listed, nothing happened
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks import formulas
from benchmarks.folder import SYSTEMS, Failed, Folder, Measured, measure
from benchmarks.people import person
from benchmarks.server import TOKEN
from benchmarks.state import seed
from benchmarks.stub import ROOT, Stub

PAGE = BATCH = 100
LATENCY = 0.05
"""Seconds of an answer of a system in the cloud (h)."""
SETTLED = 3600.0
"""Seconds after which nothing that was written is read again by the next poll."""


@dataclass(slots=True)
class Turn:
    """One measurement of one scenario, the hub's and the floor's."""

    hub: list[Measured]
    floor: Measured
    calls: int
    formula: int
    written: tuple[int, int]
    expected: tuple[int, int]
    """Records created and changed in both systems: written, and what must have been."""
    routes: dict[str, int] = field(default_factory=dict)
    state: int | None = None
    """Bytes of the store, where that was looked at."""

    @property
    def cpu(self) -> float:
        return sum(item.cpu for item in self.hub)

    @property
    def seconds(self) -> float:
        return sum(item.seconds for item in self.hub)

    @property
    def rss(self) -> float:
        return max(item.rss for item in self.hub)

    @property
    def statements(self) -> int:
        return sum(int(item.report["statements"]) for item in self.hub)


Turns = Generator[Turn, None, None]


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder that is removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="crmhub-benchmark-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


class Bench:
    """One size on one stub.  database: makes the URL of an empty PostgreSQL store, for another store than SQLite."""

    def __init__(
        self, stub: Stub, size: int, *, database: Callable[[], str] | None = None, trace: bool = False
    ) -> None:
        self.stub, self.size, self._database = stub, size, database
        self.trace = trace
        self._shared: Folder | None = None
        self.profile: Path | None = None

    @contextmanager
    def folder(self) -> Iterator[Folder]:
        """A folder that is removed at the end."""
        with temporary() as path:
            yield Folder(path, self.stub.url, self._database() if self._database else "")

    def turns(self, scenario: str) -> Turns:
        """Measure again and again; the preparation is not measured."""
        match scenario:
            case "a":
                return self.first_sync()
            case "b":
                return self.no_change()
            case "c":
                return self.changed()
            case "d":
                return self.reconcile()
        return self.first_sync(latency=LATENCY)

    # the scenarios

    def first_sync(self, *, latency: float = 0.0) -> Turns:
        """latency: seconds that every answer takes longer."""
        size = self.size
        shared = size * 3 // 5
        apart = size - shared
        without = sum(1 for place in range(shared) if place % 20 == 0 and _has_job(apart + place))
        while True:
            with self.folder() as folder:
                folder.configure()
                self.stub.setup(left={"size": size}, right={"first": apart, "size": size, "without": "jobtitle"})
                least = self._floor(folder, "people")
                self.stub.switch(latency=latency)
                self.stub.calls()
                seen, said = self._run(folder)
                done, after = self._run(folder, "--approve", said["plan"]["approval"])
                in_step(after)
                yield self._turn(
                    [seen, done],
                    least,
                    formulas.first_sync([size] * 2, [apart] * 2, [0, without], PAGE, BATCH),
                    (_written(after, "create"), _written(after, "update")),
                    (2 * apart, without),
                )

    def no_change(self) -> Turns:
        with self._seeded() as folder:
            while True:
                least = self._floor(folder, "people?since=2026-03-01T01:00:00%2B00:00")
                self.stub.calls()
                done, said = self._run(folder)
                in_step(said)
                made = self._turn([done], least, formulas.no_change(len(SYSTEMS)), _both(said), (0, 0))
                made.state = folder.state()
                yield made

    def changed(self) -> Turns:
        number = max(1, self.size // 100)
        with self._seeded() as folder:
            turn = 0
            while True:
                turn += 1
                self.stub.switch(work={"system": "left", "number": number, "mark": str(turn)})
                done = None
                self.stub.calls()
                done, said = self._run(folder)
                in_step(said)
                made = self._turn(
                    [done], done, formulas.changed(number, len(SYSTEMS), PAGE, BATCH), _both(said), (0, number)
                )
                made.floor = self._floor(folder, f"people?since=2026-03-01T01:00:00%2B00:00&turn={turn}", only="left")
                yield made
                self.stub.switch(clock=SETTLED)
                self._run(folder)
                self.stub.switch(clock=SETTLED)

    def reconcile(self) -> Turns:
        with self._seeded() as folder:
            folder.configure(reconcile="0s")
            while True:
                least = self._floor(folder, "versions")
                self.stub.calls()
                done, said = self._run(folder)
                in_step(said)
                yield self._turn([done], least, formulas.reconcile([self.size] * 2, PAGE), _both(said), (0, 0))

    # their parts

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """One prepared store for all scenarios in the block, which then cannot take turns: for sizes at which a store takes
        minutes and gigabytes."""
        with self._seeded() as folder:
            self._shared = folder
            yield
            self._shared = None

    @contextmanager
    def _seeded(self) -> Iterator[Folder]:
        if self._shared is not None:
            self._shared.configure()
            yield self._shared
            return
        with self.folder() as folder:
            begun = time.perf_counter()
            seed(folder, self.stub, self.size)
            print(f"size {self.size}: prepared in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
            yield folder

    def _run(self, folder: Folder, *words: str) -> tuple[Measured, dict[str, Any]]:
        return folder.sync(*words, profile=self.profile, trace=self.trace)

    def _floor(self, folder: Folder, path: str, *, only: str = "") -> Measured:
        """Read what the hub has to read, and store it raw."""
        urls = [f"{folder.url}/{name}/{path}" for name in SYSTEMS if only in ("", name)]
        return floor(folder.path, urls)

    def _turn(
        self, hub: list[Measured], floor: Measured, formula: int, written: tuple[int, int], expected: tuple[int, int]
    ) -> Turn:
        routes = self.stub.calls()
        return Turn(hub, floor, sum(routes.values()), formula, written, expected, routes)


def floor(path: Path, urls: Sequence[str]) -> Measured:
    """Read the pages from each URL on, and store them raw."""
    report = path / "floor.json"
    for file in path.glob("floor.*"):
        file.unlink()
    command = [sys.executable, "-m", "benchmarks.floor", str(path / "floor.db"), TOKEN, *urls]
    environment = {"BENCHMARK_REPORT": str(report), "PYTHONPATH": str(ROOT)}
    done = measure(command, cwd=path, environment=environment, report=report)
    if done.code:
        raise Failed(f"the floor ended with {done.code}: {done.out}")
    return done


def _has_job(number: int) -> bool:
    return bool(person(number)["jobtitle"])


def _written(said: dict[str, Any], kind: str) -> int:
    return sum(int(item[kind]) for item in said["plan"]["systems"].values())


def _both(said: dict[str, Any]) -> tuple[int, int]:
    return _written(said, "create"), _written(said, "update")


def in_step(said: dict[str, Any]) -> None:
    """A run that is fast because it did not do its work is worth nothing."""
    wrong = [item for item in said["accounts"] if not item["ok"] or item["in_sync"] != item["total"]]
    if said["state"] != "success" or wrong:
        raise Failed(f"the run was no success: {said['state']}, {wrong}")


def changes_of(size: int) -> int:
    """How many records change in scenario c."""
    return max(1, size // 100)


def pages_of(size: int) -> int:
    """Pages of a whole system."""
    return ceil(size / PAGE)
