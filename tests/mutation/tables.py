"""All faults of the engine's decisions, each with the fast tests only: tables on pure functions, no simulator.

    python -m tests.mutation.tables --jobs 2
    python -m tests.mutation.tables --file hub/sync/merge/settle.py

Each fault meets the tests of its module first, and what they do not notice meets all the others.  Where ``core`` tries a
sample with everything that there is, this tries every fault, and its share is the least that the whole suite notices.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.core import AREAS, mutants
from tests.mutation.forked import tried
from tests.mutation.trial import ROOT

_PLAN = ("plan_of_a_list", "plan_of_removed_rows", "plan_of_flags", "plan_of_slots", "plan_findings")
_LOOKS = (
    "row_looks",
    "element_looks",
    "element_ends",
    "element_parts",
    "primary_looks",
    "slot_looks",
    "groups_and_consents",
)
OWN = {
    "hub/sync/merge/settle.py": ("settling", "settling_rows"),
    "hub/sync/merge/fields.py": ("field_corners", "field_kinds", "field_table"),
    "hub/sync/merge/observe.py": ("looking",),
    "hub/sync/merge/context.py": ("looking", "field_corners"),
    "hub/sync/merge/slots.py": ("slot_table", "slot_looks"),
    "hub/sync/plan/assign.py": ("which_slot_shows_what",),
    "hub/sync/plan/collections.py": _PLAN,
    "hub/sync/plan/record.py": ("plan_of_a_record",),
    "hub/sync/plan/draft.py": ("plan_of_a_record",),
    "hub/sync/planning.py": ("planning", "planning_a_run"),
    "hub/sync/recover.py": ("recovery_table", "recovery_of_updates"),
}
"""File -> the tests in tests/engine that were written for it; of the rest of merge: how a collection is looked at."""
_EVERY = sorted({f"tests/engine/test_{name}.py" for names in (*OWN.values(), _LOOKS) for name in names})


def tests_of(file: str) -> list[str]:
    """The tests that are to notice the faults of a file first."""
    if file.startswith("hub/mapping/"):
        return ["tests/unit/test_mapping_law_reports.py"]
    names = OWN.get(file, _LOOKS if "/merge/" in file else ())
    return [*(f"tests/engine/test_{name}.py" for name in names)] or ["tests/unit/test_plan_items.py"]


def _try(file: str) -> tuple[str, int, list[str]]:
    """(file, number of its faults, the names of those that no table notices)"""
    faults = list(mutants(file, (ROOT / file).read_text(encoding="utf-8")))
    own = tests_of(file)
    left = [fault for fault, by in tried(file, faults, own) if by is None] if faults else []
    if left and file.startswith("hub/sync/"):
        left = [fault for fault, by in tried(file, left, [test for test in _EVERY if test not in own]) if by is None]
    for fault in left:
        print(f"SURVIVED {fault.name}: {' '.join(fault.old.split())[:70]} -> {fault.new[:60]}", flush=True)
    return file, len(faults), [fault.name for fault in left]


def main(arguments: Sequence[str] | None = None) -> int:
    """Try them all; the last line is a summary.  0 if at least the wanted share is noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", action="append", help="only the faults of this file (may be repeated)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--least", type=float, default=0.85, help="the share that must be noticed")
    given = parser.parse_args(arguments)
    start = time.monotonic()
    files = given.file or [str(path.relative_to(ROOT)) for place, _ in AREAS.values() for path in _files(place)]
    tries, survived = Counter[str](), Counter[str]()
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for file, number, left in pool.imap_unordered(_try, files, chunksize=1):
            tries[file], survived[file] = number, len(left)
    share = 1 - survived.total() / max(1, tries.total())
    summary = {
        "mutants": tries.total(),
        "noticed": tries.total() - survived.total(),
        "share": round(share, 3),
        "survived": {file: f"{survived[file]} of {tries[file]}" for file in sorted(tries) if survived[file]},
        "seconds": round(time.monotonic() - start),
    }
    print(json.dumps(summary))
    return 0 if share >= given.least else 1


def _files(place: str) -> list[Path]:
    path = ROOT / place
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


if __name__ == "__main__":
    sys.exit(main())
