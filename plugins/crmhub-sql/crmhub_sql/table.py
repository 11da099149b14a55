"""One table or view: its columns as the database tells them, and its rows as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, MetaData, Select, Table, select
from sqlalchemy.exc import DBAPIError, InterfaceError, NoSuchTableError, OperationalError, ProgrammingError

from crmhub_sql.values import from_json, readable, to_json, version_of
from hub.plugin import ConfigError, Record, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


@dataclass(frozen=True, slots=True)
class Names:
    """Which table, and what its columns mean; as in the settings."""

    table: str
    schema: str | None
    key: str
    modified: str | None
    own_key: str | None
    columns: Sequence[str]


class Rows:
    """The table as it is in the database now.  Raises ConfigError for columns that it lacks."""

    def __init__(self, engine: Engine, names: Names) -> None:
        self.engine, self.names = engine, names
        with explained(names.table):
            try:
                self.table = Table(names.table, MetaData(), schema=names.schema, autoload_with=engine)
            except NoSuchTableError:
                raise ConfigError(f"there is no table or view {names.table!r}", hint="Check table and schema") from None
        needed = [names.key, names.modified, names.own_key, *names.columns]
        for name in (item for item in needed if item is not None):
            if name not in self.table.c:
                there = ", ".join(sorted(column.name for column in self.table.c))
                raise ConfigError(f"{names.table} has no column {name!r}; there are: {there}")
        chosen = set(names.columns) or {column.name for column in self.table.c}
        always = {name for name in (names.key, names.modified, names.own_key) if name}
        self.columns = [column for column in self.table.c if column.name in chosen | always and readable(column)]

    @property
    def key(self) -> Column[Any]:
        return self.table.c[self.names.key]

    @property
    def modified(self) -> Column[Any] | None:
        return self.table.c[self.names.modified] if self.names.modified else None

    def select(self) -> Select[Any]:
        return select(*self.columns)

    def key_of(self, id_: str) -> Any:
        """A record's id as a value of the key column.  Raises Rejected for one that cannot be a key."""
        return from_json(self.key, id_)

    def record(self, row: Any) -> Record:
        """A row as a record.  A time without a zone is taken for UTC."""
        data = {str(name): to_json(value) for name, value in row._mapping.items()}
        stamp = row._mapping[self.names.modified] if self.names.modified else None
        when = stamp if isinstance(stamp, datetime) else None
        if when is not None and when.tzinfo is None:
            when = when.replace(tzinfo=UTC)
        return Record(str(to_json(row._mapping[self.names.key])), data, version_of(data), when)

    def checked(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What is written, by column.  Raises Rejected for a column that does not exist, or cannot hold its value."""
        unknown = sorted(set(data) - set(self.table.c.keys()))
        if unknown:
            raise Rejected(f"there is no column {unknown[0]!r}", field=unknown[0])
        return {name: from_json(self.table.c[name], value) for name, value in data.items()}


@contextmanager
def explained(what: str) -> Iterator[None]:
    """The database's errors while reading, as the contract's."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable(f"the database does not answer for {what}: {words(error)}") from error
    except ProgrammingError as error:
        raise ConfigError(f"the database refuses to read {what}: {words(error)}", hint="Check the rights") from error
    except DBAPIError as error:
        raise Unavailable(f"the database failed on {what}: {words(error)}") from error


def words(error: DBAPIError) -> str:
    """The driver's own words, without the statement and its values (they may be personal)."""
    return " ".join(str(error.orig).split("DETAIL:")[0].split())[:200]


def all_rows(connection: Connection, statement: Select[Any]) -> Sequence[Any]:
    return connection.execute(statement).all()
