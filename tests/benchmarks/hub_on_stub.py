"""A hub on two systems of the benchmark's stub API, all in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.api import System
from benchmarks.folder import SYSTEMS, Folder
from benchmarks.server import Handler
from benchmarks.server import Stub as Api
from hub.bootstrap import App
from hub.config.read import read_config
from hub.sync.engine import Result


@dataclass(slots=True)
class Ran:
    """One run: calls and SQL statements that it made.  sql: their text, if it was asked for."""

    result: Result
    calls: int
    statements: int
    sql: list[str] = field(default_factory=list)


@dataclass(slots=True)
class HubOnStub:
    """A folder with a hub, and the API that it talks to."""

    folder: Folder
    api: Api

    @property
    def systems(self) -> dict[str, System]:
        return self.api.systems

    def begin(self, page: int, left: System, right: System) -> None:
        """Other systems, with answers of so many records."""
        self.api.systems, self.api.page = dict(zip(SYSTEMS, (left, right), strict=True)), page

    def wait(self) -> None:
        """Time goes by on the API's clock, so that what was written is not read again."""
        for system in self.systems.values():
            system.clock += 3600

    def run(self, approve: str | None = None, *, reconcile: str = "24h", trace: bool = False) -> Ran:
        """One run of the sync, opened and closed as a process does."""
        self.folder.configure(reconcile=reconcile)
        self.api.calls.clear()
        sql: list[str] = []
        with App(read_config(self.folder.path / "config.toml")) as app, app.writing() as store:
            if trace:
                store.db._raw.set_trace_callback(sql.append)  # type: ignore[attr-defined]  # a store in SQLite
            result = app.engine("people").sync(approve=approve)
            statements = store.db.statements
        return Ran(result, sum(self.api.calls.values()), statements, sql)

    def plans(self, sql: list[str]) -> Iterator[tuple[str, str]]:
        """(a line of the plan, the statement) for each different statement."""
        with App(read_config(self.folder.path / "config.toml")) as app:
            raw: Any = app.store.db._raw  # type: ignore[attr-defined]  # a store in SQLite
            for statement in dict.fromkeys(sql):
                if statement.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                    for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}"):
                        yield row[3], " ".join(statement.split())


@contextmanager
def hub_on_stub(path: Path) -> Iterator[HubOnStub]:
    """The hub in a folder, until the block ends."""
    api = Api()
    handler = type("OneHandler", (Handler,), {"stub": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield HubOnStub(Folder(path, f"http://127.0.0.1:{server.server_port}"), api)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
