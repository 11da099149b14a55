"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from crmhub_zoho.bench import ContactsBench, LeadsBench
from hub.testing.kit import ContractKit


class TestContacts(ContractKit):
    bench = ContactsBench


class TestLeads(ContractKit):
    bench = LeadsBench
