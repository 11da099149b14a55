"""The contract kit tries the connector on the sandbox."""

from __future__ import annotations

from crmhub_woocommerce.bench import CustomersBench, GuestsBench
from hub.testing.kit import ContractKit


class TestWooCommerce(ContractKit):
    bench = CustomersBench


class TestGuests(ContractKit):
    bench = GuestsBench
