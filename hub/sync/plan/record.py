"""The plan of one record on one system: which fields, elements and slots to write (G = 1), and what only needs noting."""

from __future__ import annotations

from typing import Final

from hub.canonical.schema import field_def
from hub.canonical.values import same
from hub.mapping.view import UNSUPPORTED, Change, Mapping_, RemoteRef, Value, blank_view
from hub.state import Base, Golden, Shown
from hub.sync.merge.fields import PENDING
from hub.sync.plan.collections import plan_list, plan_slots
from hub.sync.plan.draft import UNDONE, WAITING, Draft
from hub.sync.plan.items import Item
from hub.sync.plan.parts import encode
from hub.sync.policy import is_blank

_DEFAULTED: Final = ("kind", "status")
"""Fields that a system may give a value to without showing any."""


def plan_record(draft: Draft, own_key: str | None = None) -> Item | None:
    """Compose the item; without anything to write its ``data`` is empty and only its ``book`` may matter.  None if there
    is nothing to say about the record."""
    link, golden = draft.link, draft.golden
    calm = not (draft.creating or link.held or link.undone or link.lost)
    for name, spec in draft.mapping.fields.items():
        # nearly always: golden is what was sent, and nothing else matters then
        if not calm or spec.ref is not None or name in _DEFAULTED or golden.value(name) != link.sent.get(name):
            _plan_field(draft, name)
    for name, collection in draft.mapping.collections.items():
        if collection.direction == "read" or (collection.direction == "create" and not draft.creating):
            continue
        if name not in draft.base.collections:
            continue  # not supported for this record
        (plan_slots if collection.shape == "slots" else plan_list)(draft, collection)
    if not (draft.creating or draft.fields or draft.collections or draft.held or draft.link.held):
        if draft.book.empty() and draft.writes.empty():
            return None
    kind = "create" if draft.creating else "update"
    change = Change("create" if draft.creating else "update", draft.fields, draft.collections, own_key)
    item = Item(
        draft.link.system,
        draft.link.resource,
        draft.golden.gid,
        kind,  # type: ignore[arg-type]  # one of the two literals
        None if draft.creating else draft.link.remote_id,
        None if draft.creating else draft.link.version,
        title(draft.golden),
        writes=draft.writes,
        book=draft.book,
        diffs=draft.diffs,
        held=draft.held,
    )
    if draft.fields or draft.collections or draft.creating:
        put = draft.mapping.put(change, draft.link.native if not draft.creating else None)
        item.data = encode(put.data)
        for name, reason in put.held.items():
            draft.held[name] = reason
            draft.writes.fields.pop(name, None)
    if not item.data and not draft.creating:
        _to_book(draft)
    return item


def _to_book(draft: Draft) -> None:
    """Nothing native would change: all of it is only noted."""
    draft.book.fields.update(draft.writes.fields)
    for name, elements in draft.writes.elements.items():
        draft.book.elements.setdefault(name, {}).update(elements)
    draft.book.psent.update(draft.writes.psent)
    draft.book.cleared.extend(draft.writes.cleared)
    draft.writes.fields.clear()
    draft.writes.elements.clear()
    draft.writes.psent.clear()
    draft.writes.picture.clear()
    draft.writes.cleared.clear()
    draft.diffs.clear()


def title(golden: Golden) -> str:
    """A short name of a record for people."""
    name = golden.value("name")
    if isinstance(name, dict) and name.get("full"):
        return str(name["full"])
    for collection in ("emails", "phones"):
        for element in golden.collection(collection).live():
            return str(element.value.value)
    return golden.gid


def _plan_field(draft: Draft, name: str) -> None:
    spec = draft.mapping.fields[name]
    seen = draft.base.fields.get(name, UNSUPPORTED)
    if spec.direction == "read" or seen is UNSUPPORTED or name in draft.skip:
        return
    if not draft.creating and (name == "kind" or spec.direction == "create" or spec.create_only):
        return
    if draft.frozen(name):
        return
    if draft.link.held.get(name) == PENDING:
        draft.held[name] = PENDING
        return
    if draft.undone(name, draft.golden.fields.get(name)):
        draft.held[name] = UNDONE
        return
    value = draft.golden.value(name)
    if value is None and name in _DEFAULTED:
        value = draft.golden.defaults.get(name)
    sent = draft.link.sent.get(name)
    lost = draft.link.apart(name)  # what an undo left is, too: golden has moved since
    if spec.ref is not None:
        _plan_reference(draft, name, spec.ref, value, sent, lost)
        return
    if value == sent and not lost:
        return
    _plan_value(draft, name, value, seen, lost)


def _plan_value(draft: Draft, name: str, value: Value, seen: Value, lost: bool) -> None:
    image = draft.mapping.norm(name, value)
    if image is UNSUPPORTED:
        draft.held[name] = "this system cannot hold this value"
        return
    found = field_def(name)
    if same(found.kind if found else "text", image, seen, region=draft.region) or (is_blank(image) and is_blank(seen)):
        draft.book.fields[name] = value
        if lost:
            draft.book.cleared.append(name)
        return
    draft.fields[name] = value
    draft.writes.fields[name] = value
    if lost:
        draft.writes.cleared.append(name)
    draft.diff(name, seen, image)


def _plan_reference(draft: Draft, name: str, resource: str, value: Value, sent: Value, lost: bool) -> None:
    """A reference whose target has no link here is left out and stays G = 1; never pushed as BLANK (rule R2).  One to a
    record that was made again under another id is given anew."""
    target = draft.survivor(value) if isinstance(value, str) else None
    before = draft.survivor(sent) if isinstance(sent, str) else None
    shown = draft.base.fields.get(name)
    left = False
    if target is not None and isinstance(shown, RemoteRef) and draft.link.held.get(name) != PENDING:
        left = draft.left(target, shown)
    if target == before and not lost and not left:
        return
    native: RemoteRef | None = None
    if target is not None:
        remote = draft.refer(target, resource)
        if remote is None:
            draft.held[name] = WAITING
            return
        native = RemoteRef(resource, remote)
    if shown == native:
        draft.book.fields[name] = value
        if lost:
            draft.book.cleared.append(name)
        return
    draft.fields[name] = native
    draft.writes.fields[name] = value
    if lost:
        draft.writes.cleared.append(name)
    draft.diff(name, sent, value)


def blank_base(mapping: Mapping_) -> Base:
    """The base of a record that is about to be created: everything supported and blank."""
    view = blank_view(mapping)
    rows = {
        name: [Shown(item.pos, None, item.value, item.attrs, item.primary) for item in positions]
        for name, positions in view.collections.items()
    }
    return Base(dict(view.fields), rows)
