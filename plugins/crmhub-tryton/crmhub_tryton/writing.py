"""Writing parties: few calls for many ops, one receipt for each, and nobody else's edit overwritten.

One call is one transaction, so a row that the server refuses takes the whole call with it: the batch is then halved
until the refused row stands alone.  A conditional write re-reads, compares the version, and hands the stamps just read
to the server, which checks them inside the transaction (trytond/model/modelsql.py, ``__check_timestamp``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from crmhub_tryton import document, patch
from crmhub_tryton.document import Row
from crmhub_tryton.reading import Reader, as_id
from crmhub_tryton.rpc import Rpc
from crmhub_tryton.tables import Tables
from hub import plugin

_MODEL = "model.party.party"


@dataclass(frozen=True, slots=True)
class Change:
    """An op that is ready to send.  ``row``: the party as just read; empty for a create."""

    op: plugin.Op
    values: Mapping[str, Any]
    row: Row

    @property
    def id(self) -> int:
        return int(self.row["id"])


Send = Callable[[Sequence[Change]], Sequence[int]]
"""Sends changes in one call and returns the ids of the parties, in order."""


class Writer:
    """Writes parties of one database."""

    def __init__(self, rpc: Rpc, reader: Reader, tables: Tables) -> None:
        self._rpc = rpc
        self._reader = reader
        self._tables = tables

    def write(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        """See ``Connector.write``."""
        for part in _rounds(ops):
            yield from self._creates([op for op in part if op.kind == "create"])
            yield from self._changes([op for op in part if op.kind != "create"])

    # Creates

    def _creates(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        ready: list[Change] = []
        for op in ops:
            try:
                ready.append(Change(op, patch.creation(op, self._tables), {}))
            except plugin.Rejected as error:
                yield plugin.Receipt(op.key, error=error)
        yield from self._run(ready, self._create)

    def _create(self, changes: Sequence[Change]) -> Sequence[int]:
        ids: list[int] = self._rpc.write(f"{_MODEL}.create", [change.values for change in changes])
        # An archived party is read-only, also while it is being created: archive in a second call.
        archived = [id for id, change in zip(ids, changes, strict=True) if change.op.data.get("active") is False]
        if archived:
            with _half_done("the parties were created but not archived"):
                self._rpc.write(f"{_MODEL}.write", archived, {"active": False})
        return ids

    # Updates and deletes

    def _changes(self, ops: Sequence[plugin.Op]) -> Iterator[plugin.Receipt]:
        if not ops:
            return
        rows = self._reader.rows([number for op in ops if (number := as_id(op.id)) is not None])
        ready: list[Change] = []
        for op in ops:
            try:
                ready.append(self._prepared(op, rows.get(as_id(op.id) or 0)))
            except (plugin.Rejected, plugin.Conflict, plugin.NotFound) as error:
                yield plugin.Receipt(op.key, op.id, error=error)
        deletes = [change for change in ready if change.op.kind == "delete"]
        idle = [change for change in ready if change.op.kind == "update" and not change.values]
        edits = [change for change in ready if change.op.kind == "update" and change.values]
        awake = [change for change in edits if change.row["active"] or set(change.values) == {"active"}]
        dormant = [change for change in edits if not change.row["active"] and set(change.values) != {"active"}]
        for change in idle:
            image = document.record(change.row)
            yield plugin.Receipt(change.op.key, image.id, image.version, image)
        yield from self._run(awake, self._update)
        yield from self._wake(dormant)
        yield from self._run(deletes, self._delete)

    def _prepared(self, op: plugin.Op, row: Row | None) -> Change:
        if row is None:
            raise plugin.NotFound(f"Tryton has no party {op.id}")
        if op.if_version is not None and document.version(row) != op.if_version:
            raise plugin.Conflict(f"The party {op.id} was modified in the meanwhile")
        return Change(op, {} if op.kind == "delete" else patch.update(op, row, self._tables), row)

    def _update(self, changes: Sequence[Change]) -> Sequence[int]:
        pairs: list[Any] = []
        for change in changes:
            pairs += [[change.id], change.values]
        self._rpc.write(f"{_MODEL}.write", *pairs, context=_condition(changes))
        return [change.id for change in changes]

    def _delete(self, changes: Sequence[Change]) -> Sequence[int]:
        ids = [change.id for change in changes]
        self._rpc.write(f"{_MODEL}.delete", ids, context=_condition(changes))
        return ids

    # Archived parties are read-only: activate, edit, archive again

    def _wake(self, changes: Sequence[Change]) -> Iterator[plugin.Receipt]:
        """Edit archived parties, one by one: it is rare, and a failed edit must archive its party again."""
        for change in changes:
            yield from self._run([change], self._edit_archived)

    def _edit_archived(self, changes: Sequence[Change]) -> Sequence[int]:
        (change,) = changes
        self._rpc.write(f"{_MODEL}.write", [change.id], {"active": True}, context=_condition(changes))
        with _half_done("the archived party was activated but not edited"):
            row = self._reader.rows([change.id]).get(change.id)
        try:
            self._edit_activated(change, row)
        except (plugin.Rejected, plugin.Conflict):
            with _half_done("the archived party was activated and its edit refused"):
                self._rpc.write(f"{_MODEL}.write", [change.id], {"active": False})
            raise
        return [change.id]

    def _edit_activated(self, change: Change, row: Row | None) -> None:
        if row is None:
            raise plugin.NotFound(f"Tryton has no party {change.id} any more")
        if change.op.if_version is not None and not _only_activated(change.row, row):
            raise plugin.Conflict(f"The party {change.id} was modified in the meanwhile")
        values = {key: value for key, value in change.values.items() if key != "active"}
        if change.op.data.get("active") is not True:
            values["active"] = False  # Tryton takes an edit and the archiving in one write
        self._update([Change(change.op, values, row)])

    # Sending

    def _run(self, changes: Sequence[Change], send: Send) -> Iterator[plugin.Receipt]:
        """Send, give receipts for all that is known, and only then raise what concerns the whole call."""
        if not changes:
            return
        done: list[tuple[Change, int]] = []
        failure: plugin.ConnectorError | None = None
        try:
            for change, outcome in _halving(changes, send):
                if isinstance(outcome, plugin.ConnectorError):
                    yield plugin.Receipt(change.op.key, change.op.id, error=outcome)
                else:
                    done.append((change, outcome))
        except plugin.ConnectorError as error:
            failure = error
        rows: Mapping[int, Row] = {}
        try:
            rows = self._reader.rows([id for change, id in done if change.op.kind != "delete"])
        except plugin.ConnectorError as error:
            # What was written stays written: receipts without an image, then the reason.
            failure = failure or error
        for change, id in done:
            image = document.record(rows[id]) if id in rows else None
            yield plugin.Receipt(change.op.key, str(id), image.version if image else None, image)
        if failure is not None:
            raise failure


@contextmanager
def _half_done(what: str) -> Iterator[None]:
    """A failure after a first committed call leaves an op half done: the engine must look before it goes on."""
    try:
        yield
    except plugin.ConnectorError as error:
        raise plugin.OutcomeUnknown(f"Tryton: {what} ({error.message})", remote_text=error.remote_text) from error


def _rounds(ops: Sequence[plugin.Op]) -> Iterator[list[plugin.Op]]:
    """Ops in the given order, cut so that no round touches a party twice."""
    part: list[plugin.Op] = []
    touched: set[str] = set()
    for op in ops:
        if op.id is not None and op.id in touched:
            yield part
            part, touched = [], set()
        part.append(op)
        if op.id is not None:
            touched.add(op.id)
    yield part


def _halving(changes: Sequence[Change], send: Send) -> Iterator[tuple[Change, int | plugin.ConnectorError]]:
    """Send all in one call; when the server refuses, send each half by itself."""
    waiting = [list(changes)] if changes else []
    while waiting:
        batch = waiting.pop()
        try:
            ids = send(batch)
        except (plugin.Rejected, plugin.Conflict, plugin.NotFound) as error:
            if len(batch) == 1:
                yield batch[0], error
            else:
                middle = len(batch) // 2
                waiting += [batch[middle:], batch[:middle]]
        else:
            yield from zip(batch, ids, strict=True)


def _condition(changes: Sequence[Change]) -> dict[str, Any]:
    """The stamps of every party with a condition, and of its parts; the server checks those that it will touch."""
    stamps: dict[str, str] = {}
    for change in changes:
        if change.op.if_version is not None:
            stamps |= document.timestamps(change.row)
    return {"_timestamp": stamps} if stamps else {}


def _only_activated(before: Row, after: Row) -> bool:
    """Whether nothing but the activation lies between two reads."""
    one, two = document.record(before).data, document.record(after).data
    assert one is not None
    assert two is not None
    return {**one, "active": True} == dict(two)
