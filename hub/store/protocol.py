"""What the repositories need of a database.  Implemented by hub.store.database over a driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Executable, Table


class Database(Protocol):
    """Explicit transactions, batched statements and an upsert; safe to use from several threads."""

    where: str
    """The place as people are shown it."""
    statements: int
    """Statements sent so far (asserted in tests: a page costs a constant number)."""

    def transaction(self) -> AbstractContextManager[Any]: ...
    def snapshot(self) -> AbstractContextManager[Any]: ...
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
    def lock(self, name: str, label: str = "") -> None: ...
    def held(self, name: str, label: str = "") -> AbstractContextManager[None]: ...
    def holds(self, name: str) -> bool: ...
    def unlock(self, name: str) -> None: ...
    def close(self) -> None: ...
