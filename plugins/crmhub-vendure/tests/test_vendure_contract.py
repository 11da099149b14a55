"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

import pytest

from crmhub_vendure.bench import CustomersBench, KeylessBench
from hub.testing.kit import ContractKit
from hub.testing.vendure_server import missing

pytestmark = pytest.mark.skipif(missing() != "", reason=missing())


class TestCustomers(ContractKit):
    bench = CustomersBench


class TestCustomersWithoutAKey(ContractKit):
    bench = KeylessBench
