"""Carry out ops on one file: re-read, compare, change, replace; all under the folder's lock."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmhub_files.folder import Stamp, locked, read, replace
from crmhub_files.headers import OWN_KEY
from crmhub_files.records import Entry, Sheet
from crmhub_files.table import CellError, Changes, Format, TableConfig
from hub.plugin import Conflict, ConnectorError, NotFound, Op, Receipt, Rejected

OpenSheet = Callable[[Path, bytes, Stamp | None], Sheet]


@dataclass(slots=True)
class Job:
    """The ops on one file.  open_sheet: how its bytes read; prefix: of its ids; journal: what our creates were called."""

    path: Path
    format: Format
    config: TableConfig
    open_sheet: OpenSheet
    labels: Sequence[str]
    journal: Journal

    def run(self, ops: Sequence[Op]) -> list[Receipt]:
        """One receipt for each op.  Raises Unavailable or ConfigError when nothing was written."""
        with locked(self.path.parent):
            stamp = Stamp.of(self.path)
            if stamp is None:
                content = self.format.empty(self.labels, self.config)
            else:
                content, stamp = read(self.path)
            sheet = self.open_sheet(self.path, content, stamp)
            changes = Changes()
            outcome = {op.key: self._plan(op, sheet, content, changes) for op in ops}
            if changes == Changes():
                return [self._receipt(op, outcome[op.key], sheet) for op in ops]
            try:
                new = self.format.write(content, self.config, changes, where=str(self.path))
            except CellError as error:
                refused = Rejected(f"{self.path.name} cannot be written: {error}", where=str(self.path))
                return [Receipt(op.key, op.id, error=_or(outcome[op.key], refused)) for op in ops]
            self.journal.note({op.key: _own_key(op) for op in ops if op.kind == "create"})
            try:
                stamp = replace(self.path, new, stamp)
            except Conflict as conflict:
                return [Receipt(op.key, op.id, error=_or(outcome[op.key], conflict)) for op in ops]
            written = self.open_sheet(self.path, new, stamp)
            return [self._receipt(op, outcome[op.key], written) for op in ops]

    def _plan(self, op: Op, sheet: Sheet, content: bytes, changes: Changes) -> str | ConnectorError:
        """Note what an op changes; answers the record's id (for a create our own key) or the error."""
        if sheet.table.locked:
            return Rejected(f"{self.path.name} cannot be changed: {sheet.table.locked}", where=str(self.path))
        try:
            if op.kind == "create":
                return self._create(op, sheet, content, changes)
            entry = _current(op, sheet)
            if isinstance(entry, ConnectorError):
                return entry
            assert entry.row is not None  # _current answers an error for an entry without a single row
            if op.kind == "delete":
                changes.removed.add(entry.row.number)
                return op.id or ""
            cells = sheet.cells(_without_key(op.data, entry), entry.row)
            if cells and entry.by == "content":
                # The id of this row is a hash of its content: write it down before the content changes.
                cells[_own_label(sheet, changes)] = entry.record.id.removeprefix(sheet.prefix)
            self._check(cells, content)
            if cells:
                changes.edited[entry.row.number] = cells
            return op.id or ""
        except CellError as error:
            return Rejected(f"{self.path.name} cannot hold a value: {error}", where=str(self.path))

    def _create(self, op: Op, sheet: Sheet, content: bytes, changes: Changes) -> str:
        own = _own_key(op)
        if own in sheet.own_keys:
            return own
        cells = sheet.cells({name: value for name, value in op.data.items() if name != OWN_KEY}, None)
        self._check(cells, content)
        cells[_own_label(sheet, changes)] = own
        changes.added.append(cells)
        return own

    def _check(self, cells: dict[str, Any], content: bytes) -> None:
        for value in cells.values():
            if value is not None:
                self.format.check(content, self.config, value, where=str(self.path))

    def _receipt(self, op: Op, outcome: str | ConnectorError, sheet: Sheet) -> Receipt:
        if isinstance(outcome, ConnectorError):
            return Receipt(op.key, op.id, error=outcome)
        if op.kind == "delete":
            return Receipt(op.key, op.id)
        id = sheet.own_keys.get(outcome, outcome) if op.kind == "create" else outcome
        entry = sheet.entry(id)
        if entry is None:
            return Receipt(op.key, id)
        return Receipt(op.key, id, entry.record.version, entry.record if entry.record.error is None else None)


def _own_key(op: Op) -> str:
    return str(op.data.get(OWN_KEY) or op.key)


def _own_label(sheet: Sheet, changes: Changes) -> str:
    """The label of our own column, which is added where it is missing."""
    label = sheet.label_of.get(OWN_KEY, OWN_KEY)
    if label not in sheet.columns and label not in changes.new_labels:
        changes.new_labels.append(label)
    return label


def _without_key(data: Any, entry: Entry) -> dict[str, Any]:
    """A patch without our key where the row's id hangs on that column."""
    return {name: value for name, value in data.items() if name != OWN_KEY or entry.by == "key"}


def _current(op: Op, sheet: Sheet) -> Entry | ConnectorError:
    entry = sheet.entry(op.id or "")
    if entry is None:
        return NotFound("The row is not in the file any more", where=op.id or "")
    if op.if_version is not None and entry.record.version != op.if_version:
        return Conflict("The row was changed meanwhile", where=op.id or "")
    return entry.record.error or entry


def _or(outcome: str | ConnectorError, error: ConnectorError) -> ConnectorError:
    return outcome if isinstance(outcome, ConnectorError) else error


class Journal:
    """Which own key each create got (op key -> own key), kept in the connection's private folder.

    It is written before the file, so a create whose receipt was lost is found again by its op key.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "creates.jsonl"

    def note(self, keys: dict[str, str]) -> None:
        lines = [json.dumps([key, own]) for key, own in keys.items() if key != own]
        if not lines:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            # The leading line end closes a line that a crash may have left half written.
            file.write("\n" + "\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def own_key(self, op_key: str) -> str:
        """The own key of a create; the op key itself where the op carried no other."""
        if not self._path.exists():
            return op_key
        own = op_key
        for line in self._path.read_text(encoding="utf-8").splitlines():
            if line.startswith("[") and line.endswith("]"):  # a half line is of a create that was never written
                key, value = json.loads(line)
                own = value if key == op_key else own
        return str(own)
