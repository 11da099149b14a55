"""The entry point: what this package gives to CRM Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_vendure.connector import VendureConnector
from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector classes of this plugin."""
    return [VendureConnector]


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """A real Vendure, with and without a field for our key."""
    return {
        "vendure.customers": "crmhub_vendure.bench:CustomersBench",
        "vendure.customers without a key": "crmhub_vendure.bench:KeylessBench",
    }
