"""Records that two systems may be correcting each other on (the loop breaker of section 8, see decision 0020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.store.history import History
from hub.sync.policy import canonical_bytes

WINDOW: Final = 600.0
"""Seconds over which writes are counted."""
RETURNS: Final = 3
"""Writes that give a record a value back which it had within the window."""
MOST: Final = 30
"""Writes to one record within the window, whatever they are: a value that grows with every write returns never."""


def suspects(history: History, now: float) -> set[tuple[str, str]]:
    """(system, gid) of records that are not written any more for now.  now: seconds since the epoch."""
    busy = history.write_counts(now - WINDOW)
    rows: dict[str, Sequence[Mapping[str, Any]]] = {
        gid: history.journal_rows(gid=gid, since=now - WINDOW) for gid in sorted({gid for _, gid in busy})
    }
    found = set()
    for (system, gid), number in busy.items():
        writes = [row["diffs"] for row in rows[gid] if row["system"] == system]
        if number > MOST or returns(writes) >= RETURNS:
            found.add((system, gid))
    return found


def returns(writes: Sequence[Sequence[Mapping[str, Any]]]) -> int:
    """How many of these writes (their lines, oldest first) gave back a value that the record had had before."""
    seen: dict[str, set[bytes]] = {}
    number = 0
    for lines in writes:
        back = False
        for line in lines:
            values, new = seen.setdefault(line["path"], set()), canonical_bytes(line["new"])
            back = back or new in values
            values.update((canonical_bytes(line["old"]), new))
        number += back
    return number
