"""The entry point: what this package gives to CRM Hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_tryton.connector import TrytonConnector
from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector classes of this plugin."""
    return [TrytonConnector]


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """A real Tryton."""
    return {"tryton.party": "crmhub_tryton.bench:PartyBench"}
