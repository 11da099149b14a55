"""What a plan consists of.  Every value is JSON, so that a plan can be saved, hashed, shown and applied later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from hub.mapping.view import Value

ItemKind = Literal["create", "update", "delete"]


@dataclass(slots=True)
class Payload:
    """What a system will have been given once an item is carried out: the new "sent" side of the link.

    fields: name -> golden value.  elements: collection -> eid -> [value, attrs, claims].  psent: collection -> eid.
    picture: collection -> expected [pos, eid] rows, new rows with pos None, in the order of the predicted image.
    cleared: names whose lost mark is settled.
    """

    fields: dict[str, Value] = field(default_factory=dict)
    elements: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    psent: dict[str, str | None] = field(default_factory=dict)
    picture: dict[str, list[list[str | None]]] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)

    def empty(self) -> bool:
        return not (self.fields or self.elements or self.psent or self.cleared)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Payload:
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class Diff:
    """One line of a plan for people: what the system shows, what it will get, from whom and why."""

    path: str
    old: Value
    new: Value
    source: str = ""
    rule: str = ""


@dataclass(slots=True)
class Item:
    """One write to one record of one system.

    data: the native patch (``Parts`` encoded by hub.sync.plan.parts).  version: what the record must still be at.
    writes: payload that this write carries; book: payload that needs no write (already so in the system).
    """

    system: str
    resource: str
    gid: str
    kind: ItemKind
    remote_id: str | None = None
    version: str | None = None
    title: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    writes: Payload = field(default_factory=Payload)
    book: Payload = field(default_factory=Payload)
    diffs: list[Diff] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    undo: dict[str, Any] = field(default_factory=dict)
    """For a write that takes something back: "run" (the one undone), "names" (what of this record), "waiting" (paths that
    were to be written anyway)."""
    alone: bool = False
    """Whether its plan has nothing else for this customer, on no system, and nothing of the customer waits.  True only
    until the plan is carried out: it is not saved with it."""

    def to_json(self) -> dict[str, Any]:
        """A copy as JSON, which shares nothing with the item."""
        copied: dict[str, Any] = orjson.loads(orjson.dumps(self))  # 40 times as fast as dataclasses.asdict
        del copied["alone"]
        return copied

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Item:
        data = dict(raw)
        data["writes"] = Payload.from_json(raw["writes"])
        data["book"] = Payload.from_json(raw["book"])
        data["diffs"] = [Diff(**item) for item in raw["diffs"]]
        return cls(**data)


@dataclass(frozen=True, slots=True)
class GuardTrip:
    """A guard that stopped one system's part of a plan; ``hash`` is what an approval names."""

    system: str
    guard: str
    message: str
