"""What the repositories need of a database.  SQLite implements it today (hub.store.database); PostgreSQL is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Executable, Table


class Database(Protocol):
    """Explicit transactions, batched statements and an upsert; safe to use from several threads."""

    statements: int
    """Statements sent so far (asserted in tests: a page costs a constant number)."""

    def transaction(self) -> AbstractContextManager[Any]: ...
    def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]: ...
    def write(
        self, statement: Executable, parameters: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None
    ) -> int: ...
    def upsert(
        self,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        keys: Sequence[str] | None = None,
        *,
        keep: Sequence[str] = (),
    ) -> None: ...
    def close(self) -> None: ...
