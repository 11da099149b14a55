"""The connector: one table or view of a database that SQLAlchemy reaches.

SQLAlchemy is imported when a table is first used: commands that only list plugins must not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field as Setting
from pydantic import SecretStr, field_validator

from hub.plugin import (
    Account,
    Capabilities,
    ConfigError,
    Connector,
    ConnectorConfig,
    Field,
    Json,
    Limits,
    Op,
    OpKind,
    Page,
    Receipt,
    Record,
    Rejected,
    Resource,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crmhub_sql.table import Rows

_KINDS = {
    "datetime": "datetime",
    "date": "date",
    "bool": "bool",
    "int": "number",
    "float": "number",
    "Decimal": "number",
}


BATCH = 100
"""Ops that are written in one transaction."""


class SqlConfig(ConnectorConfig):
    """Settings of one table; the README explains each.

    overlap: seconds that every poll looks back, longer than the longest transaction that changes the table.
    """

    url: str
    password: SecretStr | None = None
    table: str
    schema_: str | None = Setting(default=None, alias="schema")
    key: str = "id"
    modified: str | None = None
    own_key: str | None = None
    columns: tuple[str, ...] = ()
    write: Literal["off", "update", "on"] = "off"
    overlap: float = Setting(default=60.0, ge=0.0, le=86_400.0)
    page: int = Setting(default=500, ge=1, le=10_000)

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str) -> str:
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            parsed = make_url(url)
        except ArgumentError:
            raise ValueError("no database URL, such as postgresql+psycopg://user@host/database") from None
        if parsed.password is not None:
            raise ValueError('the password does not belong into url: use password = { env = "..." }')
        return url


class Sql(Connector[SqlConfig]):
    """Rows of a table or a view as customers."""

    name: ClassVar[str] = "sql"
    Config = SqlConfig
    limits = Limits(concurrency=1, source="the database")

    def check(self) -> Account:
        """Reflect the table and count its rows.  Raises ConfigError or Unavailable."""
        from sqlalchemy import func, make_url, select

        from crmhub_sql.table import explained

        rows = self._rows
        with explained(self.config.table), rows.engine.connect() as connection:
            number = connection.execute(select(func.count()).select_from(rows.table)).scalar_one()
            version = connection.dialect.server_version_info or ()
        url = make_url(self.config.url)
        return Account(
            name=f"{self.config.table} ({number} rows)",
            server=f"{url.get_backend_name()} {url.host or url.database or ''}".strip(),
            version=".".join(map(str, version)),
            granted=("read",) if self.config.write == "off" else ("read", "write"),
        )

    def resources(self) -> Sequence[Resource]:
        """One resource, ``rows``, with what the settings allow."""
        writes: dict[str, frozenset[OpKind]] = {
            "off": frozenset(),
            "update": frozenset({"update"}),
            "on": frozenset({"create", "update", "delete"}),
        }
        able = Capabilities(
            writes=writes[self.config.write],
            incremental=self.config.modified is not None,
            deletes="listing",
            conditional_write=True,
            create="marker" if self.config.own_key else "none",
            version_after_write=True,
            image_after_write=True,
            batch=BATCH,
            page=self.config.page,
            find_by=frozenset({"op_key"}) if self.config.own_key else frozenset(),
            clock_resolution=0.0,
            misses=("rows that a transaction longer than the overlap commits",) if self.config.modified else (),
        )
        return [Resource("rows", "customer", able, mapping="sql.rows")]

    def fields(self, resource: str) -> Sequence[Field]:
        """The table's columns."""
        from crmhub_sql.values import python_type, readable

        return [
            Field(
                column.name,
                _KINDS.get(kind.__name__ if (kind := python_type(column)) else "", "text"),  # type: ignore[arg-type]
                required=not column.nullable and column.default is None and column.server_default is None,
                read_only=self.config.write == "off" or column.computed is not None,
                max_length=getattr(column.type, "length", None),
                custom=False,
            )
            for column in self._rows.table.c
            if readable(column)
        ]

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        """By time where there is such a column, else everything."""
        from crmhub_sql.reading import by_key, by_time

        if self.config.modified is None:
            yield from by_key(self._rows, self.config.page, cursor)
        else:
            overlap = timedelta(seconds=self.config.overlap)
            yield from by_time(self._rows, self.config.page, overlap, cursor)

    def listing(self, resource: str) -> Iterator[Page]:
        """Every row with its version."""
        from crmhub_sql.reading import by_key

        yield from by_key(self._rows, self.config.page)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        """Rows by key; an id that cannot be a key is absent."""
        from crmhub_sql.reading import by_ids

        keys = []
        for id_ in ids:
            try:
                keys.append(self._rows.key_of(id_))
            except Rejected:
                continue
        yield from by_ids(self._rows, self._rows.key, keys, self.config.page)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        """Rows by the hub's own key."""
        from crmhub_sql.reading import by_ids

        if key != "op_key" or self.config.own_key is None:
            raise NotImplementedError(f"sql cannot search by {key}")
        yield from by_ids(self._rows, self._rows.table.c[self.config.own_key], list(values), self.config.page)

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        """Batches in one transaction each, or each op in its own where one is in the way of the others."""
        from crmhub_sql.writing import Writer

        writer = Writer(self._rows)
        for start in range(0, len(ops), BATCH):
            yield from writer.write_all(ops[start : start + BATCH])

    def close(self) -> None:
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @cached_property
    def _engine(self) -> Engine:
        from sqlalchemy import create_engine, make_url
        from sqlalchemy.exc import NoSuchModuleError

        url = make_url(self.config.url)
        if self.config.password is not None:
            url = url.set(password=self.config.password.get_secret_value())
        if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
            path = Path(self.context.base, url.database)
            if not path.exists():
                raise ConfigError(f"there is no database file {path}", hint="Check url of this connection")
            url = url.set(database=str(path))
        try:
            return create_engine(url, pool_pre_ping=True)
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise ConfigError(
                f"no driver for {url.get_backend_name()}: {error}",
                hint="Install it, e.g. pip install 'psycopg[binary]' for postgresql+psycopg://",
            ) from None

    @cached_property
    def _rows(self) -> Rows:
        from crmhub_sql.table import Names, Rows

        config = self.config
        names = Names(config.table, config.schema_, config.key, config.modified, config.own_key, config.columns)
        return Rows(self._engine, names)
