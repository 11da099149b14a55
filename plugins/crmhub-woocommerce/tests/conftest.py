"""A shop on this machine, and connectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from crmhub_woocommerce.connector import WooCommerceConnector, WooConfig
from crmhub_woocommerce.sandbox import WooCommerceSandbox, WooSwitches
from hub import plugin
from hub.testing.sandbox import Clock, running

Connect = Callable[..., WooCommerceConnector]


@pytest.fixture
def sandbox() -> Iterator[WooCommerceSandbox]:
    """Plain HTTP: only signed requests are served."""
    with running(WooCommerceSandbox(clock=Clock())) as shop:
        yield shop


@pytest.fixture
def shop() -> Iterator[WooCommerceSandbox]:
    """A shop behind TLS whose clock stands still."""
    clock = Clock(datetime(2026, 1, 5, 10, 0, 0, 700_000, tzinfo=UTC))
    with running(WooCommerceSandbox(clock=clock, switches=WooSwitches(https=True))) as sandbox:
        yield sandbox


@pytest.fixture
def client(shop: WooCommerceSandbox) -> Iterator[Callable[..., requests.Response]]:
    """Signs in as behind TLS: Basic authentication."""
    given = shop.credentials()
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (given["consumer_key"], given["consumer_secret"])

        def call(method: str, path: str, **options: Any) -> requests.Response:
            return session.request(method, f"{shop.api}/{path}", timeout=10, **options)

        yield call


@pytest.fixture
def connect(sandbox: WooCommerceSandbox, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the sandbox; keyword arguments override settings."""
    clients: list[plugin.Http] = []

    def make(*, at_once: int = 1, **settings: Any) -> WooCommerceConnector:
        http = plugin.Http("shop", hosts=["127.0.0.1"], at_once=at_once, sleep=lambda _: None)
        clients.append(http)
        config = WooConfig(**{"url": sandbox.url, **sandbox.credentials(), **settings})
        return WooCommerceConnector(config, plugin.Context("shop", lambda: http, tmp_path, clock=sandbox.now))

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def connector(connect: Connect) -> WooCommerceConnector:
    return connect()
