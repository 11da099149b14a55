"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from crmhub_tryton.bench import PartyBench
from hub.testing.kit import ContractKit


class TestParties(ContractKit):
    bench = PartyBench
