"""Let the disk be full at every size of the hub's files: the operating system refuses the write, not a stand-in.

    python -m tests.real.full_disk               every 4 KB up to the size that a sync needs
    python -m tests.real.full_disk --every 16    a sample, as in CI

A process may write files up to a limit only (RLIMIT_FSIZE), so its database fails where a full disk makes it fail:
anywhere in a page, a log or a commit.  It must end with an error in clear words; a process with room enough then goes
on, and everything must be as if the disk had never been full.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import signal
import tempfile
from pathlib import Path

from hub.store.errors import StoreError
from tests.real.kill_points import difference, in_a_process, one_run, prepare, undisturbed, until_quiet

STEP = 4096
FULL, UNCLEAR, ENOUGH = 3, 4, 0


def run_with_room(folder: Path, most: int) -> None:
    """A sync whose files may grow to ``most`` bytes.  For a process of its own, which exits with FULL if it must."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        one_run(folder)
    except StoreError as error:
        clear = "hub.db" in str(error) and error.hint
        raise SystemExit(FULL if clear else UNCLEAR) from error


def main(every: int = 1) -> int:
    failures, full = [], 0
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        for name, start in prepare(root).items():
            expected, _ = undisturbed(root / "twin", start)
            shutil.rmtree(root / "twin")
            size, ended = STEP, FULL
            while ended == FULL:
                folder = root / "tried"
                shutil.copytree(start, folder)
                ended = in_a_process(lambda folder=folder, size=size: run_with_room(folder, size))
                full += ended == FULL
                found = None
                if in_a_process(lambda folder=folder: until_quiet(folder)) == 0:
                    found = json.loads((folder / "shown.json").read_text())
                if ended not in (FULL, ENOUGH) or found != expected:
                    failures.append(f"{name}, {size} bytes")
                    print(f"{name}, room for {size} bytes, ended {ended}: {difference(expected, found)}")
                shutil.rmtree(folder)
                size += STEP * every
            print(f"{name}: enough from {size - STEP * every} bytes on")
    print(json.dumps({"full": full, "failures": failures}))
    return 1 if failures else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth size")
    raise SystemExit(main(parser.parse_args().every))
