"""Starting the stub API in a process of its own, and telling it what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.server import TOKEN

ROOT = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class Stub:
    """The running API."""

    url: str
    page: int
    session: requests.Session

    def setup(self, **systems: Mapping[str, Any]) -> None:
        """Begin anew with these systems (attributes of benchmarks.api.System)."""
        self._post("_setup", {"systems": systems, "page": self.page})

    def switch(self, **what: Any) -> None:
        """clock: seconds to move on;  latency: seconds of every answer;  work: what people change."""
        self._post("_switch", what)

    def calls(self) -> dict[str, int]:
        """Calls by "system METHOD route" since they were asked for last."""
        found: dict[str, int] = self._post("_counts", {})
        return found

    def changes(self) -> dict[str, int]:
        """How many records were made or changed since the setup, by system (benchmarks.server)."""
        found: dict[str, int] = self._post("_changes", {})
        return found

    def ids(self) -> dict[str, list[str]]:
        """Ids of all cards by address book (benchmarks.book_server)."""
        found: dict[str, list[str]] = self._post("_ids", {})
        return found

    def read(self, system: str, path: str, **query: str) -> Any:
        """What the API answers; it counts."""
        answer = self.session.get(
            f"{self.url}/{system}/{path}", params=query, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60
        )
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: Any) -> Any:
        answer = self.session.post(f"{self.url}/{path}", json=body, timeout=600)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def running(page: int = 100, program: str = "benchmarks.server") -> Iterator[Stub]:
    """The API, until the block ends.  page: records of an answer at most."""
    command = [sys.executable, "-m", program]
    with (
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
        requests.Session() as session,
    ):
        session.trust_env = False
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Stub(f"http://127.0.0.1:{int(process.stdout.readline())}", page, session)
        finally:
            process.stdin.close()
            process.wait(timeout=10)
