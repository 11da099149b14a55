"""Known design faults, switched on inside the engine: the simulator must catch each of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from hub.contract.records import Record
from hub.mapping.view import View
from hub.state import Link
from hub.sync import absence, confirm, guards, planning, pull, recover, vanished
from hub.sync import apply as apply_
from hub.sync import engine as engine__
from hub.sync.merge import consents, context, elements, observe, removal, settle
from hub.sync.merge import fields as fields_
from hub.sync.undo import accept as accept_
from hub.sync.undo import carry as carry_
from hub.sync.undo import customer as customer_
from hub.testing.simulation.play import Options, play
from hub.testing.simulation.remote import SimulatedConnector
from hub.testing.simulation.world import Violation

apply: Any = apply_
engine_: Any = engine__
undo_accept: Any = accept_
undo_carry: Any = carry_
undo_customer: Any = customer_
fields: Any = fields_
"""Names that they import are replaced, too."""

Patch = tuple[Any, str, Any]


@dataclass(frozen=True, slots=True)
class Break:
    """A design fault.  patches: what to replace while it is on, made anew each time.  faults, traits, policy, probes: what
    a world needs for it to show (the rest is drawn as always)."""

    name: str
    what: str
    patches: Callable[[], list[Patch]]
    faults: frozenset[str] | None = None
    traits: frozenset[str] | None = None
    policy: str | None = None
    probes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Caught:
    seeds: int
    violation: Violation


def _single_base() -> list[Patch]:
    """One base per field: what a system shows is compared with golden itself."""
    original = observe.base_of

    def base_of(link: Link, mapping: Any) -> Any:
        base = original(link, mapping)
        for name in list(base.fields):
            if name in link.sent and mapping.fields[name].ref is None and name != "kind":
                base.fields[name] = link.sent[name]
        return base

    return [(module, "base_of", base_of) for module in (observe, confirm, pull, planning, recover)]


def _no_intents() -> list[Patch]:
    """Writes are not noted before they are sent."""
    original = apply.Apply._intend

    def intend(self: Any, batch: Any) -> Any:
        ready = original(self, batch)
        with self.shared.store.transaction():
            self.shared.store.work.end_ops([row.op_id for row, _ in ready], "superseded")
        return ready

    return [(apply.Apply, "_intend", intend)]


def _unconditional() -> list[Patch]:
    original = apply.Op

    def op(key: str, kind: Any, id_: Any, data: Any, if_version: Any = None) -> Any:
        return original(key, kind, id_, data, None)

    return [(apply, "Op", op)]


def _version_first() -> list[Patch]:
    """The version is stored although the change was not merged."""
    original = pull.Pull.observe

    def observe_(self: Any, workspace: Any, record: Record, link: Link, view: View) -> None:
        if link.version is not None and record.id in self.ops:
            link.version = record.version
            self.ops.pop(record.id)
            workspace.touch(link)
            return
        original(self, workspace, record, link, view)

    def after_write(self: Any, workspace: Any, link: Link, base: Any, image: Record) -> None:
        link.version = image.version
        workspace.touch(link)

    return [(pull.Pull, "observe", observe_), (confirm.Confirm, "observe", after_write)]


def _blind_resend() -> list[Patch]:
    """A create of unknown outcome is sent again without looking."""

    def create(self: Any, op: Any) -> None:
        self._end(op, "superseded")

    return [(recover.Recover, "_create", create)]


def _two_keyless() -> list[Patch]:
    return [(apply.Apply, "_create_open", lambda _self, _item: False), *_blind_resend_keyless()]


def _blind_resend_keyless() -> list[Patch]:
    return [(recover.Recover, "_by_natural_keys", lambda _self, _op: [])]


def _cursor_mid_pass() -> list[Patch]:
    """The cursor moves on with a page that could not be read whole."""
    original = pull.Pull.take

    def take(self: Any, records: Any, *, force: bool = False) -> Any:
        kept = list(records)
        return original(self, kept[:-1] if len(kept) > 2 and not force else kept, force=force)

    return [(pull.Pull, "take", take)]


def _cursor_first() -> list[Patch]:
    """The cursor is stored, and then the page up to it."""
    original = pull.Pull._poll

    def poll(self: Any, cursor: Any, start: Any) -> Any:
        connector, work = self.source.connector, self.shared.store.work

        def changes(resource: str, at: Any) -> Iterator[Any]:
            for page in type(connector).changes(connector, resource, at):
                cursor.value = page.cursor
                with self.shared.store.transaction():
                    work.save_cursor(cursor)
                yield page

        connector.changes = changes
        try:
            return original(self, cursor, start)
        finally:
            del connector.changes

    return [(pull.Pull, "_poll", poll)]


def _two_processes() -> list[Patch]:
    """Nobody holds a lock: while one process is about to create a record, another one runs."""
    original = SimulatedConnector.write
    running: list[bool] = []

    def write(self: Any, resource: str, ops: Any) -> Iterator[Any]:
        if not running and any(op.kind == "create" for op in ops):
            running.append(True)
            try:
                self.world.engine().sync()
            finally:
                running.pop()
        yield from original(self, resource, ops)

    return [(SimulatedConnector, "write", write)]


def _uncertified() -> list[Patch]:
    """Whatever a listing does not show is gone, without asking for the record."""

    def confirm(self: Any, ids: list[str]) -> int:
        with self.shared.store.transaction():
            self.vanished.absent(ids, listed=True)
        return 0

    return [
        (pull.Pull, "_confirm_absence", confirm),
        (vanished.Vanished, "may_be_told", lambda _self, _link, **_: False),
        (pull.Pull, "_shrunk", lambda _self, _before, _now: False),
    ]


def _no_ledger() -> list[Patch]:
    return [(context.Merge, "loses", lambda *_args, **_more: None)]


def _whole_group() -> list[Patch]:
    """A group is taken as a system shows it: members that it cannot hold or spells its own way included."""
    original = fields.propose

    def propose(kind: str, shown: Any, sent: Any, image: Any, seen: Any = None) -> Any:
        value, dropped = original(kind, shown, None, None, None)
        return value, dropped

    return [(fields, "propose", propose), (elements, "propose", propose)]


def _no_guards() -> list[Patch]:
    return [(planning, "trips", lambda *_args: [])]


def _widening() -> list[Patch]:
    return [(consents, "_evident", lambda *_args: True), (consents, "widens", lambda _old, _new: False)]


def _removal_wins() -> list[Patch]:
    """A removal beats an edit that it has not seen."""
    original = removal.remove

    def remove(sight: Any, element: Any, into: Any = None) -> bool:
        known = sight.esent.get(element.eid)
        if known is not None:
            known.value, known.attrs, known.claims = element.value.value, element.attr_values(), element.claims
        return original(sight, element, into)

    from hub.sync.merge import collections, slots

    return [(module, "remove", remove) for module in (collections, slots) if hasattr(module, "remove")]


def _no_settling() -> list[Patch]:
    """After a lost answer the record is simply observed: our own write is a user's edit."""

    def settle_nothing(shared: Any, source: Any, op: Any, link: Any, golden: Any, base: Any, image: Any) -> Any:
        op.state = "superseded"
        shared.store.work.save_ops([op])
        return settle.Settlement()

    return [(pull, "settle_open_op", settle_nothing), (recover, "settle_open_op", settle_nothing)]


def _delete_unseen() -> list[Patch]:
    """A deletion beats edits that the deleted record had not seen, and nothing is revived."""
    return [
        (absence, "_unseen_edits", lambda *_args: False),
        (pull, "revive", lambda *_args: None),
        (absence, "revive", lambda *_args: None),
    ]


def _lost_update() -> list[Patch]:
    """Golden always wins: a concurrent edit is overwritten and nobody is told."""

    def conflict(merge: Any, golden: Any, link: Any, name: str, cell: Any, value: Any, wins: bool, rule: str) -> None:
        link.lost.add(name)

    return [(fields, "_settle_conflict", conflict)]


def _whole_document() -> list[Patch]:
    """An update writes every field that golden has, not only those where the hub moved."""
    from hub.sync.plan import record

    original = record._plan_field

    def plan_field(draft: Any, name: str) -> None:
        if draft.link.sent.get(name) is not None and draft.mapping.fields[name].ref is None:
            draft.link.lost.add(name)
        original(draft, name)

    return [(record, "_plan_field", plan_field)]


def _reads_unsupported() -> list[Patch]:
    """A reference to a record that is not linked yet reads as empty."""
    return [(fields, "_resolve", lambda merge, link, name, shown: merge.resolve(shown) if shown else None)]


def _direction() -> list[Patch]:
    """Systems that the hub may only read are written."""
    original = planning.plan_on

    def plan_on(workspace: Any, source: Any, golden: Any) -> Iterator[Any]:
        before, source.writable = source.writable, True
        yield from original(workspace, source, golden)
        source.writable = before

    return [(planning, "plan_on", plan_on)]


def _no_lost_mark() -> list[Patch]:
    """Whoever loses a conflict is not marked: the value is believed to be in step."""
    original = fields._settle_conflict

    def conflict(merge: Any, golden: Any, link: Any, name: str, *rest: Any) -> None:
        original(merge, golden, link, name, *rest)
        link.lost.discard(name)
        link.sent[name] = golden.value(name)

    return [(fields, "_settle_conflict", conflict)]


def _dropped_again() -> list[Patch]:
    """What a system did not take of a list is not noted."""
    original = settle._settle_collection

    def settled(link: Any, base: Any, payload: Any, name: str, *rest: Any) -> None:
        original(link, base, payload, name, *rest)
        for path in [path for path in link.sent if path.startswith(f"{name}/")]:
            del link.sent[path]

    return [(settle, "_settle_collection", settled)]


def _no_verify() -> list[Patch]:
    return [(apply.Apply, "_verified", lambda _self, batch: batch)]


def _first_sync_unasked() -> list[Patch]:
    original = guards._judge

    def judge(plan: Any, system: str, facts: Any, limits: Any) -> Any:
        return original(plan, system, replace(facts, first=False, loading=True), limits)

    return [(guards, "_judge", judge)]


def _logs_values() -> list[Patch]:
    """A helpful developer logs what is merged."""
    import logging

    original = pull.Pull.observe

    def observe_(self: Any, workspace: Any, record: Record, link: Link, view: View) -> None:
        logging.getLogger("crmhub.sync").info("observed %s", dict(record.data or {}))
        original(self, workspace, record, link, view)

    return [(pull.Pull, "observe", observe_)]


def _quotes_bugs() -> list[Patch]:
    """The text of an unexpected exception is passed on as it is."""
    from hub.contract.errors import ContractViolation
    from hub.sync import engine

    def told(name: str, error: Exception) -> ContractViolation:
        return ContractViolation(f"{type(error).__name__}: {error}", rule="no-unexpected-exception", where=name)

    return [(apply, "plugin_bug", told), (engine, "plugin_bug", told)]


def _size_forgotten() -> list[Patch]:
    """A record that was created is not counted."""
    original = confirm.Confirm.create

    def create(self: Any, workspace: Any, row: Any, item: Any, image: Any, **more: Any) -> None:
        original(self, workspace, row, item, image, **more)
        self.shared.store.work.resize(item.system, item.resource, by=-1)

    return [(confirm.Confirm, "create", create)]


def _clears_rows() -> list[Patch]:
    """Rows are rewritten without what the mapping does not know."""
    original = apply.decode

    def decode(data: Any) -> Any:
        found = copy.deepcopy(original(data))
        if "notes" in found:
            found["x_frame"] = None
        return found

    return [(apply, "decode", decode)]


def _undo_forgets() -> list[Patch]:
    """After an undo, a system that shows something else than golden is not left alone."""
    return [(undo_carry, "accept", lambda *_: None), (undo_accept, "accept", lambda *_: None)]


def _undo_blind() -> list[Patch]:
    """An undo writes the old record back, whatever has happened to it since."""
    original = undo_customer.compare

    def compare(mapping: Any, readings: Any, names: set[str]) -> Any:
        return original(mapping, replace(readings, post=readings.now, moved=frozenset()), names)

    return [(undo_customer, "compare", compare)]


def _undo_golden_only() -> list[Patch]:
    """An undo makes the earlier golden values golden again and lets the next sync write them everywhere."""

    def carry(self: Any, shared: Any, result: Any, plan: Any) -> None:
        """Nothing is written now."""

    return [(engine_.Engine, "_carry", carry), (undo_carry, "accept", lambda *_: None)]


def _clocks_decide() -> list[Patch]:
    """Whoever has the later time wins, and nobody keeps what lost."""
    return [(context.Merge, "loses", lambda *_args, **_options: None)]


BREAKS = {
    item.name: item
    for item in (
        Break("single_base", "one base per field instead of two", _single_base),
        Break("no_intents", "writes are not noted before they are sent", _no_intents, frozenset({"kill", "lost_reply"})),
        Break("unconditional", "writes carry no expected version", _unconditional),
        Break("version_first", "the version advances before the diff", _version_first),
        Break("blind_resend", "an unknown create is sent again without a probe", _blind_resend,
              frozenset({"lost_reply", "kill"})),
        Break("blind_keyless", "an unknown key-less create is sent again", _blind_resend_keyless,
              frozenset({"lost_reply", "kill"})),
        Break("two_keyless", "two open key-less creates", _two_keyless, frozenset({"lost_reply", "kill"})),
        Break("cursor_mid_pass", "the cursor passes a record that was not stored", _cursor_mid_pass),
        Break("cursor_first", "the cursor is saved before its page", _cursor_first, frozenset({"kill"})),
        Break("two_processes", "two processes sync at once", _two_processes),
        Break("uncertified", "an absence proves a deletion", _uncertified, policy="propagate",
              probes=frozenset({"short_listing"})),
        Break("no_ledger", "the losers of conflicts are dropped", _no_ledger),
        Break("whole_group", "a group is taken as shown", _whole_group),
        Break("no_guards", "no guard trips", _no_guards),
        Break("widening", "a consent is widened without evidence", _widening),
        Break("removal_wins", "a removal beats an unseen edit", _removal_wins),
        Break("no_settling", "our own write is observed as an edit", _no_settling, frozenset({"lost_reply"}),
              probes=frozenset({"edit_on_a_lost_write"})),
        Break("delete_unseen", "a deletion beats unseen edits", _delete_unseen, policy="propagate",
              probes=frozenset({"edit_beats_deletion"})),
        Break("golden_wins", "concurrent edits are overwritten silently", _lost_update),
        Break("whole_document", "updates write every field", _whole_document),
        Break("pending_blank", "a pending reference reads as empty", _reads_unsupported),
        Break("direction", "read-only systems are written", _direction),
        Break("no_lost_mark", "the loser of a conflict is not put right", _no_lost_mark),
        Break("dropped_again", "a row that a system drops is added in every run", _dropped_again),
        Break("no_verify", "no look before an unconditional write", _no_verify),
        Break("unasked", "the first sync needs no approval", _first_sync_unasked),
        Break("logs_values", "customers' values in the log", _logs_values),
        Break("quotes_bugs", "the text of a plugin's bug is stored", _quotes_bugs, frozenset({"garbage"})),
        Break("miscount", "a created record is not counted", _size_forgotten),
        Break("frame", "unmapped data is cleared", _clears_rows),
        Break("undo_forgets", "what was taken back is given again", _undo_forgets, probes=frozenset({"undone"})),
        Break("undo_blind", "an undo overwrites what changed since", _undo_blind, probes=frozenset({"undone"})),
        Break("undo_golden_only", "an undo undoes also where people typed", _undo_golden_only, probes=frozenset({"undone"})),
        Break("clocks_decide", "clocks decide and nobody keeps the loser", _clocks_decide, probes=frozenset({"skewed"})),
    )
}  # fmt: skip


def find(name: str) -> Break:
    if name not in BREAKS:
        raise SystemExit(f"unknown break {name}; known are {', '.join(BREAKS)}")
    return BREAKS[name]


@contextmanager
def broken(item: Break) -> Iterator[None]:
    """The engine with this fault."""
    patches = item.patches()
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    for owner, name, value in patches:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def catch(item: Break, options: Options, seeds: Iterable[int]) -> Caught | None:
    """Play broken worlds until one is caught that is fine without the break."""
    options = replace(
        options,
        faults=item.faults or options.faults,
        traits=item.traits or options.traits,
        policy=item.policy or options.policy,
        probes=options.probes | item.probes,
    )
    for number, seed in enumerate(seeds, start=1):
        with broken(item):
            found = play(seed, options).violations
        if found and not play(seed, options).violations:
            return Caught(number, found[0])
    return None
