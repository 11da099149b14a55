"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector classes of this plugin."""
    from crmhub_zoho.connector import ZohoConnector

    return [ZohoConnector]


@plugin.hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local Zoho CRM, imported only when somebody starts it."""
    return {"zoho": "crmhub_zoho.sandbox:ZohoSandbox"}


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """Two modules of the sandbox."""
    return {"zoho.Contacts": "crmhub_zoho.bench:ContactsBench", "zoho.Leads": "crmhub_zoho.bench:LeadsBench"}
