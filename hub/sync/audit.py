"""A drift audit: what a system shows, read whole and without any cursor, against what the hub believes that it shows.

Nothing is written.  ``repair`` puts drifted records on the list of those that the next sync reads again, where what they
show is observed as an edit like any other: it is merged, never blindly overwritten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hub.canonical.schema import COLLECTIONS, field_def
from hub.canonical.values import key, same
from hub.contract.records import Record
from hub.mapping.view import UNSUPPORTED, Position, RemoteRef, Value, View
from hub.state import Golden, Link
from hub.store.store import Store
from hub.sync.policy import canonical_bytes, is_blank
from hub.sync.systems import Source
from hub.sync.undo.accept import differs_on_purpose

Kind = Literal["changed", "unknown", "missing", "unreadable", "unlike_golden"]

REASON = "found by verify"
_PRESENT = ("active", "shadow")


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference.

    kind: "changed" (the system shows another value than the hub has seen), "unknown" (a record that the hub does not know),
    "missing" (one that it believes to exist and that is not there), "unreadable", "unlike_golden" (seen, but not what the
    hub gave or holds, and nothing says why).  believed and shown: canonical values; path "" stands for the whole record.
    """

    kind: Kind
    system: str
    resource: str
    remote_id: str
    gid: str = ""
    path: str = ""
    believed: Value = None
    shown: Value = None


@dataclass(slots=True)
class Audit:
    """What was found in one resource.  records: how many the system listed; compared: how many documents were compared."""

    system: str
    resource: str
    records: int = 0
    compared: int = 0
    drifts: list[Drift] = field(default_factory=list)


def audit(
    store: Store,
    source: Source,
    *,
    full: bool = False,
    region: str | None = None,
    progress: Callable[[int], None] = lambda _number: None,
) -> Audit:
    """Read a resource whole and compare.  Documents that come with the listing are always compared; others are fetched if
    their version is not the one that the hub has read, or with ``full`` in any case.  Raises ConnectorError."""
    found = Audit(source.system, source.resource)
    seen: set[str] = set()
    for page in source.connector.listing(source.resource):
        records = [item for item in page.records if not item.deleted and item.id not in seen]
        seen.update(item.id for item in records)
        found.records += len(records)
        _page(store, source, found, records, full=full, region=region)
        progress(len(page.records))
    for batch in _batches(_unseen(store, source, seen)):
        there = {item.id for item in source.connector.fetch(source.resource, [link.remote_id for link in batch])}
        found.drifts += [
            Drift("missing", *link.key, link.gid) for link in batch if link.remote_id not in there
        ]  # one that is there now was made or shown while we were reading
    return found


def _page(
    store: Store, source: Source, found: Audit, records: Sequence[Record], *, full: bool, region: str | None
) -> None:
    system, resource = source.system, source.resource
    ids = [item.id for item in records]
    links = store.records.links_by_remote(system, resource, ids)
    known = set(store.staging.states(system, resource, ids)) | store.work.barred_ids(system, resource, ids)
    wanted = [item.id for item in records if _is_wanted(item, links.get(item.id), full)]
    fetched = {item.id: item for item in source.connector.fetch(resource, wanted)} if wanted else {}
    goldens = store.records.goldens(link.gid for link in links.values() if link.gid)
    for record in records:
        link = links.get(record.id)
        place = (system, resource, record.id)
        if link is None or link.state in ("gone", "excluded"):
            if record.id not in known:
                found.drifts.append(Drift("unknown", *place))
            continue
        current = fetched.get(record.id, record)
        if current.error is not None:
            if record.id not in known:
                found.drifts.append(Drift("unreadable", *place, link.gid, "", None, str(current.error.code)))
            continue
        if current.data is None or link.native is None or link.state not in _PRESENT:
            continue
        shown, believed = source.mapping.get(source.mapping.prune(current.data)), source.mapping.get(link.native)
        found.compared += 1
        if shown is None or believed is None:
            if shown is not believed:
                found.drifts.append(Drift("changed", *place, link.gid))
            continue
        changed = list(_changed(link, believed, shown))
        found.drifts += changed
        if not changed and link.state == "active" and link.gid in goldens:
            found.drifts += _unlike(store, source, link, goldens[link.gid], shown, region)


def _is_wanted(record: Record, link: Link | None, full: bool) -> bool:
    """Whether the document of a listed record has to be fetched."""
    if record.data is not None or record.error is not None or link is None:
        return False
    return full or record.version is None or record.version != link.version


def _unseen(store: Store, source: Source, seen: set[str]) -> Iterator[Link]:
    for link in store.records.linked(source.system, source.resource):
        if link.state in _PRESENT and link.remote_id not in seen:
            yield link


def _batches(links: Iterable[Link], size: int = 100) -> Iterator[list[Link]]:
    batch: list[Link] = []
    for link in links:
        batch.append(link)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _changed(link: Link, believed: View, shown: View) -> Iterator[Drift]:
    """What a system shows otherwise than when the hub looked last."""
    for name in sorted({*believed.fields, *shown.fields}):
        before, now = (_plain(view.fields.get(name)) for view in (believed, shown))
        if before != now and not (is_blank(before) and is_blank(now)):
            yield Drift("changed", *link.key, link.gid, name, before, now)
    for name in sorted({*believed.collections, *shown.collections}):
        before, now = (view.collections.get(name, ()) for view in (believed, shown))
        if _content(before) != _content(now):
            yield Drift("changed", *link.key, link.gid, name, _values(before), _values(now))


def _plain(value: Value) -> Value:
    return value.id if isinstance(value, RemoteRef) else value


def _content(rows: Sequence[Position]) -> list[bytes]:
    return sorted(
        canonical_bytes([row.value, sorted(row.attrs.get("labels") or ()), row.primary])
        for row in rows
        if row.value is not None
    )


def _values(rows: Sequence[Position]) -> list[Value]:
    return [row.value for row in rows if row.value is not None]


def _unlike(
    store: Store, source: Source, link: Link, golden: Golden, shown: View, region: str | None
) -> Iterator[Drift]:
    """What a system shows otherwise than golden, although nothing is to be written and nobody was told why."""
    if golden.state != "live" or not source.writable:
        return
    told = {row["path"].split("/", 1)[0] for row in store.history.notices(gid=link.gid) if row["system"] == link.system}
    told |= {name.split("/", 1)[0] for name in (*link.held, *link.lost, *golden.frozen)}
    for name, spec in source.mapping.fields.items():
        value = golden.value(name)
        waits = link.sent.get(name) != value
        if spec.direction != "both" or spec.ref or name == "kind" or name in told or waits or name not in shown.fields:
            continue
        image, kind = source.mapping.norm(name, value), getattr(field_def(name), "kind", "text")
        if image is UNSUPPORTED or (is_blank(image) and is_blank(shown.fields[name])) or is_blank(value):
            continue
        if not same(kind, image, shown.fields[name], region=region) and not differs_on_purpose(golden, link, name):
            yield Drift("unlike_golden", *link.key, link.gid, name, image, shown.fields[name])
    for name, listed in source.mapping.collections.items():
        if name in told or listed.direction != "both" or name not in shown.collections or name not in COLLECTIONS:
            continue
        images = [source.mapping.norm_row(name, e.value.value, e.attr_values()) for e in golden.collection(name).live()]
        live = {key(name, row.value, region=region) for row in images if row is not None}
        extra = [
            row.value
            for row in shown.collections[name]
            if row.value is not None and key(name, row.value, region=region) not in live
        ]
        known = set(link.esent.get(name, {}))
        waits = any(e.eid not in known for e in golden.collection(name).live())
        if extra and not waits and not differs_on_purpose(golden, link, name):
            yield Drift("unlike_golden", *link.key, link.gid, name, _values_of(golden, name), extra)


def _values_of(golden: Golden, name: str) -> list[Value]:
    return [element.value.value for element in golden.collection(name).live()]


def repair(store: Store, audits: Iterable[Audit]) -> int:
    """Let the next sync read the drifted records again, as if they had just been edited; returns how many."""
    marked = 0
    with store.transaction():
        for item in audits:
            ids = sorted({drift.remote_id for drift in item.drifts if drift.kind != "unlike_golden"})
            store.work.reread_add(item.system, item.resource, ids, REASON)
            store.records.mark_dirty({drift.gid for drift in item.drifts if drift.gid})
            marked += len(ids)
    return marked
