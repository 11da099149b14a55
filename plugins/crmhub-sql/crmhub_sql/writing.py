"""Writing rows: compared with what was planned on under a lock, many in one transaction where all goes smoothly, else each
in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError, StatementError

from crmhub_sql.batches import Apart, can_go_together, write_together
from crmhub_sql.table import Rows, all_rows, explained, words
from hub.plugin import Conflict, Duplicate, NotFound, Op, OutcomeUnknown, Receipt, Record, Rejected, Unavailable


class Writer:
    """Carries out ops on one table."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def write_all(self, ops: Sequence[Op]) -> Iterator[Receipt]:
        """Ops of one transaction, if nothing is in the way.  A transaction that was not committed has done nothing, so that
        its ops can be written one by one then: the one that is in the way has its receipt, the others are written.

        Raises OutcomeUnknown for all of them if the connection ended while they were committed; else as ``write``."""
        there: dict[str, Record] = {}
        if can_go_together(self._rows, ops):
            try:
                with self._transaction() as connection:
                    receipts = write_together(self._rows, connection, ops)
            except (Apart, StatementError):
                there = self._made(ops)
            else:
                yield from receipts
                return
        for op in ops:
            if op.key in there:
                yield Receipt(op.key, op.id, error=_duplicate(there[op.key]))
            else:
                yield self.write(op)

    def _made(self, ops: Sequence[Op]) -> dict[str, Record]:
        """Rows that have the keys of these creates: from an earlier try, or because a table without transactions keeps what
        was rolled back."""
        own = self._rows.names.own_key
        if own is None or ops[0].kind != "create":
            return {}
        statement = (
            self._rows.select().where(self._rows.table.c[own].in_([op.key for op in ops])).order_by(self._rows.key)
        )
        with explained(self._rows.names.table), self._rows.engine.connect() as connection:
            return {str(row._mapping[own]): self._rows.record(row) for row in all_rows(connection, statement)}

    def write(self, op: Op) -> Receipt:
        """One op.  What concerns this op alone is in the receipt.  Raises Unavailable if nothing was done, and
        OutcomeUnknown if the connection ended while the transaction was committed."""
        try:
            values = self._rows.checked(op.data)
            with self._transaction() as connection:
                record = self._carry_out(connection, op, values)
            if op.kind == "delete":
                return Receipt(op.key, op.id)
            return Receipt(op.key, record.id, record.version, record)
        except (Rejected, NotFound, Conflict, Duplicate) as error:
            return Receipt(op.key, op.id, error=error)
        except IntegrityError as error:
            return Receipt(op.key, op.id, error=self._refused(op, error))
        except (DataError, StatementError) as error:
            if isinstance(error, OperationalError | InterfaceError):
                raise Unavailable(f"the database did not take the write: {words(error)}") from error
            said = words(error) if isinstance(error, DBAPIError) else type(error).__name__
            return Receipt(op.key, op.id, error=Rejected(f"the database refuses the row: {said}"))

    def _carry_out(self, connection: Connection, op: Op, values: dict[str, Any]) -> Record:
        rows = self._rows
        if op.kind == "create":
            if rows.names.own_key:
                values[rows.names.own_key] = op.key
            made = connection.execute(insert(rows.table).values(values)).inserted_primary_key
            key = made[0] if made else values.get(rows.names.key)
            return self._now(connection, key)
        key = rows.key_of(op.id or "")
        before = self._now(connection, key, lock=True)
        if op.if_version is not None and before.version != op.if_version:
            raise Conflict("the row has changed meanwhile")
        if op.kind == "delete":
            connection.execute(delete(rows.table).where(rows.key == key))
            return before
        if values:
            connection.execute(update(rows.table).where(rows.key == key).values(values))
        return self._now(connection, values.get(rows.names.key, key))

    def _now(self, connection: Connection, key: Any, *, lock: bool = False) -> Record:
        statement = self._rows.select().where(self._rows.key == key)
        found = connection.execute(statement.with_for_update() if lock else statement).first()
        if found is None:
            raise NotFound("there is no such row")
        return self._rows.record(found)

    def _refused(self, op: Op, error: IntegrityError) -> Rejected | Duplicate:
        """A constraint of the table says no; where our own key is there already, the row that has it is named."""
        own = self._rows.names.own_key
        if op.kind == "create" and own is not None:
            column = self._rows.table.c[own]
            with self._rows.engine.connect() as connection:
                there = connection.execute(self._rows.select().where(column == op.key)).first()
            if there is not None:
                return _duplicate(self._rows.record(there))
        return Rejected(f"a constraint of the table refuses the row: {words(error)}")

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """One transaction.  SQLite takes its write lock at once, so that nobody writes between the look and the write."""
        engine = self._rows.engine
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.exec_driver_sql("ROLLBACK")
                    raise
                self._commit(lambda: connection.exec_driver_sql("COMMIT"))
                return
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                transaction.rollback()
                raise
            self._commit(transaction.commit)

    @staticmethod
    def _commit(commit: Any) -> None:
        try:
            commit()
        except (OperationalError, InterfaceError) as error:
            raise OutcomeUnknown(f"the connection ended while the write was made final: {words(error)}") from error


def _duplicate(record: Record) -> Duplicate:
    return Duplicate("this create was carried out before", existing_id=record.id)
