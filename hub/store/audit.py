"""The audit log: who did what, each line chained to the one before it by a hash, so that a changed line shows.

It holds names of users, ids and counts; no personal data of customers.  The tables' triggers refuse changes; whoever
may write the file could still remove the last lines, which the number and hash noted elsewhere (`crmhub audit verify`
prints them) would show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select

from hub.store.protocol import Database
from hub.store.service_tables import audit

START = "0" * 64
"""What the first line is chained to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.  who: name of a user, or "" for nobody;  subject: what it was done to;  detail: ids and counts."""

    id: int
    at: float
    who: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds.  broken: number of the first line that does not fit, 0 if all do."""

    lines: int
    last: str
    broken: int = 0


class Audit:
    """Lines are added and read, never changed."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, at: float, who: str, action: str, subject: str = "", **detail: Any) -> Entry:
        """Add a line, in a transaction with what it tells of if the caller holds one."""
        text = json.dumps(detail, sort_keys=True, ensure_ascii=True)
        with self._db.transaction():
            rows = self._db.rows(select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1))
            number, prev = (rows[0].id + 1, rows[0].hash) if rows else (1, START)
            hash_ = _hash(number, at, who, action, subject, text, prev)
            self._db.write(
                insert(audit).values(
                    id=number, at=at, who=who, action=action, subject=subject, detail=text, prev=prev, hash=hash_
                )
            )
        return Entry(number, at, who, action, subject, detail, prev, hash_)

    def newest(
        self,
        limit: int = 100,
        before: int | None = None,
        who: str | None = None,
        *,
        action: str = "",
        subject: str = "",
    ) -> list[Entry]:
        """The newest lines first; ``before``: only lines with smaller numbers."""
        statement = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(audit.c.id < before)
        if who is not None:
            statement = statement.where(audit.c.who == who)
        if action:
            statement = statement.where(audit.c.action == action)
        if subject:
            statement = statement.where(audit.c.subject == subject)
        return [
            Entry(r.id, r.at, r.who, r.action, r.subject, json.loads(r.detail), r.prev, r.hash)
            for r in self._db.rows(statement)
        ]

    def verify(self) -> Verdict:
        """Walk the whole chain."""
        prev, expected = START, 1
        for row in self._db.rows(select(audit).order_by(audit.c.id)):
            fits = _hash(row.id, row.at, row.who, row.action, row.subject, row.detail, prev)
            if row.id != expected or row.prev != prev or row.hash != fits:
                return Verdict(expected - 1, prev, row.id)
            prev, expected = row.hash, expected + 1
        return Verdict(expected - 1, prev)


def _hash(number: int, at: float, who: str, action: str, subject: str, detail: str, prev: str) -> str:
    content = json.dumps([number, at, who, action, subject, detail, prev], ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()
