"""What a person decides about a record: a conflict's value, a loser of the ledger, a wrong link (sections 6 and 11).

The functions on a golden record are pure; the last part stores them, each decision in one transaction and as a run of
its own, so that history and ledger name it.  The next sync writes what follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.canonical.schema import COLLECTIONS, DEPENDS, field_def
from hub.canonical.values import key as canonical_key
from hub.contract.errors import HubError
from hub.mapping.view import RemoteRef, Value, View
from hub.state import Base, Cell, Element, Golden, GoldenChange, LedgerRow, Link
from hub.sync.merge.consents import widens
from hub.sync.merge.groups import propose
from hub.sync.merge.observe import observe
from hub.sync.plan.record import title
from hub.sync.systems import Source
from hub.sync.workspace import Shared, Workspace, kept_keys_of_golden

RULE = "decided by a person"


class DecisionError(HubError):
    """The decision cannot be carried out."""

    code = "usage"


# on one golden record, pure


def decide_value(
    golden: Golden, path: str, value: Value, *, seq: int, time: float, run: str, region: str | None = None
) -> GoldenChange:
    """Make a person's value golden and unfreeze the field.

    path: as in the ledger: a field ("notes"), a member of a group ("name.middle"), an element ("emails/EID"), one of
    its attributes ("emails/EID/labels") or a collection's primary ("emails/primary", the value is an element's id).
    time: seconds since the epoch.  Raises DecisionError for a path that the record does not have.
    """
    cell = Cell(value, "person", seq, time, RULE, True, run)
    collection, _, rest = path.partition("/")
    if not rest:
        old, value = _decide_field(golden, path, cell)
    elif rest == "primary":
        old = golden.collection(collection).primary.value
        if value is not None and value not in golden.collection(collection).elements:
            raise DecisionError(f"{collection} has no element {value!r}")
        golden.collection(collection).primary = cell
    else:
        old, value = _decide_element(golden, collection, rest, cell, region)
    golden.frozen.pop(path, None)
    golden.seq = seq
    return GoldenChange(golden.gid, path, old, value, "person", RULE, seq)


def _decide_field(golden: Golden, path: str, cell: Cell) -> tuple[Value, Value]:
    """The old value and the new one."""
    group, dot, member = path.rpartition(".")
    if dot and path not in golden.fields and isinstance(golden.value(group), dict):
        old, value = golden.value(group).get(member), cell.value
        cell.value = {**golden.value(group), member: value}
        golden.fields[group] = cell
        return old, value
    old = golden.value(path)
    found = field_def(path)
    if found is not None and found.kind == "consent" and widens(old, cell.value):
        raise DecisionError(
            f"{path} cannot be made {cell.value} here: that needs evidence from outside the hub",
            hint="Enter the new consent, with its time and source, in the system where the customer gave it",
        )
    if found is not None:
        cell.value = _complete(found.kind, cell.value, old)
    golden.fields[path] = cell
    return old, cell.value


def _complete(kind: str, value: Value, old: Value) -> Value:
    """A group of which a side shows only some members takes the others from golden, as an edit of that side does."""
    if kind not in DEPENDS or not (isinstance(value, Mapping) and isinstance(old, Mapping)):
        return value
    return propose(kind, value, old, None)[0]


def _decide_element(golden: Golden, collection: str, rest: str, cell: Cell, region: str | None) -> tuple[Value, Value]:
    eid, _, attr = rest.partition("/")
    element = golden.collection(collection).elements.get(eid)
    if element is None:
        raise DecisionError(f"the record has no {collection}/{eid} (any more)")
    if attr:
        old = element.attr(attr)
        element.attrs[attr] = cell
        return old, cell.value
    return _decide_element_value(element, collection, cell, region)


def _decide_element_value(element: Element, collection: str, cell: Cell, region: str | None) -> tuple[Value, Value]:
    old = element.value.value
    if cell.value is None:
        element.alive, element.stamp = False, cell.seq
        return old, None
    cell.value = _complete(COLLECTIONS[collection].kind, cell.value, old)
    before = canonical_key(collection, old, region=region)
    element.value, element.alive, element.stamp = cell, True, cell.seq
    if canonical_key(collection, cell.value, region=region) != before:
        element.keyed = cell.seq
    return old, cell.value


def take_back(
    golden: Golden,
    system: str,
    history: Sequence[Mapping[str, Any]],
    leaving: View,
    *,
    seq: int,
    time: float,
    run: str,
) -> list[GoldenChange]:
    """Undo what a system gave to a golden record that it does not belong to (a split).

    A field whose value still comes from this system gets back what it had before the system's first change of it;
    elements that only this system gave are removed, unless another system shows them with a value of its own.
    history: the record's changes, oldest first ("path", "old", "source").  leaving: what the record that goes shows; what
    it does not show came from another record of the system, and stays.
    """
    changes = []
    for name, cell in sorted(golden.fields.items()):
        if cell.source != system or name == "kind" or not _shows(leaving.fields.get(name), cell.value):
            continue
        before, found = _before(history, name, system), field_def(name)
        if found is not None and found.kind == "consent" and widens(cell.value, before):
            continue  # a refusal stays: whose it was cannot be told any more, and it is the safe side
        if name == "name" and before is None:
            continue  # the records that stay together were made from the one that leaves: they keep its name
        golden.fields[name] = Cell(before, "person", seq, time, "split", False, run)
        golden.frozen.pop(name, None)
        changes.append(GoldenChange(golden.gid, name, cell.value, before, "person", "split", seq))
    for name, collection in sorted(golden.collections.items()):
        shown = {canonical_key(name, row.value) for row in leaving.collections.get(name, ()) if row.value is not None}
        for element in collection.live():
            if canonical_key(name, element.value.value) not in shown:
                continue
            if element.value.source == system and not _shown_first_elsewhere(history, name, element, system):
                element.alive, element.stamp = False, seq
                path = f"{name}/{element.eid}"
                changes.append(GoldenChange(golden.gid, path, element.value.value, None, "person", "split", seq))
    if changes:
        golden.seq = seq
    return changes


def _beyond(changes: Sequence[GoldenChange], leaving: View, system: str) -> list[LedgerRow]:
    """Elements that went with a record and had more than it shows (a district that another system typed): they are in the
    ledger."""
    found = []
    for item in changes:
        name, _, eid = item.path.partition("/")
        rows = [row.value for row in leaving.collections.get(name, ())]
        if eid and isinstance(item.old, Mapping) and not any(_shows(item.old, row) for row in rows):
            found.append(LedgerRow(item.gid, item.path, "split", None, "person", item.old, system))
    return found


def _shows(shown: Value, value: Value) -> bool:
    """Whether a record shows a golden value, as far as it can hold it (of a group, its own members)."""
    if isinstance(shown, RemoteRef):
        return True  # a reference comes with its record
    if isinstance(shown, Mapping) and isinstance(value, Mapping):
        return all(value.get(member) == item for member, item in shown.items() if item is not None)
    return bool(shown == value)


def _before(history: Sequence[Mapping[str, Any]], path: str, system: str) -> Value:
    """The value before the unbroken row of changes by this system that led to the present one."""
    value: Value = None
    for row in reversed([item for item in history if item["path"] == path]):
        if row["source"] != system:
            break
        value = row["old"]
    return value


def _shown_first_elsewhere(history: Sequence[Mapping[str, Any]], name: str, element: Element, system: str) -> bool:
    """Whether another system gave this element before."""
    path = f"{name}/{element.eid}"
    return any(row["path"] == path and row["source"] not in (system, "person") for row in history)


# stored


def resolve_conflict(
    shared: Shared, number: int, *, take: str | None = None, value: Value = None, given: bool = False
) -> GoldenChange | None:
    """Carry out a decision on a row of the ledger.

    take:  the system whose value wins; ``given`` with ``value``: this value wins.
    Returns the change, or None where only the state of the record was decided.  Raises DecisionError.
    """
    row = shared.store.history.ledger_row(number)
    if row is None:
        raise DecisionError(f"there is no conflict {number}", hint="`crmhub conflicts list --all` shows them")
    workspace = Workspace(shared)
    workspace.load([row["gid"]])
    golden = workspace.goldens.get(row["gid"])
    if golden is None:
        raise DecisionError("the record of this conflict does not exist any more")
    with shared.store.transaction():
        if row["path"].startswith("@"):
            _decide_deletion(workspace, golden, row, take)
            change = None
        else:
            change = decide_value(
                golden,
                row["path"],
                value if given else _side(row, golden, take),
                seq=shared.store.tick(),
                time=shared.clock(),
                run=shared.run,
                region=shared.policy.region,
            )
            _give_everywhere(workspace, golden, row["path"])
        _store(shared, golden, [] if change is None else [change])
        _close_rows(shared, row, take if take is not None else "a value given by a person")
    return change


def _give_everywhere(workspace: Workspace, golden: Golden, path: str) -> None:
    """A person's value goes also to systems where an undo had left another one on purpose."""
    name, _, rest = path.partition("/")
    eid = rest.partition("/")[0]
    main = f"{name}/{eid}" if rest else path if path in golden.fields else path.rpartition(".")[0]
    for link in workspace.links[golden.gid]:
        marks = [item for item, mark in link.undone.items() if item in (main, path) or (eid and mark[0] == eid)]
        for item in marks:
            del link.undone[item]
        if marks:
            link.lost.add(main)
            workspace.touch(link)
    workspace.changed.clear()
    workspace.flush()


def _side(row: Mapping[str, Any], golden: Golden, take: str | None) -> Value:
    """The value of a system in a conflict: the last candidate that it gave, or its side of the ledger row."""
    for value, system, _time in reversed(golden.frozen.get(row["path"], [])):
        if system == take:
            return value
    if take == row["loser_system"]:
        return row["loser"]
    if take == row["winner_system"]:
        return row["winner"]
    sides = {row["loser_system"], row["winner_system"], *(item[1] for item in golden.frozen.get(row["path"], []))}
    raise DecisionError(f"{take!r} has no value in this conflict", hint=f"Take one of: {', '.join(sorted(sides))}")


def _decide_deletion(workspace: Workspace, golden: Golden, row: Mapping[str, Any], take: str | None) -> None:
    """A record was deleted in one system under the policy "ask": taking that system deletes it everywhere."""
    system = row["path"].removeprefix("@")
    if row["state"] != "open":
        raise DecisionError("this deletion has been decided")
    for link in workspace.links[golden.gid]:
        if link.system == system and link.state == "excluded":
            link.reason = f"deleted in {system}"
            workspace.touch(link)
    if take == system:
        golden.state, golden.seq = "dead", workspace.shared.store.tick()
    workspace.changed.clear()
    workspace.flush()


def _close_rows(shared: Shared, row: Mapping[str, Any], resolution: str) -> None:
    if row["state"] != "open":
        shared.store.history.resolve_ledger([row["id"]], "flipped", resolution)
        return
    rows = shared.store.history.ledger(gid=row["gid"], state="open")
    shared.store.history.resolve_ledger([x["id"] for x in rows if x["path"] == row["path"]], "resolved", resolution)


def _store(shared: Shared, golden: Golden, changes: Sequence[GoldenChange]) -> None:
    shared.store.records.save_goldens([(golden, title(golden))])
    shared.store.records.set_keys({golden.gid: kept_keys_of_golden(golden, shared.policy)})
    shared.store.history.add(shared.run, shared.clock(), changes, [], [])


def split_link(shared: Shared, system: str, resource: str, remote_id: str) -> str:
    """Take a wrongly linked record out of its golden record; it becomes one of its own, whose gid is returned.

    The two are never matched again.  Raises DecisionError.
    """
    ref = f"{system}/{resource}/{remote_id}"
    link = shared.store.records.links_by_remote(system, resource, [remote_id]).get(remote_id)
    source = shared.systems.find(system, resource)
    if link is None or source is None or link.native is None:
        raise DecisionError(f"{ref} is not linked", hint="`crmhub record show REF` names the linked records")
    workspace = Workspace(shared)
    workspace.load([link.gid])
    old = workspace.goldens[link.gid]
    native = link.native
    link = next(item for item in workspace.links[old.gid] if item.id == link.id)
    others = [item for item in workspace.links[old.gid] if item is not link and item.state not in ("gone", "excluded")]
    view = source.mapping.get(native)
    if not others or view is None:
        raise DecisionError(f"{ref} is the only record of this customer; there is nothing to split")
    with shared.store.transaction():
        history = shared.store.history.changes(old.gid)
        changes = take_back(old, system, history, view, seq=shared.store.tick(), time=shared.clock(), run=shared.run)
        beyond = _beyond(changes, view, system)
        fresh = _move(workspace, source, link, native, view)
        workspace.changed.add(old.gid)
        changes += _point_to(workspace, source, remote_id, old.gid, fresh.gid)
        workspace.flush()
        shared.store.history.add(shared.run, shared.clock(), changes, beyond, [])
        refs = [f"{item.system}/{item.resource}/{item.remote_id}" for item in others]
        shared.store.staging.never_match([(a, b) for a in (ref, fresh.gid) for b in (*refs, old.gid)])
    return fresh.gid


def _point_to(workspace: Workspace, source: Source, remote_id: str, old: str, fresh: str) -> list[GoldenChange]:
    """Records of the same system that refer to the one that was split off refer to its new customer from now on."""
    shared, changes = workspace.shared, []
    for other in shared.systems.of(source.system):
        names = [name for name, spec in other.mapping.fields.items() if spec.ref == source.resource]
        for link in shared.store.records.linked(other.system, other.resource) if names else ():
            itself = link.remote_id == remote_id and other is source
            view = other.mapping.get(link.native) if link.native is not None and link.gid and not itself else None
            for name in names:
                if view is None or view.fields.get(name) != RemoteRef(source.resource, remote_id):
                    continue
                golden = workspace.living(link.gid)
                mine = next((item for item in workspace.links[golden.gid] if item.id == link.id), link)
                if workspace.survivor(str(golden.value(name))) == old:
                    cell = Cell(fresh, source.system, shared.store.tick(), shared.clock(), "split", False, shared.run)
                    changes.append(
                        GoldenChange(golden.gid, name, golden.value(name), fresh, source.system, "split", cell.seq)
                    )
                    golden.fields[name] = cell
                elif workspace.survivor(str(mine.sent.get(name))) != old:
                    continue
                mine.sent[name] = fresh  # that is whom it shows, whomever golden means
                workspace.touch(mine)
    return changes


def _move(workspace: Workspace, source: Source, link: Link, native: Mapping[str, Any], view: View) -> Golden:
    """A golden record of its own for a native record, made from what it showed last."""
    shared = workspace.shared
    fresh = Golden(shared.new_id(), record=source.mapping.record, seq=shared.store.tick())
    workspace.add_golden(fresh)
    workspace.drop_link(link)
    moved = Link(
        link.system,
        link.resource,
        link.remote_id,
        fresh.gid,
        version=link.version,
        epoch=link.epoch,
        created_by_hub=link.created_by_hub,
        modified=link.modified,
    )
    workspace.add_link(moved)
    observe(workspace.merge(source, None), fresh, moved, Base(), view, native)
    workspace.touch(moved)
    return fresh
