"""A folder with a configuration of two systems, and the command line in a process of its own, measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.server import TOKEN
from benchmarks.stub import ROOT

SYSTEMS = ("left", "right")
PLUGIN = Path(__file__).with_name("plugin")

_HUB = """
[hub]
region = "DE"
plugins = ["{plugin}"]
{database}
"""

TWO_APIS = (
    _HUB
    + """
[connections.left]
plugin = "bench"
url = "{url}/left"
token = {{ env = "BENCHMARK_TOKEN" }}

[connections.right]
plugin = "bench"
url = "{url}/right"
token = {{ env = "BENCHMARK_TOKEN" }}

[syncs.people]
systems = ["left", "right"]
reconcile = "{reconcile}"
"""
)
"""Two systems on the stub API, both ways."""

SERVED = (
    TWO_APIS
    + """
schedule = "every 6h"

[serve]
listen = "127.0.0.1:0"
gather = "10s"
"""
)
"""The same, for the service; a burst comes within the time in which hints are gathered."""

TWO_BOOKS = (
    _HUB
    + """
[connections.left]
plugin = "carddav"
url = "{url}/left/"

[connections.right]
plugin = "carddav"
url = "{url}/right/"

[syncs.people]
systems = ["left", "right"]
reconcile = "{reconcile}"
"""
)
"""Two address books, both ways."""

ONE_WAY = (
    _HUB
    + """
[connections.left]
plugin = "bench"
url = "{url}/left"
token = {{ env = "BENCHMARK_TOKEN" }}
read_only = true

[connections.right]
plugin = "sql"
url = "sqlite:///target.db"
table = "people"
own_key = "crmhub_key"
write = "on"

[syncs.people]
systems = ["left", "right"]
read_only = ["left"]
reconcile = "{reconcile}"
"""
)
"""From the stub API into a table of SQLite."""


class Failed(Exception):
    """A measured process did not do what it had to."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One process from its start to its end.  cpu: seconds of user and system time;  rss: most memory in MB."""

    cpu: float
    seconds: float
    rss: float
    code: int
    out: str
    report: dict[str, Any] = field(default_factory=dict)


def measure(command: list[str], *, cwd: Path, environment: dict[str, str], report: Path | None = None) -> Measured:
    """Run a process to its end.  report: a JSON file that it writes about itself.

    It may keep what Python compiles, as an installed program has it: compiling everything anew would be measured else."""
    out = cwd / "out.txt"
    begun = time.perf_counter()
    with out.open("wb") as handle:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": ""},
            stdin=subprocess.DEVNULL,
            stdout=handle,
        )
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)  # or the process would be waited for again
    found = json.loads(report.read_text()) if report is not None and report.exists() else {}
    text = out.read_text(encoding="utf-8")
    return Measured(
        used.ru_utime + used.ru_stime, seconds, float(found.get("rss", 0.0)), process.returncode, text, found
    )


@dataclass(frozen=True, slots=True)
class Folder:
    """A hub of its own.  url: of the stub server;  database: URL of a PostgreSQL store, "" for SQLite;  config: the text of
    the configuration, with places for what differs."""

    path: Path
    url: str
    database: str = ""
    config: str = TWO_APIS
    plugin: Path = PLUGIN

    def configure(self, *, reconcile: str = "24h") -> None:
        """Write the configuration; with a reconcile of "0s" every run lists everything."""
        database = f'database = "{self.database}"' if self.database else ""
        text = self.config.format(plugin=self.plugin, url=self.url, reconcile=reconcile, database=database)
        (self.path / "config.toml").write_text(text, encoding="utf-8")

    @staticmethod
    def environment(report: Path) -> dict[str, str]:
        """Variables of a process whose report goes to this file."""
        return {"BENCHMARK_REPORT": str(report), "BENCHMARK_TOKEN": TOKEN, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}

    def crmhub(self, *words: str, profile: Path | None = None, trace: bool = False) -> Measured:
        """A command in a process of its own.  profile: a file for cProfile;  trace: report the SQL statements, too."""
        report = self.path / "report.json"
        report.unlink(missing_ok=True)
        options = self.environment(report)
        if trace:
            options["BENCHMARK_TRACE"] = "1"
        if profile is not None:
            options["BENCHMARK_PROFILE"] = str(profile)
        return measure(
            [sys.executable, "-m", "benchmarks.counted", *words], cwd=self.path, environment=options, report=report
        )

    def state(self) -> int | None:
        """Bytes of a store in SQLite."""
        files = [self.path / "crmhub-data" / name for name in ("hub.db", "hub.db-wal")]
        return None if self.database else sum(file.stat().st_size for file in files if file.exists())

    def sync(self, *words: str, **options: Any) -> tuple[Measured, dict[str, Any]]:
        """One run, and what it says about itself."""
        done = self.crmhub("sync", "people", "--json", *words, **options)
        lines = [json.loads(line) for line in done.out.splitlines() if line.startswith("{")]
        if not lines or "people" not in (lines[-1].get("result") or {}):
            raise Failed(f"crmhub sync ended with {done.code}: {done.out[-2000:]}")
        return done, lines[-1]["result"]["people"]
