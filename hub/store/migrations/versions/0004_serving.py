"""What ``crmhub serve`` remembers: who serves, the timetable, circuits, pauses, alarms and notices to send."""

from hub.store.migrations.statements import execute

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
CREATE TABLE lease (
  name TEXT NOT NULL,
  holder TEXT NOT NULL,
  label TEXT NOT NULL,
  host TEXT NOT NULL,
  generation INTEGER NOT NULL,
  taken FLOAT NOT NULL,
  beat FLOAT NOT NULL,
  PRIMARY KEY (name)
)
""",
    """
CREATE TABLE timetable (
  sync TEXT NOT NULL,
  spec TEXT NOT NULL,
  slot FLOAT,
  next FLOAT,
  retry FLOAT,
  begun FLOAT,
  PRIMARY KEY (sync),
  CONSTRAINT next_has_slot CHECK ((slot IS NULL) = (next IS NULL))
)
""",
    """
CREATE TABLE circuit (
  connection TEXT NOT NULL,
  state TEXT NOT NULL,
  failures INTEGER NOT NULL,
  since FLOAT,
  until FLOAT,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  secret TEXT NOT NULL,
  PRIMARY KEY (connection),
  CONSTRAINT state_known CHECK (state IN ('closed', 'waiting', 'needs_login')),
  CONSTRAINT open_has_failures CHECK ((state = 'closed') = (failures = 0)),
  CONSTRAINT waiting_has_end CHECK ((state = 'waiting') = (until IS NOT NULL))
)
""",
    """
CREATE TABLE pause (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  at FLOAT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (kind, name),
  CONSTRAINT kind_known CHECK (kind IN ('sync', 'connection'))
)
""",
    """
CREATE TABLE alarm (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  raised FLOAT NOT NULL,
  cleared FLOAT,
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  PRIMARY KEY (kind, subject),
  CONSTRAINT state_known CHECK (state IN ('raised', 'cleared')),
  CONSTRAINT cleared_has_time CHECK ((state = 'cleared') = (cleared IS NOT NULL)),
  CONSTRAINT number_counts CHECK (number > 0)
)
""",
    """
CREATE TABLE outbox (
  "key" TEXT NOT NULL,
  notifier TEXT NOT NULL,
  at FLOAT NOT NULL,
  severity TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  due FLOAT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY ("key", notifier),
  CONSTRAINT state_known CHECK (state IN ('pending', 'sent', 'refused')),
  CONSTRAINT refusal_has_reason CHECK (state <> 'refused' OR error <> '')
)
""",
    "CREATE INDEX outbox_due ON outbox (due) WHERE state = 'pending'",
)


def upgrade() -> None:
    execute(STATEMENTS)
