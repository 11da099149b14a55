"""A real Tryton server for the whole test run; every test starts with an empty party table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_tryton.connector import TrytonConfig, TrytonConnector
from crmhub_tryton.rpc import Rpc
from hub import plugin
from hub.testing.servers import RunningServer, prepared_servers, start_tryton

Connect = Callable[..., TrytonConnector]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    cache = prepared_servers()
    with start_tryton(tmp_path_factory.mktemp("tryton"), cache=cache) as running:
        yield running


@pytest.fixture
def connect(server: RunningServer, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the server; keyword arguments override settings."""
    made: list[tuple[TrytonConnector, plugin.Http]] = []

    def make(**settings: Any) -> TrytonConnector:
        values = {
            "url": server.url,
            "database": server.details["database"],
            "user": server.details["user"],
            "password": SecretStr(server.details["password"]),
            **settings,
        }
        http = plugin.Http("erp", hosts=["127.0.0.1"], sleep=lambda _: None)
        context = plugin.Context(connection="erp", make_http=lambda: http, folder=tmp_path)
        connector = TrytonConnector(TrytonConfig(**values), context)
        made.append((connector, http))
        return connector

    yield make
    for connector, http in made:
        connector.close()
        http.close()


@pytest.fixture
def rpc(server: RunningServer) -> Iterator[Rpc]:
    """A person who works in Tryton directly; starts every test with an empty party table."""
    http = plugin.Http("person", hosts=["127.0.0.1"], sleep=lambda _: None)
    details = server.details
    person = Rpc(
        http,
        url=server.url,
        database=details["database"],
        user=details["user"],
        password=details["password"],
        language="en",
    )
    everyone = person.read("model.party.party.search", [], 0, None, None, context={"active_test": False})
    if everyone:
        person.write("model.party.party.delete", everyone)
    yield person
    http.close()


@pytest.fixture
def connector(rpc: Rpc, connect: Connect) -> TrytonConnector:
    """A connector with a short look-back on an empty party table."""
    return connect()
