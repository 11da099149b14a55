"""Planning a run: every golden record that changed is compared with what each system was last given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from math import ceil

from hub.canonical.values import key as canonical_key
from hub.state import Golden, Link
from hub.store.work import Quarantined
from hub.sync.guards import Facts, trips
from hub.sync.merge.observe import base_of
from hub.sync.merge.settle import note
from hub.sync.plan.draft import WAITING, Draft
from hub.sync.plan.items import Item, Payload
from hub.sync.plan.plan import Plan
from hub.sync.plan.record import blank_base, plan_record, title
from hub.sync.policy import canonical_bytes
from hub.sync.references import left_behind
from hub.sync.systems import Source
from hub.sync.workspace import Shared, Workspace

_BATCH = 200


def fingerprint(golden: Golden, source: Source) -> str:
    """What a refused write depended on: it is tried again when golden or the mapping changes."""
    values = {name: cell.value for name, cell in sorted(golden.fields.items())}
    parts = [
        [name, sorted(canonical_key(name, item.value.value) for item in coll.live())]
        for name, coll in sorted(golden.collections.items())
        if coll.live()
    ]
    return str(hash_of([golden.state, values, parts, source.mapping.hash]))


def hash_of(value: object) -> str:
    return hashlib.sha256(canonical_bytes(value)).hexdigest()[:16]


def make_plan(
    shared: Shared,
    sync: str,
    *,
    facts: Callable[[Plan], dict[str, Facts]] = lambda _plan: {},
    only: set[str] | None = None,
    book: bool = False,
) -> Plan:
    """Compare and collect; a pure function of the store.  ``book`` also stores what needs no write (an applied plan
    does; looking does not).  facts: what the guards need to know of each system, once it is known what would be written."""
    plan = Plan(sync)
    blocked = {(op.system, op.resource, op.gid) for op in shared.store.work.open_ops()}
    refusals = {(item.system, item.resource, item.gid): item for item in shared.store.work.quarantined() if item.gid}
    asked = _asked_about(shared)
    if book:
        shared.moved.clear()
    gids = shared.store.records.dirty_gids()
    if only is not None:
        gids = [gid for gid in gids if gid in only]
    for start in range(0, len(gids), _BATCH):
        workspace = Workspace(shared)
        workspace.load(gids[start : start + _BATCH])
        load_references(workspace)
        settled: list[str] = []
        released: list[tuple[str, str, str, str]] = []
        for gid in gids[start : start + _BATCH]:
            golden = workspace.goldens[gid]
            items, waits = [], False
            for source in shared.systems.sources:
                key = (source.system, source.resource, gid)
                if key in blocked:
                    waits = True
                    continue
                if (source.system, gid) in asked and workspace.link(*key) is None:
                    waits = True
                    continue
                wanted = list(plan_on(workspace, source, golden))
                refusal = refusals.get(key)
                if refusal is not None and _stands(refusal, workspace, source, golden, wanted):
                    waits = True
                    wanted = [item for item in wanted if not (item.data or item.kind == "delete")]
                elif refusal is not None:
                    released.append((*key[:2], refusal.remote_id, gid))
                items.extend(wanted)
            waits = waits or any(golden.value(name) is not None for name in shared.quiet)
            writes = [item for item in items if item.data or item.kind == "delete"]
            plan.conflicts += bool(golden.frozen)
            if book:
                note_plan(workspace, items)
                waits = waits or any(map(waits_for_another, items))
                if not waits and not writes:
                    settled.append(gid)
                elif not waits and len(writes) == 1:
                    writes[0].alone = True
            plan.items.extend(writes)
        if book:
            with shared.store.transaction():
                workspace.changed.clear()
                workspace.flush()
                shared.store.work.release(released)
                shared.store.records.mark_dirty(settled, dirty=False)
    plan.review = len(shared.store.history.reviews())
    plan.calls = estimate_calls(shared, plan)
    plan.trips = trips(plan, facts(plan), shared.policy.guards)
    return plan


def _asked_about(shared: Shared) -> set[tuple[str, str]]:
    """(system, gid) of customers of whom a record of that system may be one: none is created there before the answer."""
    asked = {
        (member["system"], other["gid"])
        for review in shared.store.history.reviews()
        for other in review.members
        if other["gid"]
        for member in review.members
        if not member["gid"]
    }
    survivors = shared.store.records.survivors({gid for _, gid in asked})
    return {(system, survivors.get(gid, gid)) for system, gid in asked}


def _stands(refusal: Quarantined, workspace: Workspace, source: Source, golden: Golden, wanted: list[Item]) -> bool:
    """Whether a refused write is still refused: there is something to write, and nothing that it depended on changed."""
    if not refusal.remote_id and workspace.link(source.system, source.resource, golden.gid) is not None:
        return False  # it was a create
    if refusal.code == "ambiguous_create":
        return True  # it may exist already: only a person can tell, whatever golden says now
    writes = any(item.data or item.kind == "delete" for item in wanted)
    return writes and refusal.fingerprint == fingerprint(golden, source)


def load_references(workspace: Workspace) -> None:
    """The golden records that these refer to, so that a reference can be written as the native id."""
    wanted = set()
    refs = {
        name for source in workspace.shared.systems.sources for name, spec in source.mapping.fields.items() if spec.ref
    }
    if not refs:
        return
    for golden in list(workspace.goldens.values()):
        for name in refs:
            value = golden.value(name)
            if isinstance(value, str):
                wanted.add(workspace.survivor(value))
    workspace.load(wanted)


def plan_on(workspace: Workspace, source: Source, golden: Golden) -> Iterator[Item]:
    """The items of one golden record on one source (at most one)."""
    if not source.writable or source.mapping.record != golden.record:
        return
    link = workspace.link(source.system, source.resource, golden.gid)
    if golden.state == "dead":
        item = None if link is None else _plan_delete(workspace, source, golden, link)
        if item is not None:
            yield item
        return
    if golden.state != "live":
        return
    creating = link is None
    if not creating and "update" not in source.capabilities.writes:
        return
    if link is None:
        if not _may_create(workspace, source, golden):
            return
        link = Link(source.system, source.resource, "", golden.gid)
        base = blank_base(source.mapping)
    else:
        if link.state != "active" or link.mapping != source.mapping.hash or link.native is None:
            return
        base = base_of(link, source.mapping)
    draft = Draft(
        golden,
        link,
        base,
        source.mapping,
        creating,
        lambda gid, resource: _remote_id(workspace, source.system, resource, gid),
        lambda gid, ref: left_behind(
            workspace, source.system, gid, ref, _remote_id(workspace, source.system, ref.resource, gid)
        ),
        workspace.survivor,
        workspace.shared.policy.region,
        workspace.shared.quiet,
    )
    own_key = golden.gid if creating and source.capabilities.create != "marker" else None
    item = plan_record(draft, own_key)
    if item is None:
        return
    if creating and not (item.writes.fields or item.writes.elements):
        return
    if item.data or not item.book.empty() or item.held or link.held:
        yield item


def _remote_id(workspace: Workspace, system: str, resource: str, gid: str) -> str | None:
    link = workspace.link(system, resource, gid)
    return link.remote_id if link is not None and link.state == "active" else None


def _may_create(workspace: Workspace, source: Source, golden: Golden) -> bool:
    """Whether a missing record is created here: one customer is one record of a system, in the first resource that
    takes such customers.  A lead is not made a contact, too, nor a person an account."""
    links = workspace.links.get(golden.gid, ())
    if not links or golden.value("status") == "archived" or not _takes(workspace, source, golden):
        return False
    if any(x.system == source.system and x.resource != source.resource and x.state == "active" for x in links):
        return False
    first = next(item for item in workspace.shared.systems.of(source.system) if _takes(workspace, item, golden))
    return first.resource == source.resource


def _takes(workspace: Workspace, source: Source, golden: Golden) -> bool:
    """Whether the hub may create such a customer in a resource at all."""
    if "create" not in source.capabilities.writes or source.system in workspace.shared.policy.no_create:
        return False
    kind = source.only_kind
    return kind is None or (golden.value("kind") or golden.defaults.get("kind") or "person") == kind


def _plan_delete(workspace: Workspace, source: Source, golden: Golden, link: Link) -> Item | None:
    """A dead golden record is deleted where the hub made it, or where the configuration allows any deletion."""
    allowed = link.created_by_hub or source.system in workspace.shared.policy.delete_any
    if link.state not in ("active", "shadow") or not allowed or "delete" not in source.capabilities.writes:
        return None
    return Item(
        source.system,
        source.resource,
        golden.gid,
        "delete",
        link.remote_id,
        link.version,
        title(golden),
        writes=Payload(),
    )


def waits_for_another(item: Item) -> bool:
    """Whether something of a record cannot be written before another record is there."""
    return WAITING in item.held.values()


def note_plan(workspace: Workspace, items: Iterable[Item]) -> None:
    """Note what needs no write, and what is held back."""
    for item in items:
        if item.kind != "update":
            continue
        link = workspace.link(item.system, item.resource, item.gid)
        if link is None:
            continue
        if not item.data:
            note(link, item.book)
        if link.held != item.held:
            link.held = dict(item.held)
        workspace.touch(link)


def estimate_calls(shared: Shared, plan: Plan) -> dict[str, int]:
    """system -> API calls that applying needs."""
    result: dict[str, int] = {}
    for source in shared.systems.sources:
        for kind in ("create", "update", "delete"):
            number = plan.items.count(source.system, source.resource, kind)
            if number:
                size = source.capabilities.per_call or source.capabilities.batch
                result[source.system] = result.get(source.system, 0) + ceil(number / size)
    return result
