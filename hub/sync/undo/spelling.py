"""The very bytes that were there (pure).

Writing a canonical value back may spell it otherwise than a person had: "+49 30 1234567" for "030/1234567".  Where the
native value of before reads the same, it is written instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.contract.records import Parts
from hub.mapping.view import Mapping_


def spelled(
    mapping: Mapping_, base: Mapping[str, Any] | None, patch: Mapping[str, Any], pre: Mapping[str, Any]
) -> dict[str, Any]:
    """The patch with native values of ``pre`` wherever the record then reads exactly as after ``patch``.

    base: the record as it is now, None for a create."""
    wanted = mapping.get(mapping.apply(base, patch))
    found = dict(patch)

    def try_(path: str, native: Any) -> bool:
        candidate = {**found, path: native}
        if native != found[path] and mapping.get(mapping.apply(base, candidate)) == wanted:
            found[path] = native
            return True
        return False

    for path, native in patch.items():
        if isinstance(native, Parts):
            ids: Mapping[str, str] = getattr(mapping, "list_ids", {})
            _parts(try_, path, native, pre.get(path), ids.get(path, "id"))
        elif isinstance(native, list):
            if isinstance(pre.get(path), list):
                _rows(try_, path, native, pre[path])
                found[path] = _ordered(found[path], pre[path])
        elif path in pre:
            try_(path, pre[path])
    return found


def _rows(try_: Any, path: str, rows: list[Any], before: list[Any]) -> None:
    """A list without ids is written whole: each row in the spelling of a row of before, where there is one."""
    current, free = list(rows), list(before)
    for index in range(len(rows)):
        for row in list(free):
            candidate = [*current[:index], _respelled(current[index], row), *current[index + 1 :]]
            if current[index] == candidate[index] or try_(path, candidate):
                current = candidate
                free.remove(row)
                break


def _respelled(row: Any, before: Any) -> Any:
    """What a person sees of the row of before; what only the connector sees ("_" keys) belongs to the row of now, and a
    row that is not there any more has none."""
    if not (isinstance(row, Mapping) and isinstance(before, Mapping)):
        return before
    return {**_visible(before), **{key: value for key, value in row.items() if key.startswith("_")}}


def _visible(row: Any) -> Any:
    return {key: value for key, value in row.items() if not key.startswith("_")} if isinstance(row, Mapping) else row


def _ordered(rows: list[Any], before: list[Any]) -> list[Any]:
    """The rows in the order of before, if they are the same ones."""
    free, ordered = list(rows), []
    for row in before:
        twin = next((item for item in free if _visible(item) == _visible(row)), None)
        if twin is None:
            return rows
        free.remove(twin)
        ordered.append(twin)
    return rows if free else ordered


def _parts(try_: Any, path: str, parts: Parts, before: Any, id_column: str) -> None:
    old = [row for row in before if isinstance(row, Mapping)] if isinstance(before, list) else []
    change = {key: dict(row) for key, row in parts.set.items()}
    for key, row in change.items():
        twin = next((item for item in old if str(item.get(id_column)) == key), {})
        for column in row:
            if column in twin:
                candidate = {**change, key: {**change[key], column: twin[column]}}
                if try_(path, Parts(parts.add, candidate, parts.remove, parts.order)):
                    change = candidate
    added = [dict(row) for row in parts.add]
    for index in range(len(added)):
        for twin in old:
            row = {**added[index], **{column: twin[column] for column in added[index] if column in _visible(twin)}}
            candidate_rows = [*added[:index], row, *added[index + 1 :]]
            if row == added[index] or try_(path, Parts(tuple(candidate_rows), change, parts.remove, parts.order)):
                added = candidate_rows
                break
