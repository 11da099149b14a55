"""Native paths: "a", "a.b" (nested objects), "ORG.0" (a place in a list); reading, and writing without changing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Reader = Callable[[Any], Any]


def root_of(path: str) -> str:
    """The top-level key of a path."""
    return path.split(".", 1)[0]


def reader(path: str) -> Reader:
    """A function that reads the path of a record or row; None where there is nothing.  "" reads the row itself."""
    if not path:
        return lambda row: row
    if "." not in path:
        return lambda row: row.get(path)
    steps: tuple[str | int, ...] = tuple(int(step) if step.isdigit() else step for step in path.split("."))

    def read(row: Any) -> Any:
        for step in steps:
            if type(row) is dict or isinstance(row, Mapping):
                row = row.get(step)
            elif isinstance(row, list | tuple) and isinstance(step, int) and step < len(row):
                row = row[step]
            else:
                return None
        return row

    return read


def with_path(row: Mapping[str, Any], path: str, native: Any) -> dict[str, Any]:
    """A copy of the row with another value at the path.

    Nested places are empty texts where nothing is (the members of a vCard's N); an object or list in which nothing is
    left becomes None as a whole.
    """
    head, _, rest = path.partition(".")
    changed = dict(row)
    changed[head] = native if not rest else _nested(row.get(head), rest.split("."), native)
    return changed


def _nested(old: Any, steps: list[str], native: Any) -> Any:
    if not steps:
        return "" if native is None else native
    step, rest = steps[0], steps[1:]
    if step.isdigit():
        items = list(old) if isinstance(old, list | tuple) else []
        place = int(step)
        items += [""] * (place + 1 - len(items))
        items[place] = _nested(items[place], rest, native)
        while items and items[-1] in (None, ""):
            items.pop()
        return items or None
    members = dict(old) if isinstance(old, Mapping) else {}
    members[step] = _nested(members.get(step), rest, native)
    return members if any(value not in (None, "") for value in members.values()) else None
