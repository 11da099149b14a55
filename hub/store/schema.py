"""What all tables have in common: where they are known, their number, and their types."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Text,
    TextClause,
    event,
)

SCHEMA = 11
"""Number of the newest migration."""

TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and sorted byte by byte, as SQLite does."""
WHOLE = Integer().with_variant(BigInteger(), "postgresql")
"""Whole numbers of 64 bits, as SQLite has them."""

metadata = MetaData()
"""All tables, once ``hub.store.tables`` is imported."""


def states(column: str, *values: str) -> CheckConstraint:
    """A column that has no other values than these."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=f"{column}_known")


def where(condition: ColumnElement[bool] | TextClause) -> dict[str, object]:
    """What an index is about, if it is not about all rows."""
    return {"where": condition}


@event.listens_for(metadata, "before_create")
def _tell_conditions(_metadata: MetaData, connection: Connection, **_: object) -> None:
    """Migrations make the indexes in their own words.  Saying ``postgresql_where`` would load all of PostgreSQL's dialect
    in every process."""
    for table in metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                index.dialect_options[connection.dialect.name]["where"] = index.info["where"]
