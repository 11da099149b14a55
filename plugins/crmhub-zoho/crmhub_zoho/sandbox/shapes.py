"""How Zoho CRM says that something is wrong (API v8), and how it writes times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.testing.sandbox import Refused, reply

Item = dict[str, Any]

INVALID_ID = "the id given seems to be invalid"
SYSTEM_USER = "5000000000000300001"


def error(code: str, message: str, details: Mapping[str, Any] | None = None) -> Item:
    """One error, as a whole answer or as the result of one record."""
    return {"code": code, "details": dict(details or {}), "message": message, "status": "error"}


def refuse(status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> Refused:
    """The refusal of a whole request."""
    return Refused(reply(status, error(code, message, details)))


def invalid(api_name: str, path: str, **details: Any) -> Item:
    """A value that the field does not take."""
    return error("INVALID_DATA", "invalid data", {**details, "api_name": api_name, "json_path": path})


def missing_parameter(name: str) -> Refused:
    return refuse(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", {"param_name": name})


def bad_parameter(name: str, **details: Any) -> Refused:
    """The details of paging errors beyond param_name are not known for certain."""
    return refuse(400, "INVALID_DATA", "invalid data", {"param_name": name, **details})


def parse_time(text: object) -> datetime | None:
    """An ISO time with an offset, else None.  In a query string a bare + arrives as a space."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def show_time(time: datetime, zone: ZoneInfo) -> str:
    """Whole seconds with the offset of the user's time zone."""
    return time.astimezone(zone).replace(microsecond=0).isoformat()


def stored(time: datetime) -> str:
    """As kept in the state: UTC, whole seconds; sorts as text."""
    return time.astimezone(UTC).replace(microsecond=0).isoformat()
