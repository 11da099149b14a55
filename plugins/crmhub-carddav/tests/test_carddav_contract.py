"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from crmhub_carddav.bench import RadicaleBench, XandikosBench
from hub.testing.kit import ContractKit


class TestOnRadicale(ContractKit):
    bench = RadicaleBench


class TestOnXandikos(ContractKit):
    bench = XandikosBench
