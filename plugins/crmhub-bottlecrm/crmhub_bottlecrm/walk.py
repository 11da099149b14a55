"""Reading a list by offset while people add and delete: no record that stays is left out.  Pure but for its calls.

A record that is added before the place where we are moves all later ones down, so one comes twice; one that is deleted
moves them up, so one would fall between two pages.  The lists are sorted by what never changes (the time of creation, the
id).  So it is enough that a page shows a record of the page before: between two such pages nothing can be missing.
Otherwise the walk steps back until it meets one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub import plugin

_OVERLAP = 5
"""Rows of a page that the next page shows again."""

_ANCHORS = 20
"""Ids of a page that the next page is compared with."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One list of a page.  count: how many rows there are in all."""

    rows: Sequence[Mapping[str, Any]]
    count: int

    def ids(self) -> list[str]:
        """The rows' ids."""
        return [str(row["id"]) for row in self.rows]


Window = Sequence[Lane]
"""A page: one list, or several that share an offset."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins; anchors: for each list, ids of which the next page must show one (none: it ended)."""

    offset: int = 0
    anchors: Sequence[Sequence[str]] = ()

    def to_json(self) -> list[Any]:
        """As kept in a cursor."""
        return [self.offset, [list(item) for item in self.anchors]]

    @classmethod
    def from_json(cls, raw: Any) -> Place:
        """From a cursor."""
        offset, anchors = raw
        return cls(int(offset), tuple(tuple(map(str, item)) for item in anchors))


def walk(read: Callable[[int], Window], place: Place, size: int) -> Iterator[tuple[Window, Place | None]]:
    """Pages from a place on, each with the place of the next, None after the last.

    Raises Unavailable for a page that has fewer rows than its count promises.
    """
    while True:
        window = read(place.offset)
        if place.offset and not _joins(window, place):
            place = Place(max(0, place.offset - size), place.anchors)
            continue
        if all(place.offset + len(lane.rows) >= lane.count for lane in window):
            yield window, None
            return
        place = _next(window, place)
        yield window, place


def _joins(window: Window, place: Place) -> bool:
    return all(
        not anchors or not set(anchors).isdisjoint(lane.ids())
        for lane, anchors in zip(window, place.anchors, strict=True)
    )


def _next(window: Window, place: Place) -> Place:
    got = max(len(lane.rows) for lane in window)
    if got < 2:
        raise plugin.Unavailable(f"the list says that there are more than {place.offset + got} records, but shows none")
    anchors = [[] if place.offset + len(lane.rows) >= lane.count else lane.ids()[-_ANCHORS:] for lane in window]
    return Place(place.offset + got - min(_OVERLAP, got - 1), anchors)
