"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from __future__ import annotations

import pytest

from crmhub_bottlecrm.bench import AccountsBench, ContactsBench
from hub.loader import load
from hub.testing.kit import RULES, ContractKit, Rule
from hub.testing.stateful import play

DATA_RULES = [rule for rule in RULES if rule.run.__module__.rpartition(".")[2] in ("reading", "writing")]
"""What differs between the two; failures, settings and texts are those of contacts, by the same calls."""

pytestmark = pytest.mark.usefixtures("server")


class TestContacts(ContractKit):
    bench = ContactsBench


class TestAccounts(ContractKit):
    bench = AccountsBench

    @pytest.mark.parametrize(
        "rule",
        [rule for rule in DATA_RULES if rule.id != "every_text_comes_back_or_is_refused"],
        ids=lambda rule: rule.id,
    )
    def test_contract(self, rule: Rule) -> None:
        super().test_contract(rule)


def test_people_and_a_hub_that_is_killed_agree_at_the_end() -> None:
    outcome = play("bottlecrm", ContactsBench, load(), rounds=4, seed=4)
    assert outcome.wrong == [], "\n".join(outcome.trace)
