"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping

from hub.plugin import hookimpl


@hookimpl
def hub_sandboxes() -> Mapping[str, str]:
    """A local Odoo, imported only when somebody starts it."""
    return {"odoo": "crmhub_odoo.sandbox:OdooSandbox"}
