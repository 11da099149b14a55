"""Which links a complete listing has shown so far: a bit each, in memory.

What one listing showed is evidence in that listing alone: one that broke off proves nothing, and the next one begins anew.
So nothing of it is stored.  The numbers of links are dense (a new link's is one more than the largest), and a million of
them take 125 KB.
"""

from __future__ import annotations

from collections.abc import Iterable


class Seen:
    """Links by their numbers."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, ids: Iterable[int]) -> None:
        """The listing showed these."""
        bits = self._bits
        for id_ in ids:
            place = id_ >> 3
            if place >= len(bits):
                bits.extend(bytes(max(place + 1 - len(bits), len(bits) // 4, 4096)))
            bits[place] |= 1 << (id_ & 7)

    def discard(self, ids: Iterable[int]) -> None:
        """These are deleted: their numbers may be given to others, which nobody has seen."""
        for id_ in ids:
            if id_ in self:
                self._bits[id_ >> 3] &= ~(1 << (id_ & 7))

    def missing(self, ids: Iterable[int]) -> list[int]:
        """Those of the links that were not shown."""
        bits, end = self._bits, len(self._bits) << 3
        return [id_ for id_ in ids if id_ >= end or not bits[id_ >> 3] >> (id_ & 7) & 1]

    def __contains__(self, id_: int) -> bool:
        place = id_ >> 3
        return place < len(self._bits) and bool(self._bits[place] >> (id_ & 7) & 1)

    def __len__(self) -> int:
        return int.from_bytes(self._bits, "little").bit_count()
