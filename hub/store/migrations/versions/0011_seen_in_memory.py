"""What a complete listing has shown is kept in memory (hub.store.seen): nothing notes it in the links any more."""

from hub.store.migrations.statements import execute

revision = "0011"
down_revision = "0010"

STATEMENTS = ("DROP INDEX link_round",)


def upgrade() -> None:
    execute(STATEMENTS)
