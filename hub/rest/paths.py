"""Looking into JSON: paths such as "paging.next.after" or "emails.0.value", and conditions on them.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

ANY: Final = "*"
"""In a condition: there is a value, whatever it is."""


def at(data: Any, path: str) -> Any:
    """The value at a path; None where there is none.  "" is the data itself; a number is a place in a list.

    A key that holds dots itself ("Account_Name.id" as one key) is found, too.
    """
    if not path:
        return data
    table = type(data) is dict or isinstance(data, Mapping)  # nearly always a dict, which is much faster to tell
    if table and path in data:
        return data[path]
    head, _, rest = path.partition(".")
    if table:
        return at(data.get(head), rest)
    if isinstance(data, list) and head.isdigit() and int(head) < len(data):
        return at(data[int(head)], rest)
    return None


def text_at(data: Any, path: str) -> str:
    """The value at a path as text; "" where there is none."""
    found = at(data, path) if path else None
    if found is None or isinstance(found, (dict, list)):
        return ""
    return ("true" if found else "false") if isinstance(found, bool) else str(found)


def rows_at(data: Any, path: str) -> list[Any]:
    """The list at a path; a single object counts as a list of one, nothing as an empty list."""
    found = at(data, path)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def fits(data: Any, conditions: Mapping[str, Any]) -> bool:
    """Whether every condition holds.  path -> a value, a list of allowed values, or "*" for any value."""
    for path, wanted in conditions.items():
        found = at(data, path)
        if wanted == ANY:
            if found in (None, "", [], {}):
                return False
        elif found not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def any_fits(data: Any, alternatives: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one of several sets of conditions holds."""
    return any(fits(data, conditions) for conditions in alternatives)
