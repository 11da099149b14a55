"""Where the database of a simulated machine is: in memory, in files, or on a PostgreSQL server."""

from __future__ import annotations

import functools
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from hub.store.copying import copy_rows, tables
from hub.store.database import Database
from hub.store.driver import Driver
from hub.store.sqlite import Sqlite
from hub.store.store import open_store

if TYPE_CHECKING:
    from hub.testing.stores import Kept

Place = Path | str | None
"""A folder for files of SQLite, the address of a PostgreSQL database, or None: in memory."""


@functools.cache
def migrated() -> bytes:
    """A migrated, empty database: copying it is faster than migrating in every world."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_store(path).close()
        with sqlite3.connect(path) as raw:
            raw.execute("PRAGMA journal_mode = DELETE")
        raw.close()
        return path.read_bytes()


class Disk(Protocol):
    """What outlives the simulated process.  An image is a SQLite database as bytes, whatever the disk is.

    driver: for the database on it.
    """

    driver: Driver

    def fresh(self, image: bytes) -> Connection:
        """A database with what the image has; the one before is lost."""

    def again(self, connection: Connection) -> Connection:
        """What a process that starts again connects to."""

    def save(self, connection: Connection) -> bytes:
        """The committed database as an image."""

    def query(self, connection: Connection, statement: str, values: tuple[Any, ...]) -> list[Any]:
        """Rows of a plain statement with ``?`` for its values."""


def disk(place: Place) -> Disk:
    """A disk of its own."""
    if place is None:
        return Memory()
    return Files(place) if isinstance(place, Path) else server(place)


def dump(where: Disk, connection: Connection) -> str:
    """The whole store as text: equal stores have equal dumps, whatever database keeps them."""
    lines = []
    for table in tables():
        keys = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        statement = f'SELECT {names} FROM "{table.name}" ORDER BY {keys}'  # noqa: S608  # our own names
        lines += [f"{table.name} {tuple(row)!r}" for row in where.query(connection, statement, ())]
    return "\n".join(lines)


# SQLite

_opening: list[Path | bytes] = []


def _connect() -> sqlite3.Connection:
    what = _opening.pop()
    raw = sqlite3.connect(":memory:" if isinstance(what, bytes) else what, check_same_thread=False)
    if isinstance(what, bytes):
        raw.deserialize(what)
    raw.isolation_level = None  # as in hub.store.sqlite: transactions are begun by us
    raw.execute("PRAGMA foreign_keys = ON")
    if isinstance(what, Path):
        # the database file outlives a simulated process, never a real power cut: no need to wait for the disk
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = OFF")
    return raw


@functools.cache
def _shared_engine() -> Engine:
    """One engine for all worlds, so that statements are compiled once."""
    return create_engine("sqlite://", creator=_connect, poolclass=NullPool)


def _open(what: Path | bytes) -> Connection:
    _opening.append(what)
    return _shared_engine().connect()


class Memory:
    """A database in memory, which is never closed by a restart."""

    driver: Driver = Sqlite(Path("simulated.db"))

    def fresh(self, image: bytes) -> Connection:
        return _open(image)

    def again(self, connection: Connection) -> Connection:
        return connection

    def save(self, connection: Connection) -> bytes:
        return bytes(_sqlite(connection).serialize())

    def query(self, connection: Connection, statement: str, values: tuple[Any, ...]) -> list[Any]:
        return _sqlite(connection).execute(statement, values).fetchall()


class Files(Memory):
    """Files in a folder, which a restart opens anew."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    def fresh(self, image: bytes) -> Connection:
        self._number += 1
        self._path().write_bytes(image)
        return _open(self._path())

    def again(self, connection: Connection) -> Connection:
        connection.close()
        return _open(self._path())

    def _path(self) -> Path:
        return self._folder / f"hub{self._number}.db"


def _sqlite(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


# PostgreSQL


@functools.cache
def server(address: str) -> Disk:
    """One schema for each process that plays worlds, which begin with empty tables."""
    from hub.testing.stores import Kept

    return OnServer(Kept(address, f"simulated_{os.getpid()}"))


class OnServer:
    """The tables of one schema."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self.driver: Driver = kept.driver

    def fresh(self, image: bytes) -> Connection:
        connection = self.driver.connect()
        self._kept.empty_out(_raw(connection))
        if image is not migrated():
            with closing(Database(Memory.driver, _open(image))) as saved:
                copy_rows(saved, Database(self.driver, connection))
        return connection

    def again(self, connection: Connection) -> Connection:
        connection.close()
        return self.driver.connect()

    def save(self, connection: Connection) -> bytes:
        copy = _open(migrated())
        try:
            copy_rows(Database(self.driver, connection), Database(Memory.driver, copy))
            return bytes(_sqlite(copy).serialize())
        finally:
            copy.close()

    def query(self, connection: Connection, statement: str, values: tuple[Any, ...]) -> list[Any]:
        found: list[Any] = _raw(connection).execute(statement.replace("%", "%%").replace("?", "%s"), values).fetchall()
        return found


def _raw(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
