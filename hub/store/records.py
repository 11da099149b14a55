"""Golden records, links and match keys."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select, bindparam, delete, func, insert, literal_column, select, update

from hub.state import Golden, Link
from hub.store.database import pack, unpack
from hub.store.protocol import Database
from hub.store.seen import Seen
from hub.store.tables import golden, ledger, link, match_key, meta, pending_ref, quarantine

Value = TypeVar("Value")

_CHUNK = 500
_PRESENT = ("active", "shadow", "missing")
"""States of links whose native record exists and is ours to sync."""


# Statements are built once: building one costs more than SQLite takes to execute it.  Where the order of rows could
# matter they ask for the one in which the index that finds them has them: SQLite gives it anyway, PostgreSQL need not.
_HERE = (link.c.system == bindparam("b_system"), link.c.resource == bindparam("b_resource"))
_AMONG = (*_HERE, link.c.remote_id.in_(bindparam("b_ids", expanding=True)))
_OF = golden.c.gid.in_(bindparam("b_gids", expanding=True))
_GOLDENS = select(golden).where(_OF).order_by(golden.c.gid)
_MERGED = select(golden.c.gid, golden.c.merged_into).where(golden.c.merged_into.is_not(None), _OF)
_SHOWN_BY_LISTINGS = ("active", "missing", "shadow", "out_of_scope", "quarantined")
_PORTION = 5000
_IN_STATE = (
    select(link.c.id)
    .where(*_HERE, link.c.state == bindparam("b_state"), link.c.id > bindparam("b_after"))
    .order_by(link.c.id)
    .limit(bindparam("b_most"))
)
"""Answered from the index of states alone: the links themselves are wide."""
_REMOTE_IDS = select(link.c.remote_id).where(link.c.id.in_(bindparam("b_link_ids", expanding=True))).order_by(link.c.id)
_DROP_PENDING = delete(pending_ref).where(pending_ref.c.link_id == bindparam("b_link"))
_MARK = update(golden).where(golden.c.gid == bindparam("b_gid")).values(dirty=bindparam("b_dirty"))
_DIRTY = select(golden.c.gid).where(golden.c.dirty == 1).order_by(golden.c.gid)
_LINKS = select(link).where(*_AMONG).order_by(link.c.remote_id)
_VERSIONS = (
    select(link.c.remote_id, link.c.id, link.c.version, link.c.state, link.c.mapping)
    .where(*_AMONG)
    .order_by(link.c.remote_id)
)
_LINK_IDS = select(link.c.remote_id, link.c.id).where(*_AMONG)
_LINKS_OF = select(link).where(link.c.gid.in_(bindparam("b_gids", expanding=True))).order_by(link.c.id)
_NEW_LINK, _DROP_LINK = insert(link), delete(link).where(link.c.id == bindparam("b_id"))
_KEYS = (
    select(match_key)
    .where(match_key.c.key.in_(bindparam("b_keys", expanding=True)))
    .order_by(match_key.c.gid, match_key.c.key)
)
_CROWDED_KEYS = (
    select(match_key.c.key)
    .where(match_key.c.key.in_(bindparam("b_keys", expanding=True)))
    .group_by(match_key.c.key)
    .having(func.count() > bindparam("b_most"))
)
_DROP_KEYS = delete(match_key).where(match_key.c.gid == bindparam("b_gid"))
_COUNT_LINKS = select(link.c.state, func.count().label("n")).where(*_HERE).group_by(link.c.state).order_by(link.c.state)
_COUNTED = "links"
"""In the store's notes: system -> resource -> state -> links, as far as they were counted since one changed."""
_META = select(meta.c.value).where(meta.c.key == bindparam("b_key"))
_FORGET = delete(meta).where(meta.c.key == bindparam("b_key"))
_CONFLICTS = select(ledger.c.gid).where(ledger.c.state == "open")
_COUNT_CONFLICTS = select(func.count()).select_from(ledger).where(ledger.c.state == literal_column("'open'"))
_COUNT_PRESENT = select(func.count()).select_from(link).where(*_HERE, link.c.state.in_(_PRESENT))
_COUNT_FROZEN = _COUNT_PRESENT.where(link.c.gid.in_(_CONFLICTS))
_BARRED = (quarantine.c.system == bindparam("b_system"), quarantine.c.resource == bindparam("b_resource"))
_COUNT_BARRED = select(func.count()).select_from(quarantine).where(*_BARRED)
_COUNT_QUARANTINED = _COUNT_PRESENT.where(
    link.c.gid.not_in(_CONFLICTS),
    link.c.remote_id.in_(select(quarantine.c.remote_id).where(*_BARRED, quarantine.c.remote_id != ""))
    | link.c.gid.in_(select(quarantine.c.gid).where(*_BARRED, quarantine.c.gid != "")),
)


class Gate(Protocol):
    """What of a link decides whether its record has to be looked at, and the link's number."""

    id: int
    version: str | None
    state: str
    mapping: str


def chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """Lists of at most 500, the size that one statement takes."""
    batch: list[Value] = []
    for value in values:
        batch.append(value)
        if len(batch) == _CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch


def folded(text: str) -> str:
    """Small letters, of the Latin ones only: what ``lower`` does in the databases for text that is compared by bytes."""
    return "".join(char.lower() if char.isascii() else char for char in text)


class Records:
    """Reads and writes records in batches; never one statement a record."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # golden records

    def goldens(self, gids: Iterable[str]) -> dict[str, Golden]:
        found: dict[str, Golden] = {}
        for batch in chunks(set(gids)):
            for row in self._db.rows(_GOLDENS, {"b_gids": batch}):
                found[row.gid] = _golden(row)
        return found

    def save_goldens(self, records: Sequence[tuple[Golden, str]], *, dirty: bool = True) -> None:
        """Store golden records with their titles; they are planned again unless ``dirty`` is False."""
        self._db.upsert(
            golden,
            [
                {
                    "gid": item.gid,
                    "record": item.record,
                    "state": item.state,
                    "merged_into": item.merged_into,
                    "seq": item.seq,
                    "dirty": int(dirty),
                    "title": title,
                    "doc": pack(item.to_json()),
                }
                for item, title in records
            ],
        )

    def mark_dirty(self, gids: Iterable[str], *, dirty: bool = True) -> None:
        rows = [{"b_gid": gid, "b_dirty": int(dirty)} for gid in set(gids)]
        self._db.write(_MARK, rows)

    def mark_all_dirty(self) -> None:
        self._db.write(update(golden).values(dirty=1))

    def dirty_gids(self) -> list[str]:
        return [row.gid for row in self._db.rows(_DIRTY, {})]

    def survivors(self, gids: Iterable[str]) -> dict[str, str]:
        """gid -> the gid that it was merged into, followed to the end; only merged ones are in the answer."""
        result: dict[str, str] = {}
        open_ones = {gid: gid for gid in gids}
        while open_ones:
            step: dict[str, str] = {}
            for batch in chunks(set(open_ones.values())):
                step.update({row.gid: row.merged_into for row in self._db.rows(_MERGED, {"b_gids": batch})})
            open_ones = {gid: step[at] for gid, at in open_ones.items() if at in step}
            result.update(open_ones)
        return result

    def count(self, state: str = "live") -> int:
        return int(self._db.rows(select(func.count()).select_from(golden).where(golden.c.state == state))[0][0])

    def search(self, text: str, limit: int = 20) -> list[tuple[str, str]]:
        """(gid, title) of live records by gid, part of the title, or a match key."""
        statement = (
            select(golden.c.gid, golden.c.title)
            .where(
                (golden.c.gid == text)
                | func.lower(golden.c.title).contains(folded(text), autoescape=True)
                | golden.c.gid.in_(
                    select(match_key.c.gid).where(
                        func.lower(match_key.c.key).endswith(":" + text.lower(), autoescape=True)
                    )
                )
            )
            .order_by(golden.c.title, golden.c.gid)
            .limit(limit)
        )
        return [(row.gid, row.title) for row in self._db.rows(statement)]

    def gids(self) -> Iterator[str]:
        """Every live gid, read in pages by key."""
        last = ""
        while True:
            rows = self._db.rows(
                select(golden.c.gid)
                .where(golden.c.gid > last, golden.c.state == "live")
                .order_by(golden.c.gid)
                .limit(_CHUNK)
            )
            if not rows:
                return
            yield from (row.gid for row in rows)
            last = rows[-1].gid

    # links

    def links_by_remote(self, system: str, resource: str, ids: Iterable[str]) -> dict[str, Link]:
        found: dict[str, Link] = {}
        for batch in chunks(set(ids)):
            rows = self._db.rows(_LINKS, {"b_system": system, "b_resource": resource, "b_ids": batch})
            found.update({row.remote_id: _link(row) for row in rows})
        return found

    def versions(self, system: str, resource: str, ids: Iterable[str]) -> dict[str, Gate]:
        """By remote id: the first gate, without reading any document."""
        found: dict[str, Gate] = {}
        for batch in chunks(set(ids)):
            rows = self._db.rows(_VERSIONS, {"b_system": system, "b_resource": resource, "b_ids": batch})
            found.update({row.remote_id: row for row in rows})
        return found

    def links_by_gid(self, gids: Iterable[str]) -> dict[str, list[Link]]:
        found: dict[str, list[Link]] = defaultdict(list)
        for batch in chunks(set(gids)):
            for row in self._db.rows(_LINKS_OF, {"b_gids": batch}):
                found[row.gid].append(_link(row))
        return found

    def linked(self, system: str, resource: str) -> Iterator[Link]:
        """Every link of a resource, a few hundred at a time."""
        after = ""
        while True:
            here = (link.c.system == system) & (link.c.resource == resource) & (link.c.remote_id > after)
            rows = self._db.rows(select(link).where(here).order_by(link.c.remote_id).limit(_CHUNK))
            yield from (_link(row) for row in rows)
            if len(rows) < _CHUNK:
                return
            after = rows[-1].remote_id

    def save_links(self, links: Sequence[Link]) -> None:
        fresh = [item for item in links if item.id is None]
        known = [{**_link_row(item), "id": item.id} for item in links if item.id is not None]
        if links:
            self.forget_counts()
        self._db.upsert(link, known)
        if fresh:
            self._db.write(_NEW_LINK, [_link_row(item) for item in fresh])
            for (system, resource), items in _by_resource(fresh).items():
                ids = self.link_ids(system, resource, [item.remote_id for item in items])
                for item in items:
                    item.id = ids[item.remote_id]

    def link_ids(self, system: str, resource: str, ids: Iterable[str]) -> dict[str, int]:
        """remote id -> the number of its link."""
        found: dict[str, int] = {}
        for batch in chunks(ids):
            rows = self._db.rows(_LINK_IDS, {"b_system": system, "b_resource": resource, "b_ids": batch})
            found.update({row.remote_id: row.id for row in rows})
        return found

    def delete_links(self, ids: Sequence[int]) -> None:
        if ids:
            self.forget_counts()
        self._db.write(_DROP_LINK, [{"b_id": item} for item in ids])

    def unseen(self, system: str, resource: str, seen: Seen) -> list[str]:
        """Remote ids of links that a complete listing should have shown and has not, older links first."""
        missing = [item for state in _SHOWN_BY_LISTINGS for item in self._in_state(system, resource, state, seen)]
        return [
            row.remote_id
            for batch in chunks(sorted(missing))
            for row in self._db.rows(_REMOTE_IDS, {"b_link_ids": batch})
        ]

    def _in_state(self, system: str, resource: str, state: str, seen: Seen) -> Iterator[int]:
        """Numbers of the links in a state that were not seen, read in portions."""
        here, after = {"b_system": system, "b_resource": resource, "b_state": state, "b_most": _PORTION}, 0
        while True:
            rows = self._db.rows(_IN_STATE, {**here, "b_after": after})
            yield from seen.missing(row[0] for row in rows)
            if len(rows) < _PORTION:
                return
            after = rows[-1][0]

    def count_links(self, system: str, resource: str) -> dict[str, int]:
        """State -> links of a resource."""
        counted = self._counted().get(system, {}).get(resource)
        return self._count(system, resource) if counted is None else counted

    def _count(self, system: str, resource: str) -> dict[str, int]:
        return {row.state: row.n for row in self._db.rows(_COUNT_LINKS, {"b_system": system, "b_resource": resource})}

    def keep_counts(self, sides: Iterable[tuple[str, str]]) -> None:
        """Note how many links these resources (system, name) have, until any link is stored or deleted: a run without
        changes finds them counted."""
        known = self._counted()
        missing = [(system, resource) for system, resource in sides if resource not in known.get(system, {})]
        if not missing:
            return
        with self._db.transaction():
            counted = self._counted()
            for system, resource in missing:
                counted.setdefault(system, {})[resource] = self._count(system, resource)
            self._db.upsert(meta, [{"key": _COUNTED, "value": json.dumps(counted, sort_keys=True)}])

    def forget_counts(self) -> None:
        """Links are counted anew when they are asked for next."""
        self._db.write(_FORGET, {"b_key": _COUNTED})

    def _counted(self) -> dict[str, dict[str, dict[str, int]]]:
        rows = self._db.rows(_META, {"b_key": _COUNTED})
        found: dict[str, dict[str, dict[str, int]]] = json.loads(rows[0].value) if rows else {}
        return found

    def count_frozen(self, system: str, resource: str) -> int:
        """Active links whose golden record has a conflict that waits for a person."""
        if not self._db.rows(_COUNT_CONFLICTS, {})[0][0]:
            return 0  # nearly always: looking at every link of the resource would cost seconds for a million
        return int(self._db.rows(_COUNT_FROZEN, {"b_system": system, "b_resource": resource})[0][0])

    def count_quarantined_links(self, system: str, resource: str) -> int:
        """Active links (without an open conflict) of which reading or writing the record is quarantined."""
        here = {"b_system": system, "b_resource": resource}
        if not self._db.rows(_COUNT_BARRED, here)[0][0]:
            return 0  # as above
        return int(self._db.rows(_COUNT_QUARANTINED, here)[0][0])

    def count_connected(self) -> int:
        """Live golden records that more than one system knows."""
        several = (
            select(link.c.gid)
            .where(link.c.state.in_(_PRESENT))
            .group_by(link.c.gid)
            .having(func.count(link.c.system.distinct()) > 1)
        )
        statement = select(func.count()).select_from(golden).where(golden.c.state == "live", golden.c.gid.in_(several))
        return int(self._db.rows(statement)[0][0])

    def count_missing_links(self, system: str, resources: Sequence[str]) -> int:
        """Live golden records without any link on the system."""
        linked = select(link.c.gid).where(link.c.system == system, link.c.resource.in_(resources))
        statement = (
            select(func.count()).select_from(golden).where(golden.c.state == "live", golden.c.gid.not_in(linked))
        )
        return int(self._db.rows(statement)[0][0])

    def count_shared(self, system: str) -> int:
        """Golden records that have a record on this system and one on another."""
        return int(self._db.rows(select(func.count()).select_from(_shared(system).subquery()))[0][0])

    def shared(self, system: str, limit: int) -> list[tuple[str, str]]:
        """(gid, title) of some golden records that have a record on this system and one on another."""
        statement = (
            select(golden.c.gid, golden.c.title)
            .where(golden.c.gid.in_(_shared(system)))
            .order_by(golden.c.title, golden.c.gid)
            .limit(limit)
        )
        return [(row.gid, row.title) for row in self._db.rows(statement)]

    # match keys

    def gids_by_key(self, keys: Iterable[str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for batch in chunks(set(keys)):
            for row in self._db.rows(_KEYS, {"b_keys": batch}):
                found[row.key].append(row.gid)
        return found

    def crowded(self, keys: Iterable[str], most: int) -> set[str]:
        """Those of the keys that more than ``most`` golden records have."""
        return {
            row.key
            for batch in chunks(set(keys))
            for row in self._db.rows(_CROWDED_KEYS, {"b_keys": batch, "b_most": most})
        }

    def drop_keys(self, prefix: str) -> None:
        """Forget all keys that begin so, of all golden records."""
        self._db.write(delete(match_key).where(match_key.c.key.like(f"{prefix}%")))

    def set_keys(self, keys: Mapping[str, Iterable[str]]) -> None:
        """gid -> its match keys, replacing what was there."""
        self._db.write(_DROP_KEYS, [{"b_gid": gid} for gid in keys])
        self._db.upsert(
            match_key, [{"key": key, "gid": gid} for gid, items in keys.items() for key in sorted(set(items))]
        )

    # references to records that are not linked yet

    def set_pending(self, link_id: int, refs: Sequence[tuple[str, str, str]]) -> None:
        self._db.write(_DROP_PENDING, {"b_link": link_id})
        self._db.upsert(
            pending_ref,
            [{"system": s, "resource": r, "remote_id": i, "link_id": link_id} for s, r, i in refs],
        )

    def waiting_for(self, system: str, resource: str, ids: Iterable[str]) -> list[Link]:
        """Links with a reference to one of these records, which were not linked so far."""
        found: list[Link] = []
        for batch in chunks(set(ids)):
            wanted = select(pending_ref.c.link_id).where(
                pending_ref.c.system == system, pending_ref.c.resource == resource, pending_ref.c.remote_id.in_(batch)
            )
            found.extend(
                _link(row) for row in self._db.rows(select(link).where(link.c.id.in_(wanted)).order_by(link.c.id))
            )
        return found


def _shared(system: str) -> Select[tuple[str]]:
    here, there = link.alias(), link.alias()
    return (
        select(here.c.gid)
        .join(there, (there.c.gid == here.c.gid) & (there.c.system != here.c.system))
        .where(here.c.system == system, here.c.state.in_(_PRESENT), there.c.state.in_(_PRESENT))
        .distinct()
    )


def _by_resource(links: Sequence[Link]) -> dict[tuple[str, str], list[Link]]:
    result: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for item in links:
        result[(item.system, item.resource)].append(item)
    return result


def _golden(row: Any) -> Golden:
    return Golden.from_json(row.gid, row.record, row.state, row.merged_into, row.seq, unpack(row.doc))


def _link(row: Any) -> Link:
    item = Link(
        row.system,
        row.resource,
        row.remote_id,
        row.gid,
        row.state,
        row.role,
        bool(row.is_primary),
        row.version,
        row.epoch,
        row.mapping,
        bool(row.created_by_hub),
        None if row.native is None else unpack(row.native),
        row.modified,
        reason=row.reason,
        id=row.id,
    )
    item.read_json(unpack(row.doc))
    return item


def _link_row(item: Link) -> dict[str, Any]:
    return {
        "system": item.system,
        "resource": item.resource,
        "remote_id": item.remote_id,
        "gid": item.gid,
        "role": item.role,
        "is_primary": int(item.primary),
        "state": item.state,
        "version": item.version,
        "epoch": item.epoch,
        "mapping": item.mapping,
        "created_by_hub": int(item.created_by_hub),
        "modified": item.modified,
        "round": 0,
        "reason": item.reason,
        "native": None if item.native is None else pack(item.native),
        "doc": pack(item.to_json()),
    }
