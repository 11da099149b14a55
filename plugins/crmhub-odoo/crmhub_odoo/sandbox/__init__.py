"""A faithful local Odoo for tests and demos."""

from crmhub_odoo.sandbox.app import OdooSandbox
from crmhub_odoo.sandbox.switches import OdooSwitches

__all__ = ["OdooSandbox", "OdooSwitches"]
