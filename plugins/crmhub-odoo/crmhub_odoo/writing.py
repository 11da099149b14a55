"""Writing partners: creates by external id, so that a repeated one makes no second record; updates one by one.

A create is an import (``load``) of plain columns with the external id ``__crmhub__.<key>``: Odoo refuses a second one.
What an import takes badly follows in writes: tags, references by id are given as such.  A failure between those calls is
OutcomeUnknown: the engine then finds the record by its key and goes on from there.  Odoo has no write on a condition;
what is compared here is compared just before, which leaves a gap of milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from crmhub_odoo import patch
from crmhub_odoo.document import MODEL, SLOTS, TAGS, Row, as_id
from crmhub_odoo.patch import Values
from crmhub_odoo.reading import MODULE, Reader
from crmhub_odoo.rpc import Rpc
from crmhub_odoo.tables import Tables
from hub import plugin

_ONE = (plugin.Rejected, plugin.NotFound, plugin.Conflict)


@dataclass(frozen=True, slots=True)
class Create:
    """A create that is ready: the imported columns, and what follows the import."""

    op: plugin.Op
    columns: Mapping[str, str]
    tags: Sequence[list[int]]
    addresses: Mapping[str, Values]


class Writer:
    """Writes partners of one database."""

    def __init__(self, rpc: Rpc, reader: Reader, tables: Tables) -> None:
        self._rpc, self._reader, self._tables = rpc, reader, tables

    def write(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """See ``Connector.write``."""
        done: list[tuple[plugin.Op, int]] = []
        failure: plugin.ConnectorError | None = None
        try:
            for op, outcome in self._carried_out(ops):
                if isinstance(outcome, plugin.ConnectorError):
                    yield plugin.Receipt(op.key, op.id, error=outcome)
                else:
                    done.append((op, outcome))
        except plugin.ConnectorError as error:
            failure = error
        images: dict[str, plugin.Record] = {}
        try:
            images = {item.id: item for item in self._reader.documents([id for op, id in done if op.kind != "delete"])}
        except plugin.ConnectorError as error:
            failure = failure or error  # what was written stays written: receipts without an image, then the reason
        for op, id in done:
            image = images.get(str(id))
            yield plugin.Receipt(op.key, str(id), image.version if image else None, image)
        if failure is not None:
            raise failure

    def _carried_out(self, ops: Sequence[plugin.Op]) -> Iterator[tuple[plugin.Op, int | plugin.ConnectorError]]:
        yield from self._creates([op for op in ops if op.kind == "create"])
        rest = [op for op in ops if op.kind != "create"]
        ids = sorted({number for op in rest if (number := as_id(op.id)) is not None})
        rows = {row["id"]: row for row in self._reader.rows(ids)}
        children = self._reader.children(ids)
        known: dict[str, plugin.Record] = {}
        if any(op.if_version is not None for op in rest):
            known = {item.id: item for item in self._reader.documents(ids)}
        for op in rest:
            row = rows.get(as_id(op.id) or 0)
            try:
                if row is None:
                    raise plugin.NotFound(f"Odoo has no partner {op.id}")
                if op.if_version is not None and op.if_version != known[str(row["id"])].version:
                    raise plugin.Conflict(f"The partner {op.id} was modified in the meanwhile")
                if op.kind == "delete":
                    self._delete(row, children.get(row["id"], ()))
                else:
                    self._update(op, row, children.get(row["id"], ()))
            except _ONE as error:
                yield op, error
            else:
                yield op, row["id"]

    # creates

    def _creates(self, ops: Sequence[plugin.Op]) -> Iterator[tuple[plugin.Op, int | plugin.ConnectorError]]:
        groups: dict[tuple[str, ...], list[Create]] = {}
        for op in ops:
            try:
                ready = self._prepared(op)
            except plugin.Rejected as error:
                yield op, error
            else:
                groups.setdefault(tuple(ready.columns), []).append(ready)
        for group in groups.values():
            yield from self._imported(group)

    def _prepared(self, op: plugin.Op) -> Create:
        values = patch.values_of(op.data, self._tables, self._reader.available)
        if values.get("parent_id"):
            values = patch.without_inherited(values)
        tags = patch.tag_commands(op.data.get(TAGS), (), self._tables)
        found = {path: patch.address(op.data.get(path) or None, path, self._tables) for path in SLOTS}
        addresses = {path: given for path, given in found.items() if any(given.values())}
        return Create(op, {"id": _external(op.key), **_columns(values)}, tags, addresses)

    def _imported(self, group: Sequence[Create]) -> Iterator[tuple[plugin.Op, int | plugin.ConnectorError]]:
        """Import creates with the same columns.  A bad row rolls all back and is named; the others go again."""
        waiting = list(group)
        while waiting:
            columns = list(waiting[0].columns)
            data = [list(item.columns.values()) for item in waiting]
            answer = self._rpc.write(MODEL, "load", fields=columns, data=data)
            if not isinstance(answer, dict):
                raise plugin.OutcomeUnknown("Odoo's answer to an import is none", remote_text=str(answer)[:120])
            if ids := answer.get("ids"):
                for item, id in zip(waiting, ids, strict=True):
                    self._complete(item, id)
                    yield item.op, id
                return
            refused = _refused(answer.get("messages") or (), len(waiting))
            for number, error in refused.items():
                yield waiting[number].op, error
            waiting = [item for number, item in enumerate(waiting) if number not in refused]

    def _complete(self, item: Create, id: int) -> None:
        with _half_done("the partner was made without its tags or addresses"):
            if item.tags:
                self._rpc.write(MODEL, "write", ids=[id], vals={TAGS: list(item.tags)})
            for path, given in item.addresses.items():
                self._add_address(id, path, given, key=f"{item.op.key}_{path}")

    # updates and deletes

    def _update(self, op: plugin.Op, row: Row, children: Sequence[Row]) -> None:
        values = patch.values_of(op.data, self._tables, self._reader.available)
        if values.get("parent_id", row.get("parent_id")):
            values = patch.without_inherited(values)
        if TAGS in op.data and (commands := patch.tag_commands(op.data[TAGS], row.get(TAGS) or (), self._tables)):
            values[TAGS] = commands
        changes = {path: patch.address(op.data[path] or None, path, self._tables) for path in SLOTS if path in op.data}
        if values:
            self._rpc.write(MODEL, "write", ids=[row["id"]], vals=values)
        with _half_done("the partner was written, but not its addresses") if values else _nothing():
            for path, given in changes.items():
                self._change_address(row["id"], path, given, children)

    def _change_address(self, id: int, path: str, given: Values, children: Sequence[Row]) -> None:
        child = next((item for item in children if item["type"] == SLOTS[path]), None)
        if child is None:
            if any(given.values()):
                self._add_address(id, path, given, key=None)
        elif any(given.values()):
            changed = {name: value for name, value in given.items() if (child.get(name) or False) != (value or False)}
            if changed:
                self._rpc.write(MODEL, "write", ids=[child["id"]], vals=changed)
        else:  # documents may refer to it, so it is put away rather than deleted
            self._rpc.write(MODEL, "write", ids=[child["id"]], vals={"active": False})

    def _add_address(self, id: int, path: str, given: Values, key: str | None) -> None:
        values = {**given, "parent_id": id, "type": SLOTS[path]}
        if key is None:
            self._rpc.write(MODEL, "create", vals_list=[values])
            return
        columns = {"id": _external(key), **_columns(values)}
        answer = self._rpc.write(MODEL, "load", fields=list(columns), data=[list(columns.values())])
        if not isinstance(answer, dict) or not answer.get("ids"):
            messages = answer.get("messages") if isinstance(answer, dict) else ()
            raise next(iter(_refused(messages or (), 1).values()))

    def _delete(self, row: Row, children: Sequence[Row]) -> None:
        """With its addresses, which would stay behind as rows of nobody."""
        self._rpc.write(MODEL, "unlink", ids=[row["id"], *(child["id"] for child in children)])


@contextmanager
def _half_done(what: str) -> Iterator[None]:
    """A failure after a first committed call leaves an op half done: the engine must look before it goes on."""
    try:
        yield
    except plugin.ConnectorError as error:
        raise plugin.OutcomeUnknown(f"Odoo: {what} ({error.message})", remote_text=error.remote_text) from error


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _external(key: str) -> str:
    return f"{MODULE}.{key}"


def _columns(values: Values) -> dict[str, str]:
    """Columns of an import: texts; ids of references in NAME/.id.  What is empty is left to Odoo's own default."""
    columns: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            if value or name in ("active", "is_company"):
                columns[name] = "1" if value else "0"
        elif isinstance(value, int):
            columns[f"{name}/.id"] = str(value)
        elif value:
            columns[name] = str(value)
    return dict(sorted(columns.items()))


def _refused(messages: Sequence[Mapping[str, Any]], rows: int) -> dict[int, plugin.Rejected]:
    """The rows that an import refused, with Odoo's words; all of them where it names none."""
    found: dict[int, plugin.Rejected] = {}
    for message in messages:
        text = " ".join(str(message.get("message") or "").split())[:300]
        error = plugin.Rejected(f"Odoo refuses: {text}", remote_code=str(message.get("type")), remote_text=text)
        number = message.get("record", -1)
        for at in [number] if isinstance(number, int) and 0 <= number < rows else range(rows):
            found.setdefault(at, error)
    if not found:
        return {at: plugin.Rejected("Odoo refuses the import without a reason") for at in range(rows)}
    return found
