"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_files.connector import Files
from hub.plugin import Connector, hookimpl


@hookimpl
def hub_connectors() -> Sequence[type[Connector[Any]]]:
    """The connector class."""
    return [Files]


@hookimpl
def hub_benches() -> Mapping[str, str]:
    """Two kinds of file."""
    return {
        "files.customers": "crmhub_files.bench:CsvBench",
        "files.customers.jsonl": "crmhub_files.bench:JsonLinesBench",
    }
