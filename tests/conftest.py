"""Stores of both kinds: what is said of a store holds for SQLite and for PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub.contract.errors import HubError
from hub.store.location import Location, located
from hub.store.store import Store, open_store
from tests.engine.world import empty_store

if TYPE_CHECKING:
    from hub.store.postgres import PostgresServer
    from hub.testing.stores import Databases


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A PostgreSQL server on which stores are made."""
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'crmhub[test]')")
    from hub.testing.stores import start_databases

    with ExitStack() as stack:
        try:
            found = stack.enter_context(start_databases())
        except HubError as error:
            pytest.skip(str(error))
        yield found


@pytest.fixture(scope="session")
def shared_server(databases: Databases) -> PostgresServer:
    return databases.fresh()


@pytest.fixture
def server(databases: Databases, shared_server: PostgresServer) -> PostgresServer:
    """An empty, migrated store on PostgreSQL; nobody else is connected to it."""
    databases.cut(shared_server)
    databases.empty_out(shared_server)
    return shared_server


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Where an empty, migrated store is."""
    if request.param == "postgresql":
        found: Location = request.getfixturevalue("server")
        return found
    (tmp_path / "hub.db").write_bytes(empty_store())
    return located(tmp_path / "hub.db")


@pytest.fixture
def store(location: Location) -> Iterator[Store]:
    """An empty store."""
    with closing(open_store(location)) as opened:
        yield opened
