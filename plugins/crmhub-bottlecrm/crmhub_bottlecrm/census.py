"""Whether something was deleted since the last pass, from that pass alone.  Pure.

The ids of all records are kept as one number, in which each id can be taken out again.  Without the records that are newer
than the last pass, what is there now must give the number of the last pass; if not, one of them is gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Census:
    """All records at the end of a pass.  mark: their ids as one number; newest: when the latest was made (ISO text)."""

    mark: int
    newest: str

    @classmethod
    def of(cls, created: Mapping[str, str]) -> Census:
        """From id -> time of creation, in the server's own spelling."""
        return cls(_mark(created), max(created.values(), default=""))

    def lost_one(self, created: Mapping[str, str]) -> bool:
        """Whether one of these records is missing among those of a later pass."""
        return _mark([id_ for id_, when in created.items() if when <= self.newest]) != self.mark

    def to_json(self) -> list[Any]:
        """As kept in a cursor."""
        return [self.mark, self.newest]

    @classmethod
    def from_json(cls, raw: Any) -> Census:
        """From a cursor."""
        mark, newest = raw
        return cls(int(mark), str(newest))


def _mark(ids: Any) -> int:
    found = 0
    for id_ in ids:
        found ^= int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=6).digest())
    return found
