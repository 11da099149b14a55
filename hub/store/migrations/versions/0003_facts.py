"""Facts: what happened to customers (interactions).  A party without a gid waits for its customer."""

from hub.store.migrations.statements import execute

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "CREATE INDEX golden_merged ON golden (merged_into) WHERE merged_into IS NOT NULL",
    """
CREATE TABLE fact (
  id TEXT NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  record TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  customers INTEGER NOT NULL,
  gone INTEGER NOT NULL,
  version TEXT,
  mapping TEXT NOT NULL,
  at FLOAT NOT NULL,
  run TEXT NOT NULL,
  doc BLOB NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT one_fact_per_record UNIQUE (system, resource, remote_id),
  CONSTRAINT state_known CHECK (state IN ('attached', 'waiting', 'ignored')),
  CONSTRAINT attached_has_customers CHECK ((state = 'attached') = (customers > 0)),
  CONSTRAINT ignored_has_reason CHECK (state <> 'ignored' OR reason <> ''),
  CONSTRAINT gone_is_flag CHECK (gone IN (0, 1))
)
""",
    """
CREATE TABLE fact_party (
  fact_id TEXT NOT NULL,
  "key" TEXT NOT NULL,
  gid TEXT NOT NULL,
  PRIMARY KEY (fact_id, "key", gid),
  CONSTRAINT party_has_key CHECK ("key" <> '')
) WITHOUT ROWID
""",
    "CREATE INDEX fact_party_gid ON fact_party (gid) WHERE gid != ''",
    "CREATE INDEX fact_party_open ON fact_party (\"key\") WHERE gid = ''",
)


def upgrade() -> None:
    execute(STATEMENTS)
