"""Carrying out a plan on one system: intent, write, confirm (section 8).  Serial per record, systems in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from hub.contract.bugs import plugin_bug
from hub.contract.errors import (
    AuthError,
    ConfigError,
    Conflict,
    ConnectorError,
    ContractViolation,
    Duplicate,
    HubError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from hub.contract.records import Capabilities, Op, Receipt, Record
from hub.store.work import OpRow, Quarantined
from hub.sync.absence import gone, promote, suspect, tells_fate, uncount
from hub.sync.confirm import Confirm
from hub.sync.loops import suspects
from hub.sync.plan.items import Item
from hub.sync.plan.parts import decode
from hub.sync.planning import fingerprint
from hub.sync.policy import canonical_bytes
from hub.sync.settling import leaves_no_key
from hub.sync.systems import Source
from hub.sync.workspace import Counter, Shared, Workspace

LARGEST_BATCH = 250
"""Records of one write and one transaction at most, so that memory stays flat where a system would take more."""


def batch_of(able: Capabilities) -> int:
    """Records of one write: whole API calls, so that none goes half empty."""
    most = min(able.batch, LARGEST_BATCH)
    return most - most % able.per_call if able.per_call and able.per_call < most else most


@dataclass(slots=True)
class Apply:
    """Applies the items of one source.  ``stopped`` names why the rest was left for later."""

    shared: Shared
    source: Source
    counter: Counter
    progress: Callable[[int], None] = lambda _n: None
    stopped: ConnectorError | None = None
    replan: set[str] = field(default_factory=set)
    confirm: Confirm = field(init=False)
    _suspects: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.confirm = Confirm(self.shared, self.source, self.counter)

    @property
    def lossy(self) -> int:
        """Writes after which the system did not show what it was sent."""
        return self.confirm.lossy

    def run(self, items: Iterable[Item]) -> int:
        """Write the items; returns how many were taken."""
        self._suspects = suspects(self.shared.store.history, self.shared.clock())
        taken = 0
        for batch in self._batches(items):
            if self.stopped is not None:
                break
            self._write(batch)
            taken += len(batch)
            self.progress(len(batch))
        return taken

    def _batches(self, items: Iterable[Item]) -> Iterator[list[Item]]:
        """Batches of one kind; one by one where a create leaves no key to find it by."""
        batch: list[Item] = []
        most = batch_of(self.source.capabilities)
        for item in items:
            alone = item.kind == "create" and leaves_no_key(self.source, item)
            full = len(batch) >= (1 if alone else most)
            if batch and (full or batch[0].kind != item.kind):
                yield batch
                batch = []
            batch.append(item)
        if batch:
            yield batch

    def _write(self, batch: list[Item]) -> None:
        batch = self._verified(batch)
        ready = self._intend(batch)
        if not ready:
            return
        ops = {row.op_id: (row, item) for row, item in ready}
        calls = [Op(_key(row), item.kind, item.remote_id, decode(item.data), item.version) for row, item in ready]
        by_key = {_key(row): row.op_id for row, _ in ready}
        receipts: dict[str, Receipt] = {}
        failure: ConnectorError | None = None
        try:
            for receipt in self.source.connector.write(self.source.resource, calls):
                if receipt.key in by_key:
                    receipts[by_key[receipt.key]] = receipt
        except ConnectorError as error:
            failure = error
        except HubError:
            raise
        except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the other systems
            self.stopped = plugin_bug(self.source.connector.name, error)
            failure = OutcomeUnknown("the plugin failed while writing", where=self.source.system)
        self._finish(ops, receipts, failure)

    def _fetch(self, ids: list[str]) -> list[Record]:
        """Read records between writes; a plugin's bug stops this system only."""
        try:
            return list(self.source.connector.fetch(self.source.resource, ids))
        except HubError:
            raise
        except Exception as error:
            raise plugin_bug(self.source.connector.name, error) from error

    def _verified(self, batch: list[Item]) -> list[Item]:
        """Where a system has no conditional write, each record is read just before: one that changed is left alone and
        planned again.  What a user does between this read and the write is the system's known risk."""
        if self.source.capabilities.conditional_write or batch[0].kind == "create":
            return batch
        ids = [item.remote_id for item in batch if item.remote_id]
        now = {record.id: record.version for record in self._fetch(ids)}
        kept = [item for item in batch if item.version is None or now.get(item.remote_id or "") == item.version]
        moved = [item for item in batch if item not in kept]
        if moved:
            self.counter.stale += len(moved)
            self.replan.update(item.gid for item in moved)
            with self.shared.store.transaction():
                self.shared.store.work.reread_add(
                    self.source.system,
                    self.source.resource,
                    [item.remote_id or "" for item in moved],
                    "changed meanwhile",
                )
        return kept

    def _intend(self, batch: list[Item]) -> list[tuple[OpRow, Item]]:
        """tx: the intents exist, in flight, before anything is sent.  Stale items are left out and planned again."""
        store, source = self.shared.store, self.source
        ready = []
        with store.transaction():
            links = store.records.versions(
                source.system, source.resource, [item.remote_id for item in batch if item.remote_id]
            )
            for item in batch:
                link = links.get(item.remote_id or "")
                if item.kind != "create" and (
                    link is None or link.version != item.version or link.state not in ("active", "shadow")
                ):
                    self.counter.stale += 1
                    self.replan.add(item.gid)
                    continue
                if item.kind == "create" and self._create_open(item):
                    continue  # never two open creates that leave no key to find them by: planned again next time
                if not item.undo and (item.system, item.gid) in self._suspects:
                    self._refuse(
                        item,
                        "loop_suspect",
                        "written again and again within 10 minutes: two systems may be correcting each other",
                    )
                    continue
                row = OpRow(
                    self.shared.new_id(),
                    self.shared.run,
                    item.system,
                    item.resource,
                    item.gid,
                    item.remote_id,
                    item.kind,
                    "in_flight",
                    item.to_json(),
                    1,
                    self.shared.clock(),
                )
                ready.append((row, item))
            store.work.save_ops([row for row, _ in ready])
        return ready

    def _create_open(self, item: Item) -> bool:
        """Whether two creates would be open that only natural keys can recognise."""
        return leaves_no_key(self.source, item) and any(
            op.kind == "create"
            and op.resource == self.source.resource
            and leaves_no_key(self.source, Item.from_json(op.item))
            for op in self.shared.store.work.open_ops(self.source.system)
        )

    def _finish(
        self, ops: dict[str, tuple[OpRow, Item]], receipts: dict[str, Receipt], failure: ConnectorError | None
    ) -> None:
        """tx: confirm each receipt; ops without one are unknown or not carried out, by the kind of failure."""
        images = self._missing_images(ops, receipts)
        shown = {op_id: receipt.image or images.get(receipt.id or "") for op_id, receipt in receipts.items()}
        with self.shared.store.transaction():
            workspace = Workspace(self.shared)
            workspace.load(item.gid for _, item in ops.values())
            created = (image for op_id, image in shown.items() if ops[op_id][1].kind == "create")
            self.confirm.books.look(image.id for image in created if image is not None)
            answered = max((place for place, op_id in enumerate(ops) if op_id in receipts), default=-1)
            for place, (op_id, (row, item)) in enumerate(ops.items()):
                receipt = receipts.get(op_id)
                missing = failure if failure is not None and place > answered else _no_receipt(self.source)
                error = receipt.error if receipt is not None else missing
                if receipt is not None and error is None:
                    self.confirm.write(workspace, row, item, receipt, shown[op_id])
                else:
                    assert error is not None
                    self.confirm.books.write()  # what becomes of a failed write depends on the store
                    self._fail(workspace, row, item, error)
            self.confirm.books.write()
            self.confirm.plan_again(workspace)
            workspace.flush()
            self.shared.store.work.save_ops([row for row, _ in ops.values()])
        if (
            failure is not None
            and self.stopped is None
            and not isinstance(failure, (OutcomeUnknown, Conflict, NotFound))
        ):
            self.stopped = failure

    def _missing_images(self, ops: dict[str, tuple[OpRow, Item]], receipts: dict[str, Receipt]) -> dict[str, Record]:
        """The image comes from the answer, else from a GET (section 7)."""
        wanted = [
            receipt.id
            for op_id, receipt in receipts.items()
            if receipt.error is None and receipt.image is None and receipt.id and ops[op_id][1].kind != "delete"
        ]
        if not wanted:
            return {}
        try:
            return {record.id: record for record in self._fetch(wanted)}
        except ConnectorError:
            return {}  # the receipts stand; the ops stay open and are settled against the next image

    def _fail(self, workspace: Workspace, row: OpRow, item: Item, error: ConnectorError) -> None:
        """Each error class has one reaction (hub.contract.errors)."""
        row.error = self.shared.redact(error.message)
        if isinstance(error, OutcomeUnknown):
            row.state = "ambiguous"
        elif isinstance(error, Conflict):
            row.state = "superseded"
            self.counter.stale += 1
            self.replan.add(item.gid)
            self.shared.store.work.reread_add(item.system, item.resource, [item.remote_id or ""], "changed meanwhile")
        elif isinstance(error, NotFound):
            row.state = "superseded"
            link = workspace.link(item.system, item.resource, item.gid)
            if item.kind == "delete":
                self.confirm.delete(workspace, row, item)
            elif link is not None and tells_fate(self.source):
                suspect(self.shared, workspace, self.source, link)
            elif link is not None:
                uncount(self.shared, self.source, [link])
                gone(workspace, self.source, link)
        elif isinstance(error, Duplicate):
            row.state = "superseded"
            self._duplicate(workspace, item, error)
        elif isinstance(error, (RateLimited, Unavailable, AuthError, ConfigError, ContractViolation)):
            row.state = "superseded"
            self.stopped = error
        else:
            row.state = "rejected"
            self._refuse(item, error.code, _words(error))

    def _duplicate(self, workspace: Workspace, item: Item, error: Duplicate) -> None:
        """The remote names an existing record: it is read and matched like any other, never created again blindly.  One
        that belongs to a customer or waits for a person already cannot be had, so this write is refused."""
        ids = [error.existing_id] if error.existing_id else []
        link = self.shared.store.records.links_by_remote(item.system, item.resource, ids).get(error.existing_id or "")
        mine = [known for known in workspace.links.get(item.gid, ()) if link is not None and known.id == link.id]
        if mine and mine[0].state == "shadow":
            promote(workspace, mine[0])
            return
        taken = link is not None and bool(link.gid) and link.state not in ("gone", "excluded")
        asked = self.shared.store.staging.states(item.system, item.resource, ids).get(error.existing_id or "")
        if not ids or taken or (asked is not None and asked[1] == "review"):
            reason = "which is another customer of the hub" if taken else "about which a question is open"
            self._refuse(item, error.code, _words(error) + (f": {error.existing_id}, {reason}" if ids else ""))
            return
        self.shared.store.work.reread_add(item.system, item.resource, ids, "named as existing")
        self.replan.add(item.gid)

    def _refuse(self, item: Item, code: str, message: str) -> None:
        self.counter.failed += 1
        golden = self.shared.store.records.goldens([item.gid])[item.gid]
        self.shared.store.work.quarantine(
            [
                Quarantined(
                    item.system,
                    item.resource,
                    item.remote_id or "",
                    item.gid,
                    self.shared.run,
                    self.shared.clock(),
                    code,
                    self.shared.redact(message),
                    fingerprint(golden, self.source),
                )
            ]
        )


def _key(row: OpRow) -> str:
    """The correlation key: a create is searched by the golden record's id, whatever attempt it is."""
    return row.gid if row.kind == "create" else row.op_id


def _no_receipt(source: Source) -> ConnectorError:
    return OutcomeUnknown("the connector gave no receipt for this write", where=source.system)


def _words(error: ConnectorError) -> str:
    parts = [error.message]
    if error.remote_text and error.remote_text not in error.message:
        parts.append(error.remote_text)
    if error.hint:
        parts.append(error.hint)
    return ": ".join(parts[:2]) + (f". {parts[2]}" if len(parts) > 2 else "")


def same_item(left: Item, right: Item) -> bool:
    """Whether two plans want exactly the same write."""
    return canonical_bytes([left.kind, left.remote_id, left.version, left.data]) == canonical_bytes(
        [right.kind, right.remote_id, right.version, right.data]
    )
