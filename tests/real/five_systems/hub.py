"""The hub as its admin uses it: by commands."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.bootstrap import App
from hub.cli.main import make_app
from hub.config.read import read_config
from hub.contract.records import Capabilities

_COMMAND = (sys.executable, "-c", "from hub.cli.main import main; main()")
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Run:
    """What a command said.  counts: system -> read, created, updated, deleted, failed, calls."""

    code: int
    summary: dict[str, Any]
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        return dict((self.summary.get("result") or {}).get("customers") or {})

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        return dict((self.summary.get("counts") or {}).get("customers") or {})

    @property
    def problems(self) -> list[dict[str, Any]]:
        return list(self.summary.get("problems") or ())

    def total(self, *names: str) -> int:
        return sum(count[name] for count in self.counts.values() for name in names)

    @property
    def writes(self) -> int:
        return self.total("created", "updated", "deleted")


class Hub:
    """Commands on one configuration.  apart: each in a process of its own, else in this one (no time to start)."""

    def __init__(self, folder: Path, *, apart: bool = True) -> None:
        self._file, self._apart = folder / "crmhub.toml", apart

    def run(self, *words: str) -> Run:
        """One command to its end.  Raises AssertionError where it broke instead of saying what is wrong."""
        started = time.monotonic()
        command = ["--config", str(self._file), *words, "--json", "--show-pii"]
        if self._apart:
            done = subprocess.run([*_COMMAND, *command], capture_output=True, text=True, timeout=_SECONDS)
            code, out, said = done.returncode, done.stdout, done.stderr
        else:
            answer = CliRunner().invoke(make_app(), command)
            code, out, said = answer.exit_code, answer.stdout, answer.stderr
            if answer.exception is not None and not isinstance(answer.exception, SystemExit):
                raise answer.exception
        assert "Traceback" not in said, said[-3000:]
        assert out.strip(), f"{words}: exit {code}: {said[-2000:]}"
        return Run(code, json.loads(out.splitlines()[-1]), time.monotonic() - started)

    def sync(self, *words: str) -> Run:
        return self.run("sync", "customers", *words)

    def approved(self) -> Run:
        """Show what a first sync would do, and approve it."""
        matched = self.run("match", "customers")
        assert matched.result, matched.summary
        return self.sync("--approve", matched.result["plan"]["approval"])

    def capabilities(self) -> dict[tuple[str, str], Capabilities]:
        """(system, resource) -> what its connector declares."""
        with App(read_config(self._file)) as app:
            found = {}
            for name in app.sync("customers").systems:
                opened = app.connect(name)
                for item in app.resources(opened.connection, opened.connector):
                    found[name, item.name] = item.capabilities
            return found

    def remembered(self) -> str:
        """Everything in the hub's golden records, history and ledger as one text."""
        with App(read_config(self._file)) as app:
            parts = []
            with app.store.db.transaction() as connection:
                gids = [row.gid for row in connection.exec_driver_sql("SELECT gid FROM golden").all()]
            for gid, golden in app.store.records.goldens(gids).items():
                parts.append(str(golden.to_json()))
                parts += [str((row["old"], row["new"])) for row in app.store.history.changes(gid)]
            parts += [str((row["winner"], row["loser"])) for row in app.store.history.ledger(limit=1_000_000)]
            return " ".join(parts).lower()

    def waiting(self) -> tuple[list[tuple[str, str]], list[str]]:
        """(system, who) held in quarantine with the reason, and the reviews that wait for a person."""
        with App(read_config(self._file)) as app:
            held = [(item.system, f"{item.gid}: {item.code}: {item.message}") for item in app.store.work.quarantined()]
            reviews = [
                ", ".join(f"{member['title']} ({member['system']})" for member in item.members) + f": {item.reason}"
                for item in app.store.history.reviews()
            ]
            return held, reviews
