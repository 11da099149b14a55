"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector that ``connector.toml`` describes."""
    return [plugin.load_manifest(Path(__file__).with_name("connector.toml"), module=__name__)]


@plugin.hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local HubSpot, imported only when somebody starts it."""
    return {"hubspot": "crmhub_hubspot.sandbox:HubSpotSandbox"}


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """Contacts of the sandbox."""
    return {"hubspot.contacts": "crmhub_hubspot.bench:ContactsBench"}
