"""What a system answered to a write becomes what the hub knows: links, bases, the journal (sections 8 and 9)."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.contract.records import Receipt, Record
from hub.mapping.view import View
from hub.state import Base, LedgerRow, Link, Notice
from hub.store.database import pack
from hub.store.work import OpRow
from hub.sync.absence import gone, uncount
from hub.sync.books import Books
from hub.sync.merge.observe import base_of, observe
from hub.sync.merge.settle import adopt, note, settle
from hub.sync.plan.items import Item
from hub.sync.plan.parts import decode
from hub.sync.planning import load_references, note_plan, plan_on, waits_for_another
from hub.sync.policy import is_blank
from hub.sync.settling import bases_of, predict, predicted
from hub.sync.systems import Source
from hub.sync.undo.accept import accept_observed, accept_written, leave
from hub.sync.workspace import MOST_MOVED, Counter, Shared, Workspace


@dataclass(slots=True)
class Confirm:
    """Confirms the writes of one source inside the caller's transaction, who lets ``books`` look at the records that were
    created before, and write afterwards.

    lossy: writes after which the system did not show what it was sent."""

    shared: Shared
    source: Source
    counter: Counter
    lossy: int = 0
    books: Books = field(init=False)
    _before: dict[str, bytes] = field(default_factory=dict)
    """gid -> golden as the plan knew it, of the records of this transaction that may need no other plan."""

    def __post_init__(self) -> None:
        self.books = Books(self.shared, self.source)

    def write(self, workspace: Workspace, row: OpRow, item: Item, receipt: Receipt, image: Record | None) -> None:
        if item.alone and not item.undo and item.kind != "delete":
            self._before[item.gid] = pack(workspace.goldens[item.gid].to_json())
        if item.kind == "delete":
            self.delete(workspace, row, item)
            return
        if image is None or image.data is None:
            row.state, row.remote_id = "ambiguous", receipt.id or row.remote_id
            return
        direct = receipt.version is None or receipt.version == image.version  # else somebody edited it meanwhile
        if item.kind == "create":
            self.create(workspace, row, item, image, direct=direct)
            return
        link = workspace.link(item.system, item.resource, item.gid)
        view = self.source.mapping.get(image.data)
        if link is None or view is None:
            row.state = "superseded"
            return
        if not direct and image.version is not None and image.version == link.version:
            # a stale replica showed the record as it was before our write: it is looked at again
            row.state = "ambiguous"
            return
        before = Link(link.system, link.resource, link.remote_id, link.gid, native=link.native)
        bases = bases_of(link)
        post = self.source.mapping.prune(image.data) if direct else predicted(self.source, item, link)
        base = base_of(link, self.source.mapping)
        note(link, item.book)
        result = settle(
            link,
            base,
            item.writes,
            predict(self.source, item, link),
            view,
            self.source.mapping,
            direct=direct,
            done=True,
            region=self.shared.policy.region,
            window=not self.source.capabilities.conditional_write,
        )
        row.state, row.remote_id = ("confirmed" if result.happened else "superseded"), link.remote_id
        link.own_version = image.version if direct and link.untouched else None
        self._problems(workspace, link, result.problems)
        if item.undo and not direct:
            accept_written(workspace, self.source, link, item.undo, base)
        self.observe(workspace, link, base, image, view)
        if item.undo:
            accept_observed(workspace, self.source, link, item.undo)
        self.counter.updated += 1
        self.books.journal(row, before, post=post, base=bases)

    def create(
        self, workspace: Workspace, row: OpRow, item: Item, image: Record, *, direct: bool, adopted: bool = False
    ) -> None:
        """The record exists: link it, then everything on it that is not ours is observed (section 9).

        direct: the image is what our write left, nobody can have edited it since; adopted: found after a lost answer."""
        assert image.data is not None
        golden = workspace.goldens[item.gid]
        view = self.source.mapping.get(image.data)
        if view is None:
            row.state, row.error = "quarantined", "the created record is not selected by the mapping"
            row.remote_id = image.id
            return
        for old in list(workspace.links.get(item.gid, ())):
            if old.system == item.system and old.resource == item.resource and old.state in ("gone", "excluded"):
                if old.remote_id == image.id:
                    workspace.drop_link(old)
                else:
                    old.state, old.primary = "gone", False  # if it comes back, it is known whose record it was
                    workspace.touch(old)
        if not adopted:  # one that was found by its key may have been linked meanwhile: that proves nothing
            self._take_over(workspace, item, image.id, view)
        link = Link(item.system, item.resource, image.id, item.gid, created_by_hub=True)
        workspace.add_link(link)
        base = Base()
        note(link, item.book)
        result = adopt(
            link,
            base,
            item.writes,
            predict(self.source, item, None),
            view,
            self.source.mapping,
            direct=direct,
            region=self.shared.policy.region,
        )
        row.state, row.remote_id = "confirmed", image.id
        link.own_version = image.version if direct else None
        self._problems(workspace, link, result.problems)
        if item.undo and not direct:
            accept_written(workspace, self.source, link, item.undo, base)
        self.observe(workspace, link, base, image, view)
        if item.undo:
            accept_observed(workspace, self.source, link, item.undo)
        self.counter.created += 1
        if adopted:
            self.counter.adopted += 1
        workspace.changed.add(golden.gid)
        self.books.arrived(image.id)
        post = self.source.mapping.prune(image.data) if direct else self.source.mapping.apply(None, decode(item.data))
        self.books.journal(row, link, post=post)

    def _take_over(self, workspace: Workspace, item: Item, remote_id: str, shown: View) -> None:
        """A system gave the id of another customer's record to the new one.  If the record shows nothing but what we sent,
        the old one is gone.  Else the system answered a create with a record that existed: that is no deletion, and the
        other customer, who lost it, is made again."""
        known = self.books.linked(remote_id)
        if known is None or known.gid == item.gid:
            return
        uncount(self.shared, self.source, [known])
        self.books.uncounted(remote_id)
        if not known.gid:
            workspace.dropped.append(known)
            return
        workspace.load([known.gid])
        old = next((link for link in workspace.links[known.gid] if link.id == known.id), known)
        if _nothing_else(shown, predict(self.source, item, None)):
            gone(workspace, self.source, old)
        else:
            row = LedgerRow(known.gid, f"@{item.system}", "resurrected", remote_id, "hub", None, item.system)
            workspace.merge(self.source, None).ledger.append(row)
            workspace.changed.add(known.gid)
        workspace.drop_link(old)

    def delete(self, workspace: Workspace, row: OpRow, item: Item) -> None:
        link = workspace.link(item.system, item.resource, item.gid)
        row.state = "confirmed"
        if link is not None:
            self.books.journal(row, link, base=bases_of(link))
            uncount(self.shared, self.source, [link])
            leave(link, item)
            workspace.touch(link)
        self.counter.deleted += 1

    def plan_again(self, workspace: Workspace) -> None:
        """Plan what was confirmed on this source at once, instead of in a second round: the records whose only write it
        was, while golden is what it was when they were planned and nothing else of them was touched.  Then no other system
        can want anything.  What is left to write, or was not as expected in any way, stays for that round."""
        before, self._before = self._before, {}
        moved = self.shared.moved
        if not before or len(moved) > MOST_MOVED:
            return
        told = {
            event.gid
            for merge in workspace.merges
            for told in (merge.changes, merge.ledger, merge.notices)
            for event in told
        }
        told.update(link.gid for link in workspace.dropped)
        links: dict[str, list[Link]] = {}
        for link in {id(link): link for link in (*workspace.touched.values(), *workspace.fresh)}.values():
            links.setdefault(link.gid, []).append(link)
        load_references(workspace)
        for gid, doc in before.items():
            golden = workspace.goldens[gid]
            if gid in told or gid in moved or len(links.get(gid, ())) != 1 or links[gid][0].lost:
                continue
            if workspace.link(self.source.system, self.source.resource, gid) is not links[gid][0]:
                continue
            if pack(golden.to_json()) != doc:
                continue
            items = list(plan_on(workspace, self.source, golden))
            if any(item.data or item.kind == "delete" or waits_for_another(item) for item in items):
                continue
            note_plan(workspace, items)
            workspace.settled.add(gid)

    def observe(self, workspace: Workspace, link: Link, base: Base, image: Record, view: View) -> None:
        """Advance the version only after the diff: an edit made right after our write must not be skipped.

        view: of the image."""
        assert image.data is not None
        merge = workspace.merge(self.source, image.modified_at.timestamp() if image.modified_at else None)
        observe(merge, workspace.goldens[link.gid], link, base, view, image.data)
        link.version, link.modified = image.version, merge.time
        workspace.touch(link)

    def _problems(self, workspace: Workspace, link: Link, problems: list[tuple[str, str]]) -> None:
        if not problems:
            return
        self.lossy += 1
        merge = workspace.merge(self.source, None)
        for path, code in problems:
            text = "stored differently than sent" if code == "lossy_write" else "sent, but not stored"
            merge.notices.append(Notice(link.gid, link.system, path, code, text))


def _nothing_else(shown: View, sent: View) -> bool:
    """Whether a new record has no value where we sent none."""
    fields = all(is_blank(value) or not is_blank(sent.fields.get(name)) for name, value in shown.fields.items())
    rows = ((len([row for row in rows if row.value is not None]), name) for name, rows in shown.collections.items())
    return fields and all(
        number <= len([row for row in sent.collections.get(name, ()) if row.value is not None]) for number, name in rows
    )
