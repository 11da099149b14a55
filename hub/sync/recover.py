"""After a crash or a lost answer: every open intent is settled by reading, never by sending again blindly (section 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hub.contract.records import Record
from hub.identity.names import agree, shown_name
from hub.mapping.view import View
from hub.store.work import OpRow, Quarantined
from hub.sync.absence import uncount
from hub.sync.confirm import Confirm
from hub.sync.merge.observe import base_of, observe
from hub.sync.plan.items import Item
from hub.sync.planning import fingerprint
from hub.sync.settling import MATCHED, bases_of, journal, leaves_no_key, predict, remembered, settle_open_op
from hub.sync.systems import Source
from hub.sync.undo.accept import accept_observed, accept_written, leave
from hub.sync.workspace import Counter, Shared, Workspace, match_keys_of_view

CLOCK_SLACK = 60.0
"""Seconds by which a remote's creation time may lie before our own clock's t0."""

CLOCK_DOUBT = 24 * 3600.0
"""The same where nobody has measured that clock: one that is wrong by hours must not hide what we made."""
SLOW_CALL = 120.0
"""Seconds after its intent at which a call may still be carried out; a search lags behind that."""
LOOKS = 2
"""Fruitless looks through a whole system after which a create of unknown outcome counts as not carried out."""


class Recover:
    """Settles the open intents of one source at the start of a run."""

    def __init__(self, shared: Shared, source: Source, counter: Counter) -> None:
        self.shared, self.source, self.counter = shared, source, counter

    def run(self) -> None:
        for op in self.shared.store.work.open_ops(self.source.system):
            if op.resource == self.source.resource:
                self._settle(op)

    def _settle(self, op: OpRow) -> None:
        if op.state == "planned":
            self._end(op, "superseded")
        elif op.kind == "create":
            self._create(op)
        elif op.kind == "update":
            self._update(op)
        else:
            self._delete(op)

    def _end(self, op: OpRow, state: str, error: str = "") -> None:
        op.state, op.error = state, error or op.error
        with self.shared.store.transaction():
            self.shared.store.work.save_ops([op])
            self.shared.store.records.mark_dirty([op.gid])

    def _update(self, op: OpRow) -> None:
        assert op.remote_id is not None
        record = next(iter(self.source.connector.fetch(self.source.resource, [op.remote_id])), None)
        links = self.shared.store.records.links_by_remote(op.system, op.resource, [op.remote_id])
        view = None if record is None or record.data is None else self.source.mapping.get(record.data)
        if record is None or record.data is None or view is None or op.remote_id not in links:
            with self.shared.store.transaction():
                if record is None or record.data is None:
                    self.shared.store.work.reread_add(
                        op.system, op.resource, [op.remote_id], "write of unknown outcome"
                    )
                if op.remote_id in links:
                    links[op.remote_id].unread = remembered(op)
                    self.shared.store.records.save_links([links[op.remote_id]])
                self._end(op, "superseded")
            return
        with self.shared.store.transaction():
            workspace = Workspace(self.shared)
            workspace.load([links[op.remote_id].gid])
            known = links[op.remote_id]
            link = next(item for item in workspace.links[known.gid] if item.id == known.id)
            base = base_of(link, self.source.mapping)
            settle_open_op(self.shared, self.source, op, link, workspace.goldens[link.gid], base, view)
            merge = workspace.merge(self.source, record.modified_at.timestamp() if record.modified_at else None)
            if op.state == "confirmed" and op.item.get("undo"):
                accept_written(workspace, self.source, link, op.item["undo"], base)
            observe(merge, workspace.goldens[link.gid], link, base, view, record.data)
            link.version, link.modified = record.version, merge.time
            if op.state == "confirmed" and op.item.get("undo"):
                accept_observed(workspace, self.source, link, op.item["undo"])
            workspace.touch(link)
            workspace.flush()
            if op.state == "confirmed":
                self.counter.updated += 1

    def _delete(self, op: OpRow) -> None:
        assert op.remote_id is not None
        record = next(iter(self.source.connector.fetch(self.source.resource, [op.remote_id])), None)
        if record is not None:
            self._end(op, "superseded")
            return
        with self.shared.store.transaction():
            workspace = Workspace(self.shared)
            workspace.load([op.gid])
            link = workspace.link(op.system, op.resource, op.gid)
            if link is not None:
                journal(self.shared, op, link, base=bases_of(link))
                uncount(self.shared, self.source, [link])
                leave(link, Item.from_json(op.item))
                workspace.touch(link)
                workspace.flush()
            op.state = "confirmed"
            self.shared.store.work.save_ops([op])
            self.counter.deleted += 1

    def _create(self, op: OpRow) -> None:
        """Probe first.  One hit: adopt; none and surely visible by now: planned again with the same key; several: ask."""
        capabilities, looked_through = self.source.capabilities, False
        if capabilities.create in ("upsert_key", "marker", "client_id"):
            hits = self._not_of_others(op, self.source.connector.find(self.source.resource, "op_key", [op.gid]))
        elif not leaves_no_key(self.source, Item.from_json(op.item)):
            hits = self._by_unique_value(op)
        else:
            hits, looked_through = self._by_natural_keys(op), True
        if any(record.data is None for record in hits):
            self._wait(op)  # it cannot be read at the moment, and it may be ours: a resend might double it
        elif len(hits) > 1:
            self._quarantine(op, hits)
        elif self._may_be_hidden(op) and not self._fresh(op, hits):
            self._wait(op)  # also where an older record of the customer came back: that is not the one we sent
        elif hits:
            self._adopt(op, hits[0])
        elif looked_through and op.attempts < LOOKS:
            op.attempts += 1  # a page may have been missing: absence is believed when it is seen again
            self._wait(op)
        else:
            self._end(op, "superseded")

    def _may_be_hidden(self, op: OpRow) -> bool:
        """Whether what we sent may have been carried out so late that a search does not show it yet."""
        lag = self.source.capabilities.index_lag
        return bool(lag) and op.t0 is not None and self.shared.clock() - op.t0 < lag + SLOW_CALL

    def _fresh(self, op: OpRow, hits: Iterable[Record]) -> list[Record]:
        """Records that the hub does not know yet."""
        found = list(hits)
        links = self.shared.store.records.links_by_remote(op.system, op.resource, [item.id for item in found])
        return [item for item in found if item.id not in links]

    def _wait(self, op: OpRow) -> None:
        """It is looked for again in the next run, and not sent again before."""
        op.state = "ambiguous"
        with self.shared.store.transaction():
            self.shared.store.work.save_ops([op])

    def _not_of_others(self, op: OpRow, found: Iterable[Record]) -> list[Record]:
        """Records that are not another customer's: one that was split off carries the key that it was made with."""
        records = list(found)
        links = self.shared.store.records.links_by_remote(op.system, op.resource, [item.id for item in records])
        others = {item.remote_id for item in links.values() if item.gid and item.gid != op.gid}
        fresh = [item for item in records if item.id not in links]
        # one that the hub knows was made by an earlier create of this customer, and came back
        return fresh if len(fresh) == 1 else [item for item in records if item.id not in others]

    def _adopt(self, op: OpRow, record: Record) -> None:
        item = Item.from_json(op.item)
        with self.shared.store.transaction():
            known = self.shared.store.records.links_by_remote(op.system, op.resource, [record.id]).get(record.id)
            if known is not None:
                op.state, op.remote_id = "superseded", record.id
                self.shared.store.work.save_ops([op])
                return
            workspace = Workspace(self.shared)
            workspace.load([op.gid])
            own = workspace.link(op.system, op.resource, op.gid)
            if own is not None and own.state == "active":
                # an older record of the customer came back meanwhile: this one is met as everybody else's would be
                op.state = "superseded"
                self.shared.store.work.save_ops([op])
                return
            confirm = Confirm(self.shared, self.source, self.counter)
            confirm.books.look([record.id])
            confirm.create(workspace, op, item, record, direct=False, adopted=True)
            confirm.books.write()
            workspace.flush()
            self.shared.store.work.save_ops([op])

    def _by_unique_value(self, op: OpRow) -> list[Record]:
        """The system refuses a second record with one of the values sent, so one that has it now and is called the same is
        ours.  Golden may have other values by then: a resend would not be refused, or find somebody to ask about."""
        wanted = predict(self.source, Item.from_json(op.item), None)
        found: dict[str, Record] = {}
        for name in sorted(self.source.capabilities.find_by.intersection(self.source.mapping.match, MATCHED)):
            rows = [row.value for row in wanted.collections.get(MATCHED[name], ()) if row.value]
            values = [value if isinstance(value, str) else str(value["value"]) for value in rows]
            if values:
                records = self.source.connector.find(self.source.resource, name, values)
                found.update((record.id, record) for record in records)
        return self._not_of_others(op, self._alike(op, wanted, found.values(), named=True))

    def _by_natural_keys(self, op: OpRow) -> list[Record]:
        """No key was stored: a full enumeration, unlinked records that are new enough and agree in a natural key, as far
        as this system can show one; by name where it shows none."""
        wanted = predict(self.source, Item.from_json(op.item), None)
        hits: list[Record] = []
        for page in self.source.connector.changes(self.source.resource, None):
            linked = self.shared.store.records.links_by_remote(
                op.system, op.resource, [item.id for item in page.records]
            )
            fresh = [item for item in page.records if item.id not in linked and not item.merged_into]
            bare = {item.id for item in fresh if item.data is None and not (item.deleted or item.error)}
            if bare:
                fresh = [item for item in fresh if item.id not in bare]
                fresh.extend(self.source.connector.fetch(self.source.resource, sorted(bare)))
            hits.extend(self._alike(op, wanted, fresh))
        return hits

    def _alike(self, op: OpRow, wanted: View, records: Iterable[Record], *, named: bool = False) -> Iterator[Record]:
        """Those that may be what a create made: not older, and with one of its keys (``named``: and no other name).  One
        that cannot be read at the moment may be it, too."""
        keys = set(match_keys_of_view(wanted, self.shared.policy.region))
        name = wanted.fields.get("name")
        for record in records:
            if record.deleted or self._older(op, record):
                continue
            view = None if record.data is None else self.source.mapping.get(record.data)
            if view is None:
                if record.data is None:
                    yield record
                continue
            shown, called = set(match_keys_of_view(view, self.shared.policy.region)), view.fields.get("name")
            if keys.intersection(shown):
                if not named or agree(shown_name(called), shown_name(name)) is not False:
                    yield record
            elif not named and not keys and not shown and called == name:
                yield record

    def _older(self, op: OpRow, record: Record) -> bool:
        """Whether the record was there before our create was sent, by the system's corrected clock."""
        if record.created_at is None or op.t0 is None:
            return False
        offset = self.shared.systems.offsets.get(op.system)
        slack = CLOCK_SLACK if offset is not None else CLOCK_DOUBT
        return record.created_at.timestamp() + (offset or 0.0) < op.t0 - slack

    def _quarantine(self, op: OpRow, hits: list[Record]) -> None:
        golden = self.shared.store.records.goldens([op.gid])[op.gid]
        message = f"a create of unknown outcome may be any of {', '.join(record.id for record in hits)}"
        with self.shared.store.transaction():
            op.state, op.error = "quarantined", message
            self.shared.store.work.save_ops([op])
            self.shared.store.work.quarantine(
                [
                    Quarantined(
                        op.system,
                        op.resource,
                        "",
                        op.gid,
                        self.shared.run,
                        self.shared.clock(),
                        "ambiguous_create",
                        message,
                        fingerprint(golden, self.source),
                    )
                ]
            )
