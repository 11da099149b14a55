"""Scenario e: a burst of webhooks.

N pairs are linked and ``crmhub serve`` runs; a tenth of them, but at most 1,000, change in one system, which tells of each in a
webhook of its own.  Measured from the first webhook until all is written to the other system: calls, and the CPU of the service
beside what it used before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks import formulas
from benchmarks.compared import HUB, Run
from benchmarks.folder import SERVED, Failed, Folder
from benchmarks.scenarios import BATCH, PAGE, temporary
from benchmarks.server import TOKEN
from benchmarks.state import seed
from benchmarks.stub import Stub

WEBHOOKS = 1_000
"""As many as the service takes from one address at once; more than a tenth would have to be approved by a person."""
PATIENCE = 300.0
"""Seconds after which it should be done even on a busy machine."""
_CPU = "process_cpu_seconds_total"
HOOKED = Path(__file__).with_name("hooked")


@dataclass(slots=True)
class Service:
    """A serving process and its log."""

    process: subprocess.Popen[bytes]
    log: Path
    report: Path
    session: requests.Session

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if line.get("event") == name]

    def wait(self, what: Callable[[], Any]) -> Any:
        """Raises Failed if it ends or takes too long."""
        end = time.monotonic() + PATIENCE
        while not (found := what()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise Failed(f"crmhub serve did not do it: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        return found

    @property
    def url(self) -> str:
        return str(self.wait(lambda: self.events("listening"))[0]["url"])

    def metric(self, name: str) -> float:
        """The sum over all labels; 0 if there is none."""
        page = self.session.get(f"{self.url}/metrics", timeout=60).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in page if line.startswith((f"{name} ", f"{name}{{")))

    def stop(self) -> dict[str, Any]:
        """End it politely; its report."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60):
            raise Failed(f"crmhub serve ended with {self.process.returncode}: {self.log.read_text()[-2000:]}")
        found: dict[str, Any] = json.loads(self.report.read_text())
        return found


@contextmanager
def serving(folder: Folder) -> Iterator[Service]:
    """The service, until the block ends."""
    log, report = folder.path / "serve.log", folder.path / "served.json"
    command = [sys.executable, "-m", "benchmarks.counted", "serve", "--json"]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command,
            cwd=folder.path,
            env={**os.environ, **folder.environment(report), "PYTHONDONTWRITEBYTECODE": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=file,
        ) as process,
        requests.Session() as session,
    ):
        session.trust_env = False
        try:
            yield Service(process, log, report, session)
        finally:
            if process.poll() is None:
                process.kill()


class Burst:
    """One size on one stub API."""

    def __init__(self, stub: Stub, size: int, *, database: Callable[[], str] | None = None) -> None:
        self.stub, self.size, self._database = stub, size, database
        self.number = min(WEBHOOKS, size // 10)

    def turns(self) -> Generator[list[Run], None, None]:
        """Measure again and again, with a new service each time."""
        with temporary() as path:
            url = self._database() if self._database else ""
            folder = Folder(path, self.stub.url, url, SERVED, HOOKED)
            seed(folder, self.stub, self.size)
            turn = 0
            while True:
                turn += 1
                yield [self._burst(folder, turn)]
                self.stub.switch(clock=3600.0)

    def _burst(self, folder: Folder, turn: int) -> Run:
        with serving(folder) as service:
            service.wait(lambda: service.events("run_ended"))
            before = self.stub.changes()["right"]
            self.stub.switch(work={"system": "left", "number": self.number, "mark": f"burst {turn}"})
            self.stub.calls()
            cpu, runs = service.metric(_CPU), len(service.events("run_ended"))
            begun = time.perf_counter()
            answered = sorted(self._send(service, turn))
            service.wait(lambda: self.stub.changes()["right"] >= before + self.number)
            service.wait(lambda: service.metric("crmhub_inbox_hints") == 0)
            service.wait(lambda: len(service.events("run_ended")) == len(service.events("run_started")))
            seconds, cpu = time.perf_counter() - begun, service.metric(_CPU) - cpu
            runs, calls = len(service.events("run_ended")) - runs, sum(self.stub.calls().values())
            report = service.stop()
        written = self.stub.changes()["right"] - before
        half, most = (answered[int(len(answered) * part)] * 1000 for part in (0.5, 0.99))
        return Run(
            "burst",
            HUB,
            cpu,
            seconds,
            float(report["rss"]),
            self.number,
            calls,
            formulas.burst(self.number, PAGE, BATCH) if runs == 1 else None,
            () if written == self.number else (f"{written} records written, {self.number} to be written",),
            statements=int(report["statements"]),
            note=f"{self.number} webhooks, half answered within {half:.1f} ms, 99 % within {most:.1f} ms; runs: {runs}",
        )

    def _send(self, service: Service, turn: int) -> list[float]:
        """One webhook for each record that changed, as fast as they are answered; those who are asked to come again do.  The
        seconds that each was answered in."""
        took = []
        url, step = f"{service.url}/hooks/left", max(1, self.size // self.number)
        for place in range(self.number):
            body = json.dumps({"event": f"{turn}-{place}", "id": place * step + 1}).encode()
            signature = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
            while True:
                begun = time.perf_counter()
                answer = service.session.post(url, body, headers={"X-Signature": signature}, timeout=60)
                if answer.status_code not in (429, 503):
                    break
                time.sleep(0.1)
            took.append(time.perf_counter() - begun)
            if answer.status_code != 200:
                raise Failed(f"webhook {place} was answered {answer.status_code}: {answer.text}")
        return took
