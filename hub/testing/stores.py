"""Stores on a real PostgreSQL for tests: each is a copy of one that was migrated once.

with start_databases() as databases:
    store = open_store(databases.fresh())
"""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hub.store.address import parse_address
from hub.store.postgres import Postgres, PostgresServer
from hub.store.store import open_store
from hub.store.tables import metadata
from hub.testing.postgres import start_postgres

SERVER = "CRMHUB_TEST_POSTGRES"
"""The environment variable with the URL of a server to use instead of one that is started, without a password (which may
be in PGPASSWORD or ~/.pgpass): "postgresql://user@host:port/".  The user must be allowed to create databases."""


class Kept:
    """A schema on a server that is used again and again."""

    def __init__(self, address: str, schema: str) -> None:
        store = PostgresServer(replace(parse_address(address), schema=schema), lambda: "")
        open_store(store).close()
        self.driver = Postgres(store.address, lambda: "")

    def empty_out(self, raw: Any) -> None:
        """Delete all rows."""
        empty_out(raw)


def empty_out(raw: Any) -> None:
    """Delete all rows of a store, by a connection of the driver."""
    statements = [f'DELETE FROM "{name}"' for name in metadata.tables]  # noqa: S608  # our own names
    if raw.execute("SELECT 1 FROM audit LIMIT 1").fetchone() is not None:  # its triggers let nobody do that
        statements = ["ALTER TABLE audit DISABLE TRIGGER USER", *statements, "ALTER TABLE audit ENABLE TRIGGER USER"]
    raw.execute("; ".join(["BEGIN", *statements, "COMMIT"]))


class Databases:
    """Databases on one server, whose names begin with "crmhub_test"."""

    def __init__(self, url: str) -> None:
        """url: of the server, without the name of a database."""
        self._url = url
        self._numbers = itertools.count(1)
        self._name = f"crmhub_test_{secrets.token_hex(4)}"
        self._admin: Any = PostgresServer(parse_address(self.address("postgres")), lambda: "")._driver.session()
        self._made: list[str] = []
        try:
            self._model = self.empty()
            open_store(self._model).close()
        except BaseException:
            self.close()
            raise

    def address(self, database: str) -> str:
        """The URL of a database."""
        parts = urlsplit(self._url)
        return urlunsplit(parts._replace(path=f"/{database}"))

    def empty(self) -> PostgresServer:
        """A database without tables."""
        return self._create("TEMPLATE template0 ENCODING 'UTF8'")

    def fresh(self) -> PostgresServer:
        """A migrated store with nothing in it."""
        return self._create(f"TEMPLATE {self._model.address.database} STRATEGY FILE_COPY")

    def _create(self, how: str) -> PostgresServer:
        name = f"{self._name}_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} {how}")
        self._made.append(name)
        return PostgresServer(parse_address(self.address(name)), lambda: "")

    def empty_out(self, store: PostgresServer) -> None:
        """Delete all rows, which is much faster than a fresh database."""
        with closing(store._driver.session()) as raw:
            empty_out(raw)

    def drop(self, store: PostgresServer) -> None:
        """Remove a database, whoever is connected to it."""
        self._admin.execute(f"DROP DATABASE {store.address.database} WITH (FORCE)")
        self._made.remove(store.address.database)

    def cut(self, store: PostgresServer) -> int:
        """End all connections to a database, as a restart of the server does; returns how many there were."""
        question = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = %s"
        return int(self._admin.execute(question, (store.address.database,)).fetchone()[0])

    def close(self) -> None:
        """Remove all of them."""
        for name in self._made:
            self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        self._admin.close()


@contextmanager
def start_databases(url: str = "") -> Iterator[Databases]:
    """On the server at the URL, or the one that the environment names, or one that is started.  Raises HubError if it is
    not installed."""
    given = url or os.environ.get(SERVER)
    if given:
        yield from _on(given)
        return
    with start_postgres() as server:
        yield from _on(server.url)


def _on(url: str) -> Iterator[Databases]:
    databases = Databases(url)
    try:
        yield databases
    finally:
        databases.close()
