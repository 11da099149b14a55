"""Conditions of mapping files: ``where``, ``only_when`` and ``select``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.mapping.paths import reader

Condition = Callable[[Any], bool]
Allowed = Mapping[str, tuple[Any, ...]]


def _comparable(value: Any) -> Any:
    """All spellings of "nothing" are one; a reference shown as [id, name] is its id."""
    if type(value) is str:  # nearly always: no detour
        return value or None
    if value is None or value is False:
        return None
    if isinstance(value, list | tuple):
        return _comparable(value[0]) if value else None
    if isinstance(value, Mapping):
        return _comparable(value.get("id"))
    return value


def condition(allowed: Allowed) -> Condition | None:
    """A function that says whether a record or row fulfils the condition; None if there is none."""
    if not allowed:
        return None
    tests = [(reader(path), frozenset(_comparable(value) for value in values)) for path, values in allowed.items()]
    if len(tests) == 1:
        read, values = tests[0]
        if None not in values:
            # A text needs no translation here; nearly every row of a list passes through this line.
            return lambda row: (value if type(value := read(row)) is str else _comparable(value)) in values
        return lambda row: _comparable(read(row)) in values
    return lambda row: all(_comparable(read(row)) in values for read, values in tests)


def constants(allowed: Allowed) -> dict[str, Any]:
    """What a new record or row gets so that it fulfils the condition: the first value of each path, blanks left out."""
    return {
        path: values[0]
        for path, values in allowed.items()
        if values and all(_comparable(value) is not None for value in values)
    }
