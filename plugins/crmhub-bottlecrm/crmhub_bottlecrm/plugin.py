"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_bottlecrm.connector import BottleConnector
from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector classes of this plugin."""
    return [BottleConnector]


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """Contacts and, as a variant, accounts of a real BottleCRM."""
    return {
        "bottlecrm.contacts": "crmhub_bottlecrm.bench:ContactsBench",
        "bottlecrm.accounts": "crmhub_bottlecrm.bench:AccountsBench",
    }
