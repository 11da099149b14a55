"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from crmhub_hubspot.bench import ContactsBench
from hub.testing.kit import ContractKit


class TestContacts(ContractKit):
    bench = ContactsBench
