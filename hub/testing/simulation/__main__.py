"""``python -m hub.testing.simulation``: play worlds, put faults at every step of scenarios, or break the engine."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import orjson

from hub.store.address import is_address
from hub.testing.simulation import breaks, exhaustive
from hub.testing.simulation.disks import Place
from hub.testing.simulation.faults import KINDS
from hub.testing.simulation.many import outcomes
from hub.testing.simulation.play import DELETE_POLICIES, STEPS, Options
from hub.testing.simulation.profile import TRAITS
from hub.testing.simulation.report import Summary, replay

MOST_TO_CATCH = 2000
"""Seeds within which a fault that is switched on must be caught."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 if an invariant was violated (or a break was not caught)."""
    given = _parser().parse_args(arguments)
    if given.list_breaks:
        for item in breaks.BREAKS.values():
            print(f"{item.name:<28} {item.what}")
        return 0
    with _place(given.store) as place:
        options = Options(given.steps, _chosen(given.traits, TRAITS), _chosen(given.faults, KINDS), given.policy, place)
        if given.exhaustive:
            return _exhaustive(given)
        if given.broken:
            return _break(given, options)
        return _play(given, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hub.testing.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many worlds")
    parser.add_argument("--start", type=int, default=0, help="first seed")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of users and runs per world")
    parser.add_argument("--traits", help=f"draw only from these traits of systems: {', '.join(TRAITS)}")
    parser.add_argument("--faults", help=f"draw only from these faults (none: no faults): {', '.join(KINDS)}")
    parser.add_argument("--policy", choices=DELETE_POLICIES, help="what a deletion in any system does")
    parser.add_argument(
        "--store",
        default="memory",
        metavar="WHERE",
        help="memory, sqlite (files), postgresql (a server of its own), or the URL of a server to use",
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--json", action="store_true", help="the last line is a summary as JSON")
    parser.add_argument("--trace", action="store_true", help="print what happened in each world")
    parser.add_argument("--exhaustive", action="store_true", help="one fault at every step of every scenario")
    parser.add_argument("--only", help="with --exhaustive: these scenarios")
    parser.add_argument("--every", type=int, default=1, help="with --exhaustive: only every n-th step")
    parser.add_argument("--break", dest="broken", metavar="NAME", help="switch a known design fault on")
    parser.add_argument("--list-breaks", action="store_true", help="the design faults that can be switched on")
    return parser


def _chosen(given: str | None, known: Collection[str]) -> frozenset[str] | None:
    if given is None:
        return None
    names = frozenset(item for item in given.split(",") if item not in ("", "none"))
    unknown = sorted(names.difference(known))
    if unknown:
        raise SystemExit(f"unknown: {', '.join(unknown)}; known are {', '.join(known)}")
    return names


@contextlib.contextmanager
def _place(store: str) -> Iterator[Place]:
    """Where the stores are; files go where the machine has a file system in memory."""
    if store == "memory":
        yield None
        return
    if store == "postgresql" or is_address(store):
        from hub.testing.stores import start_databases

        with start_databases("" if store == "postgresql" else store) as databases:
            yield databases.address(databases.empty().address.database)
        return
    if store != "sqlite":
        raise SystemExit(f"unknown store: {store}; known are memory, sqlite, postgresql and the URL of a server")
    shared = Path("/dev/shm")  # noqa: S108  # a private folder is made in it
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


def _play(given: argparse.Namespace, options: Options) -> int:
    summary, start = Summary(), time.perf_counter()
    for outcome in outcomes(range(given.start, given.start + given.seeds), options, given.jobs, trace=given.trace):
        summary.add(outcome)
        if given.trace:
            print("\n".join(outcome.trace))
        for violation in outcome.violations:
            print(f"seed {outcome.seed}: {violation.invariant}: {violation.message}")
        if outcome.violations:
            print(f"  {replay(outcome.seed, given)}")
            sys.stdout.flush()
    summary.seconds = round(time.perf_counter() - start, 1)
    print(orjson.dumps(summary.to_json()).decode() if given.json else summary.to_text())
    return 1 if summary.violations else 0


def _exhaustive(given: argparse.Namespace) -> int:
    start = time.perf_counter()
    reports = []
    for report in exhaustive.run_all(given.only.split(",") if given.only else None, given.every, given.jobs):
        reports.append(report)
        print(f"{report.scenario:<28} {report.points:>5} points  {len(report.failures)} failures")
        for failure in report.failures:
            print(f"  {failure}")
        sys.stdout.flush()
    failures = sum(len(report.failures) for report in reports)
    total = {
        "scenarios": len(reports),
        "points": sum(report.points for report in reports),
        "failures": failures,
        "seconds": round(time.perf_counter() - start, 1),
    }
    print(orjson.dumps(total).decode() if given.json else f"{total}")
    return 1 if failures else 0


def _break(given: argparse.Namespace, options: Options) -> int:
    """Play broken worlds until the fault is caught."""
    names = list(breaks.BREAKS) if given.broken == "all" else [given.broken]
    missed = 0
    for name in names:
        item = breaks.find(name)
        caught = breaks.catch(item, options, range(given.start, given.start + max(given.seeds, 1)))
        if caught is None:
            missed += 1
            print(f"{name:<28} NOT CAUGHT in {given.seeds} seeds")
        else:
            print(f"{name:<28} caught after {caught.seeds} seeds by {caught.violation.invariant}: "
                  f"{caught.violation.message[:90]}")  # fmt: skip
        sys.stdout.flush()
    if given.json:
        print(orjson.dumps({"breaks": len(names), "missed": missed}).decode())
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
