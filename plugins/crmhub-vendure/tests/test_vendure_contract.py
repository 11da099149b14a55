"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

import pytest

from crmhub_vendure.bench import CustomersBench, KeylessBench
from hub.loader import load
from hub.testing.kit import ContractKit
from hub.testing.stateful import play
from hub.testing.vendure_server import missing

pytestmark = pytest.mark.skipif(missing() != "", reason=missing())


class TestCustomers(ContractKit):
    bench = CustomersBench


class TestCustomersWithoutAKey(ContractKit):
    bench = KeylessBench


def test_people_and_a_hub_that_is_killed_agree_at_the_end() -> None:
    outcome = play("vendure", CustomersBench, load(), rounds=4, seed=4)
    assert outcome.wrong == [], "\n".join(outcome.trace)
