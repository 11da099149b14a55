"""How long history is kept, so that a store does not grow without limit.

What other parts need stays: the ledger of losers, the last change of every golden value, writes of unknown outcome, and the
newest run of every sync.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, Table, delete, func, select

from hub.store import tables
from hub.store.service_tables import outbox
from hub.store.tables import account, change, image, notice, plan, run

if TYPE_CHECKING:
    from hub.store.store import Store

DAY: Final = 86_400.0
_BATCH: Final = 5_000
"""Rows that one transaction removes."""
_DONE: Final = "tidied"
"""Meta key: when history was tidied last."""


def tidy(store: Store, *, runs: float, journal: float, now: float) -> dict[str, int]:
    """Remove what is older, at most once a day; returns how many rows of each table went.

    runs and journal: seconds for which they are kept (hub.sync.keep); now: seconds since the epoch."""
    last = store.work.meta(_DONE)
    if last and now - float(last) < DAY:
        return {}
    removed = trim(store, runs=runs, journal=journal, now=now)
    with store.transaction():
        store.work.set_meta(_DONE, str(now))
    return removed


def trim(store: Store, *, runs: float, journal: float, now: float) -> dict[str, int]:
    """Remove what is older, some thousand rows a transaction, so that nobody waits for long."""
    old, ancient = now - journal, now - runs
    newest = select(func.max(run.c.id)).group_by(run.c.sync, run.c.kind)
    last_changes = select(func.max(change.c.id)).group_by(change.c.gid, change.c.path)
    written = select(tables.journal.c.op_id)
    finished = (run.c.started < ancient) & run.c.ended.is_not(None)
    steps: list[tuple[Table, ColumnElement[bool]]] = [
        (tables.journal, tables.journal.c.at < old),
        (image, image.c.op_id.not_in(written)),
        (notice, notice.c.at < ancient),
        (change, (change.c.at < ancient) & change.c.id.not_in(last_changes)),
        (run, finished & run.c.id.not_in(newest)),
        (account, account.c.run.not_in(select(run.c.id))),
        (plan, plan.c.at < ancient),
        (outbox, (outbox.c.state != "pending") & (outbox.c.at < old)),
    ]
    return {table.name: number for table, which in steps if (number := _remove(store, table, which))}


def _remove(store: Store, table: Table, which: ColumnElement[bool]) -> int:
    keys = list(table.primary_key.columns)
    removed = 0
    while True:
        rows = store.db.rows(select(*keys).where(which).limit(_BATCH))
        if not rows:
            return removed
        with store.transaction():
            for row in rows if len(keys) > 1 else ():
                here = [column == value for column, value in zip(keys, row, strict=True)]
                store.db.write(delete(table).where(*here))
            if len(keys) == 1:
                for start in range(0, len(rows), 500):
                    store.db.write(delete(table).where(keys[0].in_([row[0] for row in rows[start : start + 500]])))
        removed += len(rows)
