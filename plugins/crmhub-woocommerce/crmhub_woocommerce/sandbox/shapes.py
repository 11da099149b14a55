"""How WooCommerce says that something is wrong, and how it writes times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.testing.sandbox import Call, Refused, reply

Json = dict[str, Any]


class Wrong(Exception):
    """One record cannot be handled: code, message and HTTP status.  In a batch it becomes the record's result."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body: Json = {"code": code, "message": message, "data": {"status": status, **data}}

    def refused(self) -> Refused:
        return Refused(reply(self.status, self.body))


def invalid(params: Mapping[str, str]) -> Wrong:
    """Parameters that are not what they should be."""
    names = ", ".join(params)
    return Wrong(400, "rest_invalid_param", f"Invalid parameter(s): {names}", params=dict(params), details={})


def number(call: Call, name: str, default: int, least: int, most: int) -> int:
    """A number of the query.  Raises Wrong."""
    text = call.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise invalid({name: f"{name} must be between {least} (inclusive) and {most} (inclusive)"})
    return int(text)


def show_time(text: str | None, zone: ZoneInfo | None) -> str | None:
    """Whole seconds without an offset: local in the zone, UTC without one."""
    if text is None:
        return None
    return datetime.fromisoformat(text).astimezone(zone or UTC).replace(tzinfo=None, microsecond=0).isoformat()


def times(name: str, text: str | None, zone: ZoneInfo) -> Json:
    """A time in both forms."""
    return {name: show_time(text, zone), f"{name}_gmt": show_time(text, None)}


def merged_meta(old: list[Json], given: Any, next_id: Any) -> list[Json]:
    """meta_data: an id changes its row, a known key of one row does, too; null deletes.  (Rules of keys: unverified.)"""
    if not isinstance(given, list):
        raise invalid({"meta_data": "meta_data is not of type array."})
    rows = [dict(row) for row in old]
    for item in given:
        found = next((row for row in rows if row["id"] == item.get("id")), None)
        if found is None and "id" not in item:
            found = next((row for row in rows if row["key"] == item.get("key")), None)
        if found is not None:
            found |= {name: item[name] for name in ("key", "value") if name in item}
        elif item.get("value") is not None:
            rows.append({"id": next_id(), "key": str(item.get("key", "")), "value": item["value"]})
    return [row for row in rows if row["value"] is not None]
