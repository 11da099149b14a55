"""Reading facts: each page in one transaction with its cursor, attached to the customers that it names.

A fact is upserted by (system, resource, remote id).  A party that no customer has waits, and is attached by the first run
in which a customer has its key; an attachment once made stays, also when the address moves on later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.canonical.facts import DEFAULT_BODY
from hub.canonical.values import key as canonical_key
from hub.contract.connector import CursorExpired
from hub.contract.errors import ConnectorError, ContractViolation, HubError
from hub.contract.records import Record
from hub.identity.match import HOT
from hub.store.facts import FactRow, Party
from hub.store.history import Account
from hub.store.records import chunks
from hub.store.storable import refuse_unstorable
from hub.store.store import Store
from hub.store.work import Cursor, Quarantined
from hub.sync.bounces import Bounce, note_bounces
from hub.sync.interactions import ERASED, Draft, draft_of, place_of
from hub.sync.systems import Source
from hub.sync.workspace import Shared, mark_of


@dataclass(slots=True)
class FactCount:
    """What a run did with the facts of one resource.  attached: new ties to customers; ignored: reason -> all of them."""

    system: str
    resource: str
    read: int = 0
    new: int = 0
    changed: int = 0
    attached: int = 0
    gone: int = 0
    failed: int = 0
    bounced: int = 0
    ignored: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class FactPull:
    """Reads one fact resource into the store.  body: characters of a text to keep; reconcile: seconds between complete
    listings, which find what the change feed missed."""

    shared: Shared
    source: Source
    count: FactCount
    reconcile: float
    body: int = DEFAULT_BODY
    progress: Callable[[int], None] = lambda _n: None
    _moved: int = 0
    """Records that came into being or went, not yet noted in the size of the resource."""

    @property
    def _rules(self) -> str:
        """What decides how a record is kept; with other rules everything is read again."""
        return f"{self.source.mapping.hash}:{self.source.scope}:{self.body}"

    @property
    def _place(self) -> tuple[str, str]:
        return self.source.system, self.source.resource

    def run(self) -> None:
        """Poll for changes; then, when due or asked for, compare with a complete listing."""
        cursor = self.shared.store.work.cursor(*self._place)
        first = cursor.polled is None
        start = cursor.value if cursor.mapping in ("", self._rules) else None
        whole = start is None
        try:
            relist = self._poll(cursor, start)
        except CursorExpired:
            whole = True
            relist = self._poll(cursor, None)
        with self.shared.store.transaction():
            if self.shared.store.inbox.hand_over(*self._place):
                cursor.relist = True
                self.shared.store.work.ask_listing(*self._place)
        self._reread()
        now = self.shared.clock()
        due = cursor.listed is None or now - cursor.listed >= self.reconcile
        if first:
            with self.shared.store.transaction():
                cursor.listed, cursor.relist = now, False
                self.shared.store.work.save_cursor(cursor)
        elif whole or relist or due or cursor.relist:
            self._list(cursor)

    def _poll(self, cursor: Cursor, start: object) -> bool:
        relist = complete = False
        for page in self.source.connector.changes(self.source.resource, start):
            if page.epoch is not None and cursor.epoch is not None and page.epoch != cursor.epoch:
                cursor.epoch, cursor.value = page.epoch, None
                raise CursorExpired
            relist, complete = relist or page.relist, page.complete
            records = self._whole(page.records)
            with self.shared.store.transaction():
                self._take(records)
                cursor.value, cursor.epoch = page.cursor, page.epoch
                if page.complete:
                    cursor.mapping, cursor.scope = self._rules, self.source.scope
                    cursor.polled = self.shared.clock()
                cursor.relist = cursor.relist or page.relist
                self._save(cursor)
            self.progress(len(page.records))
        if not complete:
            raise ContractViolation(
                "the connector ended a pass without saying that it is complete",
                rule="complete-page",
                where=self.source.system,
                hint="This is a fault of the plugin; the next run reads on from the last page",
            )
        return relist

    def _save(self, cursor: Cursor) -> None:
        self.shared.store.work.save_cursor(cursor)
        self.shared.store.work.resize(*self._place, by=self._moved)
        self._moved = 0

    def _whole(self, records: Sequence[Record]) -> list[Record]:
        """Fetch the documents of records that came without, unless they are known at this version."""
        bare = {
            item.id: item
            for item in records
            if item.data is None and not (item.deleted or item.merged_into or item.error)
        }
        if not bare:
            return list(records)
        known = self.shared.store.facts.known(*self._place, bare)
        barred = self.shared.store.work.barred_ids(*self._place, bare)
        wanted = [
            item.id for item in bare.values() if item.id in barred or not self._unchanged(item, known.get(item.id))
        ]
        found = list(self.source.connector.fetch(self.source.resource, wanted)) if wanted else []
        return [*(item for item in records if item.id not in bare), *found]

    def _reread(self) -> None:
        work = self.shared.store.work
        for batch in chunks(work.reread_take(*self._place)):
            found = list(self.source.connector.fetch(self.source.resource, batch))
            missing = set(batch) - {item.id for item in found}
            with self.shared.store.transaction():
                self._take([*found, *(Record(item, None, deleted=True) for item in sorted(missing))], force=True)
                work.reread_done(*self._place, batch)
                self._save(work.cursor(*self._place))

    def _list(self, cursor: Cursor) -> None:
        """What a complete listing shows is there; what it does not show, and cannot be fetched either, is gone."""
        seen: set[str] = set()
        complete = False
        for page in self.source.connector.listing(self.source.resource):
            complete = page.complete
            seen.update(item.id for item in page.records)
            records = self._whole(page.records)
            with self.shared.store.transaction():
                self._take(records)
                self._save(self.shared.store.work.cursor(*self._place))
        facts = self.shared.store.facts
        present = facts.present(*self._place) | facts.barred(*self._place)
        if not complete or (not seen and len(present) > 1):
            return  # half a listing proves nothing, and neither does an empty one
        for batch in chunks(sorted(present - seen)):
            there = list(self.source.connector.fetch(self.source.resource, batch))
            missing = sorted(set(batch) - {item.id for item in there})
            with self.shared.store.transaction():
                self._take([*there, *(Record(item, None, deleted=True) for item in missing)])
                self._save(self.shared.store.work.cursor(*self._place))
        with self.shared.store.transaction():
            cursor.listed, cursor.relist = self.shared.clock(), False
            self.shared.store.work.save_cursor(cursor)

    # records

    def _take(self, records: Iterable[Record], *, force: bool = False) -> None:
        """Take a batch in, inside the caller's transaction."""
        store = self.shared.store
        latest = list({item.id: item for item in records}.values())
        self.count.read += len(latest)
        ids = [item.id for item in latest]
        known = store.facts.known(*self._place, ids)
        barred = store.work.barred_ids(*self._place, ids)
        store.work.release([(*self._place, item.id, "") for item in latest if item.id in barred and item.error is None])
        drafts: list[tuple[Record, FactRow | None, Draft]] = []
        gone, back = [], []
        for record in latest:
            old = known.get(record.id)
            present = (old is not None and not old.gone) or record.id in barred
            if record.deleted or record.merged_into is not None:
                self._moved -= present
                gone += [old.id] if old is not None and not old.gone else []
                continue
            if record.data is None and record.error is None:
                store.work.reread_add(*self._place, [record.id], "no data")
                continue
            self._moved += not present
            if not force and record.id not in barred and self._unchanged(record, old):
                continue
            if old is not None and old.gone:
                back.append(old.id)
            draft = self._draft(record)
            if draft is not None and not (old is not None and old.ignored == ERASED):
                drafts.append((record, old, draft))
        self.count.gone += len(gone)
        store.facts.mark_gone(gone)
        store.facts.mark_gone(back, gone=False)
        self._keep(drafts)

    def _unchanged(self, record: Record, old: FactRow | None) -> bool:
        if old is None or old.gone or record.error is not None:
            return False
        return record.version is not None and old.version == record.version and old.mapping == self._rules

    def _draft(self, record: Record) -> Draft | None:
        """The record's draft; None if it went into quarantine."""
        if record.error is not None:
            self._quarantine(record, record.error)
            return None
        assert record.data is not None
        mapping = self.source.mapping
        try:
            draft = draft_of(
                mapping.record,
                mapping.get(record.data),
                system=self.source.system,
                region=self.shared.policy.region,
                body=self.body,
            )
            refuse_unstorable(draft.doc)
        except HubError as error:
            self._quarantine(record, error)
            return None
        return draft

    def _quarantine(self, record: Record, error: HubError) -> None:
        self.count.failed += 1
        text = error.message
        if isinstance(error, ConnectorError) and error.remote_text:
            text = f"{text}: {error.remote_text}"
        text = f"{text}. {error.hint}" if error.hint else text
        place = (*self._place, record.id, "")
        mark = mark_of(record, self._rules)
        row = Quarantined(*place, self.shared.run, self.shared.clock(), error.code, text, mark)
        self.shared.store.work.quarantine([row])

    def _keep(self, drafts: Sequence[tuple[Record, FactRow | None, Draft]]) -> None:
        owners = owners_of(self.shared.store, {key for _, _, draft in drafts for key in draft.keys})
        rows = []
        for record, old, draft in drafts:
            row = FactRow(
                self.shared.new_id() if old is None else old.id,
                *self._place,
                record.id,
                self.source.mapping.record,
                draft.at,
                draft.doc,
                _parties(draft.keys, old, owners),
                draft.ignored,
                version=record.version,
                mapping=self._rules,
                run=self.shared.run,
            )
            self.count.new += old is None
            self.count.changed += old is not None and (old.doc, old.ignored) != (row.doc, row.ignored)
            self.count.attached += len(set(row.customers) - set(old.customers if old is not None else ()))
            rows.append(row)
        self.shared.store.facts.save(rows)
        self.count.bounced += _note_bounces(self.shared, rows)


def owners_of(store: Store, keys: Iterable[str]) -> dict[str, list[str]]:
    """key -> the customers that have it.  An address that many share (info@) is nobody's."""
    keys = set(keys)
    places = {key: place for key in keys if (place := place_of(key)) is not None}
    found = store.records.gids_by_key(keys - set(places))
    owners = {key: sorted(gids) for key, gids in found.items() if len(gids) <= HOT}
    by_resource: Mapping[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for key, (system, resource, remote_id) in places.items():
        by_resource[(system, resource)][remote_id] = key
    for (system, resource), ids in by_resource.items():
        links = store.records.links_by_remote(system, resource, ids)
        survivors = store.records.survivors([link.gid for link in links.values()])
        for remote_id, link in links.items():
            if link.gid:
                owners[ids[remote_id]] = [survivors.get(link.gid, link.gid)]
    return owners


def _parties(keys: Iterable[str], old: FactRow | None, owners: Mapping[str, list[str]]) -> list[Party]:
    """Whom the keys mean; what was attached before stays."""
    parties: list[Party] = []
    for key in keys:
        before = [gid for known, gid in (old.parties if old is not None else ()) if known == key and gid]
        parties += [(key, gid) for gid in before or owners.get(key, [""])]
    return parties


def _note_bounces(shared: Shared, rows: Iterable[FactRow]) -> int:
    """Addresses that a fact reports as dead, of the customers that it is attached to."""
    bounces = []
    for row in rows:
        address = row.doc.get("bounced")
        if address and not row.ignored:
            key = canonical_key("emails", address, region=shared.policy.region)
            reason = str(row.doc.get("bounced_reason") or "")
            bounces += [
                Bounce(gid, key, row.system, row.at, reason) for known, gid in row.parties if known == key and gid
            ]
    return note_bounces(shared, bounces) if bounces else 0


# what happens to customers meanwhile


def attach_waiting(shared: Shared) -> dict[tuple[str, str], int]:
    """Tie facts to customers that appeared, and let them follow customers that were merged.

    Returns (system, resource) -> new ties."""
    _follow_merged(shared)
    facts = shared.store.facts
    found: Mapping[str, list[str]] = defaultdict(list)
    wanted: Mapping[str, set[str]] = defaultdict(set)
    for fact_id, key, gid in facts.openings():
        wanted[key].add(gid)
        found[fact_id].append(key)
    owners = {key: sorted(gids) for key, gids in wanted.items() if len(gids) <= HOT}
    refs = owners_of(shared.store, facts.open_refs())
    ids = dict.fromkeys((*found, *facts.waiting_for(refs)))
    owners |= refs
    ties: dict[tuple[str, str], int] = defaultdict(int)
    for batch in chunks(ids):
        with shared.store.transaction():
            rows = []
            for row in facts.by_id(batch):
                before = row.customers
                row.parties = _parties(dict.fromkeys(key for key, _ in row.parties), row, owners)
                if row.customers != before and not row.ignored:
                    ties[(row.system, row.resource)] += len(set(row.customers) - set(before))
                    rows.append(row)
            facts.save(rows)
            _note_bounces(shared, rows)
    return dict(ties)


def _follow_merged(shared: Shared) -> None:
    for batch in chunks(shared.store.facts.of_merged()):
        with shared.store.transaction():
            rows = shared.store.facts.by_id(batch)
            survivors = shared.store.records.survivors(gid for row in rows for gid in row.customers)
            for row in rows:
                row.parties = [(key, survivors.get(gid, gid)) for key, gid in row.parties]
            shared.store.facts.save(rows)


def forget(store: Store, gids: Iterable[str]) -> int:
    """Take customers out of the facts, for an erasure; returns how many facts were emptied.

    A fact that was theirs alone keeps nothing but its id, so that the message, which is still in its mailbox, is not read
    again.  One that is also another customer's stays with that customer, without the erased one's address."""
    gone = set(gids)
    emptied = 0
    for batch in chunks(store.facts.ids_of(gone)):
        with store.transaction():
            rows = store.facts.by_id(batch)
            for row in rows:
                keys = {key for key, gid in row.parties if gid in gone}
                row.parties = [(key, gid) for key, gid in row.parties if key not in keys or (gid and gid not in gone)]
                if not row.customers:
                    row.parties, row.doc, row.ignored = [], {"kind": row.doc.get("kind")}, ERASED
                    emptied += 1
            store.facts.save(rows)
    return emptied


def account_facts(shared: Shared, source: Source) -> Account:
    """The accounting identity of a fact resource: attached (in sync), ignored (excluded), quarantined, waiting.

    total counts what the source has shown to exist; facts that are gone from it stay known and are not counted."""
    store, place = shared.store, (source.system, source.resource)
    counts: dict[str, Any] = store.facts.counts(*place)
    return Account(
        shared.run,
        *place,
        total=store.work.cursor(*place).size,
        in_sync=counts.get("attached", 0),
        excluded=counts.get("ignored", 0),
        quarantined=len(store.facts.barred(*place)),
        waiting=counts.get("waiting", 0),
    )
