"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_hubspot.connector import HubSpotConnector
from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """The connector that ``connector.toml`` describes, with webhooks."""
    return [HubSpotConnector]


@plugin.hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local HubSpot, imported only when somebody starts it."""
    return {"hubspot": "crmhub_hubspot.sandbox:HubSpotSandbox"}


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """Contacts of the sandbox."""
    return {"hubspot.contacts": "crmhub_hubspot.bench:ContactsBench"}
