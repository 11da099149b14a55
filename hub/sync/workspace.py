"""The records of one transaction: loaded in batches, merged in memory, stored together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hub.canonical.values import is_match_key
from hub.canonical.values import key as canonical_key
from hub.contract.records import Record
from hub.identity.score import Features, blocks, features
from hub.mapping.view import RemoteRef, View
from hub.state import Golden, Link
from hub.store.store import Store
from hub.sync.merge.context import Merge
from hub.sync.merge.fields import PENDING
from hub.sync.merge.observe import view_of
from hub.sync.plan.record import title
from hub.sync.policy import Policy
from hub.sync.references import LEFT, keys_of, referring
from hub.sync.systems import Source, Systems

MOST_MOVED = 20_000
"""Customers that are remembered to have moved at most; with more than that, all count as moved."""

MATCH_COLLECTIONS = ("emails", "phones", "tax_ids")


@dataclass(slots=True)
class Shared:
    """What all steps of a run share.  start: hub sequence at the beginning of the run; clock: seconds since the epoch."""

    store: Store
    systems: Systems
    policy: Policy
    run: str
    start: int
    clock: Callable[[], float]
    new_id: Callable[[], str]
    quiet: frozenset[str] = frozenset()
    """Fields that this run does not write (consents during the first load)."""
    unlinked: dict[str, int] = field(default_factory=dict)
    """system -> links that this run dropped because their record is gone, where deletions are not passed on."""
    crowded: set[str] = field(default_factory=set)
    """Blocks that this run did not search for alike records, because too many share them."""
    moved: set[str] = field(default_factory=set)
    """Customers that were stored since the last plan other than as that had foreseen: they are planned again."""
    redact: Callable[[str], str] = str
    """Takes live secrets out of what is stored: a system's answer may quote them."""


def mark_of(record: Record, mapping: str) -> str:
    """What reading a record depended on: its version (its content where it has none) and the mapping's hash."""
    version = record.version
    if version is None:
        version = (
            "" if record.data is None else hashlib.sha256(repr(record.data).encode("utf-8", "replace")).hexdigest()
        )
    return f"{version} {mapping}"


def match_keys_of_view(view: View, region: str | None) -> list[str]:
    """The keys under which a native record is matched."""
    keys = []
    for name in MATCH_COLLECTIONS:
        for item in view.collections.get(name, ()):
            if item.value is not None and is_match_key(name, item.value, region=region):
                keys.append(canonical_key(name, item.value, region=region))
    return list(dict.fromkeys(keys))


def match_keys_of_golden(golden: Golden, region: str | None) -> list[str]:
    """The keys under which a golden record is found; a dead one has none."""
    if golden.state != "live":
        return []
    return [
        canonical_key(name, element.value.value, region=region)
        for name in MATCH_COLLECTIONS
        for element in golden.collection(name).live()
        if is_match_key(name, element.value.value, region=region)
    ]


_COMPARED = ("name", "birth_date", "kind")
_COMPARED_LISTS = ("emails", "phones", "addresses")


def features_of_view(view: View, region: str | None) -> Features:
    """What of a native record is compared with others that have no key in common with it."""
    values = {
        name: [item.value for item in view.collections.get(name, ()) if item.value is not None]
        for name in _COMPARED_LISTS
    }
    return features({name: view.fields.get(name) for name in _COMPARED}, values, region)


def features_of_golden(golden: Golden, region: str | None) -> Features:
    """The same of a golden record."""
    values = {name: [item.value.value for item in golden.collection(name).live()] for name in _COMPARED_LISTS}
    return features({name: golden.value(name) for name in _COMPARED}, values, region)


def kept_keys_of_view(view: View, policy: Policy) -> list[str]:
    """All keys that are kept of a native record that waits to be linked."""
    keys = match_keys_of_view(view, policy.region)
    return keys if policy.near.mode == "off" else keys + blocks(features_of_view(view, policy.region))


def kept_keys_of_golden(golden: Golden, policy: Policy) -> list[str]:
    """All keys that are kept of a golden record: those that it is matched by, those by which who refers to another is
    found and, if records are compared, its blocks."""
    keys = match_keys_of_golden(golden, policy.region) + keys_of(golden)
    if policy.near.mode != "off" and golden.state == "live":
        keys += blocks(features_of_golden(golden, policy.region))
    return keys


class Workspace:
    """Golden records and links in memory, with the events of merging them.  ``flush`` stores all of it."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.goldens: dict[str, Golden] = {}
        self.links: dict[str, list[Link]] = {}
        self.changed: set[str] = set()
        self.settled: set[str] = set()
        """Of those that changed: golden is as it was, and was planned since the last change of a link."""
        self.renewed: set[str] = set()
        """Customers whose record in some system is another one than before."""
        self.touched: dict[int, Link] = {}
        self.fresh: list[Link] = []
        self.dropped: list[Link] = []
        self.merges: list[Merge] = []
        self._refs: dict[tuple[str, str, str], str | None] = {}
        self._survivors: dict[str, str] = {}

    def load(self, gids: Iterable[str]) -> None:
        """Read golden records with all their links."""
        wanted = {gid for gid in gids if gid not in self.goldens}
        if not wanted:
            return
        self.goldens.update(self.shared.store.records.goldens(wanted))
        found = self.shared.store.records.links_by_gid(wanted)
        for gid in wanted:
            self.links[gid] = found.get(gid, [])

    def living(self, gid: str) -> Golden:
        """The golden record that stands for ``gid`` now, merges of this very transaction included."""
        self.load([gid])
        while (into := self.goldens[gid].merged_into) is not None:
            gid = into
            self.load([gid])
        return self.goldens[gid]

    def add_golden(self, golden: Golden) -> None:
        self.goldens[golden.gid] = golden
        self.links.setdefault(golden.gid, [])
        self.changed.add(golden.gid)

    def add_link(self, link: Link) -> None:
        mine = self.links.setdefault(link.gid, [])
        if any(item.state in LEFT and item.key[:2] == link.key[:2] for item in mine):
            self.renewed.add(link.gid)
        mine.append(link)
        self.fresh.append(link)
        self._refs[link.key] = link.gid

    def drop_link(self, link: Link) -> None:
        self.links[link.gid] = [item for item in self.links[link.gid] if item is not link]
        self.dropped.append(link)

    def link(self, system: str, resource: str, gid: str, role: str = "") -> Link | None:
        """The primary link of a golden record on a resource, in a state that counts as linked."""
        for item in self.links.get(gid, ()):
            if (
                item.system == system
                and item.resource == resource
                and item.primary
                and item.role == role
                and item.state != "gone"
            ):
                return item
        return None

    def own(self, link: Link) -> Link:
        """The workspace's own copy of a link; a merge in this very transaction may have moved it to another customer."""
        known = (item for item in self.links.get(link.gid, ()) if item.id == link.id)
        moved = (item for items in self.links.values() for item in items if item.id == link.id)
        return next(known, None) or next(moved, link)

    def touch(self, link: Link) -> None:
        self.touched[id(link)] = link
        self.changed.add(link.gid)

    def merge(self, source: Source, modified: float | None) -> Merge:
        """A context for observing one record of a source."""
        offset = self.shared.systems.offsets.get(source.system, 0.0)
        merge = Merge(
            self.shared.policy,
            source.system,
            source.mapping,
            None if modified is None else modified + offset,
            self.shared.start,
            self.shared.store.tick,
            self.shared.systems.mapping,
            lambda ref: self.resolve(source.system, ref),
            self.survivor,
            self.shared.run,
            now=self.shared.clock(),
        )
        self.merges.append(merge)
        return merge

    def resolve(self, system: str, ref: RemoteRef) -> str | None:
        key = (system, ref.resource, ref.id)
        if key not in self._refs or self._refs[key] is None:
            found = self.shared.store.records.links_by_remote(system, ref.resource, [ref.id])
            self._refs[key] = found[ref.id].gid or None if ref.id in found else None
        return self._refs[key]

    def survivor(self, gid: str) -> str:
        if gid not in self._survivors:
            self._survivors[gid] = self.shared.store.records.survivors([gid]).get(gid, gid)
        return self._survivors[gid]

    def flush(self, *, dirty: bool = True) -> None:
        """Store everything; the caller holds the transaction."""
        records, history = self.shared.store.records, self.shared.store.history
        changed = self.changed - self.settled
        if len(self.shared.moved) <= MOST_MOVED:
            self.shared.moved |= changed
        goldens = [self.goldens[gid] for gid in sorted(changed) if gid in self.goldens]
        records.save_goldens([(item, title(item)) for item in goldens], dirty=dirty)
        records.set_keys({item.gid: kept_keys_of_golden(item, self.shared.policy) for item in goldens})
        records.mark_dirty(self.settled, dirty=False)
        for link in self.touched.values():
            if link.state in LEFT and self.link(link.system, link.resource, link.gid) not in (None, link):
                self.renewed.add(link.gid)
        if self.renewed:
            behind = referring(self.shared.store, sorted(self.renewed))
            records.mark_dirty(behind)
            self.shared.moved |= behind
        records.delete_links([item.id for item in self.dropped if item.id is not None])
        dropped = {id(item) for item in self.dropped}
        links = [item for item in (*self.touched.values(), *self.fresh) if id(item) not in dropped]
        unique = list({id(item): item for item in links}.values())
        unique.sort(key=lambda item: item.primary)  # the store allows one primary link at any moment
        records.save_links(unique)
        self._save_pending(unique)
        now = self.shared.clock()
        history.add(
            self.shared.run,
            now,
            [row for merge in self.merges for row in merge.changes],
            [row for merge in self.merges for row in merge.ledger],
            [row for merge in self.merges for row in merge.notices],
        )
        self.merges, self.touched, self.fresh, self.dropped = [], {}, [], []
        self.changed, self.settled, self.renewed = set(), set(), set()

    def _save_pending(self, links: list[Link]) -> None:
        for item in links:
            waiting = [name for name, reason in item.held.items() if reason == PENDING]
            if not waiting and not item.held:
                continue
            source = self.shared.systems.find(item.system, item.resource)
            if source is None or item.native is None or item.id is None:
                continue
            view = view_of(item, source.mapping)
            refs = [
                (item.system, value.resource, value.id)
                for name in waiting
                if view is not None and isinstance(value := view.fields.get(name), RemoteRef)
            ]
            self.shared.store.records.set_pending(item.id, refs)


@dataclass(slots=True)
class Counter:
    """What a run did, per system: shown by the command line and stored with the run."""

    read: int = 0
    changed: int = 0
    linked: int = 0
    new: int = 0
    created: int = 0
    updated: int = 0
    deleted: int = 0
    failed: int = 0
    stale: int = 0
    adopted: int = 0
    calls: int = 0
    problems: list[dict[str, str]] = field(default_factory=list)
