"""A faithful local Zoho CRM for tests and demos."""

from crmhub_zoho.sandbox.app import ZohoSandbox
from crmhub_zoho.sandbox.switches import ZohoSwitches

__all__ = ["ZohoSandbox", "ZohoSwitches"]
