"""Passwords that somebody else has set are for the first sign-in only, and end."""

from hub.store.migrations.statements import execute

revision = "0009"
down_revision = "0008"

STATEMENTS = ("ALTER TABLE web_user ADD COLUMN expires FLOAT DEFAULT 0 NOT NULL",)


def upgrade() -> None:
    execute(STATEMENTS)
