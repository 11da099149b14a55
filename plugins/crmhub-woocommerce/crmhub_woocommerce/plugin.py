"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_woocommerce.connector import WooCommerceConnector
from hub import plugin


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """Return the connector classes of this plugin."""
    return [WooCommerceConnector]


@plugin.hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local shop, imported only when somebody starts it."""
    return {"woocommerce": "crmhub_woocommerce.sandbox:WooCommerceSandbox"}


@plugin.hookimpl
def hub_benches() -> Mapping[str, str]:
    """Customers of a shop and, as a variant, its guests."""
    return {
        "woocommerce.customers": "crmhub_woocommerce.bench:CustomersBench",
        "woocommerce.guests": "crmhub_woocommerce.bench:GuestsBench",
    }
