"""How long history is kept (settings; ``hub.store.retention`` removes what is older)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Seconds for which things are kept.  runs: runs with their counts, notices and golden changes; journal: what was
    written, with the records as they were before, without which a run cannot be undone."""

    runs: float = 365 * DAY
    journal: float = 90 * DAY
