"""Where a store is kept, and what can be asked about it without opening it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from hub.store.address import Address
from hub.store.errors import StoreError
from hub.store.protocol import Database


class Location(Protocol):
    """A file, or a database on a server.  As text: the place as people are shown it, without secrets.

    path: of the file; None on a server.
    """

    @property
    def path(self) -> Path | None: ...

    def exists(self) -> bool:
        """Whether there is a store.  Raises StoreError if that cannot be found out."""

    def open(self, *, wait: float = 30.0, sure: bool = False) -> Database:
        """Open (or make, or migrate) the store.  Raises StoreError.

        wait: seconds to wait for another connection's transaction;  sure: a commit is on the disk before it is answered,
        so that a power cut does not take it back either."""

    def holding(self, label: str, connection: Callable[[], Database], /) -> AbstractContextManager[object]:
        """Be the one process that writes, while a block runs.  label: what other processes are told;  connection:
        gives the one that writes, if that is needed.  Raises Locked."""

    def holder(self) -> str:
        """Who writes now; empty if nobody does."""

    def version(self) -> int:
        """The number of the newest migration."""

    def damage(self) -> str:
        """What is wrong with the database; empty if it is whole, as far as it can tell."""

    def size(self) -> int:
        """Bytes."""


def located(where: Path | Location) -> Location:
    """A path stands for the SQLite file there."""
    if isinstance(where, Path):
        from hub.store.sqlite import SqliteFile

        return SqliteFile(where)
    return where


def on_server(address: Address, password: Callable[[], str]) -> Location:
    """A PostgreSQL store.  password: gives it, or "" to leave that to libpq.  Raises StoreError without the driver."""
    try:
        from hub.store.postgres import PostgresServer
    except ImportError:
        raise StoreError(
            "a store on PostgreSQL needs the package psycopg",
            where=str(address),
            hint="Run: pip install 'crmhub[postgresql]'",
        ) from None
    return PostgresServer(address, password)
