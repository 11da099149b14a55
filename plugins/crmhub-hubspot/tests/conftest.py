"""A local HubSpot for every test: with a plain client for tests of the sandbox itself, and with connectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from crmhub_hubspot.plugin import hub_connectors
from crmhub_hubspot.sandbox import HubSpotSandbox
from hub import plugin
from hub.testing.sandbox import Clock, running

Connect = Callable[..., plugin.RestConnector[Any]]
(HubSpot,) = hub_connectors()


@pytest.fixture
def hubspot() -> Iterator[HubSpotSandbox]:
    """A sandbox whose clock stands still."""
    with running(HubSpotSandbox(clock=Clock(datetime(2026, 1, 5, 10, 0, 0, 250_000, tzinfo=UTC)))) as sandbox:
        yield sandbox


@pytest.fixture
def client(hubspot: HubSpotSandbox) -> Iterator[Callable[..., requests.Response]]:
    """Calls the sandbox as any program would, with its token."""
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {hubspot.credentials()['token']}"

    def call(method: str, path: str, **options: Any) -> requests.Response:
        return session.request(method, f"{hubspot.url}/{path}", timeout=10, **options)

    yield call
    session.close()


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
