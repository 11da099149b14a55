"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_carddav.connector import CardDav
from hub.plugin import Connector, hookimpl


@hookimpl
def hub_connectors() -> Sequence[type[Connector[Any]]]:
    """The connector class."""
    return [CardDav]


@hookimpl
def hub_benches() -> Mapping[str, str]:
    """Two real servers."""
    return {
        "carddav.card": "crmhub_carddav.bench:RadicaleBench",
        "carddav.card.xandikos": "crmhub_carddav.bench:XandikosBench",
    }
