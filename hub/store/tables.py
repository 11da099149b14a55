"""The tables of customers and runs.  State machines are CHECK constraints, so that no code path can store an impossible
state."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)

from hub.store import service_tables as _service_tables  # noqa: F401  # whoever knows these tables knows all
from hub.store.schema import TEXT, WHOLE, states, where
from hub.store.schema import metadata as metadata  # with all tables in it

meta = Table("meta", metadata, Column("key", TEXT, primary_key=True), Column("value", TEXT, nullable=False))

golden = Table(
    "golden",
    metadata,
    Column("gid", TEXT, primary_key=True),
    Column("record", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("merged_into", TEXT),
    Column("seq", WHOLE, nullable=False),
    Column("dirty", WHOLE, nullable=False),
    Column("title", TEXT, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    states("state", "live", "dead", "merged"),
    CheckConstraint("(state = 'merged') = (merged_into IS NOT NULL)", name="merged_names_survivor"),
    CheckConstraint("dirty IN (0, 1)", name="dirty_is_flag"),
)
Index("golden_dirty", golden.c.gid, info=where(golden.c.dirty == 1))
Index("golden_title", golden.c.title)
Index(
    "golden_merged",
    golden.c.merged_into,
    info=where(golden.c.merged_into.is_not(None)),
)


def _unused() -> Column[int]:
    """Without a use since version 11 (decision 0026): to take the column out of the stores that have it would rewrite them,
    and older SQLite cannot."""
    return Column("round", WHOLE, nullable=False)


link = Table(
    "link",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("role", TEXT, nullable=False),
    Column("is_primary", WHOLE, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("version", TEXT),
    Column("epoch", TEXT),
    Column("mapping", TEXT, nullable=False),
    Column("created_by_hub", WHOLE, nullable=False),
    Column("modified", Float),
    _unused(),
    Column("reason", TEXT, nullable=False),
    Column("native", LargeBinary),
    Column("doc", LargeBinary, nullable=False),
    UniqueConstraint("system", "resource", "remote_id", name="one_link_per_record"),
    states("state", "active", "missing", "gone", "excluded", "out_of_scope", "quarantined", "shadow"),
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
    info=where(text("is_primary = 1 AND state <> 'gone'")),
)
Index("link_state", link.c.system, link.c.resource, link.c.state)

match_key = Table(
    "match_key",
    metadata,
    Column("key", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    PrimaryKeyConstraint("key", "gid"),
    sqlite_with_rowid=False,
)
Index("match_key_gid", match_key.c.gid)

pending_ref = Table(
    "pending_ref",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("link_id", WHOLE, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id", "link_id"),
    sqlite_with_rowid=False,
)

staged = Table(
    "staged",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("run", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("review", WHOLE),
    Column("version", TEXT),
    Column("modified", Float),
    Column("created", Float),
    Column("own_key", TEXT),
    Column("name", TEXT, nullable=False),
    Column("keys", LargeBinary, nullable=False),
    Column("native", LargeBinary, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id"),
    states("state", "new", "waiting", "review"),
    CheckConstraint("(state = 'review') = (review IS NOT NULL)", name="review_is_named"),
)

Index("staged_state", staged.c.state, staged.c.system, staged.c.resource, staged.c.remote_id)

staged_key = Table(
    "staged_key",
    metadata,
    Column("key", TEXT, nullable=False),
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    PrimaryKeyConstraint("key", "system", "resource", "remote_id"),
    sqlite_with_rowid=False,
)
Index("staged_key_place", staged_key.c.system, staged_key.c.resource, staged_key.c.remote_id)

op = Table(
    "op",
    metadata,
    Column("op_id", TEXT, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("remote_id", TEXT),
    Column("kind", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("attempts", WHOLE, nullable=False),
    Column("t0", Float),
    Column("error", TEXT, nullable=False),
    Column("item", LargeBinary, nullable=False),
    states("kind", "create", "update", "delete"),
    states("state", "planned", "in_flight", "ambiguous", "confirmed", "superseded", "rejected", "quarantined"),
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
    info=where(text("state IN ('planned', 'in_flight', 'ambiguous')")),
)
Index("op_gid", op.c.gid)

ledger = Table(
    "ledger",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("rule", TEXT, nullable=False),
    Column("winner", LargeBinary, nullable=False),
    Column("winner_system", TEXT, nullable=False),
    Column("loser", LargeBinary, nullable=False),
    Column("loser_system", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("resolution", TEXT, nullable=False),
    states("state", "open", "kept", "flipped", "resolved"),
)
Index("ledger_gid", ledger.c.gid)
Index("ledger_run", ledger.c.run)
Index("ledger_open", ledger.c.id, info=where(text("state = 'open'")))

notice = Table(
    "notice",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("system", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("code", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
)
Index("notice_gid", notice.c.gid)

change = Table(
    "change",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("path", TEXT, nullable=False),
    Column("old", LargeBinary, nullable=False),
    Column("new", LargeBinary, nullable=False),
    Column("source", TEXT, nullable=False),
    Column("rule", TEXT, nullable=False),
    Column("seq", WHOLE, nullable=False),
)
Index("change_gid", change.c.gid)
Index("change_run", change.c.run)

journal = Table(
    "journal",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("op_id", TEXT, nullable=False),
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("pre", LargeBinary),
    Column("diffs", LargeBinary, nullable=False),
)
Index("journal_gid", journal.c.gid)
Index("journal_run", journal.c.run)

image = Table(
    "image",
    metadata,
    Column("op_id", TEXT, primary_key=True),
    Column("post", LargeBinary),
    Column("base", LargeBinary),
)
"""What undoing a write needs beside its journal row: the record as our write left it, and the link's bases before."""

cursor = Table(
    "cursor",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("cursor", LargeBinary, nullable=False),
    Column("epoch", TEXT),
    Column("mapping", TEXT, nullable=False),
    Column("scope", TEXT, nullable=False),
    _unused(),
    Column("size", WHOLE, nullable=False),
    Column("polled", Float),
    Column("listed", Float),
    Column("relist", WHOLE, nullable=False),
    PrimaryKeyConstraint("system", "resource"),
)

review = Table(
    "review",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("run", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("decision", TEXT, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    states("state", "open", "linked", "split", "obsolete"),
)

never_match = Table(
    "never_match",
    metadata,
    Column("a", TEXT, nullable=False),
    Column("b", TEXT, nullable=False),
    PrimaryKeyConstraint("a", "b"),
    CheckConstraint("a < b", name="ordered"),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("run", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("code", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("fingerprint", TEXT, nullable=False),
    Column("attempts", WHOLE, nullable=False),
    Column("retry", WHOLE, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id", "gid"),
    CheckConstraint("message <> ''", name="has_message"),
)

ignored = Table(
    "ignored",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    Column("code", TEXT, nullable=False),
    Column("fingerprint", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("who", TEXT, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id", "gid"),
)

run = Table(
    "run",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("sync", TEXT, nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("state", TEXT, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    states("state", "running", "success", "partial", "failed", "waiting", "interrupted"),
    CheckConstraint("(state = 'running') = (ended IS NULL)", name="ended_has_time"),
)

account = Table(
    "account",
    metadata,
    Column("run", TEXT, nullable=False),
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("total", WHOLE, nullable=False),
    Column("in_sync", WHOLE, nullable=False),
    Column("excluded", WHOLE, nullable=False),
    Column("quarantined", WHOLE, nullable=False),
    Column("conflict", WHOLE, nullable=False),
    Column("waiting", WHOLE, nullable=False),
    PrimaryKeyConstraint("run", "system", "resource"),
)

reread = Table(
    "reread",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id"),
)

plan = Table(
    "plan",
    metadata,
    Column("hash", TEXT, primary_key=True),
    Column("sync", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    states("state", "proposed", "approved", "used"),
)

fact = Table(
    "fact",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("record", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("customers", WHOLE, nullable=False),
    Column("gone", WHOLE, nullable=False),
    Column("version", TEXT),
    Column("mapping", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("run", TEXT, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    UniqueConstraint("system", "resource", "remote_id", name="one_fact_per_record"),
    states("state", "attached", "waiting", "ignored"),
    CheckConstraint("(state = 'attached') = (customers > 0)", name="attached_has_customers"),
    CheckConstraint("state <> 'ignored' OR reason <> ''", name="ignored_has_reason"),
    CheckConstraint("gone IN (0, 1)", name="gone_is_flag"),
)

fact_party = Table(
    "fact_party",
    metadata,
    Column("fact_id", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("gid", TEXT, nullable=False),
    PrimaryKeyConstraint("fact_id", "key", "gid"),
    CheckConstraint("key <> ''", name="party_has_key"),
    sqlite_with_rowid=False,
)
Index(
    "fact_party_gid",
    fact_party.c.gid,
    info=where(fact_party.c.gid != ""),
)
Index(
    "fact_party_open",
    fact_party.c.key,
    info=where(fact_party.c.gid == ""),
)
