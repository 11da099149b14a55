"""Removing an element of a golden collection (rules C10 and C11)."""

from __future__ import annotations

from collections.abc import Mapping

from hub.state import Element
from hub.sync.merge.elements import Sight
from hub.sync.policy import is_blank


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
    undone = sight.lost_name(element.eid) in sight.link.undone
    if undone or _more_than_shown(sight, element):
        sight.merge.loses(
            sight.golden,
            sight.lost_name(element.eid),
            "removed where an undo had left another value" if undone else "removed where not all of it is shown",
            None,
            sight.merge.system,
            element.value.value,
            element.value.source,
        )
    cell = sight.merge.cell(None, "removed" if into is None else "edited into another")
    element.alive = False
    element.into = into
    element.stamp = cell.seq
    sight.merge.changed(sight.golden, sight.lost_name(element.eid), element.value.value, cell)
    return True


def _more_than_shown(sight: Sight, element: Element) -> bool:
    """Whether an element has members that this system cannot show, so whoever removed it here may not know them."""
    value, row = element.value.value, sight.image(element)
    if not isinstance(value, Mapping) or row is None or not isinstance(row.value, Mapping):
        return False
    return any(not is_blank(item) and name not in row.value for name, item in value.items())
