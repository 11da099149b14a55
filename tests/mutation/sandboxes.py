"""Mutants of the local servers: which share of small changes to what they answer do the tests notice?

    python -m tests.mutation.sandboxes --sample 40 --jobs 2
    python -m tests.mutation.sandboxes --sandbox zoho --sample 100 --seed 2

Changes are made from the syntax tree: another status, a field left out of an answer, another error code, a condition turned
around, another number (of a page, a limit, a batch).  They are tried on the tests of the connector and on the vendor's own
client (tests/judges).
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
from collections.abc import Iterator, Sequence

from tests.mutation.core import PYTEST, Work, conclude, mutants, place_of
from tests.mutation.trial import ROOT, Mutant

JUDGES = {
    "zoho": "tests/judges/test_zoho_sdk.py",
    "hubspot": "tests/judges/test_hubspot_client.py",
    "woocommerce": "tests/judges/test_woocommerce_client.py",
    "odoo": "tests/judges/test_odoorpc.py",
}
_NOT_ANSWERS = ("__init__.py", "seeds.py", "switches.py", "user.py")
_KINDS = ("comparison", "number", "not", "always", "never")
"""Kinds of general mutants that stand for another behaviour of a server."""
_FOR_TYPES = ("TYPE_CHECKING",)
"""Conditions that only type checkers read: no server behaves otherwise for them."""
_STATUS = {200: 202, 201: 200, 204: 200, 207: 200, 304: 200, 400: 409}


def answers(file: str, text: str) -> Iterator[Mutant]:
    """Changes of one file of a sandbox."""
    found = (item for item in mutants(file, text) if item.name.rpartition(" ")[2] in _KINDS)
    yield from (item for item in found if item.old not in _FOR_TYPES)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.args:
            yield from _status(file, text, node.args[0])
            for argument in node.args[1:3]:
                yield from _code(file, text, argument)
        elif isinstance(node, ast.Dict) and len(node.keys) > 1:
            yield from _left_out(file, text, node)


def _status(file: str, text: str, node: ast.expr) -> Iterator[Mutant]:
    if isinstance(node, ast.Constant) and type(node.value) is int and 200 <= node.value <= 599:
        start, end = place_of(text, node)
        other = _STATUS.get(node.value, 400 if node.value < 500 else 200)
        yield Mutant(f"{file}:{node.lineno} status {node.value} -> {other}", file, text[start:end], str(other), start)


def _code(file: str, text: str, node: ast.expr) -> Iterator[Mutant]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper() and len(node.value) > 3:
        start, end = place_of(text, node)
        yield Mutant(f"{file}:{node.lineno} code {node.value}", file, text[start:end], '"SOMETHING_ELSE"', start)


def _left_out(file: str, text: str, node: ast.Dict) -> Iterator[Mutant]:
    start, end = place_of(text, node)
    items = [
        f"{'**' if key is None else text[slice(*place_of(text, key))] + ': '}{text[slice(*place_of(text, value))]}"
        for key, value in zip(node.keys, node.values, strict=True)
    ]
    for number, key in enumerate(node.keys):
        if isinstance(key, ast.Constant):
            rest = ", ".join(item for place, item in enumerate(items) if place != number)
            yield Mutant(f"{file}:{key.lineno} without {key.value!r}", file, text[start:end], f"{{{rest}}}", start)


def judging(sandbox: str) -> list[str]:
    """The files of tests, those first that notice most and cost least: of the sandbox itself, the vendor's client, the rest."""
    found = sorted(str(path.relative_to(ROOT)) for path in (ROOT / f"plugins/crmhub-{sandbox}/tests").glob("test_*.py"))
    own = [name for name in found if "sandbox" in name]
    return [*own, JUDGES[sandbox], *(name for name in found if name not in own)]


def draw(sandbox: str, sample: int, seed: int) -> Iterator[Work]:
    """A sample of the changes of one sandbox."""
    package = f"plugins/crmhub-{sandbox}"
    found: dict[tuple[int | None, str, str, str], Mutant] = {}
    for path in sorted((ROOT / package / f"crmhub_{sandbox}" / "sandbox").glob("*.py")):
        if path.name not in _NOT_ANSWERS:
            file = str(path.relative_to(ROOT))
            found |= {
                (item.at, file, item.old, item.new): item for item in answers(file, path.read_text(encoding="utf-8"))
            }
    commands = ((*PYTEST, *judging(sandbox)),)
    chosen = random.Random(seed).sample(list(found.values()), min(sample, len(found)))
    return ((sandbox, item, commands) for item in chosen)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try a sample of each sandbox; the last line is a summary.  0 if at least the wanted share is noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=40, help="how many changes of each sandbox")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--sandbox", choices=sorted(JUDGES), action="append", help="only this one (may be repeated)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--least", type=float, default=0.85, help="the share that must be noticed")
    given = parser.parse_args(arguments)
    work = [item for name in given.sandbox or sorted(JUDGES) for item in draw(name, given.sample, given.seed)]
    return conclude(work, given.jobs, given.least)


if __name__ == "__main__":
    sys.exit(main())
