"""A local HubSpot for every test, and a connector on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_hubspot.plugin import hub_connectors
from crmhub_hubspot.sandbox import HubSpotSandbox
from hub import plugin
from hub.testing.sandbox import running

Connect = Callable[..., plugin.RestConnector[Any]]
(HubSpot,) = hub_connectors()


@pytest.fixture
def sandbox() -> Iterator[HubSpotSandbox]:
    with running(HubSpotSandbox()) as hubspot:
        yield hubspot


@pytest.fixture
def connect(sandbox: HubSpotSandbox, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the sandbox; keyword arguments override settings."""
    clients: list[plugin.Http] = []

    def make(**settings: Any) -> Any:
        values = {"token": SecretStr(sandbox.credentials()["token"]), "base_url": sandbox.url, **settings}
        http = plugin.Http("hs", hosts=["127.0.0.1"], sleep=sandbox.clock.advance)
        clients.append(http)
        context = plugin.Context("hs", lambda: http, tmp_path, clock=sandbox.now)
        return HubSpot(HubSpot.Config(**values), context)

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def connector(connect: Connect) -> plugin.RestConnector[Any]:
    return connect()
