"""A folder with a configuration and two systems, as a user of the command line has it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.cli.main import make_app

PLUGIN = Path(__file__).with_name("probe_shop")

CONFIG = f"""
[hub]
region = "DE"
plugins = ["{PLUGIN}"]

[connections.office]
plugin = "probe"
file = "office.json"
token = {{ env = "PROBE_TOKEN" }}

[connections.shop]
plugin = "probe"
file = "shop.json"

[syncs.customers]
systems = ["office", "shop"]

[syncs.customers.fields."notes"]
conflict = "ask"
"""

ANNA = {"name": "Anna Berg", "email": "anna@x.example"}
BO = {"name": "Bo Li", "email": "bo@x.example"}
CARLA = {"name": "Carla Diaz", "email": "carla@x.example"}
SECRET = "s3cret-token-value"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> dict[str, Any]:
        """The last JSON line."""
        return self.lines[-1]


class HubFolder:
    """Runs commands in a folder, in this process or in one of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.configure(CONFIG)
        self.put("office", {"1": ANNA, "2": BO})
        self.put("shop", {"a": ANNA, "c": CARLA})

    def configure(self, text: str) -> None:
        (self.path / "config.toml").write_text(text, encoding="utf-8")

    def fault(self, connection: str, fault: str) -> None:
        """Let a connection fail from now on; "" heals it."""
        (self.path / f"{connection}.fault").write_text(fault, encoding="utf-8")

    def put(self, system: str, content: dict[str, dict[str, Any]]) -> None:
        (self.path / f"{system}.json").write_text(json.dumps(content), encoding="utf-8")

    def get(self, system: str) -> dict[str, dict[str, Any]]:
        content: dict[str, dict[str, Any]] = json.loads((self.path / f"{system}.json").read_text(encoding="utf-8"))
        return content

    def edit(self, system: str, id_: str, **values: Any) -> None:
        content = self.get(system)
        content[id_].update(values)
        self.put(system, content)

    def names(self, system: str) -> list[str]:
        return sorted(item["name"] for item in self.get(system).values())

    def run(self, *words: str) -> Answer:
        """A command in this process."""
        environment = {"CRMHUB_CONFIG": str(self.path / "config.toml"), "PROBE_TOKEN": SECRET}
        result = CliRunner().invoke(make_app(), list(words), env=environment)
        return Answer(result.exit_code, result.stdout, result.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", "from hub.cli.main import main; main()", *words],
            cwd=self.path,
            env={**os.environ, "PROBE_TOKEN": SECRET, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process(self, *words: str) -> Answer:
        """A command in a process of its own, to its end."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    def interrupted(self, *words: str, after: float) -> Answer:
        """A command that gets SIGINT after some seconds of real work."""
        with self.start(*words) as process:
            time.sleep(after)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    def first_sync(self) -> Answer:
        """Sync for the first time, approving what is shown."""
        shown = self.run("sync", "customers", "--json")
        assert shown.code == 5, shown
        return self.run("sync", "customers", "--approve", shown.summary["result"]["customers"]["plan"]["approval"])
