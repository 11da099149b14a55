"""What passes between the core and a connector: plain, frozen values with native field names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hub.contract.errors import ConnectorError

Json = Any
"""Anything that JSON can hold."""

OpKind = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Record:
    """One native record as a document: the root plus the parts it owns, nested, each with its own id where it has one.

    id:          the record's id in its resource, as text.
    data:        native field names and JSON values; None where only id and version were asked for (a listing).
                 A list of parts is a list of dicts; keys starting with "_" are the connector's own (kept with the row
                 and handed back on writes, never mapped).
    version:     changes whenever the record **or one of its parts** changes; None where the system has none.
                 Comparable only for equality.
    modified_at: the system's own clock, aware; breaks ties between concurrent edits, never used for causality.
    created_at:  likewise; used to recognise a create whose answer was lost.
    deleted:     a tombstone (data may be None).
    merged_into: id of the surviving record, when the system says that this one was merged away.
    error:       this one record could not be read (its id is known); the engine quarantines it, others go on.
    """

    id: str
    data: Mapping[str, Any] | None
    version: str | None = None
    modified_at: datetime | None = None
    created_at: datetime | None = None
    deleted: bool = False
    merged_into: str | None = None
    error: ConnectorError | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of records with the cursor to save once they are stored.

    cursor:   opaque JSON; handing it back continues after this page (or, after the last page, asks for what is new).
    complete: this is the last page and the pass ended normally.
    relist:   the connector knows that something was deleted but not what; the engine makes a full listing.
    epoch:    changes when the remote was restored or replaced, so that old ids and cursors mean nothing.
    """

    records: Sequence[Record]
    cursor: Json = None
    complete: bool = False
    relist: bool = False
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """A change to a list of parts whose rows have ids (the resource declares ``parts[path] = "by_id"``)."""

    add: Sequence[Mapping[str, Any]] = ()
    set: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remove: Sequence[str] = ()
    order: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Op:
    """One write.

    key:        the correlation key (also of a repeated attempt); a connector with create = "marker", "upsert_key" or
                "client_id" stores or derives it so that ``find(resource, "op_key", [key])`` answers later.
    id:         None for a create.
    data:       for an update a patch: an absent key leaves the field alone, None clears it, a ``Parts`` changes rows of
                a list "by_id"; lists declared "whole" or "text" come complete, each row that was read before with its
                private "_" keys.
    if_version: write only if the record is still at this version (where the resource has conditional writes).
    """

    key: str
    kind: OpKind
    id: str | None
    data: Mapping[str, Any]
    if_version: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of one op.  ``error`` None means done; ``image`` is the record as the remote now shows it, if known."""

    key: str
    id: str | None = None
    version: str | None = None
    image: Record | None = None
    error: ConnectorError | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """A webhook's content: ids to read again; never data.

    ids:   empty where the system does not name them: the hub asks for what is new.
    event: what names this event or delivery for good, by which a repeated one is known; "" where there is nothing: then
           it is read once more.
    """

    resource: str
    ids: Sequence[str]
    event: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook as the system keeps it: what it tells (``topic``), and to whom (``url``).

    active:  it is sent now (neither disabled nor expired);  detail: the system's own word for why it is not.
    expires: when it ends by itself, None if it does not.
    mended:  what ``subscribe`` did about it: "made" (it was missing or had expired), "woken" (the system had disabled
             it), "renewed" (it would have ended), "" (it was in order).
    """

    id: str
    topic: str
    url: str
    active: bool = True
    detail: str = ""
    expires: datetime | None = None
    mended: Literal["", "made", "woken", "renewed"] = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A native field as discovery found it."""

    path: str
    type: Literal["text", "number", "bool", "date", "datetime", "enum", "list", "reference", "object"] = "text"
    label: str = ""
    required: bool = False
    read_only: bool = False
    max_length: int | None = None
    values: Sequence[str] | None = None
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are on the remote, what we may do there and which version it runs."""

    name: str
    server: str = ""
    version: str = ""
    granted: Sequence[str] = ()
    missing: Sequence[str] = ()
    clock: datetime | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a resource can do, as plain data: the engine and `check` decide by it, never by asking for a type.

    writes:             which of the writes the resource offers; an empty set means read-only.
    incremental:        ``changes`` can continue from a cursor.
    deletes:            how deletions are seen: a "feed" of tombstones, "listing" (absence from a certified listing), "none".
    conditional_write:  ``Op.if_version`` is honoured atomically by the remote.
    create:             how a create whose answer was lost is recognised: "upsert_key" / "marker" / "client_id" (searchable
                        by our key), "unique_key" (the remote refuses a second one), "none" (natural keys only).
    version_after_write, image_after_write: the Receipt carries them.
    partial_update:     absent keys are left alone by the remote itself (a connector may also emulate it).
    batch:              most ops in one call of ``write``.
    per_call:           most of them in one API call; None: all of them.
    page:               most records in one call of ``fetch``.
    find_by:            keys that ``find`` accepts: "op_key", "own_key", "email", "phone", "tax_id", ...
    index_lag:          seconds until ``find`` and ``changes`` surely show a write.
    clock_resolution:   seconds; the grain of modified_at.
    merge_events:       ``changes`` tells when two records were merged (``Record.merged_into``).
    parts:              native list path -> "by_id" | "whole" | "text".
    poll_calls:         API calls of one ``changes`` poll that finds nothing.
    misses:             for people: what ``changes`` can miss, so that a reconcile is needed.
    """

    writes: frozenset[OpKind] = frozenset({"create", "update", "delete"})
    incremental: bool = True
    deletes: Literal["none", "feed", "listing"] = "listing"
    conditional_write: bool = False
    create: Literal["upsert_key", "marker", "client_id", "unique_key", "none"] = "none"
    version_after_write: bool = False
    image_after_write: bool = False
    partial_update: bool = True
    batch: int = 1
    per_call: int | None = None
    page: int = 100
    find_by: frozenset[str] = frozenset()
    index_lag: float = 0.0
    clock_resolution: float = 1.0
    merge_events: bool = False
    parts: Mapping[str, Literal["by_id", "whole", "text"]] = field(default_factory=dict)
    poll_calls: int = 1
    misses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the remote allows per account, and where the figures come from.

    rate:    "100/10s": so many calls in so many seconds;  daily: calls in 24 hours;  concurrency: calls at a time.
    hosts:   hosts that may be called beside those of the settings.
    headers: "remaining", "reset", "daily_remaining" -> the header of an answer that shows it.
    """

    rate: str = ""
    daily: int | None = None
    concurrency: int = 4
    source: str = ""
    hosts: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of record that a connector offers.  ``mapping`` names the default mapping file (without .toml)."""

    name: str
    record: Literal["customer", "order", "interaction", "deal"] = "customer"
    capabilities: Capabilities = Capabilities()
    mapping: str = ""
