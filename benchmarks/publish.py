"""``python -m benchmarks.publish [FOLDER]``: measure everything that the page shows, keep the results there, and write the page.

It takes an hour or more and, for a million pairs, the disk space that the page shows.  What was measured before in the same
folder is kept, so that a part can be measured anew after its file was removed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.page import write_page
from benchmarks.stub import ROOT

RUNS: Mapping[str, tuple[str, ...]] = {
    "small": ("--scenario", "a,b,c,d,e,f,g,h", "--size", "1k,10k", "--peers"),
    "postgresql": ("--scenario", "a,b,c,d,e,f", "--size", "10k", "--store", "postgresql"),
    "middle": ("--scenario", "a,b,c,d", "--size", "100k", "--turns", "1"),
    "large": ("--scenario", "b,d,c", "--size", "1M", "--turns", "1"),
}


def publish(folder: Path, names: list[str]) -> int:
    """Measure what is not there yet; 2 if something could not be measured, which leaves the page as it was."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        file, half = folder / f"{name}.json", folder / f"{name}.part"
        if file.exists():
            print(f"{file} is there already", file=sys.stderr)
            continue
        with half.open("wb") as out:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks", "--json", *RUNS[name]], cwd=ROOT, stdout=out, check=False
            )
        if done.returncode not in (0, 1):  # 1: a run was wrong, which the page shows
            print(f"python -m benchmarks.publish: {name} was not measured; {half} has what there is", file=sys.stderr)
            return 2
        half.replace(file)
    for written in write_page([folder / f"{name}.json" for name in names]):
        print(written)
    return 0


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publish", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("benchmark-results"), help="where results are kept"
    )
    parser.add_argument("--without", action="append", default=[], choices=RUNS, help="leave a part out of the page")
    given = parser.parse_args()
    return publish(given.folder.resolve(), [name for name in RUNS if name not in given.without])


if __name__ == "__main__":
    sys.exit(main())
