"""A faithful local WooCommerce shop for tests and demos."""

from crmhub_woocommerce.sandbox.app import WooCommerceSandbox
from crmhub_woocommerce.sandbox.switches import WooSwitches

__all__ = ["WooCommerceSandbox", "WooSwitches"]
