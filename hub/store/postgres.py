"""PostgreSQL: the tables in a schema of their own; locks are those of the session that writes.

What SQLite does by itself is done here in so many words: one transaction writes at a time (each begins with a lock that
ends with it), text is compared byte by byte, and a new row's number is one more than the largest.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg.pq import Format, TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper, TextLoader
from sqlalchemy import Connection, Engine, Executable, Insert, create_engine, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.pool import NullPool

from hub.store import database
from hub.store.address import Address
from hub.store.driver import RUN, Release
from hub.store.errors import Locked, StoreError
from hub.store.protocol import Database

NAME: Final = "crmhub"
"""What its sessions are called in pg_stat_activity while they hold no lock."""
_NO_NULL: Final = (("\ufdd0", "\ufdd0\ufdd1"), ("\0", "\ufdd0\ufdd0"))
"""A text cannot hold the character 0 here: two characters stand for it that Unicode gives no meaning."""
_LOST: Final = "Run the same command again when the server can be reached: nothing is lost"
_HINTS: Final = {
    "08": _LOST,
    "25006": "This server only reads: name the primary one, or let the user write",
    "28": "Check the user, and the password in database_password, PGPASSWORD or ~/.pgpass",
    "3D000": "Create it: CREATE DATABASE ... OWNER ... ENCODING 'UTF8'",
    "42501": "Let the user own the database, or its schema: CREATE SCHEMA ... AUTHORIZATION ...",
    "53100": "Free some space on the server and run the same command again: nothing is lost",
    "53300": "The server has no connection left: end others, or raise max_connections",
    "55P03": "Another program holds the database; try again when it has finished",
    "57": _LOST,
}
"""What to do, by the code of an error or by its class
(https://www.postgresql.org/docs/current/errcodes-appendix.html)."""
_REFUSALS: Final = (
    (re.compile('database ".*" does not exist'), "3D000"),
    (re.compile('role ".*" does not exist|authentication failed|no password supplied|no pg_hba.conf entry'), "28000"),
    (re.compile("too many (clients|connections)|remaining connection slots"), "53300"),
    (re.compile("starting up|shutting down|in recovery mode"), "57P03"),
)
_HOLDER: Final = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND classid::bigint = %s AND objid::bigint = %s
"""


class _Write(StrDumper):
    def dump(self, obj: str) -> Any:
        if "\0" in obj or "\ufdd0" in obj:
            for ours, kept in _NO_NULL:
                obj = obj.replace(ours, kept)
        return obj.encode()


class _Read(TextLoader):
    def load(self, data: Any) -> str:
        found = str(data, "utf-8")
        if "\ufdd0" in found:
            for ours, kept in reversed(_NO_NULL):
                found = found.replace(kept, ours)
        return found


class _ReadBinary(_Read):
    format = Format.BINARY


def _numbered(statement: Executable, columns: tuple[str, ...]) -> Executable:
    """Rows get the number after the largest, as in SQLite: transactions take turns, so nobody else gets it too."""
    if not isinstance(statement, Insert):
        return statement
    table: Any = statement.table
    if "id" in table.c and "id" not in columns:
        number = select(func.coalesce(func.max(table.c.id), 0) + 1).scalar_subquery()
        statement = statement.values(id=number)
    return statement.inline()  # nobody asks for what was inserted


def _refused(text: str) -> str:
    """Why a connection was refused: libpq tells only in words."""
    return next((state for pattern, state in _REFUSALS if pattern.search(text)), "")


class Postgres:
    """The driver for one schema.  password: gives it, or "" to leave that to libpq;  wait: as in ``Location.open``."""

    snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    error: type[Exception] = psycopg.Error
    integrity: type[Exception] = errors.IntegrityError
    insert: Callable[[Any], Any] = staticmethod(insert)
    numbered: Callable[[Executable, tuple[str, ...]], Executable] = staticmethod(_numbered)

    def __init__(self, address: Address, password: Callable[[], str], wait: float = 30.0) -> None:
        self.address, self.where = address, str(address)
        self._password, self._wait = password, wait
        self.begin = f"BEGIN; SELECT pg_advisory_xact_lock({self._key('transaction')})"

    def connect(self) -> Connection:
        return self._engine.connect()

    @cached_property
    def _engine(self) -> Engine:
        """Kept for the next connection, so that its statements need not be compiled again."""
        return create_engine("postgresql+psycopg://", creator=self.session, poolclass=NullPool, paramstyle="format")

    def session(self) -> psycopg.Connection[Any]:
        """A connection of the driver, set up.  Raises psycopg.Error."""
        known = {
            "connect_timeout": "10",
            "application_name": NAME,
            # a server that is gone is noticed within a minute, also by a run that waits for a slow system
            "keepalives_idle": "30",
            "keepalives_interval": "10",
            "keepalives_count": "3",
            "tcp_user_timeout": "60000",
            **self.address.parameters(),
        }
        password = self._password()
        if password:
            known["password"] = password
        raw = psycopg.connect(**known, autocommit=True)  # type: ignore[arg-type]  # all are texts
        raw.adapters.register_dumper(str, _Write)
        for loader in (_Read, _ReadBinary):
            raw.adapters.register_loader("text", loader)
        raw.adapters.register_dumper(int, Int8Dumper)  # one type for all numbers: one plan for a statement
        settings = [
            f'search_path TO "{self.address.schema}"',
            f"lock_timeout TO {int(self._wait * 1000)}",
            "client_min_messages TO warning",
        ]
        if raw.info.server_version >= 140000:
            settings.append("idle_session_timeout TO 0")  # a run may wait long for a system
        raw.execute(";".join(f"SET {item}" for item in settings))
        return raw

    def prepare(self, connection: Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise StoreError(
                f"the database is encoded in {encoding}", where=self.where, hint="Create one with ENCODING 'UTF8'"
            )
        found = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
        if not connection.exec_driver_sql(found, (self.address.schema,)).all():
            connection.exec_driver_sql(f'CREATE SCHEMA "{self.address.schema}"')

    def cursor(self, raw: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
        return raw.cursor(binary=True)

    def control(self, raw: psycopg.Connection[Any], statements: str) -> None:
        raw.execute(statements, prepare=False)

    def in_transaction(self, raw: psycopg.Connection[Any]) -> bool:
        return not raw.closed and raw.info.transaction_status != TransactionStatus.IDLE

    def lost(self, raw: psycopg.Connection[Any]) -> bool:
        return raw.closed

    def version(self, connection: Connection) -> int:
        table = f'"{self.address.schema}".alembic_version'
        if connection.exec_driver_sql("SELECT to_regclass(%s)", (table,)).scalar_one() is None:
            return 0
        return int(connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar_one())  # noqa: S608  # a checked name

    def note_version(self, connection: Connection, number: int) -> None:
        """Alembic has noted it."""

    def explained(self, error: BaseException) -> StoreError:
        told = error.diag.message_primary if isinstance(error, psycopg.Error) else None
        text = told or (str(error).splitlines() or [type(error).__name__])[0].removeprefix("connection failed: ")
        state = (error.sqlstate if isinstance(error, psycopg.Error) else None) or _refused(text)
        hint = _HINTS.get(state) or _HINTS.get(state[:2])
        if hint is None:
            hint = "Look into the server's log" if state else f"Check that it runs. {_LOST}"
        return StoreError(text, where=self.where, hint=hint)

    def refusal(self, error: BaseException) -> BaseException:
        # without the row, which the server quotes
        return type(error)(error.diag.message_primary or "") if isinstance(error, psycopg.Error) else error

    # locks

    def lock(self, raw: psycopg.Connection[Any], name: str, label: str) -> Release:
        key = self._key(name)
        if not self._ask(raw, "SELECT pg_try_advisory_lock(%s)", key):
            holder = self.holder(raw, name) or "another process"
            raise Locked(
                f"{holder} is syncing with this store",
                where=self.where,
                hint="Wait until it has finished; `crmhub status` shows its progress",
                holder=holder,
            )
        self._call(raw, f"{label or f'process {os.getpid()}'} on {socket.gethostname()}")

        def release() -> None:
            self._ask(raw, "SELECT pg_advisory_unlock(%s)", key)
            self._call(raw, NAME)

        return release

    def holder(self, raw: psycopg.Connection[Any], name: str) -> str:
        """What the session is called that has a lock; empty if nobody has."""
        key = self._key(name) % 2**64
        row = raw.execute(_HOLDER, (key >> 32, key % 2**32)).fetchone()
        return "" if row is None else str(row[0] or "another process")

    def _call(self, raw: psycopg.Connection[Any], name: str) -> None:
        self._ask(raw, "SELECT set_config('application_name', %s, false)", name)

    def _ask(self, raw: psycopg.Connection[Any], question: str, value: object) -> Any:
        row = raw.execute(question, (value,)).fetchone()
        return row[0] if row is not None else None

    def _key(self, name: str) -> int:
        """The number of a lock: advisory locks belong to a database, and are told apart by 64 bits."""
        digest = hashlib.sha256(f"crmhub {self.address.schema} {name}".encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)


class PostgresServer:
    """A store on a server (hub.store.location.Location).  password: gives it, or "" to leave that to libpq."""

    def __init__(self, address: Address, password: Callable[[], str]) -> None:
        self.address, self._password = address, password

    def __str__(self) -> str:
        return str(self.address)

    @property
    def path(self) -> Path | None:
        return None

    @cached_property
    def _driver(self) -> Postgres:
        return Postgres(self.address, self._password)

    def exists(self) -> bool:
        return self.version() > 0

    def open(self, *, wait: float = 30.0, sure: bool = False) -> Database:
        # every commit is as sure as the server makes it (synchronous_commit)
        return database.Database(Postgres(self.address, self._password, wait))

    def holding(self, label: str, connection: Callable[[], Database], /) -> AbstractContextManager[object]:
        # by the session that writes: if it is lost, so are the lock and the right to write
        return connection().held(RUN, label)

    def holder(self) -> str:
        return str(self._look(lambda raw: self._driver.holder(raw, RUN)))

    def version(self) -> int:
        table = f'"{self.address.schema}".alembic_version'
        found = self._look(lambda raw: raw.execute("SELECT to_regclass(%s)", (table,)).fetchone())
        if found[0] is None:
            return 0
        row = self._look(lambda raw: raw.execute(f"SELECT version_num FROM {table}").fetchone())  # noqa: S608  # a checked name
        return int(row[0]) if row is not None else 0

    def damage(self) -> str:
        self._look(lambda raw: raw.execute("SELECT 1"))
        return ""  # a server checks its own pages as it reads them

    def size(self) -> int:
        question = (
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
        )
        return int(self._look(lambda raw: raw.execute(question, (self.address.schema,)).fetchone())[0])

    def _look(self, ask: Callable[[psycopg.Connection[Any]], Any]) -> Any:
        """One look with a connection of its own.  Raises StoreError."""
        try:
            with closing(self._driver.session()) as raw:
                return ask(raw)
        except psycopg.Error as error:
            raise self._driver.explained(error) from None
