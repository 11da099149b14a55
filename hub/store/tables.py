"""The tables.  State machines are CHECK constraints, so that no code path can store an impossible state."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

SCHEMA = 9
"""Number of the newest migration; stored as PRAGMA user_version."""

metadata = MetaData()


def _states(column: str, *values: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value) for value in values)})", name=f"{column}_known")


meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

golden = Table(
    "golden",
    metadata,
    Column("gid", Text, primary_key=True),
    Column("record", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("merged_into", Text),
    Column("seq", Integer, nullable=False),
    Column("dirty", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    _states("state", "live", "dead", "merged"),
    CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_names_survivor"),
    CheckConstraint("dirty IN (0, 1)", name="dirty_is_flag"),
)
Index("golden_dirty", golden.c.gid, sqlite_where=golden.c.dirty == 1, postgresql_where=golden.c.dirty == 1)
Index("golden_title", golden.c.title)
Index(
    "golden_merged",
    golden.c.merged_into,
    sqlite_where=golden.c.merged_into.is_not(None),
    postgresql_where=golden.c.merged_into.is_not(None),
)

link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("gid", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("is_primary", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Text),
    Column("epoch", Text),
    Column("mapping", Text, nullable=False),
    Column("created_by_hub", Integer, nullable=False),
    Column("modified", Float),
    Column("round", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("native", LargeBinary),
    Column("doc", LargeBinary, nullable=False),
    UniqueConstraint("system", "resource", "remote_id", name="one_link_per_record"),
    _states("state", "active", "missing", "gone", "excluded", "out_of_scope", "quarantined", "shadow"),
    CheckConstraint("state <> 'shadow' OR is_primary = 0", name="shadow_is_not_primary"),
    CheckConstraint("state NOT IN ('excluded', 'quarantined', 'out_of_scope') OR reason <> ''", name="has_reason"),
)
Index("link_gid", link.c.gid)
Index(
    "one_primary_link",
    link.c.system,
    link.c.resource,
    link.c.gid,
    link.c.role,
    unique=True,
    sqlite_where=text("is_primary = 1 AND state <> 'gone'"),
    postgresql_where=text("is_primary = 1 AND state <> 'gone'"),
)
Index("link_round", link.c.system, link.c.resource, link.c.round)

match_key = Table(
    "match_key",
    metadata,
    Column("key", Text, nullable=False),
    Column("gid", Text, nullable=False),
    PrimaryKeyConstraint("key", "gid"),
    sqlite_with_rowid=False,
)
Index("match_key_gid", match_key.c.gid)

pending_ref = Table(
    "pending_ref",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("link_id", Integer, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id", "link_id"),
    sqlite_with_rowid=False,
)

staged = Table(
    "staged",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("review", Integer),
    Column("version", Text),
    Column("modified", Float),
    Column("created", Float),
    Column("own_key", Text),
    Column("name", Text, nullable=False),
    Column("keys", LargeBinary, nullable=False),
    Column("native", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id"),
    _states("state", "new", "waiting", "review"),
    CheckConstraint("(state = 'review') = (review IS NOT NULL)", name="review_is_named"),
)

Index("staged_state", staged.c.state, staged.c.system, staged.c.resource, staged.c.remote_id)

staged_key = Table(
    "staged_key",
    metadata,
    Column("key", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    PrimaryKeyConstraint("key", "system", "resource", "remote_id"),
    sqlite_with_rowid=False,
)
Index("staged_key_place", staged_key.c.system, staged_key.c.resource, staged_key.c.remote_id)

op = Table(
    "op",
    metadata,
    Column("op_id", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("gid", Text, nullable=False),
    Column("remote_id", Text),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("t0", Float),
    Column("error", Text, nullable=False),
    Column("item", LargeBinary, nullable=False),
    _states("kind", "create", "update", "delete"),
    _states("state", "planned", "in_flight", "ambiguous", "confirmed", "superseded", "rejected", "quarantined"),
    CheckConstraint(
        "state NOT IN ('in_flight', 'ambiguous') OR (attempts > 0 AND t0 IS NOT NULL)", name="sent_has_time"
    ),
    CheckConstraint("kind = 'create' OR remote_id IS NOT NULL", name="change_names_record"),
    CheckConstraint("state <> 'confirmed' OR remote_id IS NOT NULL", name="confirmed_names_record"),
    CheckConstraint("state NOT IN ('rejected', 'quarantined') OR error <> ''", name="failure_has_reason"),
)
Index(
    "one_open_op",
    op.c.system,
    op.c.resource,
    op.c.gid,
    unique=True,
    sqlite_where=text("state IN ('planned', 'in_flight', 'ambiguous')"),
    postgresql_where=text("state IN ('planned', 'in_flight', 'ambiguous')"),
)
Index("op_gid", op.c.gid)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("gid", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("winner", LargeBinary, nullable=False),
    Column("winner_system", Text, nullable=False),
    Column("loser", LargeBinary, nullable=False),
    Column("loser_system", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("resolution", Text, nullable=False),
    _states("state", "open", "kept", "flipped", "resolved"),
)
Index("ledger_gid", ledger.c.gid)
Index("ledger_run", ledger.c.run)
Index("ledger_open", ledger.c.id, sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'"))

notice = Table(
    "notice",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("gid", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
)
Index("notice_gid", notice.c.gid)

change = Table(
    "change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("gid", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("old", LargeBinary, nullable=False),
    Column("new", LargeBinary, nullable=False),
    Column("source", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("seq", Integer, nullable=False),
)
Index("change_gid", change.c.gid)
Index("change_run", change.c.run)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("op_id", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("gid", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("pre", LargeBinary),
    Column("diffs", LargeBinary, nullable=False),
)
Index("journal_gid", journal.c.gid)
Index("journal_run", journal.c.run)

image = Table(
    "image",
    metadata,
    Column("op_id", Text, primary_key=True),
    Column("post", LargeBinary),
    Column("base", LargeBinary),
)
"""What undoing a write needs beside its journal row: the record as our write left it, and the link's bases before."""

cursor = Table(
    "cursor",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("cursor", LargeBinary, nullable=False),
    Column("epoch", Text),
    Column("mapping", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("polled", Float),
    Column("listed", Float),
    Column("relist", Integer, nullable=False),
    PrimaryKeyConstraint("system", "resource"),
)

review = Table(
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    _states("state", "open", "linked", "split", "obsolete"),
)

never_match = Table(
    "never_match",
    metadata,
    Column("a", Text, nullable=False),
    Column("b", Text, nullable=False),
    PrimaryKeyConstraint("a", "b"),
    CheckConstraint("a < b", name="ordered"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("gid", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry", Integer, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id", "gid"),
    CheckConstraint("message <> ''", name="has_message"),
)

ignored = Table(
    "ignored",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("gid", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id", "gid"),
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sync", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("state", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    _states("state", "running", "success", "partial", "failed", "waiting", "interrupted"),
    CheckConstraint("(state = 'running') = (ended IS NULL)", name="ended_has_time"),
)

account = Table(
    "account",
    metadata,
    Column("run", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("in_sync", Integer, nullable=False),
    Column("excluded", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("conflict", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    PrimaryKeyConstraint("run", "system", "resource"),
)

reread = Table(
    "reread",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id"),
)

plan = Table(
    "plan",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("sync", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("state", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    _states("state", "proposed", "approved", "used"),
)

fact = Table(
    "fact",
    metadata,
    Column("id", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("version", Text),
    Column("mapping", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("run", Text, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    UniqueConstraint("system", "resource", "remote_id", name="one_fact_per_record"),
    _states("state", "attached", "waiting", "ignored"),
    CheckConstraint("(state = 'attached') = (customers > 0)", name="attached_has_customers"),
    CheckConstraint("state <> 'ignored' OR reason <> ''", name="ignored_has_reason"),
    CheckConstraint("gone IN (0, 1)", name="gone_is_flag"),
)

fact_party = Table(
    "fact_party",
    metadata,
    Column("fact_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("gid", Text, nullable=False),
    PrimaryKeyConstraint("fact_id", "key", "gid"),
    CheckConstraint("key <> ''", name="party_has_key"),
    sqlite_with_rowid=False,
)
Index(
    "fact_party_gid",
    fact_party.c.gid,
    sqlite_where=fact_party.c.gid != "",
    postgresql_where=fact_party.c.gid != "",
)
Index(
    "fact_party_open",
    fact_party.c.key,
    sqlite_where=fact_party.c.gid == "",
    postgresql_where=fact_party.c.gid == "",
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("taken", Float, nullable=False),
    Column("beat", Float, nullable=False),
)

timetable = Table(
    "timetable",
    metadata,
    Column("sync", Text, primary_key=True),
    Column("spec", Text, nullable=False),
    Column("slot", Float),
    Column("next", Float),
    Column("retry", Float),
    Column("begun", Float),
    CheckConstraint("(slot IS NULL) = (next IS NULL)", name="next_has_slot"),
)

circuit = Table(
    "circuit",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("since", Float),
    Column("until", Float),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("secret", Text, nullable=False),
    _states("state", "closed", "waiting", "needs_login"),
    CheckConstraint("(state = 'closed') = (failures = 0)", name="open_has_failures"),
    CheckConstraint("(state = 'waiting') = (until IS NOT NULL)", name="waiting_has_end"),
)

pause = Table(
    "pause",
    metadata,
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("kind", "name"),
    _states("kind", "sync", "connection"),
)

alarm = Table(
    "alarm",
    metadata,
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("raised", Float, nullable=False),
    Column("cleared", Float),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    PrimaryKeyConstraint("kind", "subject"),
    _states("state", "raised", "cleared"),
    CheckConstraint("(state = 'cleared') = (cleared IS NOT NULL)", name="cleared_has_time"),
    CheckConstraint("number > 0", name="number_counts"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", Text, nullable=False),
    Column("notifier", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", Float, nullable=False),
    Column("error", Text, nullable=False),
    PrimaryKeyConstraint("key", "notifier"),
    _states("state", "pending", "sent", "refused"),
    CheckConstraint("state <> 'refused' OR error <> ''", name="refusal_has_reason"),
)
Index("outbox_due", outbox.c.due, sqlite_where=text("state = 'pending'"), postgresql_where=text("state = 'pending'"))

web_user = Table(
    "web_user",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("changed", Float, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked", Float, nullable=False),
    Column("expires", Float, nullable=False, server_default=text("0")),
    _states("role", "viewer", "operator", "admin"),
    CheckConstraint("name <> ''", name="user_has_name"),
    CheckConstraint("password LIKE '$argon2id$%'", name="password_is_hashed"),
    CheckConstraint("failures >= 0", name="failures_count"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("pii", Float, nullable=False),
    CheckConstraint("length(id) = 64", name="id_is_a_hash"),
)
Index("web_session_user", web_session.c.user)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    CheckConstraint("action <> ''", name="audit_has_action"),
    CheckConstraint("length(hash) = 64", name="audit_is_hashed"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("system", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("system", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Float, nullable=False),
    PrimaryKeyConstraint("system", "key"),
    CheckConstraint("key <> ''", name="delivery_has_key"),
)
Index("delivery_at", delivery.c.at)

subscription = Table(
    "subscription",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("checked", Float),
    Column("well", Float),
    Column("heard", Float),
    Column("failures", Integer, nullable=False),
    Column("message", Text, nullable=False),
    _states("state", "new", "active", "unknown", "dead"),
    CheckConstraint("wanted IN (0, 1)", name="wanted_is_flag"),
    CheckConstraint("state <> 'dead' OR message <> ''", name="dead_has_reason"),
)
