"""Writing many rows in one transaction, with a few statements for all of them.

Only what goes smoothly is written so.  Whatever does not (a row that the table refuses, a key that does not come back as it
was asked for) undoes the whole transaction by raising, and the caller writes row by row.  What our own look at an op refuses
has done nothing yet: that op has its receipt, and the others go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Connection, bindparam, delete, insert, update

from crmhub_sql.table import Rows
from hub.plugin import Conflict, Op, Receipt, Record, Rejected

_AT = "crmhub_at_key"


class Apart(Exception):
    """These ops have to be written one by one."""


def can_go_together(rows: Rows, ops: Sequence[Op]) -> bool:
    """Whether ops are alike, about different records, and what becomes of each can be told apart afterwards."""
    kinds = {op.kind for op in ops}
    if len(ops) < 2 or len(kinds) > 1 or len({op.key for op in ops}) < len(ops):
        return False
    if kinds == {"create"}:
        return rows.names.own_key is not None
    return len({op.id for op in ops}) == len(ops) and not any(rows.names.key in op.data for op in ops)


def write_together(rows: Rows, connection: Connection, ops: Sequence[Op]) -> list[Receipt]:
    """Receipts in the order of the ops, true once the caller's transaction is committed.

    Raises Apart, or the database's errors: then nothing must be committed."""
    batch = _Batch(rows, connection)
    batch.creates(ops) if ops[0].kind == "create" else batch.changes(ops)
    return [batch.receipts[op.key] for op in ops]


class _Batch:
    """One transaction's work."""

    def __init__(self, rows: Rows, connection: Connection) -> None:
        self._rows, self._connection = rows, connection
        self.receipts: dict[str, Receipt] = {}

    def creates(self, ops: Sequence[Op]) -> None:
        """New rows are found again by our own key, in any database."""
        own = self._rows.table.c[self._rows.names.own_key or ""]
        fresh = {op.key: {**values, own.name: op.key} for op, values in self._values(ops)}
        for group in _alike(fresh.values()):
            self._connection.execute(insert(self._rows.table), group)
        for key, record in self._now(own, list(fresh)).items():
            self.receipts[key] = Receipt(key, record.id, record.version, record)

    def changes(self, ops: Sequence[Op]) -> None:
        """Rows are locked, compared with what was planned on, changed or deleted, and read again."""
        rows, key = self._rows, self._rows.key
        keys: dict[str, Any] = {}
        for op in ops:
            try:
                keys[op.key] = rows.key_of(op.id or "")
            except Rejected as error:
                self._refuse(op, error)
        before = self._now(key, list(keys.values()), lock=True)
        current = []
        for op in ops:
            if op.key not in keys:
                continue
            if op.if_version is not None and before[keys[op.key]].version != op.if_version:
                self._refuse(op, Conflict("the row has changed meanwhile"))
            else:
                current.append(op)
        if ops[0].kind == "delete":
            if current:
                gone = [{_AT: keys[op.key]} for op in current]
                self._connection.execute(delete(rows.table).where(key == bindparam(_AT)), gone)
            self.receipts.update({op.key: Receipt(op.key, op.id) for op in current})
            return
        wanted = dict(self._by_key(current))
        for group in _alike({**values, _AT: keys[name]} for name, values in wanted.items() if values):
            self._connection.execute(update(rows.table).where(key == bindparam(_AT)), group)
        after = self._now(key, [keys[name] for name in wanted])
        for name in wanted:
            record = after[keys[name]]
            self.receipts[name] = Receipt(name, record.id, record.version, record)

    def _by_key(self, ops: Sequence[Op]) -> Iterable[tuple[str, dict[str, Any]]]:
        return ((op.key, values) for op, values in self._values(ops))

    def _values(self, ops: Sequence[Op]) -> list[tuple[Op, dict[str, Any]]]:
        """What is written by each op that our own look does not refuse."""
        found = []
        for op in ops:
            try:
                found.append((op, self._rows.checked(op.data)))
            except Rejected as error:
                self._refuse(op, error)
        return found

    def _refuse(self, op: Op, error: Rejected | Conflict) -> None:
        self.receipts[op.key] = Receipt(op.key, op.id, error=error)

    def _now(self, column: Column[Any], values: Sequence[Any], *, lock: bool = False) -> dict[Any, Record]:
        """The row of each of these values.  Raises Apart unless each has exactly one, with just this value: a database may
        hold equal what is not the same (large and small letters, blanks at the end)."""
        if not values:
            return {}
        statement = self._rows.select().where(column.in_(values)).order_by(self._rows.key)
        found = self._connection.execute(statement.with_for_update() if lock else statement).all()
        there = {row._mapping[column.name]: self._rows.record(row) for row in found}
        if len(found) != len(values) or set(there) != set(values):
            raise Apart
        return there


def _alike(rows: Iterable[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Rows with the same columns together: a column that is not named keeps what it has, or takes its default."""
    groups: dict[frozenset[str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[frozenset(row)].append(row)
    return list(groups.values())
