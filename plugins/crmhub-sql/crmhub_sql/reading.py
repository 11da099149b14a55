"""Reading a table: in pages by key, or by time of change with a look back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_

from crmhub_sql.table import Rows, all_rows, explained
from crmhub_sql.values import from_json, to_json
from hub.plugin import CursorExpired, Json, Page, Record

_FORMAT = 1


def by_key(rows: Rows, size: int, after: Json = None) -> Iterator[Page]:
    """Every row in the order of keys.  A page's cursor leads on from its last key; the last one starts anew."""
    at = after.get("at") if isinstance(after, dict) else None
    while True:
        statement = rows.select().order_by(rows.key).limit(size)
        if at is not None:
            statement = statement.where(rows.key > from_json(rows.key, at))
        with explained(rows.names.table), rows.engine.connect() as connection:
            found = [rows.record(row) for row in all_rows(connection, statement)]
        complete = len(found) < size
        at = None if complete else found[-1].id
        yield Page(found, {"format": _FORMAT, "at": at}, complete=complete)
        if complete:
            return


def by_time(rows: Rows, size: int, overlap: timedelta, cursor: Json) -> Iterator[Page]:
    """Rows changed since the cursor's time less the overlap, in the order of time and key, and rows without a time.

    The watermark moves at the end of a pass only.  What comes twice has the version that it had before.
    """
    column = rows.modified
    assert column is not None
    if cursor is not None and (not isinstance(cursor, dict) or cursor.get("format") != _FORMAT):
        raise CursorExpired("the cursor is not one of this version of the plugin")
    state = dict(cursor or {"format": _FORMAT, "since": None, "at": None, "newest": None})
    while True:
        statement = rows.select().order_by(column.is_not(None), column, rows.key).limit(size)
        if state["since"] is not None:
            since = from_json(column, state["since"])
            bound = since - overlap if isinstance(since, datetime) else since
            statement = statement.where(or_(column >= bound, column.is_(None)))
        if state["at"] is not None:
            statement = statement.where(_after(rows, state["at"]))
        with explained(rows.names.table), rows.engine.connect() as connection:
            found = all_rows(connection, statement)
        stamps = [to_json(row._mapping[column.name]) for row in found if row._mapping[column.name] is not None]
        if stamps:
            state["newest"] = stamps[-1]
        complete = len(found) < size
        if complete:
            state = {"format": _FORMAT, "since": state["newest"] or state["since"], "at": None, "newest": None}
        else:
            last = found[-1]._mapping
            state["at"] = [to_json(last[column.name]), to_json(last[rows.names.key])]
        yield Page([rows.record(row) for row in found], dict(state), complete=complete)
        if complete:
            return


def _after(rows: Rows, at: Sequence[Any]) -> Any:
    """Behind a row in the order of time and key; rows without a time come first."""
    column = rows.modified
    assert column is not None
    key = from_json(rows.key, at[1])
    if at[0] is None:
        return or_(and_(column.is_(None), rows.key > key), column.is_not(None))
    stamp = from_json(column, at[0])
    return or_(column > stamp, and_(column == stamp, rows.key > key))


def by_ids(rows: Rows, column: Any, values: Sequence[Any], size: int) -> Iterator[Record]:
    """The rows whose column has one of the values."""
    for start in range(0, len(values), size):
        statement = rows.select().where(column.in_(values[start : start + size])).order_by(rows.key)
        with explained(rows.names.table), rows.engine.connect() as connection:
            found = all_rows(connection, statement)
        yield from (rows.record(row) for row in found)
