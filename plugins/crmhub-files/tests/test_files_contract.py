"""The contract kit on this connector; the outcomes are those that quality.toml claims."""

from crmhub_files.bench import CsvBench, JsonLinesBench
from hub.testing.kit import ContractKit


class TestCsv(ContractKit):
    bench = CsvBench


class TestJsonLines(ContractKit):
    bench = JsonLinesBench
