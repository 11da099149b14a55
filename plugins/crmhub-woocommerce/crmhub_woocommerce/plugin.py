"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping

from hub.plugin import hookimpl


@hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local WooCommerce shop, imported only when somebody starts it."""
    return {"woocommerce": "crmhub_woocommerce.sandbox:WooCommerceSandbox"}
