"""How HubSpot says that something is wrong, and how it writes times."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.testing.sandbox import Refused, reply

Json = dict[str, Any]


def problem(category: str, message: str, **more: Any) -> Json:
    """The body of an error."""
    return {"status": "error", "message": message, "correlationId": str(uuid.uuid4()), "category": category, **more}


def refuse(status: int, category: str, message: str, **more: Any) -> Refused:
    return Refused(reply(status, problem(category, message, **more)))


def invalid(errors: Sequence[Mapping[str, Any]]) -> Refused:
    """Values that properties do not take.  The list is JSON inside of the message."""
    import json

    rows = [{"isValid": False, **item} for item in errors]
    return refuse(400, "VALIDATION_ERROR", f"Property values were not valid: {json.dumps(rows)}")


def not_found() -> Refused:
    return refuse(404, "OBJECT_NOT_FOUND", "resource not found")


def show_time(time: datetime) -> str:
    """UTC with milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime | None:
    """From milliseconds since 1970 or ISO 8601."""
    try:
        if text.lstrip("-").isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
