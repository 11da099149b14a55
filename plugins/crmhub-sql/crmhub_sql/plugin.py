"""The plugin's entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_sql.connector import Sql
from hub.plugin import Connector, hookimpl


@hookimpl
def hub_connectors() -> Sequence[type[Connector[Any]]]:
    """The connector class."""
    return [Sql]


@hookimpl
def hub_benches() -> Mapping[str, str]:
    """What the contract kit tries it on."""
    return {"sql.sqlite": "crmhub_sql.bench:SqliteBench"}
