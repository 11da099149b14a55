"""The simulated systems: a server with the traits of its profile, and the connector through which the hub sees it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hub.contract.connector import Context, CursorExpired
from hub.contract.errors import OutcomeUnknown, Unavailable
from hub.contract.records import Capabilities, Json, Op, Page, Receipt, Record, Resource
from hub.testing.memory import Document, MemoryConnector, MemoryServer, Stored, Traits
from hub.testing.simulation.lineage import tokens, without_private
from hub.testing.simulation.profile import Profile

if TYPE_CHECKING:
    from hub.testing.simulation.world import World

RESOURCE = "contacts"


@dataclass(slots=True)
class Past:
    """How a record was before its last write: what a stale replica still shows."""

    data: Document
    version: int
    modified: float
    until: float


class SimulatedServer(MemoryServer):
    """A memory server whose writes become visible late, whose feed misses some, and whose clock is its own."""

    def __init__(self, profile: Profile, world: World) -> None:
        traits = Traits(
            create=profile.create,
            conditional=not profile.has("unconditional"),
            feed=not profile.has("listing"),
            rewrite=self.store_form,
            refuse=_refuse,
            unique="email" if profile.create == "unique_key" else None,
            page=profile.page,
            batch=profile.batch,
            parts=profile.parts,
            image=not profile.has("no_image"),
            index_lag=profile.lag,
        )
        super().__init__(traits, lambda: world.now)
        self.profile, self.world = profile, world
        self.unseen: list[tuple[float, str]] = []
        self.past: dict[str, Past] = {}
        self.made: dict[str, str] = {}
        self.touched: set[str] = set()
        self.handed: dict[str, int] = {}
        self.verified: dict[str, Document] = {}
        """The records at the hub's last look, which it takes just before a write that is not conditional."""
        self.vanished: frozenset[str] = frozenset()
        self.masked: set[str] = set()
        self.unshown: dict[str, set[str]] = {}
        """Of each record what was hidden when the hub saw it last."""
        self.erased: set[tuple[str, str]] = set()
        """(record, key) of what users erased before the hub had seen it again: it looks as it did, so nobody can know."""
        self.missed = False
        self.reused: set[str] = set()
        self.returned: dict[str, int] = {}
        """Records that users took back after a deletion, and the run (its number) during or after which they did."""

    # what the server does to what it stores

    def store_form(self, data: Document) -> None:
        """What the server makes of a document: known to the mapping (upper, cut), or not (rewrite, default)."""
        if self.profile.has("upper") and isinstance(data.get("name"), str):
            data["name"] = data["name"].upper()
        if self.profile.has("cut") and isinstance(data.get("notes"), str):
            data["notes"] = data["notes"][:14].strip()
        if self.profile.has("rewrite") and isinstance(data.get("notes"), str):
            data["notes"] = data["notes"].strip()[:18].rstrip().capitalize()
        if self.profile.has("default") and "lang" not in data:
            data["lang"] = "en"
        self._limit(data)

    def _limit(self, data: Document) -> None:
        most = self.profile.most_emails
        if most is not None and data.get("emails"):
            data["emails"] = data["emails"][:most]

    def _stored(self, record: Stored) -> None:
        if record.version:
            self.past[record.id] = Past(self._before, record.version, record.modified, self.clock() + self.profile.lag)
        super()._stored(record)
        self._announce(record.id)

    def _announce(self, id_: str) -> None:
        """The feed learns of a change after the index lag, or never (a late commit with an old stamp)."""
        if self.log and self.log[-1] == id_:
            self.log.pop()
        if self.missed:
            self.missed = False
        else:
            self.unseen.append((self.clock() + self.profile.lag, id_))

    _before: Document

    def edit(self, id_: str, change: Any = None, **values: Any) -> None:
        self._before = copy.deepcopy(self.records[id_].data)
        super().edit(id_, change, **values)
        after = self.records[id_].data
        self.erased |= {(id_, key) for key in self.unshown.get(id_, ()) if self._before.get(key) and not after.get(key)}

    def remove(self, id_: str, merged_into: str | None = None) -> None:
        super().remove(id_, merged_into)
        self._announce(id_)

    def undelete(self, id_: str) -> None:
        """A user takes a record out of the bin."""
        record = self.records[id_]
        record.deleted, record.merged_into = False, None
        self.made.pop(id_, None)  # a record of the user from now on: the hub may have made another one meanwhile
        self._before = copy.deepcopy(record.data)
        self._stored(record)

    def reuse(self, id_: str, data: Document) -> None:
        """The system gives the id of a deleted record to a new one."""
        record = self.records[id_]
        record.deleted, record.merged_into, record.op_key = False, None, ""
        record.created = self.clock()
        self._before, record.data = {}, copy.deepcopy(data)
        self._stored(record)
        self.made.pop(id_, None)
        self.reused.add(id_)

    def unveil(self) -> None:
        """Permissions are back.  Whoever gives them back saves what was read without them: a value that becomes visible
        while its record does not change is shown by no change feed (docs/reliability.md)."""
        self.vanished = frozenset()
        for id_ in sorted(self.masked):
            if not self.records[id_].deleted:
                self.edit(id_)
        self.masked.clear()

    def surface(self) -> None:
        """What has become visible by now."""
        now = self.clock()
        self.log.extend(id_ for at, id_ in self.unseen if at <= now)
        self.unseen = [(at, id_) for at, id_ in self.unseen if at > now]

    def visible(self, record: Stored) -> bool:
        """Whether searches and listings show a record already: without lag always, also where a clock was set back since."""
        lag = self.profile.lag
        return not record.deleted and (not lag or record.created + lag <= self.clock())

    # what the hub does

    def meant(self, op: Op) -> tuple[Document, Document]:
        """The record at the hub's last look, and what the write would have made of it."""
        before = self.verified.get(op.id or "", {})
        after = self._patched(before, op.data)
        if isinstance(after, str) or op.kind == "delete":
            return before, {}
        self._limit(after)
        return before, after

    def write(self, op: Op) -> Receipt:
        known = self.records.get(op.id or "")
        before = copy.deepcopy(known.data) if known is not None else {}
        alive = known is not None and not known.deleted
        self._before = before
        receipt = super().write(op)
        if receipt.error is None:
            self.world.wrote(self, op, receipt, before if alive else {})
        return receipt

    def _receipt(self, op: Op, record: Stored) -> Receipt:
        receipt = super()._receipt(op, record)
        return replace(receipt, image=self.show(record) if receipt.image is not None else None)

    def show(self, record: Stored, *, stale: bool = False) -> Record:
        """The record as the connector hands it out: by the server's clock, and without what permissions hide."""
        data, version, modified = record.data, record.version, record.modified
        past = self.past.get(record.id)
        if stale and past is not None and self.clock() < past.until and not record.deleted:
            data, version, modified = past.data, past.version, past.modified
        else:
            self.handed[record.id] = version
            self.unshown.pop(record.id, None)
            self.erased -= {(record.id, key) for key, value in data.items() if value and key not in self.vanished}
        for key in self.vanished.intersection(data):  # what nobody may see looks empty: for the hub, an erasure
            self.masked.add(record.id)
            self.unshown.setdefault(record.id, set()).add(key)
            self.world.lineage.excuse(tokens(without_private(data[key])), "hidden field")
        data = {key: copy.deepcopy(value) for key, value in data.items() if key not in self.vanished}
        return Record(
            record.id,
            None if record.deleted else data,
            str(version),
            self.stamp(modified),
            self.stamp(record.created, exact=True),
            deleted=record.deleted and record.merged_into is None,
            merged_into=record.merged_into,
        )

    def stamp(self, at: float, *, exact: bool = False) -> datetime | None:
        """A time by the server's own clock and grain."""
        at += self.profile.skew
        if exact:
            return datetime.fromtimestamp(at, UTC)
        if self.profile.has("no_stamp"):
            return None
        grain = 60.0 if self.profile.has("minute") else 1.0 if self.profile.has("second") else 0.0
        return datetime.fromtimestamp(at - at % grain if grain else at, UTC)


def _refuse(data: Document) -> str | None:
    """A validation rule that one kind of value breaks."""
    return "the title is not allowed here" if str(data.get("title") or "").endswith("poison") else None


class SimulatedConnector(MemoryConnector):
    """Between any two steps of a call users may act, the process may die, and the call may fail."""

    server: SimulatedServer

    def __init__(self, server: SimulatedServer, context: Context) -> None:
        super().__init__(server, context, RESOURCE)
        self.world = server.world

    def resources(self) -> Sequence[Resource]:
        (found,) = super().resources()
        return [replace(found, capabilities=self._capabilities(found.capabilities))]

    def _capabilities(self, known: Capabilities) -> Capabilities:
        profile = self.server.profile
        return replace(known, clock_resolution=60.0 if profile.has("minute") else 1.0, merge_events=True)

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        server = self.server
        self.world.step(server, "changes")
        if server.expired and cursor is not None:
            server.expired = False
            raise CursorExpired
        server.surface()
        end = len(server.log)
        ids = list(dict.fromkeys(server.log[cursor or 0 : end]))
        if cursor is None:
            ids = [id_ for id_, record in server.records.items() if server.visible(record)]
        elif not server.traits.feed:
            ids = [id_ for id_ in ids if not server.records[id_].deleted or server.records[id_].merged_into]
        yield from self._pages("changes", ids, end, cursor)

    def _pages(self, call: str, ids: list[str], end: int, cursor: Json) -> Iterator[Page]:
        size = self.server.traits.page
        for start in range(0, max(len(ids), 1), size):
            if start:
                self.world.step(self.server, call)
            records = [self._show(id_) for id_ in ids[start : start + size]]
            last = start + size >= len(ids)
            for page in self.world.faults.bend(
                self.server, call, Page(records, end if last else cursor, complete=last)
            ):
                self._hand(page.records)
                yield page
            self.world.step(self.server, f"{call} done")

    def _show(self, id_: str) -> Record:
        return self.server.show(self.server.records[id_], stale=self.world.faults.stale(self.server))

    def _hand(self, records: Sequence[Record]) -> None:
        self.world.handed(self.server, records)

    def listing(self, resource: str) -> Iterator[Page]:
        """Pages by offset over what is there at the moment, so that a deletion meanwhile shifts the rest."""
        server, start = self.server, 0
        while True:
            self.world.step(server, "listing")
            shown = [record for record in server.records.values() if server.visible(record)]
            rows = [Record(item.id, None, str(item.version)) for item in shown[start : start + server.traits.page]]
            start += server.traits.page
            last = start >= len(shown)
            yield from self.world.faults.bend(server, "listing", Page(rows, complete=last))
            self.world.step(server, "listing done")
            if last:
                return

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        self.world.step(self.server, "fetch")
        for id_ in ids:
            found = self.server.records.get(id_)
            if found is not None and not found.deleted:
                record = self._show(id_)
                self._hand([record])
                yield record
        self.server.verified = {
            id_: copy.deepcopy(self.server.records[id_].data) if id_ in self.server.records else {} for id_ in ids
        }

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        self.world.step(self.server, "find")
        for found in list(self.server.records.values()):
            if self.server.carries(found, key, values) and self.server.visible(found):
                record = self._show(found.id)
                self._hand([record])
                yield record

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        self.world.step(self.server, "write", ops)
        self.world.writing(self.server, ops)
        lost = False
        for op in ops:
            try:
                refused = self.world.faults.refuse(self.server, op)
            except Unavailable as error:  # it promises that what has no receipt was not carried out
                raise OutcomeUnknown(error.message) if lost else error from error
            receipt = refused or self.server.write(op)
            if receipt.image is not None:
                self._hand([receipt.image])
            self.world.step(self.server, "receipt", [op])
            if self.world.faults.loses_receipt(self.server):
                lost = True
            else:
                yield receipt
        self.server.verified = {}
        self.world.step(self.server, "write done")
