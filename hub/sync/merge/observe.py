"""Observing one record: every field and collection of its view is merged into golden (sync-semantics, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.mapping.view import Mapping_, View
from hub.state import Base, Golden, Link, Shown
from hub.sync.merge.collections import observe_collection
from hub.sync.merge.context import Merge
from hub.sync.merge.fields import MISSING, observe_field


def view_of(link: Link, mapping: Mapping_) -> View | None:
    """What the system showed last, read through a mapping: once, as long as it is not shown anew."""
    if link.native is None:
        return None
    if link.read is None or link.read[0] is not link.native or link.read[1] is not mapping:
        link.read = link.native, mapping, mapping.get(link.native)
    view: View | None = link.read[2]
    return view


def base_of(link: Link, mapping: Mapping_) -> Base:
    """What the system showed last, read through the *current* mapping, so that a changed transform is no edit (M1).

    Under another mapping than at the last look, positions without a row id keep their element only while the list has
    the same length; fields and slots that are newly mapped are absent (MISSING, "slot newly mapped").
    """
    view = view_of(link, mapping)
    if view is None or link.native is None:
        return Base()
    same = link.mapping == mapping.hash
    if not same:
        # A field that is mapped to another native path now was never seen there (F2).
        for name, spec in mapping.fields.items():
            if spec.roots and not any(root in link.native for root in spec.roots):
                link.sent.pop(name, None)
    fields = {name: value for name, value in view.fields.items() if same or name in link.sent}
    collections = {}
    for name, positions in view.collections.items():
        picture = link.picture.get(name)
        if picture is None:
            continue
        by_pos = {pos: eid for pos, eid in picture if pos is not None}
        aligned = len(picture) == len(positions)
        rows = []
        for index, item in enumerate(positions):
            if item.pos is not None:
                if item.pos not in by_pos:
                    continue
                eid = by_pos[item.pos]
            else:
                eid = picture[index][1] if aligned else None
            rows.append(Shown(item.pos, eid, item.value, item.attrs, item.primary))
        collections[name] = rows
    return Base(fields, collections, frozenset((item.path, item.message) for item in view.problems))


def observe(merge: Merge, golden: Golden, link: Link, base: Base, view: View, native: Mapping[str, Any]) -> None:
    """Merge what a record shows now (``view``, of ``native``) against what it showed before (``base``).

    Changes ``golden`` and ``link`` in place; events are collected in ``merge``.  Afterwards the link's native base,
    picture and mapping are those of this record, so observing it again changes nothing.
    """
    for problem in view.problems:
        if (problem.path, problem.message) not in base.unreadable:
            merge.notice(golden, problem.path, problem.code, problem.message)
    for name, value in view.defaults.items():
        golden.defaults.setdefault(name, value)
    merge.evidence = {name: dict(item) for name, item in view.evidence.items()}
    for name, shown in view.fields.items():
        if name in merge.mapping.fields:
            observe_field(
                merge, golden, link, name, base.fields.get(name, MISSING), shown, doubt=name in view.uncertain
            )
    for name, positions in view.collections.items():
        seen = base.collections.get(name, [])
        picture = observe_collection(merge, golden, link, name, seen, positions)
        link.picture[name] = [[item.pos, item.eid] for item in picture]
    for name in [item for item in link.picture if item not in view.collections]:
        # the collection is not supported (any more, or for this record): unsupported is never read as removed
        for known in (link.picture, link.esent, link.psent, link.holds):
            known.pop(name, None)
    roots = {root: None for spec in merge.mapping.fields.values() for root in sorted(spec.roots)}
    link.native = {**roots, **merge.mapping.prune(native)}
    link.mapping = merge.mapping.hash
    link.read = link.native, merge.mapping, view  # of what the mapping does not prune away it reads nothing
