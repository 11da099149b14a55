"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_odoo.connector import OdooConnector
from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector classes of this plugin."""
    return [OdooConnector]


@plugin.hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local Odoo, imported only when somebody starts it."""
    return {"odoo": "crmhub_odoo.sandbox:OdooSandbox"}


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """Odoo 18 and, as variants, 16 and 19."""
    return {
        "odoo.partners": "crmhub_odoo.bench:PartnersBench",
        "odoo.partners.16": "crmhub_odoo.bench:Partners16Bench",
        "odoo.partners.19": "crmhub_odoo.bench:Partners19Bench",
    }
