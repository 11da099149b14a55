"""Counting the links of a resource by state, without reading them."""

from hub.store.migrations.statements import execute

revision = "0010"
down_revision = "0009"

STATEMENTS = ("CREATE INDEX link_state ON link (system, resource, state)",)


def upgrade() -> None:
    execute(STATEMENTS)
