"""Passwords that somebody else has set are for the first sign-in only, and end."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE web_user ADD COLUMN expires FLOAT DEFAULT 0 NOT NULL")
