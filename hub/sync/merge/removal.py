"""Removing an element of a golden collection (rules C10 and C11)."""

from __future__ import annotations

from hub.state import Element
from hub.sync.merge.elements import Sight


def remove(sight: Sight, element: Element, into: str | None = None) -> bool:
    """A removal counts only with full knowledge of the element (C10); else the edit wins and the plan shows it again."""
    known = sight.esent.get(element.eid)
    if known is None or not known.current(element) or sight.lost_name(element.eid) in sight.link.lost:
        sight.merge.loses(
            sight.golden,
            sight.lost_name(element.eid),
            "an edit beats a removal",
            element.value.value,
            element.value.source,
            None,
            sight.merge.system,
        )
        return False
    cell = sight.merge.cell(None, "removed" if into is None else "edited into another")
    element.alive = False
    element.into = into
    element.stamp = cell.seq
    sight.merge.changed(sight.golden, sight.lost_name(element.eid), element.value.value, cell)
    return True
