"""Structured log lines: an event with its fields, as key=value or JSON; ids, counts and codes, no personal data."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Protocol

LOGGER = "crmhub.serve"


class Log(Protocol):
    """Takes an event with its fields; empty ones are left out."""

    def __call__(self, event: str, /, **fields: Any) -> None: ...


def log_event(event: str, /, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log one event (hub.cli.logs writes it in the form that was asked for)."""
    kept = {key: value for key, value in fields.items() if value not in (None, "")}
    text = " ".join([f"event={event}", *(f"{key}={_shown(value)}" for key, value in kept.items())])
    logging.getLogger(LOGGER).log(level, "%s", text, extra={"fields": {"event": event, **kept}})


def _shown(value: object) -> str:
    text = str(value)
    quoted = not text or any(char.isspace() or char in '"=' for char in text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"' if quoted else text


def moment(at: float | None) -> str:
    """A time for logs and people: "2026-11-26T14:00:00Z"; "" for none."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
