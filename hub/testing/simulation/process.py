"""The hub's process in a simulation: its store with kill points at every commit, and what a restart brings back."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from hub.store.database import Database
from hub.store.sqlite import Sqlite
from hub.store.store import Store, open_store


class Killed(BaseException):
    """The process dies here.  Not an Exception: no handler may go on after it."""


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


_opening: list[Path | bytes] = []


def _connect() -> sqlite3.Connection:
    what = _opening.pop()
    raw = sqlite3.connect(":memory:" if isinstance(what, bytes) else what, check_same_thread=False)
    if isinstance(what, bytes):
        raw.deserialize(what)
    raw.isolation_level = None  # as in hub.store.database: transactions are begun by us
    raw.execute("PRAGMA foreign_keys = ON")
    if isinstance(what, Path):
        # the database file outlives a simulated process, never a real power cut: no need to wait for the disk
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = OFF")
    return raw


@functools.cache
def _shared_engine() -> Any:
    """One engine for all worlds, so that statements are compiled once."""
    return create_engine("sqlite://", creator=_connect, poolclass=NullPool)


@dataclass(slots=True)
class Moment:
    """Where the process stands, told to whoever may kill it: "commit" or "committed", or a remote call."""

    kill: Callable[[str], bool] = lambda _moment: False
    dead: bool = False
    count: int = 0

    def reach(self, moment: str) -> None:
        """Raises Killed if the process is dead or dies now."""
        if self.dead:
            raise Killed
        self.count += 1
        if self.kill(moment):
            self.dead = True
            raise Killed


class SimulatedDatabase(Database):
    """The real database class over a connection that outlives simulated crashes; dies where it is told to."""

    def __init__(self, connection: Connection, moment: Moment, committed: Callable[[], None]) -> None:
        super().__init__(Sqlite(Path("simulated.db")), connection)
        self.moment, self.committed = moment, committed

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        outermost = self._depth == 0
        if self.moment.dead:
            raise Killed
        with super().transaction() as connection:
            yield connection
            if outermost:
                self.moment.reach("commit")
        if outermost:
            self.committed()
            self.moment.reach("committed")

    def rows(self, *args: Any, **kwargs: Any) -> Any:
        if self.moment.dead:
            raise Killed
        return super().rows(*args, **kwargs)

    def close(self) -> None:
        """The connection belongs to the machine, not to the process."""


@dataclass(slots=True)
class Machine:
    """What outlives the process: the database (in memory, or a file) and the store opened on it."""

    folder: Path | None
    committed: Callable[[], None]
    image: bytes = field(default_factory=migrated)
    moment: Moment = field(default_factory=Moment)
    store: Store = field(init=False)
    _connection: Connection | None = None
    _files: int = 0

    def __post_init__(self) -> None:
        self.fresh()

    def fresh(self) -> None:
        """An empty store (or the image given): the old one is lost."""
        self._disconnect()
        if self.folder is None:
            _opening.append(self.image)
        else:
            self._files += 1
            self._path().write_bytes(self.image)
            _opening.append(self._path())
        self._connection = _shared_engine().connect()
        self._open()

    def restart(self) -> None:
        """The process starts again on what was committed."""
        if self.folder is not None:
            self._disconnect()
            _opening.append(self._path())
            self._connection = _shared_engine().connect()
        self._open()

    def _path(self) -> Path:
        assert self.folder is not None
        return self.folder / f"hub{self._files}.db"

    def _open(self) -> None:
        assert self._connection is not None
        self.moment = Moment()
        self.store = Store(SimulatedDatabase(self._connection, self.moment, self.committed))

    def _raw(self) -> sqlite3.Connection:
        assert self._connection is not None
        raw = self._connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        return raw

    def save(self) -> bytes:
        """The committed database as bytes, to start other machines from."""
        return self._raw().serialize()

    def dump(self) -> str:
        """The whole store as text: equal stores have equal dumps."""
        return "\n".join(self._raw().iterdump())

    def query(self, statement: str, *values: Any) -> list[Any]:
        """Rows of a plain statement, for the oracles."""
        return self._raw().execute(statement, values).fetchall()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self._disconnect()
