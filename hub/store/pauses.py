"""What a person has paused: syncs that no schedule starts, connections that no run touches."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select

from hub.store.protocol import Database
from hub.store.service_tables import pause


@dataclass(frozen=True, slots=True)
class Pause:
    """kind: "sync" or "connection";  at: since when (seconds since the epoch)."""

    kind: str
    name: str
    at: float
    reason: str = ""


class Pauses:
    """Kept until a person resumes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Pause]:
        return [Pause(*row) for row in self._db.rows(select(pause).order_by(pause.c.kind, pause.c.name))]

    def of(self, kind: str) -> dict[str, Pause]:
        """By name."""
        return {item.name: item for item in self.all() if item.kind == kind}

    def add(self, kind: str, name: str, at: float, reason: str) -> None:
        """Pause; one that is paused already keeps its time and gets the new reason."""
        self._db.upsert(pause, [{"kind": kind, "name": name, "at": at, "reason": reason}], keep=("at",))

    def remove(self, kind: str, name: str) -> bool:
        """Resume; whether it was paused."""
        return self._db.write(delete(pause).where(pause.c.kind == kind, pause.c.name == name)) > 0
