"""Logs: one line each on stderr, without secrets, never with bodies."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class _Lines(logging.Formatter):
    """ "2026-11-21T10:00:00Z WARNING crmhub.http text", or the same as a JSON object; line breaks are escaped, so that
    nobody can forge a line."""

    def __init__(self, redact: Callable[[str], str], *, as_json: bool) -> None:
        super().__init__()
        self._redact, self._as_json = redact, as_json

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        text = self._redact(text)
        if self._as_json:
            fields = getattr(record, "fields", None)
            known = {"at": at, "level": record.levelname, "logger": record.name}
            if isinstance(fields, dict):  # an event (hub.service.events)
                return self._redact(json.dumps(known | fields, default=str))
            return json.dumps(known | {"message": text})
        escaped = text.encode("unicode_escape").decode() if not text.isprintable() else text
        return f"{at} {record.levelname} {record.name} {escaped}"


@contextmanager
def logs_on_stderr(redact: Callable[[str], str], *, debug: bool, as_json: bool) -> Iterator[None]:
    """Send the hub's logs to stderr while the body runs; warnings, or with ``debug`` everything."""
    logger = logging.getLogger("crmhub")
    events = logging.getLogger("crmhub.serve")
    before = (logger.level, logger.propagate, events.level)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(redact, as_json=as_json))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate, events.level = before
