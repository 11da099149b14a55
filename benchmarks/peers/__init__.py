"""Other programs that do what CRM Hub does, each in an environment of its own in a cache folder, never a dependency.

They are what people would use instead: vdirsyncer for two address books, dlt and Singer for an API into a database.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.folder import Failed

REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "vdirsyncer": ("vdirsyncer==0.21.0",),
    "dlt": ("dlt[sqlalchemy]==1.31.0",),
    "singer": ("singer-sdk==0.54.9",),
}
PROGRAMS = Path(__file__).with_name("programs")
_TIMED = Path(__file__).resolve().parent.parent / "timed.py"
_QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "SINGER_SDK_LOG_LEVEL": "ERROR"}
"""No telemetry, and no more talk than errors: logs cost time."""


def cache() -> Path:
    """Where environments are kept: CRMHUB_BENCHMARK_CACHE, or the user's cache folder."""
    given = os.environ.get("CRMHUB_BENCHMARK_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crmhub-benchmarks"


def environment(name: str) -> Path:
    """The folder of programs of a peer's environment, which is made at first use.  Raises Failed."""
    wanted = " ".join(REQUIREMENTS[name])
    text = f"{wanted} {sys.version_info[:2]}"
    folder = cache() / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    ready = folder / "ready"
    if not ready.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS[name])
        ready.write_text(text, encoding="utf-8")
    return folder / "bin"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
        raise Failed(f"{' '.join(command[1:4])} ended with {done.returncode}: {' '.join(lines[-3:])}")


def timed(folder: Path, *commands: list[str]) -> dict[str, float]:
    """Run commands with pipes between them to their end: {cpu, rss, seconds}.  Raises Failed."""
    report = folder / "timed.json"
    words = [word for command in commands for word in ("::", *command)][1:]
    done = subprocess.run(
        [sys.executable, "-S", str(_TIMED), str(report), *words],
        cwd=folder,
        env={**os.environ, **_QUIET, "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{Path(commands[0][0]).name} ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(report.read_text(encoding="utf-8"))
    return found
