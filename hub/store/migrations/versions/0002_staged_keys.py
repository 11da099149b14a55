"""Records that are not linked yet can be found by key, so that matching need not hold all of them."""

import orjson
from alembic import op
from sqlalchemy import text

from hub.store.migrations.statements import execute

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "CREATE INDEX staged_state ON staged (state, system, resource, remote_id)",
    """
CREATE TABLE staged_key (
  "key" TEXT NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  PRIMARY KEY ("key", system, resource, remote_id)
) WITHOUT ROWID
""",
    "CREATE INDEX staged_key_place ON staged_key (system, resource, remote_id)",
)


def upgrade() -> None:
    execute(STATEMENTS)
    connection = op.get_bind()
    insert = text("INSERT INTO staged_key VALUES (:key, :system, :resource, :remote_id)")
    found = connection.execute(text("SELECT system, resource, remote_id, own_key, keys FROM staged"))
    for row in found.all():
        keys = [*dict.fromkeys(orjson.loads(row.keys)), *([f"own:{row.own_key}"] if row.own_key else [])]
        place = {"system": row.system, "resource": row.resource, "remote_id": row.remote_id}
        if keys:
            connection.execute(insert, [{"key": key, **place} for key in keys])
