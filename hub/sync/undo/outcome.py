"""What an undo takes back, keeps, and cannot take back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from hub.mapping.view import Value
from hub.sync.plan.plan import Plan
from hub.sync.policy import canonical_bytes
from hub.sync.undo.moves import Move


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for people.  path: "" stands for the whole record; now and then: values; reason: why it stays."""

    gid: str
    title: str
    system: str
    resource: str
    remote_id: str
    path: str
    now: Value = None
    then: Value = None
    reason: str = ""


@dataclass(slots=True)
class UndoPlan:
    """past: the run that is undone.  plan: the writes.  moves: gid -> what becomes golden again.

    back: what is taken back; kept: what changed since; cannot: what cannot be taken back, and why."""

    past: str
    plan: Plan
    moves: dict[str, list[Move]] = field(default_factory=dict)
    back: list[Entry] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)
    cannot: list[Entry] = field(default_factory=list)

    def hash(self) -> str:
        """Names exactly these writes and golden values: an approval holds for no other plan."""
        moves = [[gid, [[x.kind, x.path, x.value] for x in items]] for gid, items in sorted(self.moves.items())]
        return hashlib.sha256(canonical_bytes([self.past, self.plan.hash(), moves])).hexdigest()[:16]
