"""``python -m benchmarks``: measure scenarios, one after the other in turns, each beside its floor."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks import compared, machine
from benchmarks.burst import Burst
from benchmarks.folder import Failed
from benchmarks.one_way import OneWay
from benchmarks.page import NAMES, PAGE, table, write_page
from benchmarks.pair import Pair
from benchmarks.peers import REQUIREMENTS, environment
from benchmarks.results import result
from benchmarks.scenarios import Bench
from benchmarks.stub import Stub, running

LARGE = 1_000_000
"""Pairs from which on one prepared store serves all scenarios that need one."""
SEEDED = "bcd"
PROGRAMS = {"f": "benchmarks.book_server"}
"""Servers of scenarios that do not use the stub API."""

_SIZES = {"k": 1_000, "M": 1_000_000}


def size_of(text: str) -> int:
    """A number as people write it: 300, 10k, 1M."""
    number = int(text[:-1]) * _SIZES[text[-1]] if text[-1:] in _SIZES else int(text)
    if number < 100:
        raise ValueError("at least 100 records")
    return number


def scenarios_of(text: str) -> list[str]:
    """Letters with commas between them.  Raises ValueError."""
    found = list(dict.fromkeys(item.strip() for item in text.split(",")))
    unknown = [item for item in found if item not in NAMES]
    if unknown:
        raise ValueError(f"there is no scenario {unknown[0]!r}, there are: {', '.join(NAMES)}")
    return found


def turns_of(
    scenario: str, stub: Stub, size: int, database: Callable[[], str] | None, peers: Sequence[str]
) -> Generator[Any, None, None]:
    """The turns of a scenario."""
    match scenario:
        case "e":
            return Burst(stub, size, database=database).turns()
        case "f":
            return Pair(stub, size, peers=peers, database=database).turns()
        case "g":
            return OneWay(stub, size, peers=peers, database=database).turns()
    return Bench(stub, size, database=database).turns(scenario)


def measured(
    scenarios: Sequence[str],
    sizes: Sequence[int],
    store: str,
    turns: int,
    database: Callable[[], str] | None = None,
    peers: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Results, size by size; scenarios take turns, so that a machine that is busy for a while does not hit one of them
    alone."""
    for size in sizes:
        others = [machine.busy()]
        made: dict[str, list[Any]] = {name: [] for name in scenarios}
        broken: list[str] = []
        with ExitStack() as stack:
            turning: dict[str, Any] = {}
            one = size >= LARGE and not {"a", "h"}.intersection(scenarios)
            bench = Bench(stack.enter_context(running()), size, database=database)
            if one and any(name in SEEDED for name in scenarios):
                stack.enter_context(bench.sharing())
            for name in scenarios:
                if one and name in SEEDED:
                    turning[name] = bench.turns(name)
                else:  # a stub of its own, because a scenario keeps its state between its turns
                    stub = stack.enter_context(running(program=PROGRAMS.get(name, "benchmarks.server")))
                    turning[name] = turns_of(name, stub, size, database, peers)
                stack.enter_context(closing(turning[name]))
            order = list(itertools.product(range(turns), scenarios))
            if one:  # (c) comes last, because what changed then is there for the others
                order.sort(key=lambda item: (item[1] == "c", scenarios.index(item[1]), item[0]))
            for turn, name in order:
                if name in broken:
                    continue
                print(f"size {size}, turn {turn + 1} of {turns}, scenario {name}", file=sys.stderr)
                try:
                    made[name].append(next(turning[name]))
                except Failed as error:  # the others are measured all the same
                    print(f"size {size}, scenario {name}: {error}", file=sys.stderr)
                    broken.append(name)
        others.append(machine.busy())
        about = {**machine.described(), "others": max((item for item in others if item is not None), default=None)}
        for name in (name for name in scenarios if name not in broken):
            whole = name in "abcdh"
            found = (
                [result(name, size, store, made[name])] if whole else compared.results(name, size, store, made[name])
            )
            yield from ({**item, "machine": about} for item in found)
        if broken:
            raise Failed(f"size {size}: could not be measured: {', '.join(broken)}")


def ready_peers() -> list[str]:
    """Peers whose environments could be made; says which could not, and why."""
    found = []
    for name in REQUIREMENTS:
        try:
            environment(name)
        except Failed as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
        else:
            found.append(name)
    return found


def main() -> int:
    """Measure, or write the page; 1 if a run made other calls or writes than it must."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--scenario",
        default="a,b,c,d",
        help="a first sync, b no change, c 1 %% changed, d reconcile, e a burst of webhooks, f two address books, "
        "g one way into SQLite",
    )
    parser.add_argument("--size", default="10k", help="records of each system: 10k, 100k, 1M; several with commas")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--turns", type=int, default=3, help="how often each is measured; the median counts")
    parser.add_argument("--peers", action="store_true", help="f and g: measure vdirsyncer, dlt and Singer, too")
    parser.add_argument("--json", action="store_true", help="print JSON, one line for each scenario and size")
    parser.add_argument(
        "--page", nargs="+", type=Path, metavar="FILE", help=f"write docs/{PAGE.name} from files of --json"
    )
    given = parser.parse_args()
    found = []
    try:
        if given.page:
            write_page(given.page)
            return 0
        with ExitStack() as stack:
            database = None
            if given.store == "postgresql":
                from benchmarks.server_store import databases

                database = stack.enter_context(databases())
            sizes = [size_of(item) for item in given.size.split(",")]
            peers = ready_peers() if given.peers else []
            for item in measured(scenarios_of(given.scenario), sizes, given.store, given.turns, database, peers):
                found.append(item)
                if given.json:
                    print(json.dumps(item), flush=True)
    except (Failed, OSError, ValueError) as error:
        print(f"python -m benchmarks: {error}", file=sys.stderr)
        return 2
    if not given.json:
        print(table(found))
    return 1 if any(item["wrong"] for item in found) else 0


if __name__ == "__main__":
    sys.exit(main())
