"""A shop on this machine, and connectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmhub_woocommerce.connector import WooCommerceConnector, WooConfig
from crmhub_woocommerce.sandbox import WooCommerceSandbox
from hub import plugin
from hub.testing.sandbox import Clock, running

Connect = Callable[..., WooCommerceConnector]


@pytest.fixture
def sandbox() -> Iterator[WooCommerceSandbox]:
    """Plain HTTP: only signed requests are served."""
    with running(WooCommerceSandbox(clock=Clock())) as shop:
        yield shop


@pytest.fixture
def connect(sandbox: WooCommerceSandbox, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the sandbox; keyword arguments override settings."""
    clients: list[plugin.Http] = []

    def make(**settings: Any) -> WooCommerceConnector:
        http = plugin.Http("shop", hosts=["127.0.0.1"], sleep=lambda _: None)
        clients.append(http)
        config = WooConfig(**{"url": sandbox.url, **sandbox.credentials(), **settings})
        return WooCommerceConnector(config, plugin.Context("shop", lambda: http, tmp_path, clock=sandbox.now))

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def connector(connect: Connect) -> WooCommerceConnector:
    return connect()
