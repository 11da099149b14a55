"""Simulated days of the service, longer and more of them than the tests play.

    python -m tests.service.long --days 5

Each day has 24 hours, five systems, three syncs, two processes that take over from each other, outages, limits, a refused
login, a process that falls asleep, one that is killed in a run, storms of webhooks and webhooks that die.  The tests of
``tests/service/test_simulated_day.py`` judge each day: nothing overlaps, no time is missed, every alarm is told once and
its end once, no edit is lost.  Here they judge days of other seeds, and the memory that the hub's own code holds is
compared between the middle and the end of the day.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from tests.service import test_simulated_day as judge
from tests.service.day import Day

MOST = 1_000_000
"""Bytes by which the hub's own memory may grow in twelve hours."""
_OWN = (tracemalloc.Filter(True, "*/hub/*"), tracemalloc.Filter(False, "*/hub/testing/*"))


def held() -> int:
    """Bytes that code of the hub has allocated and not given back; the systems in memory are not the hub's."""
    gc.collect()
    return sum(item.size for item in tracemalloc.take_snapshot().filter_traces(_OWN).statistics("filename"))


def one_day(folder: Path, seed: int) -> tuple[Day, list[str], dict[int, int]]:
    """A day with what is wrong about it, and the memory at some hours."""
    memory: dict[int, int] = {}

    def look(day: Day, hour: int) -> None:
        memory[hour] = held()

    day = judge.whole_day(folder, seed, look=look)
    wrong = []
    for name, test in inspect.getmembers(judge, inspect.isfunction):
        if name.startswith("test_"):
            try:
                test(day)
            except AssertionError as error:
                wrong.append(f"{name}: {str(error).splitlines()[0] if str(error) else 'failed'}")
    grown = memory[24] - memory[12]
    if grown > MOST:
        wrong.append(f"the hub holds {grown} bytes more than twelve hours before")
    return day, wrong, memory


def main(days: int, first: int) -> int:
    bad = 0
    tracemalloc.start(1)
    for seed in range(first, first + days):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="crmhub-day-") as name:
            day, wrong, memory = one_day(Path(name), seed)
        bad += bool(wrong)
        grown = ", ".join(f"{hour} h: {size / 1e6:.2f} MB" for hour, size in sorted(memory.items()))
        print(
            f"seed {seed}: {len(day.runs)} runs, {len(day.heard)} webhooks, {len(day.sent)} notices, memory {grown}; "
            f"{time.monotonic() - started:.0f} s; {len(wrong)} things wrong",
            flush=True,
        )
        for line in wrong:
            print(f"  {line}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--seed", type=int, default=100)
    arguments = parser.parse_args()
    sys.exit(main(arguments.days, arguments.seed))
