"""Times for people."""

from __future__ import annotations

from datetime import UTC, datetime


def when(at: float | None) -> str:
    """A time in UTC; "-" for none."""
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
