"""Scenario g: people of the stub API into an empty table of SQLite, one way, by CRM Hub and (with --peers) by dlt and Singer.

They do not do the same: the others copy rows; CRM Hub also understands them, knows each customer, asks a person before it writes
so much, keeps what it did, and would see what changes in the table.  Every record must have arrived in each of them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks import formulas
from benchmarks.compared import Run, of_hub, of_peer
from benchmarks.folder import ONE_WAY, Folder
from benchmarks.peers import PROGRAMS, environment, timed
from benchmarks.scenarios import PAGE, floor, in_step, temporary
from benchmarks.server import TOKEN
from benchmarks.stub import Stub

_COLUMNS = (
    *("first_name", "last_name", "company", "job_title", "birthday", "language", "notes", "email", "email2"),
    *("mobile", "phone", "street", "street2", "postal_code", "city", "region", "country", "website"),
)
_PART = "one way"


class OneWay:
    """One size on one stub API.  peers: names of other programs to measure, too."""

    def __init__(
        self, stub: Stub, size: int, *, peers: Sequence[str] = (), database: Callable[[], str] | None = None
    ) -> None:
        self.stub, self.size, self._database = stub, size, database
        self._bins = {name: environment(name) for name in ("dlt", "singer") if name in peers}

    def turns(self) -> Generator[list[Run], None, None]:
        """Measure again and again; who is first changes with every turn.  All share the floor of their turn."""
        programs: list[Callable[[Path], Run]] = [self._hub]
        programs += [{"dlt": self._dlt, "singer": self._singer}[name] for name in self._bins]
        turn = 0
        while True:
            self.stub.setup(left={"size": self.size}, right={"size": 0})
            with temporary() as path:
                least = float(floor(path, [f"{self.stub.url}/left/people"]).report["work"])
            made = []
            place = turn % len(programs)
            for program in [*programs[place:], *programs[:place]]:
                self.stub.calls()
                with temporary() as path:
                    made.append(replace(program(path), floor=least))
            yield made
            turn += 1

    def _hub(self, path: Path) -> Run:
        target = path / "target.db"
        with closing(sqlite3.connect(target)) as database:
            columns = ", ".join(f"{name} TEXT" for name in _COLUMNS)
            database.execute(
                f"CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns}, crmhub_key TEXT UNIQUE)"
            )
        folder = Folder(path, self.stub.url, self._database() if self._database else "", ONE_WAY)
        folder.configure()
        seen, said = folder.sync()
        done, after = folder.sync("--approve", said["plan"]["approval"])
        in_step(after)
        wanted = 1 + formulas.reading(self.size, PAGE) + 1
        return of_hub(_PART, [seen, done], self.size, self._calls(), wanted, self._arrived(target, "last_name"))

    def _dlt(self, path: Path) -> Run:
        program = [str(self._bins["dlt"] / "python"), str(PROGRAMS / "dlt_pipeline.py")]
        cost = timed(path, [*program, f"{self.stub.url}/left", TOKEN, str(path)])
        return of_peer(_PART, "dlt", cost, self.size, self._calls(), self._arrived(path / "dlt.db", "lastname"))

    def _singer(self, path: Path) -> Run:
        tap, target = path / "tap.json", path / "target.json"
        tap.write_text(json.dumps({"url": f"{self.stub.url}/left", "token": TOKEN}), encoding="utf-8")
        target.write_text(json.dumps({"path": str(path / "singer.db")}), encoding="utf-8")
        python = str(self._bins["singer"] / "python")
        cost = timed(
            path,
            [python, str(PROGRAMS / "singer_tap.py"), "--config", str(tap)],
            [python, str(PROGRAMS / "singer_target.py"), "--config", str(target)],
        )
        return of_peer(_PART, "singer", cost, self.size, self._calls(), self._arrived(path / "singer.db", "lastname"))

    def _calls(self) -> int:
        return sum(self.stub.calls().values())

    def _arrived(self, path: Path, column: str) -> list[str]:
        with closing(sqlite3.connect(path)) as database:
            query = f"SELECT count(DISTINCT {column}), count(*) FROM people"  # noqa: S608  # names of this file
            found = database.execute(query).fetchone()
        return [] if found == (self.size, self.size) else [f"{found[1]} rows of {found[0]} people, not {self.size}"]
