"""Values of SQL columns as JSON, and back by the type of the column."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary

from hub.plugin import Rejected

_PARSERS: dict[type, Any] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
    int: int,
    float: float,
    str: str,
}


def readable(column: Column[Any]) -> bool:
    """Whether a column holds something that JSON can hold; pictures and the like are left alone."""
    return not isinstance(column.type, LargeBinary)


def to_json(value: Any) -> Any:
    """A value as JSON: times in ISO 8601, decimals and UUIDs as text, so that nothing is rounded."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Mapping | list | tuple | str | int | float | bool) or value is None:
        return value
    return str(value)


def from_json(column: Column[Any], value: Any) -> Any:
    """A value for a column.  Raises Rejected for one that its type cannot hold."""
    kind = python_type(column)
    if value is None or kind is None or (isinstance(value, kind) and kind is not date):
        return _fits(column, value)
    if kind is bool:
        if value in (0, 1, "0", "1", "true", "false", "True", "False"):
            return value in (1, "1", "true", "True")
        raise Rejected(f"{column.name} is true or false, not {value!r}", field=column.name)
    try:
        return _fits(column, _PARSERS[kind](str(value)) if kind in _PARSERS else value)
    except (ValueError, InvalidOperation) as error:
        raise Rejected(f"{column.name} takes a {kind.__name__}: {error}", field=column.name) from None


def _fits(column: Column[Any], value: Any) -> Any:
    """A text that is longer than its column is refused: some databases would cut it without a word."""
    longest = getattr(column.type, "length", None)
    if isinstance(value, str):
        if longest is not None and len(value) > longest:
            raise Rejected(f"{column.name} holds {longest} characters, this are {len(value)}", field=column.name)
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise Rejected(f"{column.name} cannot hold NUL or half a character", field=column.name)
    return value


def python_type(column: Column[Any]) -> type | None:
    """The Python type of a column; None where SQLAlchemy does not know one (JSON, enums of the database)."""
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def version_of(data: Mapping[str, Any]) -> str:
    """The version of a row: the same content, the same version."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
