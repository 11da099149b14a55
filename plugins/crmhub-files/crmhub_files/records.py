"""Rows as records: their ids, their data under normal column names, their versions.  Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal

from crmhub_files.headers import HOUSE_NUMBER, OWN_KEY
from crmhub_files.table import Row, Table
from crmhub_files.values import damaged, read_date, write_date
from hub.plugin import Record, Rejected

_IDENTITY: Final = ("name", "first name", "last name", "company", "email")
_PINNED = re.compile(r"row-[0-9a-f]{16}\Z")


KeySource = Literal["key", "own", "content"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record and its row (None where it cannot be used or several rows claim one id).

    by: what its id comes from: the key columns, our own column, or a hash of its content.
    """

    record: Record
    row: Row | None
    by: KeySource


@dataclass(frozen=True)
class Sheet:
    """One file's table as records.

    prefix: what ids start with ("" for a single file, else "FILE#").  key: columns that identify a row.
    """

    name: str
    prefix: str
    table: Table
    columns: Mapping[str, str]
    key: tuple[str, ...]
    date_format: str | None = None
    modified_at: datetime | None = None
    open_columns: bool = field(default=False)

    @cached_property
    def _rows(self) -> dict[str, list[tuple[Row, KeySource]]]:
        rows: dict[str, list[tuple[Row, KeySource]]] = {}
        for row in self.table.rows:
            key, by = self._key_of(row)
            rows.setdefault(self.prefix + key, []).append((row, by))
        return rows

    @property
    def ids(self) -> list[str]:
        """All record ids, in the order of the file."""
        return list(self._rows)

    def entry(self, id: str) -> Entry | None:
        """The record of this id, or None."""
        found = self._rows.get(id)
        return self._entry(id, found) if found else None

    def entries(self) -> Iterator[Entry]:
        """All records, in the order of the file."""
        return (self._entry(id, found) for id, found in self._rows.items())

    @cached_property
    def own_keys(self) -> dict[str, str]:
        """Our own key -> record id, for the rows that carry one."""
        label = self.label_of.get(OWN_KEY)
        rows = ((id, row) for id, found in self._rows.items() for row, _ in found)
        keys = ((id, _text(row.cells.get(label))) for id, row in rows if label is not None)
        return {key: id for id, key in keys if key and not _PINNED.match(key)}

    def _key_of(self, row: Row) -> tuple[str, KeySource]:
        """The row's key: the key columns, else our own column, else a hash of what identifies a person."""
        data = self._named(row)
        parts = [_text(data.get(column)).strip() for column in self.key]
        if parts and all(parts):
            return "|".join(parts), "key"
        own = _text(data.get(OWN_KEY)).strip()
        if own:
            return own, "own"
        shown = [_text(data.get(column)).strip().casefold() for column in _IDENTITY]
        content = "\x1f".join(shown) if any(shown) and not row.problem else row.raw or json.dumps(data, default=str)
        return f"row-{_digest(content)}", "content"

    def _entry(self, id: str, found: Sequence[tuple[Row, KeySource]]) -> Entry:
        version = _digest("\x1e".join(_content(self._named(row), row) for row, _ in found))
        row, by = found[0]
        problem = row.problem
        where = f"{self.name}:{row.number}"
        if len(found) > 1:
            lines = ", ".join(str(row.number) for row, _ in found)
            message = f"Rows {lines} of {self.name} have the same key {id!r}"
            hint = "Give each row its own id, or remove the one that is wrong"
        elif problem:
            message, hint = f"Row {row.number} of {self.name} cannot be read: {problem}", "Correct the row in the file"
        elif problem := damaged(self._named(row), self.key):
            message = f"Row {row.number} of {self.name}: {problem}"
            hint = "Enter it again in a column that is formatted as text"
        else:
            data = self._data(row)
            return Entry(Record(id, data, version=version, modified_at=self.modified_at), row, by)
        error = Rejected(message, where=where, hint=hint)
        return Entry(Record(id, None, version=version, modified_at=self.modified_at, error=error), None, by)

    def _named(self, row: Row) -> dict[str, Any]:
        return {self.columns[label]: value for label, value in row.cells.items() if label in self.columns}

    def _data(self, row: Row) -> dict[str, Any]:
        data = {name: value if value != "" else None for name, value in self._named(row).items()}
        if self.joins_house_number:
            parts = [_text(data.get("street")).rstrip(), _text(data.pop(HOUSE_NUMBER, None)).strip()]
            data["street"] = " ".join(part for part in parts if part) or None
        if "birthday" in data:
            data["birthday"] = read_date(data["birthday"], self.date_format)
        if _PINNED.match(_text(data.get(OWN_KEY))):
            data[OWN_KEY] = None  # it only keeps the row's id
        return data

    @property
    def joins_house_number(self) -> bool:
        names = set(self.columns.values())
        return HOUSE_NUMBER in names and "street" in names

    @property
    def label_of(self) -> dict[str, str]:
        """Column name -> label."""
        return {name: label for label, name in self.columns.items()}

    def cells(self, patch: Mapping[str, Any], row: Row | None) -> dict[str, Any]:
        """Label -> new value for what a patch changes; columns that the file lacks are left out.

        Values are as the file spells them; a whole street clears the house number beside it.
        """
        shown = self._data(row) if row else {}
        labels = self.label_of
        cells: dict[str, Any] = {}
        for name, value in patch.items():
            label = labels.get(name) or (name if self.open_columns else None)
            if label is None or (row is not None and value == shown.get(name)):
                continue
            if name == "street" and self.joins_house_number:
                cells[labels[HOUSE_NUMBER]] = None
            if name == "birthday":
                value = write_date(value, row.cells.get(label) if row else None, self.date_format)
            cells[label] = value
        return cells


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _content(named: Mapping[str, Any], row: Row) -> str:
    shown = {name: value for name, value in named.items() if value not in (None, "")}
    return json.dumps([shown, row.problem and row.raw], sort_keys=True, default=str)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
