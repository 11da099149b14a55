"""A system in memory with switchable traits: what engine tests and the simulator sync against.

It keeps documents, versions, a change feed and the parts of lists like a real system does, and can be told to behave
badly in the ways that real systems do.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from hub.contract.connector import Connector, ConnectorConfig, Context, CursorExpired
from hub.contract.errors import Conflict, ConnectorError, Duplicate, NotFound, OutcomeUnknown, Rejected
from hub.contract.records import Account, Capabilities, Json, Op, Page, Parts, Receipt, Record, Resource

Document = dict[str, Any]


@dataclass(slots=True)
class Traits:
    """How the system behaves.  rewrite: what the server does to a document on every write (upper-casing, cutting,
    defaults); create: how a create can be recognised; feed: deletions come with the changes; lag: writes are invisible
    to changes and find for that many later calls; bump: changing a part changes the version."""

    create: str = "marker"
    conditional: bool = True
    feed: bool = True
    rewrite: Callable[[Document], None] | None = None
    refuse: Callable[[Document], str | None] | None = None
    unique: str | None = None
    page: int = 3
    batch: int = 10
    parts: Mapping[str, Any] = field(default_factory=dict)
    image: bool = True
    index_lag: float = 0.0
    writes: frozenset[str] = frozenset({"create", "update", "delete"})


@dataclass(slots=True)
class Stored:
    """One document with its version, times and the key of the create that made it."""

    id: str
    data: Document
    version: int
    modified: float
    created: float
    op_key: str = ""
    deleted: bool = False
    merged_into: str | None = None


class MemoryServer:
    """The remote side: what users see and edit, and what the connector talks to."""

    def __init__(self, traits: Traits | None = None, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.traits = traits or Traits()
        self.clock = clock
        self.records: dict[str, Stored] = {}
        self.log: list[str] = []
        self.calls = 0
        self.writes: list[tuple[str, str]] = []
        self.expired = False
        self.fault: Callable[[str, int], ConnectorError | None] = lambda _call, _number: None
        self.after_write: Callable[[Stored], None] = lambda _record: None
        self._ids = itertools.count(1)
        self._parts = itertools.count(1)

    def call(self, name: str) -> None:
        """Count a call and let a test make it fail before it does anything."""
        self.calls += 1
        error = self.fault(name, self.calls)
        if error is not None:
            raise error

    # what users do

    def add(self, data: Document, op_key: str = "") -> str:
        """A user (or the connector) creates a record; returns its id."""
        record = Stored(str(next(self._ids)), {}, 0, self.clock(), self.clock(), op_key)
        self.records[record.id] = record
        record.data = copy.deepcopy(data)
        self._stored(record)
        return record.id

    def edit(self, id_: str, change: Callable[[Document], None] | None = None, **values: Any) -> None:
        """A user edits a record in place."""
        record = self.records[id_]
        if change is not None:
            change(record.data)
        record.data.update(copy.deepcopy(values))
        self._stored(record)

    def remove(self, id_: str, merged_into: str | None = None) -> None:
        """A user deletes a record (or merges it into another)."""
        record = self.records[id_]
        record.deleted, record.merged_into = True, merged_into
        record.version += 1
        self.log.append(id_)

    def alive(self) -> dict[str, Document]:
        return {record.id: record.data for record in self.records.values() if not record.deleted}

    def carries(self, record: Stored, key: str, values: Sequence[str]) -> bool:
        """Whether a search for values under a key finds this record."""
        if key == "op_key":
            return record.op_key in values
        return str(record.data.get(key) or "").casefold() in {value.casefold() for value in values}

    def _stored(self, record: Stored) -> None:
        for path, kind in self.traits.parts.items():
            if kind == "by_id":
                for row in record.data.get(path) or []:
                    if not row.get("id"):
                        row["id"] = f"p{next(self._parts)}"
        if self.traits.rewrite is not None:
            self.traits.rewrite(record.data)
        record.version += 1
        record.modified = self.clock()
        self.log.append(record.id)

    # what the connector does

    def write(self, op: Op) -> Receipt:
        record = self.records.get(op.id or "")
        if op.kind == "create":
            return self._create(op)
        if record is None or record.deleted:
            return Receipt(op.key, op.id, error=NotFound("no such record"))
        if self.traits.conditional and op.if_version is not None and op.if_version != str(record.version):
            return Receipt(op.key, op.id, error=Conflict("the record has changed"))
        self.writes.append((op.kind, record.id))
        if op.kind == "delete":
            self.remove(record.id)
            return Receipt(op.key, record.id)
        refused = self._patched(record.data, op.data)
        if isinstance(refused, str):
            return Receipt(op.key, op.id, error=Rejected(refused))
        record.data = refused
        self._stored(record)
        return self._receipt(op, record)

    def _create(self, op: Op) -> Receipt:
        data = self._patched({}, op.data)
        if isinstance(data, str):
            return Receipt(op.key, error=Rejected(data))
        unique = self.traits.unique
        if unique is not None and data.get(unique):
            for other in self.records.values():
                if not other.deleted and other.data.get(unique) == data[unique]:
                    return Receipt(op.key, error=Duplicate("exists already", existing_id=other.id))
        id_ = self.add(data, op.key if self.traits.create in ("marker", "upsert_key", "client_id") else "")
        self.writes.append(("create", id_))
        return self._receipt(op, self.records[id_])

    def _patched(self, data: Document, patch: Mapping[str, Any]) -> Document | str:
        result = copy.deepcopy(data)
        for path, value in patch.items():
            result[path] = (
                _patch_list(result.get(path) or [], value) if isinstance(value, Parts) else copy.deepcopy(value)
            )
        reason = self.traits.refuse(result) if self.traits.refuse is not None else None
        return reason if reason is not None else result

    def _receipt(self, op: Op, record: Stored) -> Receipt:
        image = to_record(record) if self.traits.image else None
        receipt = Receipt(op.key, record.id, str(record.version), image)
        self.after_write(record)
        return receipt


def _patch_list(rows: Sequence[Document], parts: Parts) -> list[Document]:
    kept = [dict(row) for row in rows if row["id"] not in parts.remove]
    for row in kept:
        row.update(parts.set.get(row["id"], {}))
    if parts.order is not None:
        order = {id_: place for place, id_ in enumerate(parts.order)}
        kept.sort(key=lambda row: order.get(row["id"], len(order)))
    return kept + [dict(row) for row in parts.add]


def to_record(record: Stored) -> Record:
    """The record as the connector hands it out."""
    return Record(
        record.id,
        None if record.deleted else copy.deepcopy(record.data),
        str(record.version),
        datetime.fromtimestamp(record.modified, UTC),
        datetime.fromtimestamp(record.created, UTC),
        deleted=record.deleted and record.merged_into is None,
        merged_into=record.merged_into,
    )


class MemoryConfig(ConnectorConfig):
    """No settings."""


def _findable(traits: Traits) -> frozenset[str]:
    if traits.create in ("marker", "upsert_key", "client_id"):
        return frozenset({"op_key"})
    return frozenset({traits.unique} if traits.create == "unique_key" and traits.unique else ())


class MemoryConnector(Connector[MemoryConfig]):
    """The connector to a MemoryServer."""

    name: ClassVar[str] = "memory"
    Config = MemoryConfig

    def __init__(self, server: MemoryServer, context: Context, resource: str = "contacts") -> None:
        super().__init__(MemoryConfig(), context)
        self.server = server
        self.resource_name = resource

    def check(self) -> Account:
        return Account("memory")

    def resources(self) -> Sequence[Resource]:
        traits = self.server.traits
        return [
            Resource(
                self.resource_name,
                "customer",
                Capabilities(
                    writes=traits.writes,  # type: ignore[arg-type]  # the three kinds of writes
                    deletes="feed" if traits.feed else "listing",
                    conditional_write=traits.conditional,
                    create=traits.create,  # type: ignore[arg-type]  # one of the contract's words
                    version_after_write=True,
                    image_after_write=traits.image,
                    batch=traits.batch,
                    page=traits.page,
                    find_by=_findable(traits),
                    index_lag=traits.index_lag,
                    parts=traits.parts,
                    clock_resolution=0.0,
                ),
            )
        ]

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        self.server.call("changes")
        if self.server.expired and cursor is not None:
            self.server.expired = False
            raise CursorExpired
        end = len(self.server.log)
        ids = list(dict.fromkeys(self.server.log[cursor or 0 : end]))
        if cursor is None:
            ids = [id_ for id_ in ids if not self.server.records[id_].deleted]
        elif not self.server.traits.feed:
            ids = [id_ for id_ in ids if not self.server.records[id_].deleted or self.server.records[id_].merged_into]
        size = self.server.traits.page
        for start in range(0, max(len(ids), 1), size):
            if start:
                self.server.call("changes")
            page = [to_record(self.server.records[id_]) for id_ in ids[start : start + size]]
            last = start + size >= len(ids)
            yield Page(page, end if last else cursor, complete=last)

    def listing(self, resource: str) -> Iterator[Page]:
        self.server.call("listing")
        records = [
            Record(item.id, None, str(item.version)) for item in self.server.records.values() if not item.deleted
        ]
        yield Page(records, complete=True)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        self.server.call("fetch")
        for id_ in ids:
            found = self.server.records.get(id_)
            if found is not None and not found.deleted:
                yield to_record(found)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        self.server.call("find")
        for record in self.server.records.values():
            if self.server.carries(record, key, values) and not record.deleted:
                yield to_record(record)

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        self.server.call("write")
        for op in ops:
            receipt = self.server.write(op)
            lost = self.server.fault("receipt", self.server.calls)
            if lost is not None:
                if isinstance(lost, OutcomeUnknown):
                    continue
                raise lost
            yield receipt
