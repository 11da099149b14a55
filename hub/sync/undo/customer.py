"""Planning the undo of what a run wrote about one customer: judging each write, the golden values, the items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.canonical.values import key
from hub.mapping.view import Change
from hub.state import LOST, Esent, Golden, Link
from hub.store.database import pack, unpack
from hub.sync.merge.consents import widens
from hub.sync.plan.items import Diff, Item, Payload
from hub.sync.plan.parts import encode
from hub.sync.plan.record import title
from hub.sync.policy import is_blank
from hub.sync.systems import Source
from hub.sync.undo.accept import pending, waits
from hub.sync.undo.compare import Line, Readings, Standing, compare
from hub.sync.undo.compose import alike, all_rows, in_order, last, sent, shows, stale_rows
from hub.sync.undo.moves import AUTHOR, Move, apply_moves
from hub.sync.undo.outcome import Entry, UndoPlan
from hub.sync.undo.spelling import spelled
from hub.sync.undo.written import Written
from hub.sync.workspace import Workspace


class Customer:
    """Planning the undo of what a run wrote about one customer."""

    def __init__(
        self,
        workspace: Workspace,
        plan: UndoPlan,
        gid: str,
        writes: Sequence[Written],
        own: Sequence[Mapping[str, Any]],
        paused: Mapping[str, str],
    ) -> None:
        self.workspace, self.shared, self.found, self.gid = workspace, workspace.shared, plan, gid
        self.writes, self.own, self.paused = writes, own, paused
        self.golden = workspace.goldens.get(gid)
        self.moves: dict[str, Move] = {}
        self.updates: list[tuple[Written, Source, Link, Standing, list[str]]] = []
        self.creates: list[tuple[Written, Source]] = []
        self.deletes: list[tuple[Written, Source, Link]] = []

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

    def _judge(self, write: Written) -> None:
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

    def _judge_present(self, write: Written, source: Source, link: Link | None) -> None:
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

    def _judge_create(self, write: Written, source: Source, link: Link) -> None:
        now, post = source.mapping.get(link.native or {}), source.mapping.get(write.post or {})
        if "delete" not in source.capabilities.writes:
            self._cannot(write, "this system does not let the hub delete records")
        elif now is None or post is None or not alike(now, post):
            self._keep(write, "", "somebody changed the new record since")
        elif not link.untouched:
            self._keep(write, "", "its system says that the new record was changed since, where the hub does not look")
        else:
            self.deletes.append((write, source, link))
            if any(row["path"] == "state" and row["new"] == "live" for row in self.own):
                self.moves["state"] = Move("state", "state", "dead")

    def _judge_delete(self, write: Written, source: Source) -> None:
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

    def _judge_update(self, write: Written, source: Source, link: Link) -> None:
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

    def _drop_impossible(self, write: Written, standing: Standing) -> None:
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

    def _who(self, path: str, write: Written) -> str:
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
        self.moves[move.path] = max((known, move), key=lambda item: last(held, item.value))

    # items

    def _update(
        self, write: Written, source: Source, link: Link, standing: Standing, waiting: list[str], after: Golden
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
        pictures = in_order(standing, source.mapping.get(source.mapping.apply(link.native, data)))
        elements = {name: sent(after, name, rows) for name, rows in pictures.items()}
        for name, items in elements.items():  # what was to be written already, and is not taken back, still is
            for eid in [eid for eid in items if waits(f"{name}/{eid}", waiting)]:
                known = link.esent.get(name, {}).get(eid)
                former = (write.base or {}).get("e", {}).get(name, {}).get(eid)
                items[eid] = [known.value, known.attrs, known.claims] if known is not None else former or items[eid]
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

    def _create(self, write: Written, source: Source, after: Golden) -> Item | None:
        """The record is made again as it was; it gets another id."""
        mapping, pre = source.mapping, write.pre or {}
        view = mapping.get(pre)
        assert view is not None
        fields = {
            name: value
            for name, value in view.fields.items()
            if mapping.fields[name].direction != "read" and not is_blank(value)
        }
        collections, pictures = all_rows(mapping.collections, view, (write.base or {}).get("p", {}))
        own_key = self.gid if source.capabilities.create != "marker" else None
        put = mapping.put(Change("create", fields, collections, own_key), None)
        for path, reason in put.held.items():
            self._cannot(write, reason, Line(path, None, fields.pop(path, None)))
        elements = {name: sent(after, name, rows) for name, rows in pictures.items()}
        base = write.base or {}
        waiting = stale_rows(mapping, view, pictures, elements, base.get("e", {}))
        given = {}
        for name, value in fields.items():  # what golden has become since the deletion is still to be given
            moved = base.get("s", {}).get(name) != after.value(name)
            stale = moved and mapping.fields[name].ref is None and not shows(mapping, name, after.value(name), value)
            given[name] = value if stale else after.value(name)
            waiting += [name] if stale else []
        # Which one was the first of them is known, too: seen for the first time, a lone slot would say it anew.
        psent = {name: eid for name, eid in base.get("q", {}).items() if name in pictures}
        writes = Payload(given, elements, psent, picture=pictures)
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
            undo={"run": self.found.past, "names": names, "waiting": waiting},
        )  # fmt: skip

    def _delete(self, write: Written, source: Source, link: Link) -> Item:
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

    def _entry(self, write: Written, line: Line, reason: str = "") -> Entry:
        name = title(self.golden) if self.golden is not None else self.gid
        place = (write.system, write.resource, write.remote_id)
        return Entry(self.gid, name, *place, line.path, line.now, line.then, reason)

    def _keep(self, write: Written, path: str, reason: str) -> None:
        self.found.kept.append(self._entry(write, Line(path, None, None), reason))

    def _cannot(self, write: Written, reason: str, line: Line | None = None) -> None:
        self.found.cannot.append(self._entry(write, line or Line("", None, None), reason))
