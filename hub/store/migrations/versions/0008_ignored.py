"""Records in quarantine that a person has told to ignore, as they were then."""

from hub.store.migrations.statements import execute

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    """
CREATE TABLE ignored (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  gid TEXT NOT NULL,
  code TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  at FLOAT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (system, resource, remote_id, gid)
)
""",
)


def upgrade() -> None:
    execute(STATEMENTS)
