"""Mutants of the engine's decisions: which share of small faults in merge, plan, recovery and the laws of mappings do the
tests notice?

    python -m tests.mutation.core --sample 150 --jobs 2

Faults are made from the syntax tree: comparisons and conditions turned around or always (never) true, statements left out,
numbers changed, loops left early.  A sample is drawn by its number, so that a run can be repeated.
"""

from __future__ import annotations

import argparse
import ast
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tests.mutation.trial import ROOT, Mutant, copied, notice

PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")
_ENGINE: Sequence[Sequence[str]] = (
    ("-m", "hub.testing.simulation", "--seeds", "12", "--start", "1000"),  # the cheapest first
    (*PYTEST, "tests/engine", "tests/unit/test_policy_order.py", "tests/unit/test_plan_items.py"),
    ("-m", "hub.testing.simulation", "--seeds", "200", "--start", "0"),  # of the 500 that every change must pass
)
_LAWS: Sequence[Sequence[str]] = (
    (*PYTEST, *(f"tests/unit/test_mapping_{name}.py" for name in ("law_reports", "facts", "laws"))),
)
AREAS = {
    "merge": ("hub/sync/merge", _ENGINE),
    "plan": ("hub/sync/plan", _ENGINE),
    "planning": ("hub/sync/planning.py", _ENGINE),
    "recover": ("hub/sync/recover.py", _ENGINE),
    "laws": ("hub/mapping/laws.py", _LAWS),
}

_OPPOSITE: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}


Work = tuple[str, Mutant, Sequence[Sequence[str]]]
"""(area, fault, the commands of which one must notice it)"""


def place_of(text: str, node: ast.AST) -> tuple[int, int]:
    """Where a node that has a place stands: offsets of its first character and after its last one."""
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())

    return (
        offset(node.lineno, node.col_offset),  # type: ignore[attr-defined]  # nodes with a place only
        offset(node.end_lineno, node.end_col_offset),  # type: ignore[attr-defined]  # the same
    )


def mutants(file: str, text: str) -> Iterator[Mutant]:
    """All faults of a file, in the order of the text."""

    def made(node: ast.AST, new: str, kind: str) -> Mutant:
        start, end = place_of(text, node)
        return Mutant(f"{file}:{node.lineno} {kind}", file, text[start:end], new, start)  # type: ignore[attr-defined]

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = text[slice(*place_of(text, node.left))], text[slice(*place_of(text, node.comparators[0]))]
            yield made(node, f"({left} {_OPPOSITE[type(node.ops[0])]} {right})", "comparison")
        elif isinstance(node, ast.BoolOp):
            word = " or " if isinstance(node.op, ast.And) else " and "
            yield made(
                node, f"({word.join(f'({text[slice(*place_of(text, item))]})' for item in node.values)})", "and/or"
            )
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield made(node, f"bool({text[slice(*place_of(text, node.operand))]})", "not")
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield made(node.test, "True", "always")
            if not isinstance(node, ast.While):
                yield made(node.test, "False", "never")
        elif (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Yield)) or isinstance(
            node, ast.AugAssign
        ):
            yield made(node, "pass", "left out")
        elif isinstance(node, ast.Continue):
            yield made(node, "break", "continue")
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield made(node, str(node.value + 1), "number")


def draw(areas: Sequence[str], sample: int, seed: int) -> list[Work]:
    """A sample of the faults of some areas, each as likely as every other."""
    found: list[Work] = []
    for area in areas:
        place, commands = ROOT / AREAS[area][0], AREAS[area][1]
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            file = str(path.relative_to(ROOT))
            found += [(area, item, commands) for item in mutants(file, path.read_text(encoding="utf-8"))]
    return random.Random(seed).sample(found, min(sample, len(found)))


def _try(work: Sequence[Work]) -> list[tuple[str, str, bool]]:
    """Try some faults in a copy of their own and say at once what became of each."""
    told = []
    hunters: dict[str, None] = {}
    with copied() as tree:
        for area, mutant, commands in work:
            noticed = notice(tree, mutant, _hunters_first(commands, hunters))
            if noticed and noticed.startswith("FAILED tests/engine/"):
                hunters[noticed.removeprefix("FAILED ").partition(" - ")[0]] = None
            line = f"{'noticed ' if noticed else 'SURVIVED'} {mutant.name}: {' '.join(mutant.old.split())[:70]}"
            print(f"{line}  <- {noticed[:90]}" if noticed else line, flush=True)
            told.append((area, mutant.name, noticed is not None))
    return told


def _hunters_first(commands: Sequence[Sequence[str]], hunters: Iterable[str]) -> list[Sequence[str]]:
    """The commands with the tests that noticed earlier faults before the first that runs all of them: most faults are
    noticed by a few tests, and all of them take minutes."""
    first = next((place for place, command in enumerate(commands) if "tests/engine" in command), None)
    if first is None or not hunters:
        return list(commands)
    return [*commands[:first], (*PYTEST, *hunters), *commands[first:]]


def conclude(work: Sequence[Work], jobs: int, least: float) -> int:
    """Try all, print a summary as the last line, and return 0 if at least the wanted share was noticed."""
    start = time.monotonic()
    shares = [work[number::jobs] for number in range(jobs)]
    if jobs > 1:
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            told = [item for part in pool.map(_try, shares) for item in part]
    else:
        told = _try(work)
    tried = Counter(area for area, _, _ in told)
    noticed = Counter(area for area, _, good in told if good)
    share = sum(noticed.values()) / max(1, len(told))
    summary = {
        "mutants": len(told),
        "noticed": sum(noticed.values()),
        "share": round(share, 3),
        "areas": {area: f"{noticed[area]}/{tried[area]}" for area in sorted(tried)},
        "survived": sorted(name for _, name, good in told if not good),
        "seconds": round(time.monotonic() - start),
    }
    print(json.dumps(summary))
    return 0 if share >= least else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample; the last line is a summary.  0 if at least the wanted share is noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=100, help="how many faults")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--area", choices=sorted(AREAS), action="append", help="only here (may be repeated)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--least", type=float, default=0.85, help="the share that must be noticed")
    given = parser.parse_args(arguments)
    return conclude(draw(given.area or list(AREAS), given.sample, given.seed), given.jobs, given.least)


if __name__ == "__main__":
    sys.exit(main())
