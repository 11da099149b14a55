"""The contract kit on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmhub_sql.bench import SqliteBench, TableBench
from hub.testing.kit import ContractKit
from hub.testing.postgres import start_postgres


class TestSqlite(ContractKit):
    bench = SqliteBench


class PostgresBench(TableBench):
    real = "PostgreSQL 18"
    serial = "SERIAL PRIMARY KEY"
    url = ""

    def address(self, folder: Path) -> str:
        return self.url


class TestPostgres(ContractKit):
    bench = PostgresBench

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def server(cls) -> Iterator[None]:
        with start_postgres() as server:
            PostgresBench.url = f"{server.url.replace('postgresql', 'postgresql+psycopg')}postgres"
            yield
