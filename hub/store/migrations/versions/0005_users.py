"""Who may use the pages: users, their sessions, and the audit log, to which can only be added."""

from alembic import op

from hub.store.migrations.statements import execute

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
CREATE TABLE web_user (
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  created FLOAT NOT NULL,
  changed FLOAT NOT NULL,
  failures INTEGER NOT NULL,
  locked FLOAT NOT NULL,
  PRIMARY KEY (name),
  CONSTRAINT role_known CHECK (role IN ('viewer', 'operator', 'admin')),
  CONSTRAINT user_has_name CHECK (name <> ''),
  CONSTRAINT password_is_hashed CHECK (password LIKE '$argon2id$%'),
  CONSTRAINT failures_count CHECK (failures >= 0)
)
""",
    """
CREATE TABLE web_session (
  id TEXT NOT NULL,
  "user" TEXT NOT NULL,
  csrf TEXT NOT NULL,
  created FLOAT NOT NULL,
  seen FLOAT NOT NULL,
  pii FLOAT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT id_is_a_hash CHECK (length(id) = 64)
)
""",
    'CREATE INDEX web_session_user ON web_session ("user")',
    """
CREATE TABLE audit (
  id INTEGER NOT NULL,
  at FLOAT NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  prev TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT audit_has_action CHECK (action <> ''),
  CONSTRAINT audit_is_hashed CHECK (length(hash) = 64),
  UNIQUE (hash)
)
""",
)

TRIGGERS = {
    "sqlite": (
        """
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END
""",
        """
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log can only be added to'); END
""",
    ),
    "postgresql": (
        """
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log can only be added to' USING ERRCODE = 'check_violation'; END
$$
""",
        """
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()
""",
        """
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()
""",
        """
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()
""",
    ),
}


def upgrade() -> None:
    execute(STATEMENTS)
    execute(TRIGGERS[op.get_bind().dialect.name])
