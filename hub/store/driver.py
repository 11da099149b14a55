"""What databases do differently.  Everything else about the store is written once (hub.store.database)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Connection, Executable

from hub.store.errors import StoreError

RUN = ""
"""The lock of the one process that writes to a store as its engine does."""
SERVE = "serve"
"""The lock of the one process that serves a store."""

Release = Callable[[], None]


class Driver(Protocol):
    """One kind of database, at one place.

    where:     the place as people are shown it, without secrets.
    begin:     statements that begin a transaction as the only one that writes.
    snapshot:  statements that begin a transaction that only reads, as of one moment.
    error:     the class of all errors of the DB-API module that stand for the database's own;  integrity: of those, what a
               constraint refused.
    insert:    the dialect's INSERT, which can say ON CONFLICT.
    numbered:  an INSERT of these columns, made to give rows their numbers.
    """

    where: str
    begin: str
    snapshot: str
    error: type[Exception]
    integrity: type[Exception]
    insert: Callable[[Any], Any]
    numbered: Callable[[Executable, tuple[str, ...]], Executable]

    def connect(self) -> Connection:
        """A connection without transactions of its own: they are begun and ended by us."""

    def prepare(self, connection: Connection) -> None:
        """Make the database ready for its first migration, inside its transaction."""

    def cursor(self, raw: Any) -> Any:
        """A cursor of the DB-API connection."""

    def control(self, raw: Any, statements: str) -> None:
        """Execute what begins or ends a transaction."""

    def in_transaction(self, raw: Any) -> bool: ...

    def lost(self, raw: Any) -> bool:
        """Whether the connection is of no use any more."""

    def version(self, connection: Connection) -> int:
        """The number of the newest migration; 0 in an empty database."""

    def note_version(self, connection: Connection, number: int) -> None: ...

    def explained(self, error: BaseException) -> StoreError:
        """An error of the database in our words."""

    def refusal(self, error: BaseException) -> BaseException:
        """What a constraint refused, without the values."""

    def lock(self, raw: Any, name: str, label: str) -> Release:
        """Take a lock that ends with this process, or with its connection.  label: who takes it, for the message of
        another process.  Raises Locked."""
