"""Tryton's typed JSON values (trytond/protocols/jsonrpc.py): objects with ``__class__``."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

_MOMENT = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def decode(value: dict[str, Any]) -> Any:
    """A JSON object hook.  The server keeps its clock in UTC without saying so; moments come back aware."""
    match value.get("__class__"):
        case "datetime":
            return datetime(**{key: value[key] for key in _MOMENT}, tzinfo=UTC)
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "time":
            return time(value["hour"], value["minute"], value["second"], value["microsecond"])
        case "timedelta":
            return timedelta(seconds=value["seconds"])
        case "Decimal":
            return Decimal(value["decimal"])
        case "bytes":
            return base64.b64decode(value["base64"])
        case _:
            return value


def moment(value: datetime) -> dict[str, Any]:
    """An aware moment as Tryton expects it; every key is needed (a partial object is answered with an error page)."""
    utc = value.astimezone(UTC)
    return {"__class__": "datetime", **{key: getattr(utc, key) for key in _MOMENT}}
