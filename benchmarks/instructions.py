"""``python -m benchmarks.instructions [--record]``: processor instructions for each record on the hot path.

Unlike time they hardly differ from run to run, so a change of 2 % is seen.  They are counted by Valgrind's callgrind over two
runs of benchmarks.hot_path with different numbers of records: the difference holds neither the start nor the end.  What was
recorded is in instructions.json, one number for each Python and kind of processor; more or fewer than that by 2 % fails, and
fewer is a reason to record anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from benchmarks.folder import Failed
from benchmarks.stub import ROOT

FILE = Path(__file__).with_suffix(".json")
FEW, MANY = 100, 1_100
TOLERANCE = 0.02
_COLLECTED = re.compile(r"Collected\s*:\s*(\d+)")


def environment() -> str:
    """What the number depends on beside the code: the interpreter, how it was built, the processor's kind."""
    optimised = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    build = f"{platform.python_compiler()}{', optimised' if optimised else ''}"
    return f"{platform.python_implementation()} {platform.python_version()} ({build}) {platform.machine()}"


def recorded() -> dict[str, int]:
    """Environment -> instructions of a record."""
    found: dict[str, int] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def why_not() -> str:
    """Why nothing can be compared here; "" if it can."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed"
    if environment() not in recorded():
        return f"nothing is recorded for {environment()}: python -m benchmarks.instructions --record"
    return ""


def counted(number: int) -> int:
    """Instructions of a run with so many records.  Raises Failed."""
    with tempfile.TemporaryDirectory(prefix="crmhub-callgrind-") as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", sys.executable]
        done = subprocess.run(
            [*command, "-m", "benchmarks.hot_path", str(number)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    found = _COLLECTED.search(done.stderr)
    if done.returncode or found is None:
        raise Failed(f"callgrind ended with {done.returncode}: {done.stderr[-2000:]}")
    return int(found[1])


def measured() -> int:
    """Instructions for each record.  Raises Failed."""
    command = [sys.executable, "-m", "benchmarks.hot_path", "0"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # so that no module is compiled while it counts
    few, many = counted(FEW), counted(MANY)
    return round((many - few) / (MANY - FEW))


def judged(found: int, before: int) -> str:
    """What is wrong with a number; "" if it is within the tolerance."""
    change = found / before - 1
    if abs(change) <= TOLERANCE:
        return ""
    hint = "find out what costs more" if change > 0 else "record it: python -m benchmarks.instructions --record"
    return f"{found:,} instructions for each record, recorded are {before:,}: {change:+.1%}; {hint}"


def main() -> int:
    """Count and compare, or record; 1 if it differs too much, 2 if it cannot be counted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the number for this Python and kind of processor")
    given = parser.parse_args()
    if shutil.which("valgrind") is None or (not given.record and why_not()):
        print(f"python -m benchmarks.instructions: {why_not()}", file=sys.stderr)
        return 2
    try:
        found = measured()
    except Failed as error:
        print(f"python -m benchmarks.instructions: {error}", file=sys.stderr)
        return 2
    if given.record:
        FILE.write_text(
            json.dumps({**recorded(), environment(): found}, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
    wrong = judged(found, recorded()[environment()])
    print(wrong or f"{found:,} instructions for each record")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
