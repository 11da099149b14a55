"""Records that are gone, merged away or came back (sync-semantics, sections 5 and 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hub.state import Cell, Collection, Element, Golden, GoldenChange, LedgerRow, Link, Notice
from hub.sync.merge.context import Merge
from hub.sync.merge.fields import moved
from hub.sync.policy import is_blank
from hub.sync.systems import Source
from hub.sync.workspace import Shared, Workspace

FOLLOWS = "follows a merge"
"""Reason of a link whose record was merged into one that has not been read yet."""


def gone(workspace: Workspace, source: Source, link: Link) -> None:
    """A record is proven gone: apply the policy of its system."""
    if link.state in ("gone", "excluded"):
        return
    if not link.gid:
        workspace.dropped.append(link)
        return
    golden = workspace.goldens[link.gid]
    if _one_of_several(workspace, link):
        return
    policy = workspace.shared.policy.delete_policy(link.system)
    if policy != "propagate":  # where deletions are passed on, the guard of deletions watches
        workspace.shared.unlinked[link.system] = workspace.shared.unlinked.get(link.system, 0) + 1
    path = f"@{link.system}"
    merge = workspace.merge(source, None)
    workspace.touch(link)
    if golden.state != "live":
        link.state = "gone"
        return
    if policy == "unlink":
        link.state, link.reason = "excluded", f"deleted in {link.system}"
        merge.ledger.append(
            LedgerRow(golden.gid, path, "deleted there, kept elsewhere", link.remote_id, "hub", None, link.system)
        )
        if not _somewhere(workspace, golden):
            _dies(workspace, source, golden)
        return
    if policy == "ask":
        link.state, link.reason = "excluded", f"deleted in {link.system}, waiting for a decision"
        merge.ledger.append(LedgerRow(golden.gid, path, "deleted", link.remote_id, "hub", None, link.system, open=True))
        return
    if _unseen_edits(workspace, source, golden, link):
        link.state = "gone"
        merge.ledger.append(LedgerRow(golden.gid, path, "resurrected", link.remote_id, "hub", None, link.system))
        return
    link.state = "gone"
    if policy == "archive":
        old = golden.value("status")
        golden.fields["status"] = merge.cell("archived", "deleted")
        merge.changed(golden, "status", old, golden.fields["status"])
        link.state, link.reason = "excluded", f"deleted in {link.system}"
        if not _somewhere(workspace, golden):
            _dies(workspace, source, golden)
        return
    _dies(workspace, source, golden)


def _one_of_several(workspace: Workspace, link: Link) -> bool:
    """A customer had two records here and somebody deleted one: that is no deletion of the customer.  If it was the one
    that the hub writes to, the other takes its place."""
    if link.state == "shadow":
        link.state = "gone"
        workspace.touch(link)
        return True
    heirs = [
        item
        for item in workspace.links.get(link.gid, ())
        if (item.system, item.resource, item.role, item.state) == (link.system, link.resource, link.role, "shadow")
    ]
    if not heirs or not link.primary:
        return False
    heir = min(heirs, key=lambda item: (len(item.remote_id), item.remote_id))
    link.state, link.primary = "gone", False
    promote(workspace, heir)
    workspace.touch(link)
    return True


def suspect(shared: Shared, workspace: Workspace, source: Source, link: Link) -> None:
    """A record was not found, and what became of it is still to be told: a merge is no deletion.  The feed of the next run
    says it; if it does not, the complete listing that this asks for is the proof."""
    link.state = "missing"
    workspace.touch(link)
    shared.store.work.ask_listing(source.system, source.resource)


def tells_fate(source: Source) -> bool:
    """Whether the change feed of a source tells what became of records that are no longer there."""
    return source.capabilities.merge_events or source.capabilities.deletes == "feed"


def promote(workspace: Workspace, shadow: Link) -> None:
    """A shadow becomes the record that the hub writes to."""
    shadow.state, shadow.primary = "active", True
    workspace.touch(shadow)
    workspace.renewed.add(shadow.gid)


def uncount(shared: Shared, source: Source, links: Iterable[Link]) -> None:
    """Records that turned out to be gone when they were to be written count no longer, nor do they stay in quarantine.
    Called before their links say so."""
    system, resource = source.system, source.resource
    known = list(links)
    shared.store.work.resize(system, resource, by=-sum(link.state not in ("gone", "excluded") for link in known))
    shared.store.work.release([(system, resource, link.remote_id, "") for link in known])


def _somewhere(workspace: Workspace, golden: Golden) -> bool:
    """Whether any system still has the record."""
    return any(link.state not in ("gone", "excluded") for link in workspace.links.get(golden.gid, ()))


def _dies(workspace: Workspace, source: Source, golden: Golden) -> None:
    merge = workspace.merge(source, None)
    golden.state = "dead"
    golden.seq = workspace.shared.store.tick()
    merge.changes.append(GoldenChange(golden.gid, "state", "live", "dead", source.system, "deleted", golden.seq))
    merge.notices.append(Notice(golden.gid, source.system, "", "deleted", "deleted; the values are archived"))


def _unseen_edits(workspace: Workspace, source: Source, golden: Golden, link: Link) -> bool:
    """Whether golden holds edits that the vanished record had not seen: then the edit wins."""
    merge = workspace.merge(source, None)
    for name, spec in source.mapping.fields.items():
        if name in link.sent and spec.direction == "both" and name != "kind" and moved(merge, golden, link, name):
            return True
    for name in source.mapping.collections:
        known = link.esent.get(name, {})
        for element in golden.collection(name).live():
            found = known.get(element.eid)
            if found is not None and found.value != element.value.value:
                return True
            if found is None and element.stamp > (link_seq(link, golden)):
                return True
    return False


def link_seq(link: Link, golden: Golden) -> int:
    """Newest hub sequence that the link's picture knows of: elements stamped later were never shown there."""
    stamps = [
        golden.collections[name].elements[eid].stamp
        for name, items in link.esent.items()
        if name in golden.collections
        for eid in items
        if eid in golden.collections[name].elements
    ]
    return max(stamps, default=golden.seq)


def revive(workspace: Workspace, source: Source, golden: Golden) -> None:
    """An edit arrived at a dead golden record: it lives again and is re-created where it was lost."""
    merge = workspace.merge(source, None)
    golden.state = "live"
    golden.seq = workspace.shared.store.tick()
    workspace.changed.add(golden.gid)
    merge.changes.append(GoldenChange(golden.gid, "state", "dead", "live", source.system, "revived", golden.seq))
    merge.ledger.append(LedgerRow(golden.gid, "@record", "revived", "live", source.system, "dead", "hub"))


def comes_back(workspace: Workspace, link: Link) -> None:
    """A record that was gone, unreadable or out of scope is there: as the customer's record, or as a shadow if another
    one has taken its place meanwhile."""
    rivals = [
        item
        for item in workspace.links.get(link.gid, ())
        if item is not link and item.primary and item.state != "gone"
        if (item.system, item.resource, item.role) == (link.system, link.resource, link.role)
    ]
    link.primary = link.primary and not rivals
    link.state, link.reason = "active" if link.primary else "shadow", ""


def followed(merge: Merge, golden: Golden, link: Link) -> None:
    """The survivor of a merge was read: values of the merged record that it replaced are in the ledger."""
    link.reason = ""
    for change in merge.changes:
        if not is_blank(change.old):
            merge.loses(golden, change.path, "merge", change.new, link.system, change.old, "hub")


def merged_away(workspace: Workspace, source: Source, link: Link | None, survivor_id: str) -> bool:
    """The system merged a record into another: not a delete.  The golden records are merged as well (X1).

    Returns whether the link follows to a survivor that the hub has not linked yet."""
    if link is None or not link.gid or link.state == "gone":
        return False
    found = _linked(workspace, source, survivor_id)
    if found is None or not found.gid:
        # The survivor is new to us: the link follows it.  What it shows is what the person who merged decided; what that
        # replaces goes to the ledger when it is read.
        if link.state == "excluded":
            comes_back(workspace, link)  # it had been taken for deleted
        # the mark stands where a mapping's hash does: it outlives what becomes of the link before that record is read
        link.remote_id, link.version, link.reason, link.mapping = survivor_id, None, FOLLOWS, FOLLOWS
        workspace.renewed.add(link.gid)
        link.unread = None
        workspace.touch(link)
        workspace.shared.store.staging.remove([(source.system, source.resource, survivor_id)])
        workspace.shared.store.work.reread_add(source.system, source.resource, [survivor_id], "merged")
        return True
    into, away = workspace.living(found.gid), workspace.living(link.gid)
    workspace.touch(link)
    link.state = "gone"
    if into is not away:
        merge_goldens(workspace, source, into, away)
    elif link.primary:
        _succeed(workspace, link, survivor_id)
    return False


def _linked(workspace: Workspace, source: Source, remote_id: str) -> Link | None:
    """The link of a record, as it is after what this very transaction has done."""
    for link in workspace.touched.values():
        if link.key[:2] == (source.system, source.resource) and link.remote_id == remote_id:
            return link
    return workspace.shared.store.records.links_by_remote(source.system, source.resource, [remote_id]).get(remote_id)


def _succeed(workspace: Workspace, link: Link, survivor_id: str) -> None:
    """Two records of one customer were merged: the shadow that is left is the customer's record now."""
    for item in workspace.links[link.gid]:
        if (item.system, item.resource, item.remote_id, item.state) == (*link.key[:2], survivor_id, "shadow"):
            link.primary = False
            promote(workspace, item)


def merge_goldens(workspace: Workspace, source: Source, into: Golden, away: Golden) -> None:
    """Rule X1: fold one golden record into another.  Fields by the conflict order, losers in the ledger; elements are
    united by key; links move with their own bases, a second one on a system becomes a shadow."""
    from hub.canonical.values import key as canonical_key

    merge = workspace.merge(source, None)
    for name, cell in away.fields.items():
        _fold_cell(workspace, into, name, cell, merge.ledger)
    renamed: dict[str, dict[str, str]] = {}
    for name, coll in away.collections.items():
        keys = {canonical_key(name, item.value.value): item.eid for item in into.collection(name).live()}
        renamed[name] = _unite(into.collection(name), coll, keys, lambda value, name=name: canonical_key(name, value))
        _note_differing(into, name, coll, renamed[name], merge.ledger)
    for path, candidates in away.frozen.items():
        into.frozen.setdefault(_renamed(path, renamed), []).extend(candidates)
    for link in list(workspace.links.get(away.gid, ())):
        _move_link(workspace, link, into, renamed)
    away.state, away.merged_into = "merged", into.gid
    into.seq = away.seq = workspace.shared.store.tick()
    workspace.changed.update((into.gid, away.gid))
    merge.changes.append(
        GoldenChange(away.gid, "state", "live", "merged", source.system, f"merged into {into.gid}", away.seq)
    )
    workspace._survivors.clear()


def _fold_cell(workspace: Workspace, into: Golden, name: str, cell: Cell, ledger: list[LedgerRow]) -> None:
    from hub.sync.policy import Candidate, decide

    current = into.fields.get(name)
    if is_blank(cell.value):
        return
    if current is None or is_blank(current.value):
        into.fields[name] = cell
        return
    if current.value == cell.value:
        return
    wins, rule = decide(
        workspace.shared.policy,
        name,
        Candidate(current.value, current.source, current.time, current.pinned),
        Candidate(cell.value, cell.source, cell.time, cell.pinned),
    )
    winner, loser = (cell, current) if wins else (current, cell)
    into.fields[name] = winner
    ledger.append(LedgerRow(into.gid, name, f"merge: {rule}", winner.value, winner.source, loser.value, loser.source))


def _note_differing(
    into: Golden, name: str, away: Collection, renamed: Mapping[str, str], ledger: list[LedgerRow]
) -> None:
    """Two elements of one key may still differ (an address with another district): the one given up is in the ledger."""
    for element in away.live():
        kept = into.collections[name].elements[renamed[element.eid]]
        if kept.value.value != element.value.value:
            ledger.append(
                LedgerRow(
                    into.gid, f"{name}/{kept.eid}", "merge: the same element", kept.value.value, kept.value.source,
                    element.value.value, element.value.source,
                )
            )  # fmt: skip


def _unite(into: Collection, away: Collection, keys: dict[str, str], key_of: object) -> dict[str, str]:
    """Unite elements by key; returns old eid -> new eid for every element of ``away``."""
    renamed: dict[str, str] = {}
    for element in away.elements.values():
        twin = keys.get(key_of(element.value.value)) if element.alive else None  # type: ignore[operator]  # a key function
        if twin is not None:
            renamed[element.eid] = twin
            kept = into.elements[twin]
            for name, cell in element.attrs.items():
                kept.attrs.setdefault(name, cell)
            kept.claims += element.claims
            continue
        eid = element.eid
        while eid in into.elements:
            eid += "m"
        renamed[element.eid] = eid
        into.elements[eid] = Element(
            eid, element.value, element.attrs, element.alive, element.into, element.stamp, element.keyed, element.claims
        )
    for eid in renamed.values():
        target = into.elements[eid].into
        if target is not None and target in renamed:
            into.elements[eid].into = renamed[target]
    if into.primary_eid() is None and away.primary_eid() is not None:
        into.primary = Cell(
            renamed[away.primary_eid() or ""], away.primary.source, away.primary.seq, away.primary.time, "merge"
        )
    return renamed


def _renamed(path: str, renamed: Mapping[str, Mapping[str, str]]) -> str:
    """A path of an element, or of an attribute of one, by its new name; other paths as they are."""
    name, _, rest = path.partition("/")
    eid, slash, attribute = rest.partition("/")
    return f"{name}/{renamed[name][eid]}{slash}{attribute}" if eid in renamed.get(name, ()) else path


def _move_link(workspace: Workspace, link: Link, into: Golden, renamed: dict[str, dict[str, str]]) -> None:
    """A link moves with its own bases; its pictures are renamed; where the survivor has one already it is a shadow."""
    other = workspace.link(link.system, link.resource, into.gid, link.role)
    workspace.links[link.gid] = [item for item in workspace.links[link.gid] if item is not link]
    link.gid = into.gid
    for name, table in renamed.items():
        if name in link.picture:
            link.picture[name] = [[pos, table.get(eid, eid) if eid else eid] for pos, eid in link.picture[name]]
        if name in link.esent:
            link.esent[name] = {table.get(eid, eid): item for eid, item in link.esent[name].items()}
        if link.psent.get(name) in table:
            link.psent[name] = table[str(link.psent[name])]
    link.lost = {_renamed(path, renamed) for path in link.lost}
    link.undone = {
        _renamed(path, renamed): [renamed.get(path.partition("/")[0], {}).get(str(mark[0]), mark[0]), *mark[1:]]
        for path, mark in link.undone.items()
    }
    if other is not None and link.state in ("gone", "excluded"):
        link.primary = False
    elif other is not None and other.state in ("gone", "excluded"):
        other.primary = False  # the survivor's own record is gone there, this one is not: it takes its place
        workspace.touch(other)
    elif other is not None:
        link.state, link.primary = "shadow", False
    workspace.links.setdefault(into.gid, []).append(link)
    workspace.touch(link)
