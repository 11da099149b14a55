"""The tables of `crmhub serve` and of the pages: schedules, alarms, webhooks, users."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    Index,
    PrimaryKeyConstraint,
    Table,
    text,
)

from hub.store.schema import TEXT, WHOLE, metadata, states, where

lease = Table(
    "lease",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("holder", TEXT, nullable=False),
    Column("label", TEXT, nullable=False),
    Column("host", TEXT, nullable=False),
    Column("generation", WHOLE, nullable=False),
    Column("taken", Float, nullable=False),
    Column("beat", Float, nullable=False),
)

timetable = Table(
    "timetable",
    metadata,
    Column("sync", TEXT, primary_key=True),
    Column("spec", TEXT, nullable=False),
    Column("slot", Float),
    Column("next", Float),
    Column("retry", Float),
    Column("begun", Float),
    CheckConstraint("(slot IS NULL) = (next IS NULL)", name="next_has_slot"),
)

circuit = Table(
    "circuit",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("state", TEXT, nullable=False),
    Column("failures", WHOLE, nullable=False),
    Column("since", Float),
    Column("until", Float),
    Column("code", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("secret", TEXT, nullable=False),
    states("state", "closed", "waiting", "needs_login"),
    CheckConstraint("(state = 'closed') = (failures = 0)", name="open_has_failures"),
    CheckConstraint("(state = 'waiting') = (until IS NOT NULL)", name="waiting_has_end"),
)

pause = Table(
    "pause",
    metadata,
    Column("kind", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("reason", TEXT, nullable=False),
    PrimaryKeyConstraint("kind", "name"),
    states("kind", "sync", "connection"),
)

alarm = Table(
    "alarm",
    metadata,
    Column("kind", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("number", WHOLE, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("raised", Float, nullable=False),
    Column("cleared", Float),
    Column("message", TEXT, nullable=False),
    Column("hint", TEXT, nullable=False),
    PrimaryKeyConstraint("kind", "subject"),
    states("state", "raised", "cleared"),
    CheckConstraint("(state = 'cleared') = (cleared IS NOT NULL)", name="cleared_has_time"),
    CheckConstraint("number > 0", name="number_counts"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", TEXT, nullable=False),
    Column("notifier", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    Column("severity", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("text", TEXT, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("attempts", WHOLE, nullable=False),
    Column("due", Float, nullable=False),
    Column("error", TEXT, nullable=False),
    PrimaryKeyConstraint("key", "notifier"),
    states("state", "pending", "sent", "refused"),
    CheckConstraint("state <> 'refused' OR error <> ''", name="refusal_has_reason"),
)
Index("outbox_due", outbox.c.due, info=where(text("state = 'pending'")))

web_user = Table(
    "web_user",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("role", TEXT, nullable=False),
    Column("password", TEXT, nullable=False),
    Column("created", Float, nullable=False),
    Column("changed", Float, nullable=False),
    Column("failures", WHOLE, nullable=False),
    Column("locked", Float, nullable=False),
    Column("expires", Float, nullable=False, server_default=text("0")),
    states("role", "viewer", "operator", "admin"),
    CheckConstraint("name <> ''", name="user_has_name"),
    CheckConstraint("password LIKE '$argon2id$%'", name="password_is_hashed"),
    CheckConstraint("failures >= 0", name="failures_count"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("user", TEXT, nullable=False),
    Column("csrf", TEXT, nullable=False),
    Column("created", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("pii", Float, nullable=False),
    CheckConstraint("length(id) = 64", name="id_is_a_hash"),
)
Index("web_session_user", web_session.c.user)

audit = Table(
    "audit",
    metadata,
    Column("id", WHOLE, primary_key=True),
    Column("at", Float, nullable=False),
    Column("who", TEXT, nullable=False),
    Column("action", TEXT, nullable=False),
    Column("subject", TEXT, nullable=False),
    Column("detail", TEXT, nullable=False),
    Column("prev", TEXT, nullable=False),
    Column("hash", TEXT, nullable=False, unique=True),
    CheckConstraint("action <> ''", name="audit_has_action"),
    CheckConstraint("length(hash) = 64", name="audit_is_hashed"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("resource", TEXT, nullable=False),
    Column("remote_id", TEXT, nullable=False),
    Column("first", Float, nullable=False),
    Column("last", Float, nullable=False),
    PrimaryKeyConstraint("system", "resource", "remote_id"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("system", TEXT, nullable=False),
    Column("key", TEXT, nullable=False),
    Column("at", Float, nullable=False),
    PrimaryKeyConstraint("system", "key"),
    CheckConstraint("key <> ''", name="delivery_has_key"),
)
Index("delivery_at", delivery.c.at)

subscription = Table(
    "subscription",
    metadata,
    Column("connection", TEXT, primary_key=True),
    Column("wanted", WHOLE, nullable=False),
    Column("state", TEXT, nullable=False),
    Column("checked", Float),
    Column("well", Float),
    Column("heard", Float),
    Column("failures", WHOLE, nullable=False),
    Column("message", TEXT, nullable=False),
    states("state", "new", "active", "unknown", "dead"),
    CheckConstraint("wanted IN (0, 1)", name="wanted_is_flag"),
    CheckConstraint("state <> 'dead' OR message <> ''", name="dead_has_reason"),
)
