"""A local Zoho CRM for every test: with a plain client for tests of the sandbox itself, and with connectors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from crmhub_zoho.connector import ZohoConfig, ZohoConnector
from crmhub_zoho.sandbox import ZohoSandbox, ZohoSwitches
from hub import plugin
from hub.testing.sandbox import Clock, running

Connect = Callable[..., ZohoConnector]


class Client:
    """Calls the sandbox as any program would: paths below /crm/v8, signed in."""

    def __init__(self, zoho: ZohoSandbox) -> None:
        self._zoho = zoho
        self.session = requests.Session()
        self.session.trust_env = False

    def token(self, **given: str) -> requests.Response:
        """Ask the accounts server for a token; what is given overrides a plain refresh."""
        fields = {**self._zoho.credentials(), "grant_type": "refresh_token", **given}
        return self.session.post(f"{self._zoho.url}/oauth/v2/token", data=fields, timeout=10)

    def sign_in(self) -> None:
        """Get a token and use it from now on."""
        self.session.headers["Authorization"] = f"Zoho-oauthtoken {self.token().json()['access_token']}"

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self._zoho.url}/crm/v8/{path}", timeout=10, **options)


@pytest.fixture
def zoho() -> Iterator[ZohoSandbox]:
    """A sandbox whose clock stands still."""
    with running(ZohoSandbox(clock=Clock(datetime(2026, 1, 5, 10, 0, tzinfo=UTC)))) as sandbox:
        yield sandbox


@pytest.fixture
def client(zoho: ZohoSandbox) -> Iterator[Client]:
    """Somebody who has signed in."""
    found = Client(zoho)
    found.sign_in()
    yield found
    found.session.close()


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
