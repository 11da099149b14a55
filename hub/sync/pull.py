"""Reading a resource: what changed since the cursor, page by page, each page in one transaction with its cursor."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from hub.contract.connector import CursorExpired
from hub.contract.errors import ConnectorError, ContractViolation, HubError
from hub.contract.records import Page, Record
from hub.identity.names import shown_name
from hub.mapping.view import View
from hub.state import Link
from hub.store.records import Gate
from hub.store.seen import Seen
from hub.store.staging import Staged
from hub.store.storable import refuse_unstorable
from hub.store.work import Cursor, OpRow, Quarantined
from hub.sync.absence import FOLLOWS, comes_back, followed, gone, merged_away, revive
from hub.sync.ahead import Ahead
from hub.sync.merge.observe import base_of, observe
from hub.sync.settling import settle_open_op, unread_op
from hub.sync.systems import Source
from hub.sync.undo.accept import accept_observed, accept_written
from hub.sync.vanished import Vanished
from hub.sync.workspace import Counter, Shared, Workspace, kept_keys_of_view, mark_of

ROLLING = 24 * 3600.0
"""Seconds after which a complete listing checks what the change feed may have missed (configurable)."""


@dataclass(slots=True)
class Pull:
    """Reads one resource of one system into the store."""

    shared: Shared
    source: Source
    counter: Counter
    progress: Callable[[int], None] = lambda _n: None
    reconcile: float = ROLLING
    ops: dict[str, OpRow] = field(default_factory=dict)
    slow: bool = False
    shrank: str = ""
    accept_shrink: bool = False
    """A person has approved that the listing became shorter."""
    _barred: set[str] = field(default_factory=set)
    _followed: set[str] = field(default_factory=set)
    """Survivors of merges that are linked before they were read."""
    ahead: bool = False
    """Whether the next page may be asked for while one is stored."""
    vanished: Vanished = field(init=False)
    _ahead: Ahead = field(init=False)

    def __post_init__(self) -> None:
        self.vanished = Vanished(self.shared, self.source)
        self._ahead = Ahead(on=self.ahead)

    def run(self) -> None:
        """Poll for changes; then, when due or asked for, prove by a complete listing what is gone."""
        cursor = self.shared.store.work.cursor(self.source.system, self.source.resource)
        self._load_ops()
        changed_rules = cursor.mapping not in ("", self.source.mapping.hash) or (
            cursor.polled is not None and cursor.scope != self.source.scope
        )
        start = None if changed_rules else cursor.value
        first = cursor.polled is None
        # a system that cannot say what has changed is read anew every time, and never has a cursor: its listings are due
        # like all others, and a listing that is asked for must not wait for a run that needs none
        anew = start is None and (first or changed_rules)
        try:
            relist = self._poll(cursor, start)
        except CursorExpired:
            self.slow = anew = cursor.relist = True  # kept with every page: this pass may be broken off, too
            relist = self._poll(cursor, None)
        self._take_hints(cursor)
        self.reread()
        cursor.relist = cursor.relist or bool(self.vanished.suspected)
        now = self.shared.clock()
        due = cursor.listed is None or now - cursor.listed >= self.reconcile
        if not first and not self.slow and (relist or due or cursor.relist) and not (anew and not relist):
            self.list_all(cursor)
        elif anew:
            with self.shared.store.transaction():
                cursor.listed = now
                # reading everything anew shows no tombstones: the next run looks for them
                cursor.relist = not first or bool(self.vanished.suspected)
                self.shared.store.work.save_cursor(cursor)

    def _take_hints(self, cursor: Cursor) -> None:
        """What webhooks have named is read again in this run, even if the feed does not show it yet."""
        with self.shared.store.transaction():
            if self.shared.store.inbox.hand_over(self.source.system, self.source.resource):
                cursor.relist = True  # more than reading one by one is worth
                self.shared.store.work.save_cursor(cursor)

    def _load_ops(self) -> None:
        self.ops = {
            op.remote_id: op
            for op in self.shared.store.work.open_ops(self.source.system)
            if op.resource == self.source.resource and op.remote_id
        }

    def _poll(self, cursor: Cursor, start: object) -> bool:
        relist = complete = False
        with closing(self._ahead.pages(self.source.connector.changes(self.source.resource, start))) as pages:
            for page in pages:
                if page.epoch is not None and cursor.epoch is not None and page.epoch != cursor.epoch:
                    cursor.epoch, cursor.value = page.epoch, None
                    raise CursorExpired
                relist = relist or page.relist
                complete = page.complete
                records = self._complete(page.records)
                with self.shared.store.transaction():
                    fresh, lost = self.take(records)
                    cursor.value = page.cursor
                    cursor.epoch = page.epoch
                    if page.complete:
                        cursor.mapping, cursor.scope = self.source.mapping.hash, self.source.scope
                        cursor.polled = self.shared.clock()
                    cursor.relist = cursor.relist or page.relist
                    self.shared.store.work.save_cursor(cursor)
                    self._resize(by=fresh - lost)
                self.progress(len(page.records))
        if not complete:
            raise ContractViolation(
                "the connector ended a pass without saying that it is complete",
                rule="complete-page",
                where=self.source.system,
                hint="This is a fault of the plugin; nothing was deleted because of it",
            )
        return relist

    def _fetch(self, ids: Sequence[str]) -> list[Record]:
        with self._ahead.alone():
            return list(self.source.connector.fetch(self.source.resource, ids))

    def _complete(self, records: Sequence[Record]) -> Sequence[Record]:
        """Fetch the documents of records that came without, unless they are known at this version."""
        bare = {
            item.id: item
            for item in records
            if item.data is None and not (item.deleted or item.merged_into or item.error)
        }
        if not bare:
            return records
        gates = self.shared.store.records.versions(self.source.system, self.source.resource, bare)
        wanted = [item.id for item in bare.values() if not self._unchanged(item, gates.get(item.id))]
        found = self._fetch(wanted) if wanted else []
        return [*(item for item in records if item.id not in bare), *found]

    def _resize(self, *, by: int = 0, to: int | None = None) -> None:
        self.shared.store.work.resize(self.source.system, self.source.resource, by=by, to=to)

    def reread(self) -> None:
        """Records that had to wait are read again before anything is decided about them."""
        work = self.shared.store.work
        ids = work.reread_take(self.source.system, self.source.resource)
        for start in range(0, len(ids), self.source.capabilities.page):
            batch = ids[start : start + self.source.capabilities.page]
            found = self._fetch(batch)
            with self.shared.store.transaction():
                fresh, lost = self.take(found, force=True)
                self._resize(by=fresh - lost)
                self.vanished.absent(sorted(set(batch) - {item.id for item in found}), listed=False)
                work.reread_done(self.source.system, self.source.resource, batch)

    def list_all(self, cursor: Cursor) -> None:
        """A certified listing: from the first page to a normal end, in one epoch, without an unreadable record.  Only
        such a listing may prove absence, and each absence is confirmed by asking for the record."""
        store, system, resource = self.shared.store, self.source.system, self.source.resource
        with store.transaction():
            store.work.save_cursor(cursor)  # that it was asked for holds until a listing is complete
            store.records.forget_counts()  # who looks at everything counts anew, too
        certified, complete = True, False
        waiting = store.staging.ids(system, resource) | store.work.unlinked_quarantine(system, resource)
        seen, strangers = Seen(), set[str]()
        with closing(self._ahead.pages(self.source.connector.listing(resource))) as pages:
            for page in pages:
                waiting.difference_update(item.id for item in page.records)
                certified = certified and (cursor.epoch is None or page.epoch in (None, cursor.epoch))
                certified = certified and all(item.error is None for item in page.records)
                complete = page.complete
                strangers |= self._take_listing(page, seen)
        total = len(seen) + len(strangers)  # a page may come twice
        certified = certified and complete and not self.slow
        shrunk = not self.accept_shrink and self._shrunk(cursor.size, total)
        if shrunk:
            self.shrank = f"the listing shrank from {cursor.size} to {total} records"
        elif certified:
            missing = [*store.records.unseen(system, resource, seen), *sorted(waiting)]
            for start in range(0, len(missing), 200):
                total += self._confirm_absence(missing[start : start + 200])
        with store.transaction():
            if certified and not shrunk:
                cursor.listed, cursor.relist = self.shared.clock(), bool(self.vanished.suspected)
            store.work.save_cursor(cursor)
            if certified and not shrunk:
                self._resize(to=total)

    def _shrunk(self, before: int, now: int) -> bool:
        """Whether so much is missing that a person should look first; an empty listing never proves anything."""
        least = before * (1 - self.shared.policy.guards.listing_shrank)
        return (now == 0 and before > 1) or (now < least and before - now > 5)

    def _take_listing(self, page: Page, seen: Seen) -> set[str]:
        """Take a page of a listing, and note which links it showed; returns the ids of records that are not linked."""
        store, system, resource = self.shared.store, self.source.system, self.source.resource
        ids = [item.id for item in page.records if item.error is None]
        known = store.records.versions(system, resource, ids)
        news = [item for item in page.records if not (item.id in known and self._read_at(item, known[item.id]))]
        waiting = store.staging.states(system, resource, [item.id for item in news if item.error is None])
        stale = [
            item
            for item in news
            if not item.deleted
            and not (item.id in waiting and item.version is not None and waiting[item.id][0] == item.version)
        ]
        broken = [item for item in stale if item.error is not None]
        records: Sequence[Record] = [item for item in stale if item.error is None]
        if any(item.data is None for item in records):
            records = self._fetch([item.id for item in records])
        there = {item.id for item in (*records, *broken) if not _left(item)}
        gone_since = {item.id for item in stale if item.id not in there}
        with store.transaction():
            fresh, lost = self.take([*records, *broken])
            self._resize(by=fresh - lost)
            links = store.records.link_ids(system, resource, ids) if stale else {id_: known[id_].id for id_ in known}
            seen.discard({item.id for item in known.values()}.difference(links.values()))
            seen.add(link for id_, link in links.items() if id_ not in gone_since)
        self.progress(len(page.records))
        shown = {*waiting, *(item.id for item in records)}  # not one that is gone again since the listing named it
        return shown.difference(known)

    def _read_at(self, item: Record, gate: Gate) -> bool:
        """Whether a listed record was read at this version and by this mapping."""
        return item.version is not None and item.version == gate.version and gate.mapping == self.source.mapping.hash

    def _confirm_absence(self, ids: list[str]) -> int:
        """Ask for records that a listing did not show; returns how many still count."""
        there = {item.id: item for item in self._fetch(ids)}
        with self.shared.store.transaction():
            self.take(list(there.values()))
            left = sum(_left(item) for item in there.values())
            return len(there) - left + self.vanished.absent([item for item in ids if item not in there], listed=True)

    def take(self, records: Sequence[Record], *, force: bool = False) -> tuple[int, int]:
        """Observe a batch of records inside the caller's transaction.

        Returns how many the hub had not known to exist, and how many that it knew are tombstones.
        """
        self.counter.read += len(records)
        system, resource = self.source.system, self.source.resource
        records = list({item.id: item for item in records}.values())
        ids = list(dict.fromkeys([*(item.id for item in records), *(x.merged_into for x in records if x.merged_into)]))
        gates = self.shared.store.records.versions(system, resource, ids)
        strangers = [item for item in ids if item not in gates]
        waiting = self.shared.store.staging.states(system, resource, strangers)
        barred = self._barred = self.shared.store.work.barred_ids(system, resource, ids)
        open_ones = [
            item for item in records if force or item.id in barred or not self._unchanged(item, gates.get(item.id))
        ]
        links = self.shared.store.records.links_by_remote(
            system, resource, [item.id for item in open_ones if item.id in gates]
        )
        legible = [item.id for item in records if item.id in barred and item.error is None]
        self.shared.store.work.release([(system, resource, item, "") for item in legible])  # or refused anew
        workspace = Workspace(self.shared)
        workspace.load(link.gid for link in links.values() if link.gid)
        unknown: list[tuple[Record, View]] = []
        self._followed = set()
        for record in open_ones:
            link = links.get(record.id)
            self._take_one(workspace, record, None if link is None else workspace.own(link), unknown)
        followed = {
            link.remote_id for link in workspace.touched.values() if (link.system, link.resource) == (system, resource)
        }
        workspace.flush()
        self._stage([item for item in unknown if item[0].id not in followed], waiting)
        left = {item.id for item in records if item.error is None and _left(item)}
        present = {item.id for item in records if item.id not in left} | self._followed
        known = {item for item, gate in gates.items() if gate.state not in ("gone", "excluded")} | set(waiting) | barred
        return len(present - known), len(known & left - present)

    def _unchanged(self, record: Record, gate: Gate | None) -> bool:
        """The first gate: our own echo, or a stale replica (a version is compared for equality only)."""
        if gate is None or record.deleted or record.merged_into or record.error or record.version is None:
            return False
        return (
            gate.version == record.version
            and gate.mapping == self.source.mapping.hash
            and gate.state in ("active", "shadow")
            and record.id not in self.ops
        )

    def _take_one(
        self, workspace: Workspace, record: Record, link: Link | None, unknown: list[tuple[Record, View]]
    ) -> None:
        if record.error is not None:
            self._quarantine(record, record.error)
            return
        if record.merged_into is not None and link is not None and link.gid:
            if merged_away(workspace, self.source, link, record.merged_into):
                self._followed.add(record.merged_into)
            return
        if record.deleted or record.merged_into is not None:
            if link is not None:
                gone(workspace, self.source, link)
            self.shared.store.staging.remove([(self.source.system, self.source.resource, record.id)])
            return
        if record.data is None:
            self.shared.store.work.reread_add(self.source.system, self.source.resource, [record.id], "no data")
            return
        try:
            refuse_unstorable(self.source.mapping.prune(record.data))
            view = self.source.mapping.get(record.data)
        except HubError as error:
            self._quarantine(record, error)
            return
        if view is None:
            self._out_of_scope(workspace, record, link)
        elif link is None or not link.gid:
            if link is not None:
                workspace.dropped.append(link)
            unknown.append((record, view))
        else:
            self.observe(workspace, record, link, view)

    def observe(self, workspace: Workspace, record: Record, link: Link, view: View) -> None:
        """Merge a linked record; an open write on it is settled first (W1)."""
        golden = workspace.goldens[link.gid]
        back, follows = link.state in ("excluded", "gone"), link.mapping == FOLLOWS
        if link.state in ("excluded", "gone", "missing", "out_of_scope", "quarantined"):
            comes_back(workspace, link)
        assert record.data is not None
        merge = workspace.merge(self.source, record.modified_at.timestamp() if record.modified_at else None)
        base = base_of(link, self.source.mapping)
        op = self.ops.pop(record.id, None) or unread_op(link)
        if op is not None:
            settle_open_op(self.shared, self.source, op, link, golden, base, view)
        taken_back = op.item.get("undo") if op is not None and op.state == "confirmed" else None
        if taken_back:
            accept_written(workspace, self.source, link, taken_back, base)
        observe(merge, golden, link, base, view, record.data)
        if any(item.code == "unreadable" for item in merge.notices):  # told once; perhaps it was the transport's fault
            self.shared.store.work.reread_add(self.source.system, self.source.resource, [record.id], "unreadable value")
        if taken_back:
            accept_observed(workspace, self.source, link, taken_back)
        if follows:
            followed(merge, golden, link)
        link.version = record.version
        link.modified = merge.time
        if merge.changes:
            self.counter.changed += 1
        if golden.state == "dead" and (merge.changes or back):
            revive(workspace, self.source, golden)
        workspace.touch(link)

    def _out_of_scope(self, workspace: Workspace, record: Record, link: Link | None) -> None:
        """Left the scope filter but exists: not a deletion; the link is kept, frozen."""
        if link is None:
            link = Link(self.source.system, self.source.resource, record.id, "", "out_of_scope", primary=False)
            link.reason = "not selected by the mapping"
            workspace.fresh.append(link)
        else:
            link.state, link.reason = "out_of_scope", "not selected by the mapping"
            if link.gid:
                workspace.touch(link)
            else:
                workspace.fresh.append(link)
        link.version, link.mapping = record.version, self.source.mapping.hash

    def _quarantine(self, record: Record, error: HubError) -> None:
        self.counter.failed += 1
        text = error.message
        if isinstance(error, ConnectorError) and error.remote_text:
            text = f"{text}: {error.remote_text}"
        self.shared.store.work.quarantine(
            [
                Quarantined(
                    self.source.system,
                    self.source.resource,
                    record.id,
                    "",
                    self.shared.run,
                    self.shared.clock(),
                    error.code,
                    self.shared.redact(text if not error.hint else f"{text}. {error.hint}"),
                    mark_of(record, self.source.mapping.hash),
                )
            ]
        )

    def _stage(self, unknown: list[tuple[Record, View]], before: dict[str, tuple[str | None, str]]) -> None:
        """Keep records without a link for matching; ``before`` are those that were waiting already."""
        system, resource, mapping = self.source.system, self.source.resource, self.source.mapping
        items = []
        for record, view in unknown:
            assert record.data is not None
            version, state = before.get(record.id, (None, "new"))
            if state == "review" and version == record.version and version is not None:
                continue
            items.append(
                Staged(
                    system,
                    resource,
                    record.id,
                    self.shared.run,
                    dict(mapping.prune(record.data)),
                    shown_name(view.fields.get("name")),
                    kept_keys_of_view(view, self.shared.policy),
                    mapping.own_key(record.data),
                    record.version,
                    record.modified_at.timestamp() if record.modified_at else None,
                    record.created_at.timestamp() if record.created_at else None,
                )
            )
        self.shared.store.staging.reconsider([item.place for item in items])
        self.shared.store.staging.add(items)


def scope_hash(*parts: object) -> str:
    """A short stable hash of what narrows a resource."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _left(record: Record) -> bool:
    """Whether what is told of a record is that it is gone, or merged into another one."""
    return record.deleted or record.merged_into is not None
