"""History by run: what a run changed, and what undoing it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select

from hub.store.database import pack, unpack
from hub.store.protocol import Database
from hub.store.records import chunks
from hub.store.tables import change, golden, image, journal, ledger, run

_IMAGES = select(image).where(image.c.op_id.in_(bindparam("b_ids", expanding=True)))
_KINDS = select(run.c.id, run.c.kind).where(run.c.id.in_(bindparam("b_ids", expanding=True)))
_TITLES = select(golden.c.gid, golden.c.title).where(golden.c.gid.in_(bindparam("b_gids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Image:
    """post: the native record as our write left it (None after a delete).  base: the link's bases before the write, as
    ``Link.to_json`` gives them (None for a create)."""

    post: dict[str, Any] | None
    base: dict[str, Any] | None


class Past:
    """Reads what happened by run; the rows are written by ``History`` and, for images, here."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def save_images(self, items: Sequence[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]) -> None:
        """Keep what undoing writes needs (op_id, post, base); the caller holds the transaction of their journal rows."""
        rows = [
            {
                "op_id": op_id,
                "post": None if post is None else pack(post),
                "base": None if base is None else pack(base),
            }
            for op_id, post, base in items
        ]
        self._db.upsert(image, rows)

    def images(self, op_ids: Iterable[str]) -> dict[str, Image]:
        """op_id -> its image; writes of older versions of the hub have none."""
        found: dict[str, Image] = {}
        for batch in chunks(set(op_ids)):
            for row in self._db.rows(_IMAGES, {"b_ids": batch}):
                found[row.op_id] = Image(
                    None if row.post is None else unpack(row.post), None if row.base is None else unpack(row.base)
                )
        return found

    def changes(self, run_id: str, source: str | None = None) -> list[dict[str, Any]]:
        """What a run changed in golden records, in order: gid, path, old, new, source, rule, at, seq; ``source``: only
        what this one gave."""
        statement = select(change).where(change.c.run == run_id).order_by(change.c.id)
        if source is not None:
            statement = statement.where(change.c.source == source)
        rows = self._db.rows(statement)
        return [
            {
                "gid": r.gid,
                "path": r.path,
                "old": unpack(r.old),
                "new": unpack(r.new),
                "source": r.source,
                "rule": r.rule,
                "at": r.at,
                "seq": r.seq,
            }
            for r in rows
        ]

    def written_gids(self, run_id: str) -> list[str]:
        """The golden records of which a run wrote anything, in the order of writing."""
        statement = select(journal.c.gid).where(journal.c.run == run_id).group_by(journal.c.gid)
        return [row.gid for row in self._db.rows(statement.order_by(func.min(journal.c.id)))]

    def titles(self, gids: Iterable[str]) -> dict[str, str]:
        """gid -> the name of a golden record."""
        found: dict[str, str] = {}
        for batch in chunks(set(gids)):
            found.update({row.gid: row.title for row in self._db.rows(_TITLES, {"b_gids": batch})})
        return found

    def kinds(self, run_ids: Iterable[str]) -> dict[str, str]:
        """run -> its kind ("sync", "undo", "decision", ...); runs that retention has removed are left out."""
        found: dict[str, str] = {}
        for batch in chunks(set(run_ids)):
            found.update({row.id: row.kind for row in self._db.rows(_KINDS, {"b_ids": batch})})
        return found

    def syncs(self) -> list[str]:
        """The names of all syncs that ever ran."""
        return [row.sync for row in self._db.rows(select(run.c.sync).distinct().order_by(run.c.sync))]

    def counts(self, run_id: str) -> dict[str, int]:
        """How many writes, golden changes and losers a run left."""
        return {
            name: int(self._db.rows(select(func.count()).select_from(table).where(table.c.run == run_id))[0][0])
            for name, table in (("writes", journal), ("changes", change), ("losers", ledger))
        }
