"""A faithful local HubSpot for tests and demos."""

from crmhub_hubspot.sandbox.app import HubSpotSandbox
from crmhub_hubspot.sandbox.switches import HubSpotSwitches

__all__ = ["HubSpotSandbox", "HubSpotSwitches"]
