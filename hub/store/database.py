"""One SQLite database in WAL mode: opening, migrating, transactions."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy
from sqlalchemy import Connection, Dialect, Engine, Executable, Table, create_engine, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

from hub.contract.errors import HubError
from hub.store.prepared import Prepared
from hub.store.tables import SCHEMA


class StoreError(HubError):
    """The hub's own database cannot be used (disk full, damaged, from a newer version, not writable)."""

    code = "store"


class Locked(HubError):
    """Another process runs on this store; ``holder`` is what that process calls itself."""

    code = "locked"

    def __init__(self, message: str, *, where: str = "", hint: str = "", holder: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.holder = holder


def pack(value: Any) -> bytes:
    """JSON as stored."""
    return orjson.dumps(value)


def unpack(raw: bytes) -> Any:
    return orjson.loads(raw)


@cache
def _upsert(table: Table, columns: tuple[str, ...], keys: tuple[str, ...], keep: tuple[str, ...]) -> Insert:
    """The statement, built once: building it costs more than executing it."""
    names = list(keys or [column.name for column in table.primary_key.columns])
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in columns if name not in names and name not in keep}
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=names)
    return statement.on_conflict_do_update(index_elements=names, set_=changed)


@lru_cache(512)
def _prepared(statement: Executable, dialect: Dialect, columns: tuple[str, ...] | None) -> Prepared:
    """Statements are told apart by identity, so only constants profit."""
    return Prepared(statement, dialect, columns)


class Database:
    """A connection with explicit transactions.  All use is serialised by a lock, so worker threads may share it.

    wait: seconds to wait for another connection's transaction;  sure: a commit is on the disk before it is answered, so
    that a power cut does not take it back either.
    """

    def __init__(self, path: Path, *, wait: float = 30.0, sure: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._depth = 0
        self.statements = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path, wait, "FULL" if sure else "NORMAL")
        with self._explain():
            self._connection = self._engine.connect()
            self._migrate()

    def _migrate(self) -> None:
        found = int(self._connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if found > SCHEMA:
            self.close()
            raise StoreError(
                f"the database is of version {found}, this program knows versions up to {SCHEMA}",
                where=str(self.path),
                hint="Install the newer crmhub again, or restore a backup made before the upgrade",
            )
        if found < SCHEMA:
            from hub.store.migrate import upgrade  # loads alembic, which a normal start must not pay for

            upgrade(self._connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing; nested use joins the outer transaction."""
        with self._lock, self._explain():
            if self._depth:
                self._depth += 1
                try:
                    yield self._connection
                finally:
                    self._depth -= 1
                return
            self._cursor().execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self._connection
            except BaseException:
                self._depth = 0
                self._rollback()
                raise
            self._depth = 0
            try:
                self._cursor().execute("COMMIT")
            except BaseException:
                self._rollback()
                raise

    def _rollback(self) -> None:
        raw = self._connection.connection.dbapi_connection
        if isinstance(raw, sqlite3.Connection) and raw.in_transaction:
            raw.execute("ROLLBACK")

    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """All rows.  A statement with ``parameters`` is a constant: it is compiled once."""
        with self._lock, self._explain():
            self.statements += 1
            if parameters is None:
                return self._connection.execute(statement).all()
            form = _prepared(statement, self._connection.dialect, None).form(parameters)
            if form is None:
                return []
            found = self._cursor().execute(form.sql, form.values(parameters)).fetchall()
            return list(map(form.row, found)) if form.row is not None else found

    def _cursor(self) -> sqlite3.Cursor:
        raw = self._connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw.cursor()

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
            form = _prepared(statement, connection.dialect, columns).form(rows[0])
            assert form is not None, "a write without values"
            return self._cursor().executemany(form.sql, list(map(form.values, rows))).rowcount

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
        self.write(_upsert(table, tuple(rows[0]), tuple(keys or ()), tuple(keep)), rows)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._engine.dispose()

    @contextmanager
    def _explain(self) -> Iterator[None]:
        """SQLite's errors in our words."""
        try:
            yield
        except (OperationalError, sqlite3.OperationalError) as error:
            text = str(_native(error))
            hint = {
                "database or disk is full": "Free some space and run the same command again: nothing is lost",
                "attempt to write a readonly database": "Check the permissions of the file and its folder",
                "database is locked": "Another program holds the database; try again when it has finished",
                "unable to open database file": "Check that the folder exists and may be written",
            }.get(text, "Check the disk and the permissions, then run the same command again")
            raise StoreError(text, where=str(self.path), hint=hint) from error
        except (DatabaseError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.IntegrityError):
                raise IntegrityError(None, None, error) from error  # the same error whichever way a statement took
            if isinstance(error, IntegrityError):
                raise
            raise StoreError(
                str(_native(error)),
                where=str(self.path),
                hint="The file is damaged or no crmhub database; restore a backup",
            ) from error


def _native(error: Exception) -> BaseException:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _engine(path: Path, wait: float, synchronous: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"check_same_thread": False, "timeout": wait}
    )

    def configure(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # transactions are begun by us, not guessed by the driver
        synchronously = f"synchronous = {synchronous}"
        for pragma in ("journal_mode = WAL", synchronously, "cache_size = -16384", "foreign_keys = ON"):
            raw.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", configure)
    return engine


class ProcessLock:
    """One process per store: an operating-system lock, so that a killed process never leaves it held.

    label: who holds it, for the message of another process ("process 123" if empty).
    """

    def __init__(self, path: Path, label: str = "") -> None:
        self._path = path.with_suffix(path.suffix + ".lock")
        self._label = label or f"process {os.getpid()}"

    def __enter__(self) -> ProcessLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise Locked(
                f"{holder} is syncing with this store",
                where=str(self._path),
                hint="Wait until it has finished; `crmhub status` shows its progress",
                holder=holder,
            ) from None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(self._label)
        self._file.flush()
        return self

    def __exit__(self, *_: object) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()
