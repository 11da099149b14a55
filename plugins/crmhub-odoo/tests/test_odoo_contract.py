"""The contract kit tries the connector on Odoo 16 and 18 (JSON-RPC) and on 19 (JSON-2)."""

from __future__ import annotations

import pytest

from crmhub_odoo.bench import Partners16Bench, Partners19Bench, PartnersBench
from hub.testing.kit import RULES, ContractKit, Rule

DATA_RULES = [rule for rule in RULES if rule.run.__module__.rpartition(".")[2] in ("reading", "writing")]
"""What depends on the version; its failures and settings are those of 18, by the same transport."""


class TestOdoo(ContractKit):
    bench = PartnersBench


class TestOdoo16(ContractKit):
    bench = Partners16Bench

    @pytest.mark.parametrize("rule", DATA_RULES, ids=lambda rule: rule.id)
    def test_contract(self, rule: Rule) -> None:
        super().test_contract(rule)


class TestOdoo19(ContractKit):
    bench = Partners19Bench
