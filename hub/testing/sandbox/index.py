"""A search index that runs behind, as those of real systems do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hub.testing.sandbox.state import Document

_KEPT = 8
"""Versions kept of each document: enough for a few changes within one lag."""


class LaggingIndex:
    """Documents as they were at an earlier moment."""

    def __init__(self) -> None:
        self._versions: dict[str, list[tuple[datetime, Document | None]]] = {}

    def note(self, key: str, at: datetime, document: Document | None) -> None:
        """A document became this at that time; None: it was deleted."""
        versions = self._versions.setdefault(key, [])
        versions.append((at, document))
        del versions[:-_KEPT]

    def as_of(self, at: datetime) -> Iterator[tuple[str, Document]]:
        """(id, document) of all that existed at that time, in the order in which they came."""
        for key, versions in self._versions.items():
            seen = next((document for time, document in reversed(versions) if time <= at), None)
            if seen is not None:
                yield key, seen
