"""Domains: lists in prefix notation with &, | and !."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from crmhub_odoo.sandbox.errors import PythonError

Value = Callable[[Any, str], Any]
"""(document, dotted path) -> value; a list of ids for x2many."""
Test = Callable[[Any], bool]
_OPERATORS = frozenset(
    (
        "=",
        "!=",
        ">",
        ">=",
        "<",
        "<=",
        "in",
        "not in",
        "like",
        "ilike",
        "not like",
        "not ilike",
        "=like",
        "=ilike",
        "child_of",
    )
)


def compiled(domain: Sequence[Any], value: Value, ancestors: Callable[[Any], set[int]]) -> Test:
    """A test for documents.  Raises PythonError for a domain that is none."""
    tests: list[Test] = []
    for item in reversed(list(domain)):
        if item == "!":
            tests.append(_not(tests.pop()))
        elif item in ("&", "|") and isinstance(item, str):
            if len(tests) < 2:
                raise PythonError("ValueError", f"Domain is malformed: {domain}")
            tests.append(_join(item, tests.pop(), tests.pop()))
        else:
            tests.append(_leaf(item, value, ancestors))
    return lambda document: all(test(document) for test in tests)


def _not(test: Test) -> Test:
    return lambda document: not test(document)


def _join(word: str, left: Test, right: Test) -> Test:
    if word == "&":
        return lambda document: left(document) and right(document)
    return lambda document: left(document) or right(document)


def _leaf(item: Any, value: Value, ancestors: Callable[[Any], set[int]]) -> Test:
    if not isinstance(item, (list, tuple)) or len(item) != 3 or item[1] not in _OPERATORS:
        raise PythonError("ValueError", f"Invalid leaf {item}")
    path, operator, wanted = item
    if isinstance(path, int):  # (1, '=', 1) is always true, (0, '=', 1) never
        return lambda document: bool((path == wanted) == (operator == "="))
    if operator == "child_of":
        keys = {wanted} if isinstance(wanted, int) else set(wanted)
        return lambda document: bool(ancestors(document) & keys)
    return lambda document: holds(value(document, path), operator, wanted)


def holds(found: Any, operator: str, wanted: Any) -> bool:
    """Whether a value stands in this relation to the wanted one; empty is False."""
    if isinstance(found, list):
        rows = found or [False]
        if operator in ("!=", "not in", "not like", "not ilike"):
            opposite = {"!=": "=", "not in": "in"}.get(operator, operator.removeprefix("not "))
            return not any(holds(row, opposite, wanted) for row in rows)
        return any(holds(row, operator, wanted) for row in rows)
    if operator in ("in", "not in"):
        return (found in list(wanted)) == (operator == "in")
    if operator in ("=", "!="):
        return (_same(found, wanted)) == (operator == "=")
    if operator in (">", ">=", "<", "<="):
        if found is False or wanted is False:
            return False
        return bool({">": found > wanted, ">=": found >= wanted, "<": found < wanted, "<=": found <= wanted}[operator])
    return _like(found, operator, str(wanted))


def _same(found: Any, wanted: Any) -> bool:
    if not wanted and wanted != 0:
        return found is False or found == wanted
    return bool(found == wanted)


def _like(found: Any, operator: str, wanted: str) -> bool:
    negated = operator.startswith("not ")
    word = operator.removeprefix("not ")
    pattern = wanted if word.startswith("=") else f"%{wanted}%"
    text = re.escape(pattern).replace("%", ".*").replace("_", ".")
    flags = re.S | (re.I if "ilike" in word else 0)
    return (found is not False and re.fullmatch(text, str(found), flags) is not None) != negated
