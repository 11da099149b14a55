"""One database: opening, migrating, transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache, lru_cache
from typing import Any

import orjson
import sqlalchemy
from sqlalchemy import Connection, Dialect, Executable, Table
from sqlalchemy.exc import DBAPIError, IntegrityError

from hub.store.driver import RUN, Driver, Release
from hub.store.errors import Locked, StoreError
from hub.store.prepared import Prepared
from hub.store.schema import SCHEMA


def pack(value: Any) -> bytes:
    """JSON as stored."""
    return orjson.dumps(value)


def unpack(raw: bytes) -> Any:
    return orjson.loads(raw)


@cache
def _upsert(
    insert: Callable[[Table], Any], table: Table, columns: tuple[str, ...], keys: tuple[str, ...], keep: tuple[str, ...]
) -> sqlalchemy.Insert:
    """The statement, built once: building it costs more than executing it."""
    names = list(keys or [column.name for column in table.primary_key.columns])
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in columns if name not in names and name not in keep}
    made: sqlalchemy.Insert = (
        statement.on_conflict_do_update(index_elements=names, set_=changed)
        if changed
        else statement.on_conflict_do_nothing(index_elements=names)
    )
    return made


Shape = Callable[[Executable, tuple[str, ...]], Executable]


@lru_cache(512)
def _prepared(statement: Executable, dialect: Dialect, columns: tuple[str, ...] | None, shape: Shape) -> Prepared:
    """Statements are told apart by identity, so only constants profit."""
    return Prepared(statement if columns is None else shape(statement, columns), dialect, columns)


class Database:
    """A connection with explicit transactions.  All use is serialised by a lock, so worker threads may share it.

    A connection to a server can be lost.  While this process holds the store for a run, that is the end of the run: the
    lock is lost with it, and another process may have it by now.  Otherwise the next use connects again.
    """

    def __init__(self, driver: Driver, connection: Connection | None = None) -> None:
        """Open, and migrate.  connection: one that is open and migrated already."""
        self.where = driver.where
        self._driver = driver
        self._lock = threading.RLock()
        self._depth = 0
        self._locks: dict[str, Release] = {}
        self._lost = False
        self.statements = 0
        self._connection: Connection
        self._raw: Any = None
        if connection is not None:
            self._use(connection)
        else:
            self._connect()

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        self._raw = connection.connection.dbapi_connection
        self._lost = False

    def _connect(self) -> None:
        with self._explain():
            self._use(self._driver.connect())
            self._migrate()

    def _migrate(self) -> None:
        found = self._driver.version(self._connection)
        if found > SCHEMA:
            self.close()
            raise StoreError(
                f"the database is of version {found}, this program knows versions up to {SCHEMA}",
                where=self.where,
                hint="Install the newer crmhub again, or restore a backup made before the upgrade",
            )
        if found < SCHEMA:
            from hub.store.migrate import upgrade  # loads alembic, which a normal start must not pay for

            upgrade(self._connection, self._driver)

    # transactions

    def transaction(self) -> AbstractContextManager[Connection]:
        """All or nothing; nested use joins the outer transaction."""
        return self._between(self._driver.begin)

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Everything that is read inside is of one moment, while others write; nothing is written inside."""
        return self._between(self._driver.snapshot)

    @contextmanager
    def _between(self, begin: str) -> Iterator[Connection]:
        with self._lock, self._explain():
            if self._depth:
                self._depth += 1
                try:
                    yield self._connection
                finally:
                    self._depth -= 1
                return
            self._ready()
            try:
                self._driver.control(self._raw, begin)
            except BaseException:
                self._rollback()
                raise
            self._depth = 1
            try:
                yield self._connection
            except BaseException:
                self._depth = 0
                self._rollback()
                raise
            self._depth = 0
            try:
                self._driver.control(self._raw, "COMMIT")
            except BaseException:
                self._rollback()
                raise

    def _rollback(self) -> None:
        if self._driver.in_transaction(self._raw):
            self._driver.control(self._raw, "ROLLBACK")

    def _ready(self) -> None:
        """Connect again after the connection was lost.  Raises StoreError where that would go on with a lost lock."""
        if not self._lost or self._depth:
            return
        if RUN in self._locks:
            raise StoreError(
                "the connection to the database was lost in the middle of a run, and with it the right to write",
                where=self.where,
                hint="Run the same command again when the database can be reached: what was under way is settled then",
            )
        self._locks.clear()  # the server has given them to others
        self._dispose()
        self._connect()

    # statements

    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows.  A statement with ``parameters`` is a constant: it is compiled once."""
        with self._lock, self._explain():
            self._ready()
            self.statements += 1
            if parameters is None:
                return self._connection.execute(statement).all()
            form = _prepared(statement, self._connection.dialect, None, self._driver.numbered).form(parameters)
            if form is None:
                return []
            found = self._cursor().execute(form.sql, form.values(parameters)).fetchall()
            return list(map(form.row, found)) if form.row is not None else found

    def _cursor(self) -> Any:
        return self._driver.cursor(self._raw)

    def write(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> int:
        """Execute inside the running transaction (or a new one); returns the rows touched.  A statement with
        ``parameters`` is a constant: it is compiled once."""
        if parameters is not None and not parameters:
            return 0
        with self.transaction() as connection:
            self.statements += 1
            if parameters is None:
                return int(connection.execute(statement).rowcount)
            rows = [parameters] if isinstance(parameters, Mapping) else parameters
            columns = tuple(rows[0]) if isinstance(statement, sqlalchemy.Insert) else None
            form = _prepared(statement, connection.dialect, columns, self._driver.numbered).form(rows[0])
            assert form is not None, "a write without values"
            cursor = self._cursor()
            cursor.executemany(form.sql, list(map(form.values, rows)))
            return int(cursor.rowcount)

    def upsert(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        keys: Sequence[str] | None = None,
        *,
        keep: Sequence[str] = (),
    ) -> None:
        """Insert or update by primary key (or ``keys``); a row may leave out columns only if all rows do.

        ``keep``: columns that an existing row keeps."""
        if not rows:
            return
        self.write(_upsert(self._driver.insert, table, tuple(rows[0]), tuple(keys or ()), tuple(keep)), rows)

    # locks

    @contextmanager
    def held(self, name: str, label: str = "") -> Iterator[None]:
        """Hold a lock while a block runs.  Raises Locked."""
        self.lock(name, label)
        try:
            yield
        finally:
            self.unlock(name)

    def lock(self, name: str, label: str = "") -> None:
        """Take a lock, which ends with this process at the latest.  label: what other processes are told.  Raises Locked."""
        with self._lock, self._explain():
            self._ready()
            if name in self._locks:
                raise Locked("this process holds the store already", where=self.where, holder=label)
            self._locks[name] = self._driver.lock(self._raw, name, label)

    def holds(self, name: str) -> bool:
        """Whether this connection has a lock, as far as is known."""
        return name in self._locks and not self._lost

    def unlock(self, name: str) -> None:
        """Give a lock back, if it is held."""
        with self._lock:
            release = self._locks.pop(name, None)
            if release is None or self._lost:
                return
            try:
                with self._explain():
                    release()
            except StoreError:
                if not self._lost:  # with the connection, the lock is gone too
                    raise

    # the end

    def close(self) -> None:
        with self._lock:
            self._dispose()

    def _dispose(self) -> None:
        if self._lost:
            self._connection.invalidate()  # there is nobody to say good-bye to
        self._connection.close()
        self._connection.engine.dispose()

    @contextmanager
    def _explain(self) -> Iterator[None]:
        """The database's errors in our words."""
        try:
            yield
        except (DBAPIError, self._driver.error) as error:
            native = _native(error)
            if isinstance(native, self._driver.integrity):
                # the same error whichever way a statement took, and without its values
                raise IntegrityError(None, None, self._driver.refusal(native)) from None
            self._lost = self._lost or (self._raw is not None and self._driver.lost(self._raw))
            raise self._driver.explained(native) from error


def _native(error: BaseException) -> BaseException:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
