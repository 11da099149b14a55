"""A plan: all writes of a run with the verdict of the guards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from typing import Any, Final

from hub.sync.plan.items import GuardTrip, Item
from hub.sync.plan.pile import Items
from hub.sync.policy import canonical_bytes


@dataclass(slots=True)
class Plan:
    """All items of a run with the verdict of the guards."""

    sync: str
    items: Items = field(default_factory=Items)  # any items that are given are put into such a pile
    trips: list[GuardTrip] = field(default_factory=list)
    review: int = 0
    conflicts: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    vetoes: list[str] = field(default_factory=list)
    _hashes: dict[tuple[int, frozenset[str] | None], str] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.items, Items):
            self.items = Items(self.items)

    def hash(self) -> str:
        """Names exactly these writes: an approval holds for no other plan."""
        return self._hashed(None)

    def approval(self) -> str:
        """The hash that an approval names: of the part that guards hold back, since the rest is written anyway."""
        held = {trip.system for trip in self.trips}
        if not any(self.items.count(system) for system in held):
            return self.hash()
        return self._hashed(frozenset(held))

    def _hashed(self, held: frozenset[str] | None) -> str:
        """Of the items of some systems, or of all.  Items are only added, so their number tells whether any were."""
        place = len(self.items), held
        if place not in self._hashes:
            self._hashes[place] = _hash(self.items.documents(held))
        return self._hashes[place]

    def counts(self) -> dict[str, dict[str, int]]:
        """system -> kind -> number of items."""
        kinds = ("create", "update", "delete")
        return {
            system: {kind: self.items.count(system, kind=kind) for kind in kinds} for system in self.items.systems()
        }

    def to_json(self) -> dict[str, Any]:
        return {
            "format": 1,
            "sync": self.sync,
            "hash": self.hash(),
            "items": [item.to_json() for item in self.items],
            "trips": [asdict(trip) for trip in self.trips],
            "review": self.review,
            "conflicts": self.conflicts,
            "calls": self.calls,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Plan:
        return cls(
            raw["sync"],
            Items(Item.from_json(item) for item in raw["items"]),
            [GuardTrip(**trip) for trip in raw["trips"]],
            raw["review"],
            raw["conflicts"],
            dict(raw["calls"]),
        )


_HASHED: Final = itemgetter("system", "resource", "gid", "kind", "remote_id", "version", "data")


def _hash(items: Iterable[Mapping[str, Any]]) -> str:
    digest = hashlib.sha256()
    for item in items:
        digest.update(canonical_bytes(_HASHED(item)))
    return digest.hexdigest()[:16]
