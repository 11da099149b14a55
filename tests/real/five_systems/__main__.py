"""A real Tryton, Radicale, Vendure and BottleCRM and the local Zoho sandbox keep one customer base.

    python -m tests.real.five_systems --customers 2000
    python -m tests.real.five_systems --customers 200 --fault down        (or throttled, auth, truncated)

The systems are filled with made-up customers, each known to some of them and spelled differently; an admin approves the
first sync; then people edit in all five, and the hub syncs until it is quiet.  With --fault, one system fails while
people work, and recovers.  Everything is judged by reading the systems without the hub: nobody missing or doubled, every
word that somebody typed in every system that has a place for it, and exactly the API calls that the connectors declare.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.real.five_systems.faults import FAULTS
from tests.real.five_systems.office import lacking
from tests.real.five_systems.play import Play

_SHOWN = 50


def main(customers: int, seed: int = 7, fault: str = "", *, as_json: bool = False, apart: bool = True) -> int:
    """Play it; 0 if nothing is wrong, 2 if this machine cannot run the systems.  apart: commands in processes of their own."""
    if reason := lacking():
        print(reason, file=sys.stderr)
        return 2
    began, out = time.monotonic(), sys.stderr if as_json else sys.stdout
    with tempfile.TemporaryDirectory(prefix="crmhub-five-") as made, ExitStack() as stack:
        play = Play(Path(made), stack, customers, seed, lambda text: print(text, file=out, flush=True), apart=apart)
        play.first_sync()
        play.people_work()
        if fault:
            play.fail(fault)
    for line in play.wrong[:_SHOWN]:
        print(f"WRONG  {line}", file=out)
    numbers = play.numbers | {"fault": fault, "wrong": len(play.wrong), "seconds": round(time.monotonic() - began, 1)}
    if as_json:
        print(json.dumps(numbers))
    else:
        for name, value in numbers.items():
            print(f"{name:<15} {value}")
    return 1 if play.wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fault", choices=sorted(FAULTS), default="")
    parser.add_argument("--json", action="store_true", help="the summary as the last line, in JSON")
    arguments = parser.parse_args()
    sys.exit(main(arguments.customers, arguments.seed, arguments.fault, as_json=arguments.json))
