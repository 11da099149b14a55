"""The compensating plan of a run: what is taken back, what is kept because it changed since, and what cannot be.

Made from the journal (what was written), the images beside it (before and after) and the store as it is now; nothing is
written here.  The caller has read all systems, so an edit that somebody made meanwhile is known and stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.canonical.values import key
from hub.mapping.view import Change, CollectionChange, Row, Value, View
from hub.state import LOST, Esent, Golden, Link
from hub.store.database import pack, unpack
from hub.store.past import Image
from hub.sync.merge.consents import widens
from hub.sync.plan.items import Diff, Item, Payload
from hub.sync.plan.parts import encode
from hub.sync.plan.plan import Plan
from hub.sync.plan.record import title
from hub.sync.policy import canonical_bytes, is_blank
from hub.sync.systems import Source
from hub.sync.undo.accept import pending
from hub.sync.undo.compare import Line, Readings, Standing, compare
from hub.sync.undo.moves import AUTHOR, Move, apply_moves
from hub.sync.undo.spelling import spelled
from hub.sync.workspace import Shared, Workspace

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One line for people.  path: "" stands for the whole record; now and then: values; reason: why it stays."""

    gid: str
    title: str
    system: str
    resource: str
    remote_id: str
    path: str
    now: Value = None
    then: Value = None
    reason: str = ""


@dataclass(slots=True)
class UndoPlan:
    """past: the run that is undone.  plan: the writes.  moves: gid -> what becomes golden again.

    back: what is taken back; kept: what changed since; cannot: what cannot be taken back, and why."""

    past: str
    plan: Plan
    moves: dict[str, list[Move]] = field(default_factory=dict)
    back: list[Entry] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)
    cannot: list[Entry] = field(default_factory=list)

    def hash(self) -> str:
        """Names exactly these writes and golden values: an approval holds for no other plan."""
        moves = [[gid, [[x.kind, x.path, x.value] for x in items]] for gid, items in sorted(self.moves.items())]
        return hashlib.sha256(canonical_bytes([self.past, self.plan.hash(), moves])).hexdigest()[:16]


@dataclass(slots=True)
class _Write:
    """All that a run did to one record: its first and last journal rows put together."""

    kind: str
    system: str
    resource: str
    remote_id: str
    gid: str
    at: float
    pre: dict[str, Any] | None
    post: dict[str, Any] | None
    base: dict[str, Any] | None
    names: set[str]
    complete: bool


def make_undo(shared: Shared, past: str, sync: str, *, paused: Mapping[str, str] | None = None) -> UndoPlan:
    """The plan that takes back what run ``past`` wrote.  paused: system -> why it cannot be reached now."""
    found = UndoPlan(past, Plan(sync))
    store, own = shared.store, shared.store.past.changes(past, AUTHOR)
    gids = store.past.written_gids(past)
    for start in range(0, len(gids), _BATCH):  # a big load has more documents than fit into memory
        batch = gids[start : start + _BATCH]
        rows = store.history.journal_rows(run_id=past, gids=batch)
        writes = _writes(rows, store.past.images(row["op_id"] for row in rows))
        workspace = Workspace(shared)
        workspace.load(batch)
        for gid in batch:
            mine = [write for write in writes if write.gid == gid]
            moved = [row for row in own if row["gid"] == gid]
            _Customer(workspace, found, gid, mine, moved, paused or {}).plan()
    found.plan.calls = {}
    return found


def _writes(rows: Sequence[Mapping[str, Any]], images: Mapping[str, Image]) -> list[_Write]:
    found: dict[tuple[str, str, str], _Write] = {}
    for row in rows:
        image = images.get(row["op_id"])
        names = {diff["path"].split("/", 1)[0] for diff in row["diffs"]}
        place = (row["system"], row["resource"], row["remote_id"])
        known = found.get(place)
        if known is None:
            base = image.base if image is not None else None
            found[place] = _Write(
                row["kind"], *place, row["gid"], row["at"], row["pre"], None, base, names, image is not None
            )
            known = found[place]
        else:
            known.names |= names
            known.complete = known.complete and image is not None
            if row["kind"] == "delete":
                known.kind = "nothing" if known.kind == "create" else "delete"
        known.post = image.post if image is not None else None
    return [write for write in found.values() if write.kind != "nothing"]


class _Customer:
    """Planning the undo of what a run wrote about one customer."""

    def __init__(
        self,
        workspace: Workspace,
        plan: UndoPlan,
        gid: str,
        writes: Sequence[_Write],
        own: Sequence[Mapping[str, Any]],
        paused: Mapping[str, str],
    ) -> None:
        self.workspace, self.shared, self.found, self.gid = workspace, workspace.shared, plan, gid
        self.writes, self.own, self.paused = writes, own, paused
        self.golden = workspace.goldens.get(gid)
        self.moves: dict[str, Move] = {}
        self.updates: list[tuple[_Write, Source, Link, Standing, list[str]]] = []
        self.creates: list[tuple[_Write, Source]] = []
        self.deletes: list[tuple[_Write, Source, Link]] = []

    def plan(self) -> None:
        """Judge every write, then put the moves of the golden record and the items together."""
        for write in self.writes:
            self._judge(write)
        if self.golden is None or not (self.updates or self.creates or self.deletes):
            return
        after = Golden.from_json(
            self.golden.gid, self.golden.record, self.golden.state, self.golden.merged_into, self.golden.seq,
            unpack(pack(self.golden.to_json())),
        )  # fmt: skip
        moves = list(self.moves.values())
        apply_moves(after, moves, tick=[0] * len(moves), time=0.0, run="", rule="")
        items = [
            *(self._create(write, source, after) for write, source in self.creates),
            *(self._update(*update, after) for update in self.updates),
            *(self._delete(*delete) for delete in self.deletes),
        ]
        kept = [item for item in items if item is not None]
        self.found.plan.items.extend(kept)
        if moves and kept:
            self.found.moves[self.gid] = moves

    # judging

    def _judge(self, write: _Write) -> None:
        source = self.shared.systems.find(write.system, write.resource)
        if source is None:
            self._cannot(write, "this system is not part of the sync any more")
        elif write.system in self.paused:
            self._cannot(write, f"this system cannot be reached now: {self.paused[write.system]}")
        elif not source.writable:
            self._cannot(write, "this system is only read")
        elif not write.complete:
            self._cannot(write, "it was written by a version that did not keep what undoing needs")
        elif self.golden is None or self.golden.state == "merged":
            self._cannot(write, "the customer was merged into another one since")
        elif write.kind == "delete":
            self._judge_delete(write, source)
        else:
            link = self.shared.store.records.links_by_remote(write.system, write.resource, [write.remote_id])
            own = link.get(write.remote_id)
            self._judge_present(write, source, None if own is None else self.workspace.own(own))

    def _judge_present(self, write: _Write, source: Source, link: Link | None) -> None:
        if link is None or link.state in ("gone", "excluded"):
            if write.kind == "update":
                self._cannot(write, "the record is not there any more")
        elif link.gid != self.gid:
            self._cannot(write, "the record belongs to another customer now")
        elif link.state != "active" or link.native is None or link.mapping != source.mapping.hash:
            self._cannot(write, f"the record cannot be written now ({link.reason or link.state})")
        elif write.kind == "create":
            self._judge_create(write, source, link)
        else:
            self._judge_update(write, source, link)

    def _judge_create(self, write: _Write, source: Source, link: Link) -> None:
        now, post = source.mapping.get(link.native or {}), source.mapping.get(write.post or {})
        if "delete" not in source.capabilities.writes:
            self._cannot(write, "this system does not let the hub delete records")
        elif now is None or post is None or not _alike(now, post):
            self._keep(write, "", "somebody changed the new record since")
        else:
            self.deletes.append((write, source, link))
            if any(row["path"] == "state" and row["new"] == "live" for row in self.own):
                self.moves["state"] = Move("state", "state", "dead")

    def _judge_delete(self, write: _Write, source: Source) -> None:
        here = self.workspace.link(write.system, write.resource, self.gid)
        if here is not None and here.state not in ("gone", "excluded"):
            return  # there is such a record again
        if "create" not in source.capabilities.writes:
            self._cannot(write, "this system does not let the hub create records")
        elif write.pre is None or source.mapping.get(write.pre) is None:
            self._cannot(write, "the hub does not know what the record was like")
        else:
            assert self.golden is not None
            self.creates.append((write, source))
            if self.golden.state == "dead":
                self.moves["state"] = Move("state", "state", "live")

    def _judge_update(self, write: _Write, source: Source, link: Link) -> None:
        assert self.golden is not None
        get = source.mapping.get
        pre, post, now = get(write.pre or {}), get(write.post or {}), get(link.native or {})
        if pre is None or post is None or now is None:
            self._cannot(write, "the mapping does not select the record any more")
            return
        waiting = [diff.path for diff in pending(self.workspace, source, self.golden)]
        moved = frozenset({*waiting, *self.golden.frozen})
        base = write.base or {}
        region = self.shared.policy.region
        readings = Readings(pre, post, now, base.get("p", {}), link.picture, moved, region)
        standing = compare(source.mapping, readings, write.names)
        self._drop_impossible(write, standing)
        for path, reason in standing.kept.items():
            self._keep(write, path, self._who(path, write) if reason == "changed since" else reason)
        if standing.fields or standing.collections:
            self._move_back(standing, base)
            self.updates.append((write, source, link, standing, waiting))

    def _drop_impossible(self, write: _Write, standing: Standing) -> None:
        """A consent never widens, and an element that golden does not know cannot be shown."""
        assert self.golden is not None
        for line in list(standing.back):
            name = line.path.split("/", 1)[0]
            if name.startswith("consents.") and widens(line.now, line.then):
                self._cannot(write, "a consent is never widened without evidence", line)
                standing.fields.pop(name, None)
                standing.back.remove(line)
        for name, eids in standing.returned.items():
            known = self.golden.collection(name).elements
            if any(eid not in known for eid in eids):
                for line in [item for item in standing.back if item.path.startswith(name + "/")]:
                    self._cannot(write, "the customer was merged or split since", line)
                    standing.back.remove(line)
                for part in (standing.collections, standing.pictures):
                    part.pop(name, None)
        standing.names = {*standing.fields, *standing.collections}

    def _who(self, path: str, write: _Write) -> str:
        """Who changed a value after it was written."""
        rows = self.shared.store.history.changes(self.gid, path)
        since = [row for row in rows if row["at"] >= write.at and row["run"] != self.found.past]
        return f"changed since by {since[-1]['source']}" if since else f"changed since in {write.system}"

    # what becomes golden again

    def _move_back(self, standing: Standing, base: Mapping[str, Any]) -> None:
        """Golden gets back what this system corresponded to before.  What was not known before stays known: the system
        that has it still shows it, and records are matched by it."""
        assert self.golden is not None
        for name in standing.fields:
            before, now = base.get("s", {}).get(name), self.golden.value(name)
            if is_blank(before) or before == now or (name.startswith("consents.") and widens(now, before)):
                continue
            self._move(Move("field", name, before))
        for name, eids in standing.returned.items():
            if name in standing.collections:
                for eid in eids:
                    self._return(name, eid, base)
        for name, eids in standing.gone.items():
            for eid in eids if name in standing.collections else ():
                if any(row["path"] == f"{name}/{eid}" and row["old"] is None for row in self.own):
                    self._move(Move("remove", f"{name}/{eid}", None))  # it lived again only because of that undo
        for name in standing.collections:
            primary = base.get("q", {}).get(name)
            flagged = any(
                line.path == f"{name}/primary" or ("/" in line.path and line.eid == primary) for line in standing.back
            )
            if flagged and primary not in (None, LOST) and primary != self.golden.collection(name).primary_eid():
                self._move(Move("primary", f"{name}/primary", primary))

    def _return(self, name: str, eid: str, base: Mapping[str, Any]) -> None:
        assert self.golden is not None
        element = self.golden.collection(name).elements[eid]
        raw = base.get("e", {}).get(name, {}).get(eid)
        before = Esent(*raw) if raw is not None else None
        value = before.value if before is not None and before.value is not None else element.value.value
        wanted = key(name, value, region=self.shared.policy.region)
        for other in self.golden.collection(name).live():
            if other.eid != eid and key(name, other.value.value, region=self.shared.policy.region) == wanted:
                return  # no two live elements share a key: golden stays, this system is left as it shows it
        if not element.alive:
            self._move(Move("revive", f"{name}/{eid}", value))
        elif value != element.value.value:
            self._move(Move("value", f"{name}/{eid}", value))
        for attr in (
            sorted({*(before.attrs if before is not None else {}), *element.attrs}) if before is not None else ()
        ):
            if before is not None and before.attrs.get(attr) != element.attr(attr):
                self._move(Move("attr", f"{name}/{eid}/{attr}", before.attrs.get(attr)))

    def _move(self, move: Move) -> None:
        """Where two systems had different values before, the one that golden had later is taken."""
        known = self.moves.get(move.path)
        if known is None or known.value == move.value:
            self.moves[move.path] = move
            return
        held = [row["new"] for row in self.shared.store.history.changes(self.gid, move.path)]
        self.moves[move.path] = max((known, move), key=lambda item: _last(held, item.value))

    # items

    def _update(
        self, write: _Write, source: Source, link: Link, standing: Standing, waiting: list[str], after: Golden
    ) -> Item | None:
        put = source.mapping.put(Change("update", standing.fields, standing.collections), link.native)
        for name, reason in put.held.items():
            for line in [item for item in standing.back if item.path.split("/", 1)[0] == name]:
                self._cannot(write, reason, line)
                standing.back.remove(line)
            standing.names.discard(name)
        if not put.data or not standing.back:
            return None
        data = spelled(source.mapping, link.native, put.data, write.pre or {})
        pictures = _in_order(standing, source.mapping.get(source.mapping.apply(link.native, data)))
        elements = {name: _sent(after, name, rows) for name, rows in pictures.items()}
        writes = Payload(
            {name: after.value(name) for name in standing.fields if name in standing.names},
            {name: items for name, items in elements.items() if name in standing.names},
            picture={name: rows for name, rows in pictures.items() if name in standing.names},
        )
        self.found.back += [self._entry(write, line) for line in standing.back]
        diffs = [Diff(line.path, line.now, line.then, AUTHOR, self._rule()) for line in standing.back]
        undo = {"run": self.found.past, "names": sorted(standing.names), "waiting": waiting}
        return Item(
            write.system, write.resource, self.gid, "update", write.remote_id, link.version, title(after), encode(data),
            writes, diffs=diffs, undo=undo,
        )  # fmt: skip

    def _create(self, write: _Write, source: Source, after: Golden) -> Item | None:
        """The record is made again as it was; it gets another id."""
        mapping, pre = source.mapping, write.pre or {}
        view = mapping.get(pre)
        assert view is not None
        fields = {
            name: value
            for name, value in view.fields.items()
            if mapping.fields[name].direction != "read" and not is_blank(value)
        }
        collections, pictures = _all_rows(mapping.collections, view, (write.base or {}).get("p", {}))
        own_key = self.gid if source.capabilities.create != "marker" else None
        put = mapping.put(Change("create", fields, collections, own_key), None)
        elements = {name: _sent(after, name, rows) for name, rows in pictures.items()}
        writes = Payload({name: after.value(name) for name in fields}, elements, picture=pictures)
        self.found.back.append(self._entry(write, Line("", None, title(after))))
        names = sorted({*mapping.fields, *mapping.collections} - {"kind"})
        return Item(
            write.system, write.resource, self.gid, "create", None, None, title(after),
            encode(spelled(mapping, None, put.data, pre)), writes,
            diffs=[
                *(Diff(name, None, value, AUTHOR, self._rule()) for name, value in fields.items()),
                *(
                    Diff(f"{name}/{eid}", None, items[eid][0], AUTHOR, self._rule())
                    for name, items in elements.items()
                    for eid in items
                ),
            ],
            undo={"run": self.found.past, "names": names, "waiting": []},
        )  # fmt: skip

    def _delete(self, write: _Write, source: Source, link: Link) -> Item:
        assert self.golden is not None
        self.found.back.append(self._entry(write, Line("", title(self.golden), None)))
        undo = {"run": self.found.past, "names": [], "waiting": []}
        return Item(
            write.system,
            write.resource,
            self.gid,
            "delete",
            link.remote_id,
            link.version,
            title(self.golden),
            undo=undo,
        )

    # lines for people

    def _rule(self) -> str:
        return f"undo of run {self.found.past}"

    def _entry(self, write: _Write, line: Line, reason: str = "") -> Entry:
        name = title(self.golden) if self.golden is not None else self.gid
        place = (write.system, write.resource, write.remote_id)
        return Entry(self.gid, name, *place, line.path, line.now, line.then, reason)

    def _keep(self, write: _Write, path: str, reason: str) -> None:
        self.found.kept.append(self._entry(write, Line(path, None, None), reason))

    def _cannot(self, write: _Write, reason: str, line: Line | None = None) -> None:
        self.found.cannot.append(self._entry(write, line or Line("", None, None), reason))


def _last(values: Sequence[Value], value: Value) -> int:
    return max((index for index, item in enumerate(values) if item == value), default=-1)


def _in_order(standing: Standing, predicted: View | None) -> dict[str, list[list[str | None]]]:
    """The pictures in the order of the predicted record: rows without ids are told apart by what they show."""
    found = dict(standing.pictures)
    for name, rows in standing.rows.items():
        positions = predicted.collections.get(name, ()) if predicted is not None else ()
        free, ordered = list(rows), []
        for position in positions:
            match = next((row for row in free if row[0] == position.value), None)
            if match is None:
                break
            free.remove(match)
            ordered.append([None, match[1]])
        if not free and len(ordered) == len(positions):
            found[name] = ordered
    return found


def _sent(golden: Golden, name: str, rows: Iterable[Sequence[str | None]]) -> dict[str, list[Any]]:
    """What a picture corresponds to: the golden elements that it shows."""
    known = golden.collection(name).elements
    shown = [known[eid] for _, eid in rows if eid is not None and eid in known and known[eid].alive]
    return {item.eid: [item.value.value, item.attr_values(), item.claims] for item in shown}


def _all_rows(
    specs: Mapping[str, Any], view: View, before: Mapping[str, Sequence[Sequence[str | None]]]
) -> tuple[dict[str, CollectionChange], dict[str, list[list[str | None]]]]:
    """Every row and slot of a record, to make it anew."""
    changes: dict[str, CollectionChange] = {}
    pictures: dict[str, list[list[str | None]]] = {}
    for name, rows in view.collections.items():
        spec = specs[name]
        eids = [eid for _, eid in before.get(name, ())]
        if spec.direction == "read" or not any(row.value is not None for row in rows):
            continue
        if spec.shape == "slots":
            places = {slot.name: index for index, slot in enumerate(spec.slots)}
            edit = {places[row.pos]: Row(row.value) for row in rows if row.value is not None}
            changes[name] = CollectionChange(edit)
            pictures[name] = [[row.pos, eid] for row, eid in zip(rows, eids, strict=False)]
        else:
            flags = [bool(row.primary) if spec.primary else None for row in rows]
            added = [
                Row(row.value, row.attrs) if flag is None else Row(row.value, row.attrs, flag)
                for row, flag in zip(rows, flags, strict=True)
            ]
            changes[name] = CollectionChange(add=tuple(added))
            pictures[name] = [[None, eid] for eid in eids] if len(eids) == len(rows) else [[None, None] for _ in rows]
    return changes, pictures


def _alike(left: View, right: View) -> bool:
    """Whether two readings of a record show the same."""
    if {**left.fields} != {**right.fields}:
        return False
    return all(
        _rows(left.collections.get(name, ())) == _rows(right.collections.get(name, ()))
        for name in {*left.collections, *right.collections}
    )


def _rows(positions: Collection[Any]) -> list[bytes]:
    return sorted(canonical_bytes([item.value, dict(item.attrs), item.primary]) for item in positions)
