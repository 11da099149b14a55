"""The hub's process in a simulation: its store with kill points at every commit, and what a restart brings back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from hub.store.database import Database
from hub.store.driver import Driver
from hub.store.store import Store
from hub.testing.simulation.disks import Disk, Place, disk, dump, migrated


class Killed(BaseException):
    """The process dies here.  Not an Exception: no handler may go on after it."""


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

    def __init__(self, driver: Driver, connection: Connection, moment: Moment, committed: Callable[[], None]) -> None:
        super().__init__(driver, connection)
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
    """What outlives the process: its disk, with the database, and the store opened on it."""

    place: Place
    committed: Callable[[], None]
    image: bytes = field(default_factory=migrated)
    moment: Moment = field(default_factory=Moment)
    store: Store = field(init=False)
    _disk: Disk = field(init=False)
    _connection: Connection | None = None

    def __post_init__(self) -> None:
        self._disk = disk(self.place)
        self.fresh()

    def fresh(self) -> None:
        """An empty store (or the image given): the old one is lost."""
        self.close()
        self._start(self._disk.fresh(self.image))

    def restart(self) -> None:
        """The process starts again on what was committed."""
        self._start(self._disk.again(self._connected()))

    def _start(self, connection: Connection) -> None:
        self._connection = connection
        self.moment = Moment()
        self.store = Store(SimulatedDatabase(self._disk.driver, connection, self.moment, self.committed))

    def _connected(self) -> Connection:
        assert self._connection is not None
        return self._connection

    def save(self) -> bytes:
        """The committed database as bytes, to start other machines from."""
        return self._disk.save(self._connected())

    def dump(self) -> str:
        """The whole store as text: equal stores have equal dumps."""
        return dump(self._disk, self._connected())

    def query(self, statement: str, *values: Any) -> list[Any]:
        """Rows of a plain statement, for the oracles."""
        return self._disk.query(self._connected(), statement, values)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
