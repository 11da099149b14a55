"""The machine that a benchmark ran on, as far as it matters: cores, versions, and whether it had other things to do."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOOK = 2.0
"""Seconds of a look at how busy the machine is."""


def described() -> dict[str, Any]:
    """Nothing in it tells whose machine it is."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def busy(seconds: float = LOOK) -> float | None:
    """Which part of all cores is in use while we do nothing, from 0 to 1; None where nobody tells (Linux does).

    Looked at before and after measuring: what others did meanwhile made the measurement worse.
    """
    before = _ticks()
    if before is None:
        return None
    time.sleep(seconds)
    after = _ticks()
    assert after is not None
    idle, total = (late - early for early, late in zip(before, after, strict=True))
    return round(1 - idle / total, 2) if total else 0.0


def _ticks() -> tuple[int, int] | None:
    """Ticks without work and all ticks since the machine started (proc(5), /proc/stat)."""
    file = Path("/proc/stat")
    if not file.exists():
        return None
    numbers = [int(word) for word in file.read_text().splitlines()[0].split()[1:9]]
    return numbers[3] + numbers[4], sum(numbers)
