"""Copying a whole store into an empty one of any kind, in one transaction, and comparing every row afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, func, select, tuple_

from hub.store.errors import StoreError
from hub.store.protocol import Database
from hub.store.tables import metadata

BATCH: Final = 500
"""Rows that are read and written together."""

Progress = Callable[[str, int, int], object]
"""Is told a table's name, how many of its rows are copied or compared, and how many there are."""


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """One table.  checksum: of all its rows in the order of their keys, the same in every kind of database."""

    name: str
    rows: int
    checksum: str


def tables() -> list[Table]:
    """All tables of a store, by name."""
    return [metadata.tables[name] for name in sorted(metadata.tables)]


def is_empty(db: Database) -> bool:
    """Whether no table has a row."""
    return not any(db.rows(select(*table.primary_key.columns).limit(1)) for table in tables())


def copy_rows(source: Database, target: Database, progress: Progress = lambda *_: None) -> list[CopiedTable]:
    """Copy all rows, as of one moment, in one transaction of the target, and compare what arrived.

    Whatever goes wrong, the target stays as it was.  Raises StoreError if a row is not in the target as it was read.
    """
    with source.snapshot(), target.transaction():
        copied = [_copy(source, target, table, progress) for table in tables()]
        for item in copied:
            found = checksum(target, metadata.tables[item.name], progress)
            if found != item:
                raise StoreError(
                    f"the table {item.name} was not copied as it is: {item.rows} rows were read, {found.rows} arrived"
                    if found.rows != item.rows
                    else f"the table {item.name} was not copied as it is: its rows differ",
                    where=target.where,
                    hint="Nothing was changed; please report this",
                )
    return copied


def checksum(db: Database, table: Table, progress: Progress = lambda *_: None) -> CopiedTable:
    """Count and hash the rows of a table."""
    digest, total, done = hashlib.sha256(), _count(db, table), 0
    for rows in _batches(db, table):
        _feed(digest, rows)
        done += len(rows)
        progress(table.name, done, total)
    return CopiedTable(table.name, done, digest.hexdigest())


def _copy(source: Database, target: Database, table: Table, progress: Progress) -> CopiedTable:
    digest, total, done = hashlib.sha256(), _count(source, table), 0
    names, insert = [column.name for column in table.columns], table.insert()
    for rows in _batches(source, table):
        _feed(digest, rows)
        target.write(insert, [dict(zip(names, row, strict=True)) for row in rows])
        done += len(rows)
        progress(table.name, done, total)
    return CopiedTable(table.name, done, digest.hexdigest())


def _count(db: Database, table: Table) -> int:
    return int(db.rows(select(func.count()).select_from(table))[0][0])


def _batches(db: Database, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of their keys, which all databases compare alike."""
    keys = list(table.primary_key.columns)
    places = [list(table.columns).index(key) for key in keys]
    statement = select(*table.columns).order_by(*keys).limit(BATCH)
    after: list[Any] | None = None
    while True:
        page = statement if after is None else statement.where(tuple_(*keys) > tuple_(*after))
        rows = [tuple(row) for row in db.rows(page)]
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = [rows[-1][place] for place in places]


def _feed(digest: Any, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        digest.update(repr(row).encode("utf-8", "surrogatepass"))
