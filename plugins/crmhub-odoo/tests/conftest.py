"""Odoo on this machine, and connectors to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import SecretStr

from crmhub_odoo.connector import OdooConfig, OdooConnector
from crmhub_odoo.sandbox import OdooSandbox, OdooSwitches
from hub import plugin
from hub.testing.sandbox import Clock, running

Version = Literal["16.0", "17.0", "18.0", "19.0"]
Connect = Callable[..., OdooConnector]
START = datetime(2026, 1, 5, 10, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def odoo() -> Iterator[OdooSandbox]:
    """Version 18; its clock stands still."""
    with running(OdooSandbox(clock=Clock(START))) as sandbox:
        yield sandbox


@pytest.fixture
def new() -> Iterator[OdooSandbox]:
    """Version 19; its clock stands still."""
    with running(OdooSandbox(clock=Clock(START), switches=OdooSwitches(version="19.0"))) as sandbox:
        yield sandbox


@pytest.fixture
def version() -> Version:
    """Parametrise it to try another one."""
    return "18.0"


@pytest.fixture
def sandbox(version: Version) -> Iterator[OdooSandbox]:
    with running(OdooSandbox(clock=Clock(), switches=OdooSwitches(version=version))) as odoo:
        yield odoo


@pytest.fixture
def connect(sandbox: OdooSandbox, tmp_path: Path) -> Iterator[Connect]:
    """Makes connectors to the sandbox; keyword arguments override settings."""
    clients: list[plugin.Http] = []

    def make(**settings: Any) -> OdooConnector:
        given = sandbox.credentials()
        values = {
            "url": sandbox.url,
            "database": "demo",
            "login": given["login"],
            "api_key": SecretStr(given["api_key"]),
            **settings,
        }
        http = plugin.Http("erp", hosts=["127.0.0.1"], sleep=lambda _: None)
        clients.append(http)
        return OdooConnector(OdooConfig(**values), plugin.Context("erp", lambda: http, tmp_path, clock=sandbox.now))

    yield make
    for http in clients:
        http.close()


@pytest.fixture
def connector(connect: Connect) -> OdooConnector:
    return connect()
