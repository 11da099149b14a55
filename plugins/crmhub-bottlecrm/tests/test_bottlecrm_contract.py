"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from __future__ import annotations

import pytest

from crmhub_bottlecrm.bench import AccountsBench, ContactsBench
from hub.testing.kit import ContractKit

pytestmark = pytest.mark.usefixtures("server")


class TestContacts(ContractKit):
    bench = ContactsBench


class TestAccounts(ContractKit):
    bench = AccountsBench
