"""An open write meets an image of its record: what was carried out is confirmed, the rest is observed (W1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.mapping.view import View
from hub.state import Base, Golden, Link
from hub.store.database import pack, unpack
from hub.store.work import OpRow
from hub.sync.merge.settle import Settlement, note, settle
from hub.sync.plan.items import Item, Payload
from hub.sync.plan.parts import decode
from hub.sync.systems import Source
from hub.sync.workspace import Shared

MATCHED = {"email": "emails", "phone": "phones", "tax_id": "tax_ids"}
"""What a resource may be matched by -> the collection that has it."""


def predict(source: Source, item: Item, link: Link | None) -> View:
    """How the record is expected to look after the item's write."""
    native = source.mapping.apply(None if link is None else link.native, decode(item.data))
    view = source.mapping.get(native)
    return view if view is not None else View()


def leaves_no_key(source: Source, item: Item) -> bool:
    """Whether a create whose answer is lost could be recognised by natural keys only: the system stores no key of ours,
    and has no unique value to refuse a second one by (that this resource is matched by)."""
    if source.capabilities.create != "unique_key":
        return source.capabilities.create == "none"
    shown = predict(source, item, None).collections
    collections = [MATCHED[name] for name in source.mapping.match if name in MATCHED]
    return not collections or any(not any(row.value for row in shown.get(name, ())) for name in collections)


def settle_open_op(
    shared: Shared, source: Source, op: OpRow, link: Link, golden: Golden, base: Base, image: View
) -> Settlement:
    """Settle an update or delete whose answer never came, before its record's image is observed."""
    result, before = Settlement(), bases_of(link)
    if op.kind == "update" and op.state in ("in_flight", "ambiguous"):
        item = Item.from_json(op.item)
        for payload in (item.writes, item.book):
            _forget_strangers(payload, golden)
        note(link, item.book)
        result = settle(
            link,
            base,
            item.writes,
            predict(source, item, link),
            image,
            source.mapping,
            direct=False,
            region=shared.policy.region,
        )
    op.remote_id = link.remote_id
    op.state = "confirmed" if result.happened else "superseded"
    shared.store.work.save_ops([op])
    if result.happened:
        journal(shared, op, link, post=predicted(source, Item.from_json(op.item), link), base=before)
    return result


def _forget_strangers(payload: Payload, golden: Golden) -> None:
    """Collections with elements that the customer does not have: the record was split off while its write was open."""
    for name in {*payload.elements, *payload.picture}:
        eids = {*payload.elements.get(name, ()), *(eid for _, eid in payload.picture.get(name, ()) if eid is not None)}
        if not eids <= golden.collection(name).elements.keys():
            payload.elements.pop(name, None)
            payload.picture.pop(name, None)
            payload.psent.pop(name, None)


def remembered(op: OpRow) -> list[Any]:
    """A write of unknown outcome, for a record that cannot be read now: what it shows if it is ever read again may be ours."""
    return [op.op_id, op.run, op.item]


def unread_op(link: Link) -> OpRow | None:
    """The write that the record was to get when it could be read last, once: the caller settles it."""
    if link.unread is None:
        return None
    (op_id, run, item), link.unread = link.unread, None
    return OpRow(op_id, run, link.system, link.resource, link.gid, link.remote_id, "update", "ambiguous", item)


def bases_of(link: Link) -> dict[str, Any]:
    """A copy of what a link last saw and sent, as stored with the journal."""
    copied: dict[str, Any] = unpack(pack(link.to_json()))
    return copied


def predicted(source: Source, item: Item, link: Link) -> Mapping[str, Any]:
    """The native record as our write alone leaves it: what else an image shows may be somebody's edit."""
    return source.mapping.apply(link.native, decode(item.data))


def journal(
    shared: Shared,
    op: OpRow,
    link: Link,
    *,
    post: Mapping[str, Any] | None = None,
    base: Mapping[str, Any] | None = None,
) -> None:
    """Write an applied op into the journal, with the record as it was before (``link``).

    post: the record as our write left it (None for a delete); base: the link's bases before the write (None for a
    create).  Undoing needs both."""
    shared.store.history.journal([journal_entry(shared, op, link)])
    shared.store.past.save_images([(op.op_id, post, base)])


def journal_entry(shared: Shared, op: OpRow, link: Link) -> dict[str, Any]:
    """An applied op as the journal has it, with the record as it was before (``link``)."""
    return {
        "run": shared.run,
        "at": shared.clock(),
        "op_id": op.op_id,
        "system": op.system,
        "resource": op.resource,
        "gid": op.gid,
        "remote_id": link.remote_id,
        "kind": op.kind,
        "pre": None if op.kind == "create" else link.native,
        "diffs": op.item.get("diffs", []),
    }
