"""Webhooks: hints that wait to be read, deliveries that were heard, and the subscriptions of each connection."""

from hub.store.migrations.statements import execute

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    "DROP TABLE inbox",  # of the first schema: it was never used
    """
CREATE TABLE inbox (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  first FLOAT NOT NULL,
  last FLOAT NOT NULL,
  PRIMARY KEY (system, resource, remote_id)
)
""",
    """
CREATE TABLE delivery (
  system TEXT NOT NULL,
  "key" TEXT NOT NULL,
  at FLOAT NOT NULL,
  PRIMARY KEY (system, "key"),
  CONSTRAINT delivery_has_key CHECK ("key" <> '')
)
""",
    "CREATE INDEX delivery_at ON delivery (at)",
    """
CREATE TABLE subscription (
  connection TEXT NOT NULL,
  wanted INTEGER NOT NULL,
  state TEXT NOT NULL,
  checked FLOAT,
  well FLOAT,
  heard FLOAT,
  failures INTEGER NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (connection),
  CONSTRAINT state_known CHECK (state IN ('new', 'active', 'unknown', 'dead')),
  CONSTRAINT wanted_is_flag CHECK (wanted IN (0, 1)),
  CONSTRAINT dead_has_reason CHECK (state <> 'dead' OR message <> '')
)
""",
)


def upgrade() -> None:
    execute(STATEMENTS)
