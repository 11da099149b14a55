"""SQLite: one file in WAL mode, with locks of the operating system beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Executable, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.pool import NullPool

from hub.store import database
from hub.store.driver import RUN, Release
from hub.store.errors import StoreError
from hub.store.file_lock import FileLock, ProcessLock, beside, holder
from hub.store.protocol import Database

_HINTS = {
    "database or disk is full": "Free some space and run the same command again: nothing is lost",
    "attempt to write a readonly database": "Check the permissions of the file and its folder",
    "database is locked": "Another program holds the database; try again when it has finished",
    "unable to open database file": "Check that the folder exists and may be written",
}

_PAGE = 8192
"""Bytes of a page of a new file; one that is there keeps its own.  In SQLite's 4096 there is room for one link or customer,
and two fifths of the links' pages are empty."""


def _as_it_is(statement: Executable, _columns: tuple[str, ...]) -> Executable:
    """SQLite numbers rows by itself: one more than the largest."""
    return statement


class Sqlite:
    """The driver for one file.  wait and sure: as in ``SqliteFile.open``."""

    begin = "BEGIN IMMEDIATE"
    snapshot = "BEGIN"
    error: type[Exception] = sqlite3.DatabaseError
    integrity: type[Exception] = sqlite3.IntegrityError
    insert: Callable[[Any], Any] = staticmethod(insert)
    numbered: Callable[[Executable, tuple[str, ...]], Executable] = staticmethod(_as_it_is)

    def __init__(self, path: Path, wait: float = 30.0, sure: bool = False) -> None:
        self.path, self.where = path, str(path)
        self._wait, self._synchronous = wait, "FULL" if sure else "NORMAL"

    def connect(self) -> Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            f"sqlite:///{self.path}",
            poolclass=NullPool,
            connect_args={"check_same_thread": False, "timeout": self._wait},
        )
        event.listen(engine, "connect", self._configure)
        return engine.connect()

    def _configure(self, raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # transactions are begun by us, not guessed by the driver
        pragmas = (
            f"page_size = {_PAGE}",
            "journal_mode = WAL",
            f"synchronous = {self._synchronous}",
            "cache_size = -16384",
            "foreign_keys = ON",
        )
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}")

    def prepare(self, connection: Connection) -> None:
        """A file needs nothing."""

    def control(self, raw: sqlite3.Connection, statements: str) -> None:
        raw.execute(statements)

    def cursor(self, raw: sqlite3.Connection) -> sqlite3.Cursor:
        return raw.cursor()

    def in_transaction(self, raw: sqlite3.Connection) -> bool:
        return raw.in_transaction

    def lost(self, raw: sqlite3.Connection) -> bool:
        return False  # a file is not lost without an error at each use

    def version(self, connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    def note_version(self, connection: Connection, number: int) -> None:
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")

    def explained(self, error: BaseException) -> StoreError:
        text = str(error)
        if isinstance(error, sqlite3.OperationalError):
            hint = _HINTS.get(text, "Check the disk and the permissions, then run the same command again")
        else:
            hint = "The file is damaged or no crmhub database; restore a backup"
        return StoreError(text, where=self.where, hint=hint)

    def refusal(self, error: BaseException) -> BaseException:
        return error

    def lock(self, raw: sqlite3.Connection, name: str, label: str) -> Release:
        return FileLock(beside(self.path, name), label).release


class SqliteFile:
    """A store in a file (hub.store.location.Location)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    def open(self, *, wait: float = 30.0, sure: bool = False) -> Database:
        return database.Database(Sqlite(self.path, wait, sure))

    def holding(self, label: str, _connection: Callable[[], Database]) -> AbstractContextManager[object]:
        # without opening the store: what another process runs on is not migrated
        return ProcessLock(self.path, label)

    def holder(self) -> str:
        return holder(beside(self.path, RUN))

    def version(self) -> int:
        return int(self._ask("PRAGMA user_version")[0])

    def damage(self) -> str:
        found = [str(item) for item in self._ask("PRAGMA integrity_check(5)")]
        return "" if found == ["ok"] else "; ".join(found)[:300]

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _ask(self, question: str) -> list[Any]:
        """The first column of an answer, without changing the file.  Raises StoreError."""
        try:
            with closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as raw:
                return [row[0] for row in raw.execute(question)]
        except sqlite3.Error as error:
            raise StoreError(str(error), where=str(self.path), hint="") from error
