"""The contract kit tries the connector on Odoo 16 and 18 (JSON-RPC) and on 19 (JSON-2)."""

from __future__ import annotations

from crmhub_odoo.bench import Partners16Bench, Partners19Bench, PartnersBench
from hub.testing.kit import ContractKit


class TestOdoo(ContractKit):
    bench = PartnersBench


class TestOdoo16(ContractKit):
    bench = Partners16Bench


class TestOdoo19(ContractKit):
    bench = Partners19Bench
