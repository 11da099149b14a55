"""Work in hand: cursors, the re-read list, open ops, quarantine, plans, meta data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, delete, select, update

from hub.store.database import pack, unpack
from hub.store.protocol import Database
from hub.store.records import chunks
from hub.store.tables import cursor, link, meta, op, plan, quarantine, reread, staged


@dataclass(slots=True)
class Cursor:
    """Where reading a resource stands.  size: records that the last complete listing showed; polled / listed: when (seconds)."""

    system: str
    resource: str
    value: Any = None
    epoch: str | None = None
    mapping: str = ""
    scope: str = ""
    size: int = 0
    polled: float | None = None
    listed: float | None = None
    relist: bool = True


@dataclass(slots=True)
class OpRow:
    """An intent: a write that is planned, under way, or ended."""

    op_id: str
    run: str
    system: str
    resource: str
    gid: str
    remote_id: str | None
    kind: str
    state: str
    item: dict[str, Any]
    attempts: int = 0
    t0: float | None = None
    error: str = ""


@dataclass(slots=True)
class Quarantined:
    """A record (remote_id) or a golden record that cannot be written to a system (gid), with the reason."""

    system: str
    resource: str
    remote_id: str
    gid: str
    run: str
    at: float
    code: str
    message: str
    fingerprint: str
    attempts: int = 1
    retry: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is kept under."""
        return self.system, self.resource, self.remote_id, self.gid


_OPEN = ("planned", "in_flight", "ambiguous")


def _on(table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The rows of one resource."""
    return table.c.system == bindparam("b_system"), table.c.resource == bindparam("b_resource")


# Statements are built once: building one costs more than SQLite takes to execute it.
_META = select(meta.c.value).where(meta.c.key == bindparam("b_key"))
_CURSOR = select(cursor).where(*_on(cursor))
_REREAD = select(reread.c.remote_id).where(*_on(reread)).order_by(reread.c.remote_id)
_OPEN_OPS = select(op).where(op.c.state.in_(_OPEN)).order_by(op.c.op_id)
_OPEN_OPS_OF = _OPEN_OPS.where(op.c.system == bindparam("b_system"))
_SIZE = update(cursor).where(*_on(cursor)).values(size=bindparam("b_size"))
_RESIZE = update(cursor).where(*_on(cursor)).values(size=cursor.c.size + bindparam("b_by"))
_QUARANTINE = select(quarantine).order_by(
    quarantine.c.code, quarantine.c.system, quarantine.c.remote_id, quarantine.c.resource, quarantine.c.gid
)
_QUARANTINE_OF = _QUARANTINE.where(quarantine.c.system == bindparam("b_system"))
_REREAD_DONE = delete(reread).where(*_on(reread), reread.c.remote_id == bindparam("b_i"))
_END_OP = update(op).where(op.c.op_id == bindparam("b_id")).values(state=bindparam("b_state"))
_TRIM_OPS = delete(op).where(op.c.state.in_(("confirmed", "superseded")), op.c.run != bindparam("b_run"))
_BARRED = select(quarantine.c.remote_id).where(
    *_on(quarantine), quarantine.c.remote_id.in_(bindparam("b_ids", expanding=True)), quarantine.c.gid == ""
)
_RELEASE = delete(quarantine).where(
    quarantine.c.system == bindparam("b_s"),
    quarantine.c.resource == bindparam("b_r"),
    quarantine.c.remote_id == bindparam("b_i"),
    quarantine.c.gid == bindparam("b_g"),
)
_UNLINKED = select(quarantine.c.remote_id).where(
    *_on(quarantine),
    quarantine.c.remote_id != "",
    quarantine.c.gid == "",
    quarantine.c.remote_id.not_in(
        select(link.c.remote_id).where(*_on(link), link.c.state.not_in(("gone", "excluded")))
    ),
    quarantine.c.remote_id.not_in(select(staged.c.remote_id).where(*_on(staged))),
)


class Work:
    """Everything that a run leaves for the next one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # meta

    def meta(self, key: str, default: str = "") -> str:
        rows = self._db.rows(_META, {"b_key": key})
        return rows[0].value if rows else default

    def set_meta(self, key: str, value: str) -> None:
        self._db.upsert(meta, [{"key": key, "value": value}])

    # cursors

    def cursor(self, system: str, resource: str) -> Cursor:
        rows = self._db.rows(_CURSOR, {"b_system": system, "b_resource": resource})
        if not rows:
            return Cursor(system, resource)
        row = rows[0]
        return Cursor(
            row.system,
            row.resource,
            unpack(row.cursor),
            row.epoch,
            row.mapping,
            row.scope,
            row.size,
            row.polled,
            row.listed,
            bool(row.relist),
        )

    def save_cursor(self, item: Cursor) -> None:
        """Store where reading stands; ``size`` is kept by ``resize``, because writing changes it too."""
        self._db.upsert(
            cursor,
            [
                {
                    "system": item.system,
                    "resource": item.resource,
                    "cursor": pack(item.value),
                    "epoch": item.epoch,
                    "mapping": item.mapping,
                    "scope": item.scope,
                    "round": 0,
                    "size": 0,
                    "polled": item.polled,
                    "listed": item.listed,
                    "relist": int(item.relist),
                }
            ],
            keep=("size",),
        )

    def ask_listing(self, system: str, resource: str) -> None:
        """The next run makes a complete listing, whatever else it finds."""
        self._db.write(update(cursor).where(cursor.c.system == system, cursor.c.resource == resource).values(relist=1))

    def reopen_cursors(self) -> None:
        """Everything is read again, as if nothing was known about what has changed, and then listed completely."""
        self._db.write(update(cursor).values(cursor=pack(None), relist=1, listed=None))

    def resize(self, system: str, resource: str, *, by: int = 0, to: int | None = None) -> None:
        """Note how many records the source has: changed ``by`` some, or counted anew (``to``)."""
        here = {"b_system": system, "b_resource": resource}
        if to is not None:
            self._db.write(_SIZE, {**here, "b_size": to})
        elif by:
            self._db.write(_RESIZE, {**here, "b_by": by})

    # re-read list

    def reread_add(self, system: str, resource: str, ids: Iterable[str], reason: str) -> None:
        self._db.upsert(
            reread, [{"system": system, "resource": resource, "remote_id": item, "reason": reason} for item in ids]
        )

    def reread_take(self, system: str, resource: str) -> list[str]:
        rows = self._db.rows(_REREAD, {"b_system": system, "b_resource": resource})
        return [row.remote_id for row in rows]

    def reread_done(self, system: str, resource: str, ids: Sequence[str]) -> None:
        here = {"b_system": system, "b_resource": resource}
        self._db.write(_REREAD_DONE, [{**here, "b_i": item} for item in ids])

    # ops

    def save_ops(self, ops: Sequence[OpRow]) -> None:
        self._db.upsert(
            op,
            [
                {
                    "op_id": x.op_id,
                    "run": x.run,
                    "system": x.system,
                    "resource": x.resource,
                    "gid": x.gid,
                    "remote_id": x.remote_id,
                    "kind": x.kind,
                    "state": x.state,
                    "attempts": x.attempts,
                    "t0": x.t0,
                    "error": x.error,
                    "item": pack(x.item),
                }
                for x in ops
            ],
        )

    def open_ops(self, system: str | None = None) -> list[OpRow]:
        rows = self._db.rows(_OPEN_OPS, {}) if system is None else self._db.rows(_OPEN_OPS_OF, {"b_system": system})
        return [_op(row) for row in rows]

    def ops_of(self, gid: str) -> list[OpRow]:
        return [_op(row) for row in self._db.rows(select(op).where(op.c.gid == gid).order_by(op.c.op_id))]

    def end_ops(self, op_ids: Sequence[str], state: str) -> None:
        self._db.write(_END_OP, [{"b_id": item, "b_state": state} for item in op_ids])

    def trim_ops(self, keep_run: str) -> None:
        """Ended intents of earlier runs are in the journal; only failures are kept here."""
        self._db.write(_TRIM_OPS, {"b_run": keep_run})

    # quarantine

    def quarantine(self, items: Sequence[Quarantined]) -> None:
        self._db.upsert(
            quarantine,
            [
                {
                    "system": x.system,
                    "resource": x.resource,
                    "remote_id": x.remote_id,
                    "gid": x.gid,
                    "run": x.run,
                    "at": x.at,
                    "code": x.code,
                    "message": x.message,
                    "fingerprint": x.fingerprint,
                    "attempts": x.attempts,
                    "retry": x.retry,
                }
                for x in items
            ],
        )

    def quarantined(self, system: str | None = None) -> list[Quarantined]:
        rows = self._db.rows(_QUARANTINE, {}) if system is None else self._db.rows(_QUARANTINE_OF, {"b_system": system})
        return [
            Quarantined(
                r.system,
                r.resource,
                r.remote_id,
                r.gid,
                r.run,
                r.at,
                r.code,
                r.message,
                r.fingerprint,
                r.attempts,
                r.retry,
            )
            for r in rows
        ]

    def barred_ids(self, system: str, resource: str, ids: Iterable[str]) -> set[str]:
        """Those of the records that are in quarantine because they could not be read."""
        found: set[str] = set()
        for batch in chunks(ids):
            rows = self._db.rows(_BARRED, {"b_system": system, "b_resource": resource, "b_ids": batch})
            found.update(row.remote_id for row in rows)
        return found

    def release(self, keys: Sequence[tuple[str, str, str, str]]) -> int:
        return self._db.write(_RELEASE, [{"b_s": s, "b_r": r, "b_i": i, "b_g": g} for s, r, i, g in keys])

    def unlinked_quarantine(self, system: str, resource: str) -> set[str]:
        """Quarantined records that have no link (they could not even be read or linked)."""
        rows = self._db.rows(_UNLINKED, {"b_system": system, "b_resource": resource})
        return {row.remote_id for row in rows}

    # plans

    def save_plan(self, hash_: str, sync: str, at: float, state: str, doc: Any) -> None:
        self._db.upsert(plan, [{"hash": hash_, "sync": sync, "at": at, "state": state, "doc": pack(doc)}])

    def plan(self, hash_: str) -> tuple[str, Any] | None:
        rows = self._db.rows(select(plan.c.state, plan.c.doc).where(plan.c.hash == hash_))
        return (rows[0].state, unpack(rows[0].doc)) if rows else None

    def plan_state(self, hash_: str, state: str) -> None:
        self._db.write(update(plan).where(plan.c.hash == hash_).values(state=state))


def _op(row: Any) -> OpRow:
    return OpRow(
        row.op_id,
        row.run,
        row.system,
        row.resource,
        row.gid,
        row.remote_id,
        row.kind,
        row.state,
        unpack(row.item),
        row.attempts,
        row.t0,
        row.error,
    )
