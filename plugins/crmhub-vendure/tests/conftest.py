"""A real Vendure shop for the whole test run; every test starts without customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_vendure.bench import Person
from crmhub_vendure.connector import VendureConfig, VendureConnector
from hub import plugin
from hub.testing.servers import RunningServer, prepared_servers
from hub.testing.vendure_server import missing, start_vendure

CACHE = prepared_servers()
Connect = Callable[..., VendureConnector]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    if reason := missing():
        pytest.skip(reason)
    with start_vendure(tmp_path_factory.mktemp("vendure"), cache=CACHE) as running:
        yield running


@pytest.fixture
def stored_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A shop that a test may kill and start again: its database is a file."""
    if reason := missing():
        pytest.skip(reason)
    with start_vendure(tmp_path / "stored", cache=CACHE, stored=True) as running:
        yield running


@pytest.fixture
def connect(server: RunningServer, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the shop; keyword arguments override settings."""
    made: list[tuple[VendureConnector, plugin.Http]] = []

    def make(**settings: Any) -> VendureConnector:
        values = {
            "url": f"{server.url}/admin-api",
            "user": server.details["user"],
            "password": SecretStr(server.details["password"]),
            "key_field": server.details["key_field"],
            **settings,
        }
        http = plugin.Http("shop", hosts=["127.0.0.1"], sleep=lambda _: None)
        context = plugin.Context(connection="shop", make_http=lambda: http, folder=tmp_path)
        connector = VendureConnector(VendureConfig(**values), context)
        made.append((connector, http))
        return connector

    yield make
    for connector, http in made:
        connector.close()
        http.close()


@pytest.fixture
def person(server: RunningServer) -> Person:
    """Somebody who works in the administration; starts every test without customers."""
    somebody = Person(server.url, server.details["user"], server.details["password"])
    somebody.delete_everybody()
    return somebody


@pytest.fixture
def connector(person: Person, connect: Connect) -> VendureConnector:
    """A connector to a shop without customers."""
    return connect()
