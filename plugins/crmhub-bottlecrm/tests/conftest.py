"""A real BottleCRM for the whole test run; every test starts with an empty organisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_bottlecrm.bench import CACHE, Person
from crmhub_bottlecrm.connector import BottleConfig, BottleConnector
from hub import plugin
from hub.testing.bottlecrm_server import NoPython, empty
from hub.testing.kit.shared import shared_server
from hub.testing.servers import RunningServer, start_bottlecrm

Connect = Callable[..., BottleConnector]


@pytest.fixture(scope="session")
def server() -> RunningServer:
    """The server that the contract kit uses, too.  Skips where no Python can run it."""
    try:
        return shared_server("bottlecrm", lambda folder: start_bottlecrm(folder, cache=CACHE))
    except NoPython as error:
        pytest.skip(str(error))


@pytest.fixture
def person(server: RunningServer) -> Iterator[Person]:
    """Somebody who works in BottleCRM; nothing is there yet."""
    empty(server)
    with Person(server.url, server.details["person"]["token"]) as somebody:
        yield somebody


@pytest.fixture
def connect(server: RunningServer, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the server; keyword arguments override settings."""
    clients: list[plugin.Http] = []

    def make(**settings: Any) -> BottleConnector:
        values = {"url": server.url, "token": SecretStr(server.details["admin"]["token"]), **settings}
        http = plugin.Http("crm", hosts=["127.0.0.1"], sleep=lambda _: None)
        clients.append(http)
        return BottleConnector(BottleConfig(**values), plugin.Context("crm", lambda: http, tmp_path))

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def connector(person: Person, connect: Connect) -> BottleConnector:
    """A connector to an empty organisation."""
    return connect()
