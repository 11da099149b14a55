"""A native record while a change is being composed: the base, what was written over it, and its lists of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.contract.records import Parts
from hub.mapping.paths import with_path


@dataclass(slots=True)
class Entry:
    """A row: ``old`` as it was read (nothing if it is ``fresh``), ``new`` as it shall be."""

    old: Any
    new: Any
    removed: bool = False
    fresh: bool = False


class ListDraft:
    """The rows of one native list, shared by all collections that live in it.

    id:    the column with a row's own id; None for a list without ids.
    split: the separator, if the list is one text.
    """

    def __init__(self, base: Any, id_column: str | None, split: str) -> None:
        self.id = id_column
        self.split = split
        self.base = base
        self.rows = [Entry(row, row) for row in rows_of(base, split)]
        self.first: list[list[int]] = []
        """For collections whose first row is the primary one: the wanted order of their rows (indexes into rows)."""

    def add(self, row: Any) -> None:
        self.rows.append(Entry(None, row, fresh=True))

    def native(self) -> Any:
        """The patch for this list; ``UNCHANGED`` if it stays as it is."""
        order = self._order()
        return self._parts(order) if self.id is not None else self._whole(order)

    def _order(self) -> list[int]:
        order = list(range(len(self.rows)))
        for wanted in self.first:
            places = sorted(wanted)
            for place, index in zip(places, wanted, strict=True):
                order[place] = index
        return [index for index in order if not self.rows[index].removed]

    def _id_of(self, row: Any) -> str | None:
        found = row.get(self.id) if isinstance(row, Mapping) else None
        return None if found is None else str(found)

    def _parts(self, order: list[int]) -> Any:
        assert self.id is not None
        changes: dict[str, Mapping[str, Any]] = {}
        for entry in self.rows:
            if not entry.fresh and not entry.removed and entry.new is not entry.old:
                changes[str(entry.old[self.id])] = {
                    key: value for key, value in entry.new.items() if entry.old.get(key) != value
                }
        removed = tuple(str(entry.old[self.id]) for entry in self.rows if entry.removed and not entry.fresh)
        added = [index for index in order if self.rows[index].fresh]
        if any(self.rows[index].fresh for index in order[: len(order) - len(added)]):
            # A new row shall come before old ones: it gets a stand-in for its id, so that the order can name it.
            for number, index in enumerate(added):
                self.rows[index].new = {self.id: f"{NEW_ROW}{number}", **self.rows[index].new}
        ids = [row_id for index in order if (row_id := self._id_of(self.rows[index].new)) is not None]
        natural = [
            row_id for entry in self.rows if not entry.removed and (row_id := self._id_of(entry.old)) is not None
        ]
        parts = Parts(
            add=tuple(self.rows[index].new for index in added),
            remove=removed,
            set={key: value for key, value in changes.items() if value},
            order=tuple(ids) if ids != natural else None,
        )
        return parts if parts.add or parts.set or parts.remove or parts.order else UNCHANGED

    def _whole(self, order: list[int]) -> Any:
        rows = [self.rows[index].new for index in order]
        if rows == [entry.old for entry in self.rows if not entry.fresh] and len(rows) == len(self.rows):
            return UNCHANGED
        if not self.split:
            return rows
        return f"{self.split} ".join(rows) or None


NEW_ROW = "+"
"""How the stand-in for a new row's id starts, in the rows and the order of ``Parts``."""


class _Unchanged:
    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED = _Unchanged()


def rows_of(native: Any, split: str = "") -> list[Any]:
    """The rows of a native list; a text with a separator is cut into texts."""
    if split:
        if not isinstance(native, str):
            return []
        return [piece.strip() for piece in native.split(split) if piece.strip()]
    return list(native) if isinstance(native, list | tuple) else []


class Draft:
    """Collects what is written.  The base is never changed."""

    def __init__(self, base: Mapping[str, Any] | None) -> None:
        self.new = base is None
        self.base: Mapping[str, Any] = base or {}
        self.row: dict[str, Any] = dict(self.base)
        self.lists: dict[str, ListDraft] = {}
        self.held: dict[str, str] = {}
        self._roots: dict[str, None] = {}

    def write(self, change: Mapping[str, Any]) -> None:
        """Write native values at their paths."""
        for path, native in change.items():
            self.row = with_path(self.row, path, native)
            self._roots[path.partition(".")[0]] = None

    def list(self, name: str, id_column: str | None, split: str = "") -> ListDraft:
        found = self.lists.get(name)
        if found is None:
            found = self.lists[name] = ListDraft(self.base.get(name), id_column, split)
        return found

    def patch(self) -> dict[str, Any]:
        """What differs from the base, by top-level key."""
        data = {
            root: self.row[root]
            for root in self._roots
            if self.new or root not in self.base or self.base[root] != self.row[root]
        }
        for name, rows in self.lists.items():
            native = rows.native()
            if native is not UNCHANGED:
                data[name] = native
        return data


def applied(base: Mapping[str, Any] | None, patch: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """The record after the patch.  ``ids``: native list -> its id column."""
    data = dict(base or {})
    for name, native in patch.items():
        data[name] = _with_parts(data.get(name), native, ids.get(name, "id")) if isinstance(native, Parts) else native
    return data


def _with_parts(rows: Any, parts: Parts, id_column: str) -> list[Any]:
    removed = set(parts.remove)

    def id_of(row: Any) -> str:
        return str(row.get(id_column)) if isinstance(row, Mapping) else ""

    kept = [
        {**row, **parts.set[id_of(row)]} if id_of(row) in parts.set else row
        for row in rows_of(rows)
        if id_of(row) not in removed
    ]
    rows = [*kept, *(dict(row) for row in parts.add)]
    if parts.order is not None:
        place = {row_id: index for index, row_id in enumerate(parts.order)}
        rows.sort(key=lambda row: place.get(id_of(row), len(place)))
    return [
        {key: value for key, value in row.items() if key != id_column} if id_of(row).startswith(NEW_ROW) else row
        for row in rows
    ]
