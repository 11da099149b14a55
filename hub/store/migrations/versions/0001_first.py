"""The first schema.  Frozen: later changes are migrations of their own."""

from hub.store.migrations.statements import execute

revision = "0001"
down_revision = None

STATEMENTS = (
    """
CREATE TABLE account (
  run TEXT NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  total INTEGER NOT NULL,
  in_sync INTEGER NOT NULL,
  excluded INTEGER NOT NULL,
  quarantined INTEGER NOT NULL,
  "conflict" INTEGER NOT NULL,
  waiting INTEGER NOT NULL,
  PRIMARY KEY (run, system, resource)
)
""",
    """
CREATE TABLE change (
  id INTEGER NOT NULL,
  run TEXT NOT NULL,
  at FLOAT NOT NULL,
  gid TEXT NOT NULL,
  path TEXT NOT NULL,
  old BLOB NOT NULL,
  new BLOB NOT NULL,
  source TEXT NOT NULL,
  rule TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (id)
)
""",
    """
CREATE INDEX change_gid ON change (gid)
""",
    """
CREATE TABLE cursor (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  cursor BLOB NOT NULL,
  epoch TEXT,
  mapping TEXT NOT NULL,
  scope TEXT NOT NULL,
  round INTEGER NOT NULL,
  size INTEGER NOT NULL,
  polled FLOAT,
  listed FLOAT,
  relist INTEGER NOT NULL,
  PRIMARY KEY (system, resource)
)
""",
    """
CREATE TABLE golden (
  gid TEXT NOT NULL,
  record TEXT NOT NULL,
  state TEXT NOT NULL,
  merged_into TEXT,
  seq INTEGER NOT NULL,
  dirty INTEGER NOT NULL,
  title TEXT NOT NULL,
  doc BLOB NOT NULL,
  PRIMARY KEY (gid),
  CONSTRAINT state_known CHECK (state IN ('live', 'dead', 'merged')),
  CONSTRAINT merged_names_survivor CHECK ((state = 'merged') = (merged_into IS NOT NULL)),
  CONSTRAINT dirty_is_flag CHECK (dirty IN (0, 1))
)
""",
    """
CREATE INDEX golden_dirty ON golden (gid) WHERE dirty = 1
""",
    """
CREATE INDEX golden_title ON golden (title)
""",
    """
CREATE TABLE inbox (
  id INTEGER NOT NULL,
  at FLOAT NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT state_known CHECK (state IN ('new', 'done'))
)
""",
    """
CREATE TABLE journal (
  id INTEGER NOT NULL,
  run TEXT NOT NULL,
  at FLOAT NOT NULL,
  op_id TEXT NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  gid TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  pre BLOB,
  diffs BLOB NOT NULL,
  PRIMARY KEY (id)
)
""",
    """
CREATE INDEX journal_gid ON journal (gid)
""",
    """
CREATE INDEX journal_run ON journal (run)
""",
    """
CREATE TABLE ledger (
  id INTEGER NOT NULL,
  run TEXT NOT NULL,
  at FLOAT NOT NULL,
  gid TEXT NOT NULL,
  path TEXT NOT NULL,
  rule TEXT NOT NULL,
  winner BLOB NOT NULL,
  winner_system TEXT NOT NULL,
  loser BLOB NOT NULL,
  loser_system TEXT NOT NULL,
  state TEXT NOT NULL,
  resolution TEXT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT state_known CHECK (state IN ('open', 'kept', 'flipped', 'resolved'))
)
""",
    """
CREATE INDEX ledger_gid ON ledger (gid)
""",
    """
CREATE INDEX ledger_open ON ledger (id) WHERE state = 'open'
""",
    """
CREATE TABLE link (
  id INTEGER NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  gid TEXT NOT NULL,
  role TEXT NOT NULL,
  is_primary INTEGER NOT NULL,
  state TEXT NOT NULL,
  version TEXT,
  epoch TEXT,
  mapping TEXT NOT NULL,
  created_by_hub INTEGER NOT NULL,
  modified FLOAT,
  round INTEGER NOT NULL,
  reason TEXT NOT NULL,
  native BLOB,
  doc BLOB NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT one_link_per_record UNIQUE (system, resource, remote_id),
  CONSTRAINT state_known CHECK (state IN ('active', 'missing', 'gone', 'excluded', 'out_of_scope', 'quarantined', 'shadow')),
  CONSTRAINT shadow_is_not_primary CHECK (state <> 'shadow' OR is_primary = 0),
  CONSTRAINT has_reason CHECK (state NOT IN ('excluded', 'quarantined', 'out_of_scope') OR reason <> '')
)
""",
    """
CREATE INDEX link_gid ON link (gid)
""",
    """
CREATE INDEX link_round ON link (system, resource, round)
""",
    """
CREATE UNIQUE INDEX one_primary_link ON link (system, resource, gid, role) WHERE is_primary = 1 AND state <> 'gone'
""",
    """
CREATE TABLE match_key (
  "key" TEXT NOT NULL,
  gid TEXT NOT NULL,
  PRIMARY KEY ("key", gid)
)
 WITHOUT ROWID
""",
    """
CREATE INDEX match_key_gid ON match_key (gid)
""",
    """
CREATE TABLE meta (
  "key" TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY ("key")
)
""",
    """
CREATE TABLE never_match (
  a TEXT NOT NULL,
  b TEXT NOT NULL,
  PRIMARY KEY (a, b),
  CONSTRAINT ordered CHECK (a < b)
)
 WITHOUT ROWID
""",
    """
CREATE TABLE notice (
  id INTEGER NOT NULL,
  run TEXT NOT NULL,
  at FLOAT NOT NULL,
  gid TEXT NOT NULL,
  system TEXT NOT NULL,
  path TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (id)
)
""",
    """
CREATE INDEX notice_gid ON notice (gid)
""",
    """
CREATE TABLE op (
  op_id TEXT NOT NULL,
  run TEXT NOT NULL,
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  gid TEXT NOT NULL,
  remote_id TEXT,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  t0 FLOAT,
  error TEXT NOT NULL,
  item BLOB NOT NULL,
  PRIMARY KEY (op_id),
  CONSTRAINT kind_known CHECK (kind IN ('create', 'update', 'delete')),
  CONSTRAINT state_known CHECK (state IN ('planned', 'in_flight', 'ambiguous', 'confirmed',
    'superseded', 'rejected', 'quarantined')),
  CONSTRAINT sent_has_time CHECK (state NOT IN ('in_flight', 'ambiguous') OR (attempts > 0 AND t0 IS NOT NULL)),
  CONSTRAINT change_names_record CHECK (kind = 'create' OR remote_id IS NOT NULL),
  CONSTRAINT confirmed_names_record CHECK (state <> 'confirmed' OR remote_id IS NOT NULL),
  CONSTRAINT failure_has_reason CHECK (state NOT IN ('rejected', 'quarantined') OR error <> '')
)
""",
    """
CREATE UNIQUE INDEX one_open_op ON op (system, resource, gid) WHERE state IN ('planned', 'in_flight', 'ambiguous')
""",
    """
CREATE INDEX op_gid ON op (gid)
""",
    """
CREATE TABLE pending_ref (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  link_id INTEGER NOT NULL,
  PRIMARY KEY (system, resource, remote_id, link_id)
)
 WITHOUT ROWID
""",
    """
CREATE TABLE "plan" (
  hash TEXT NOT NULL,
  sync TEXT NOT NULL,
  at FLOAT NOT NULL,
  state TEXT NOT NULL,
  doc BLOB NOT NULL,
  PRIMARY KEY (hash),
  CONSTRAINT state_known CHECK (state IN ('proposed', 'approved', 'used'))
)
""",
    """
CREATE TABLE quarantine (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  gid TEXT NOT NULL,
  run TEXT NOT NULL,
  at FLOAT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  retry INTEGER NOT NULL,
  PRIMARY KEY (system, resource, remote_id, gid),
  CONSTRAINT has_message CHECK (message <> '')
)
""",
    """
CREATE TABLE reread (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (system, resource, remote_id)
)
""",
    """
CREATE TABLE review (
  id INTEGER NOT NULL,
  run TEXT NOT NULL,
  at FLOAT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  decision TEXT NOT NULL,
  doc BLOB NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT state_known CHECK (state IN ('open', 'linked', 'split', 'obsolete'))
)
""",
    """
CREATE TABLE run (
  id TEXT NOT NULL,
  sync TEXT NOT NULL,
  kind TEXT NOT NULL,
  started FLOAT NOT NULL,
  ended FLOAT,
  state TEXT NOT NULL,
  doc BLOB NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT state_known CHECK (state IN ('running', 'success', 'partial', 'failed', 'waiting', 'interrupted')),
  CONSTRAINT ended_has_time CHECK ((state = 'running') = (ended IS NULL))
)
""",
    """
CREATE TABLE staged (
  system TEXT NOT NULL,
  resource TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  run TEXT NOT NULL,
  state TEXT NOT NULL,
  review INTEGER,
  version TEXT,
  modified FLOAT,
  created FLOAT,
  own_key TEXT,
  name TEXT NOT NULL,
  keys BLOB NOT NULL,
  native BLOB NOT NULL,
  PRIMARY KEY (system, resource, remote_id),
  CONSTRAINT state_known CHECK (state IN ('new', 'waiting', 'review')),
  CONSTRAINT review_is_named CHECK ((state = 'review') = (review IS NOT NULL))
)
""",
)


def upgrade() -> None:
    execute(STATEMENTS)
