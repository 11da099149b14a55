"""The items of a plan, kept as JSON outside the heap: a plan of a million writes must not need a million objects."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import IO, Any, Final

import orjson

from hub.sync.plan.items import Item

_SPILL: Final = 1024 * 1024
"""Bytes that are kept in memory before they go to a temporary file."""
_ORDER: Final = {"create": 0, "update": 1, "delete": 2}

Bucket = tuple[int, str, str]


class Items:
    """A growing sequence of items.

    They come back ordered by kind (creates, updates, deletes), system and resource, and among those in the order in
    which they were added.  Reading is safe from several threads once nothing is added any more.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._buffer = bytearray()
        self._file: IO[bytes] | None = None
        self._spilled = 0
        self._places: dict[Bucket, tuple[array[int], array[int]]] = {}
        self.extend(items)

    def append(self, item: Item) -> None:
        raw = orjson.dumps(item)
        offsets, lengths = self._places.setdefault(
            (_ORDER[item.kind], item.system, item.resource), (array("Q"), array("Q"))
        )
        offsets.append(self._spilled + len(self._buffer))
        lengths.append(len(raw))
        self._buffer += raw
        if len(self._buffer) > _SPILL:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the plan, has no name on disk
            self._file.write(self._buffer)
            self._file.flush()
            self._spilled += len(self._buffer)
            self._buffer.clear()

    def extend(self, items: Iterable[Item]) -> None:
        for item in items:
            self.append(item)

    def of(self, system: str, resource: str | None = None) -> Iterator[Item]:
        """The items of one system (and resource), in order."""
        for bucket in sorted(self._places):
            if bucket[1] == system and resource in (None, bucket[2]):
                yield from self._read(bucket)

    def documents(self, systems: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
        """The items as JSON, those of some systems or all of them, in order: for looking at a part of each."""
        for bucket in sorted(self._places):
            if systems is None or bucket[1] in systems:
                yield from self._documents(bucket)

    def count(self, system: str | None = None, resource: str | None = None, kind: str | None = None) -> int:
        """How many items there are of a system, resource and kind; None stands for all."""
        return sum(
            len(offsets)
            for (order, of_system, of_resource), (offsets, _) in self._places.items()
            if system in (None, of_system)
            and resource in (None, of_resource)
            and (kind is None or _ORDER[kind] == order)
        )

    def systems(self) -> list[str]:
        return sorted({system for _, system, _ in self._places})

    def first(self, number: int, kind: str | None = None) -> list[Item]:
        """At most that many items (of a kind), for showing."""
        found = (item for item in self if kind in (None, item.kind))
        return list(islice(found, number))

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[Item]:
        for bucket in sorted(self._places):
            yield from self._read(bucket)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Items | list):
            return NotImplemented
        return [item.to_json() for item in self] == [item.to_json() for item in other]

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _read(self, bucket: Bucket) -> Iterator[Item]:
        yield from map(Item.from_json, self._documents(bucket))

    def _documents(self, bucket: Bucket) -> Iterator[dict[str, Any]]:
        offsets, lengths = self._places[bucket]
        for offset, length in zip(offsets, lengths, strict=True):
            yield orjson.loads(self._raw(offset, length))

    def _raw(self, offset: int, length: int) -> Any:
        if offset >= self._spilled:
            return bytes(self._buffer[offset - self._spilled : offset - self._spilled + length])
        assert self._file is not None
        return os.pread(self._file.fileno(), length, offset)
