"""A local Zoho CRM for every test, a connector on it, and Mei, who works in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_zoho.connector import ZohoConfig, ZohoConnector
from crmhub_zoho.sandbox import ZohoSandbox, ZohoSwitches
from hub import plugin
from hub.testing.sandbox import Clock, running

Connect = Callable[..., ZohoConnector]


@pytest.fixture
def sandbox() -> Iterator[ZohoSandbox]:
    with running(ZohoSandbox(switches=ZohoSwitches(quota=None), clock=Clock())) as zoho:
        yield zoho


@pytest.fixture
def connect(sandbox: ZohoSandbox, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the sandbox; keyword arguments override settings."""
    clients: list[plugin.Http] = []

    def make(**settings: Any) -> ZohoConnector:
        given = sandbox.credentials()
        values = {
            "client_id": given["client_id"],
            "client_secret": SecretStr(given["client_secret"]),
            "refresh_token": SecretStr(given["refresh_token"]),
            "accounts_url": sandbox.url,
            **settings,
        }
        http = plugin.Http("crm", hosts=["127.0.0.1"], sleep=lambda _: None)
        clients.append(http)
        context = plugin.Context("crm", lambda: http, tmp_path, clock=sandbox.now)
        return ZohoConnector(ZohoConfig(**values), context)

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def connector(connect: Connect) -> ZohoConnector:
    return connect()
