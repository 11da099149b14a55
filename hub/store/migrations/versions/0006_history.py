"""What undoing a write needs, and reading history by run."""

from hub.store.migrations.statements import execute

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
CREATE TABLE image (
  op_id TEXT NOT NULL,
  post BLOB,
  base BLOB,
  PRIMARY KEY (op_id)
)
""",
    "CREATE INDEX change_run ON change (run)",
    "CREATE INDEX ledger_run ON ledger (run)",
)


def upgrade() -> None:
    """Add what reading history and undoing needs."""
    execute(STATEMENTS)
