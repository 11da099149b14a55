"""The statements of migrations are written as SQLite has them; other databases get them in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from alembic import op

_POSTGRESQL: Final = (
    (re.compile(r"\bTEXT\b"), 'TEXT COLLATE "C"'),  # byte by byte, as SQLite compares and sorts
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bFLOAT\b"), "DOUBLE PRECISION"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
    (re.compile(r"\bWITHOUT ROWID\b"), ""),
)
"""SQLite's types, and what holds the same values."""


def execute(statements: Iterable[str]) -> None:
    """Execute statements of the schema."""
    dialect = op.get_bind().dialect.name
    for statement in statements:
        if dialect == "postgresql":
            for sqlite, theirs in _POSTGRESQL:
                statement = sqlite.sub(theirs, statement)
        op.execute(statement)
