"""The field table (sync-semantics, section 4) for scalars and atomic groups."""

from __future__ import annotations

from typing import Any, Final

from hub.mapping.view import UNSUPPORTED, RemoteRef, Value
from hub.state import Cell, Golden, Link
from hub.sync.merge.consents import observe_consent
from hub.sync.merge.context import Merge
from hub.sync.merge.groups import propose
from hub.sync.policy import is_blank

MISSING: Final[Any] = object()
PENDING: Final = "pending reference"
"""Reason in ``Link.held`` of a reference to a record that is not linked yet (rule R1)."""


EMPTY = "typed into an empty field"
UNSEEN = "edited where an undo had left another value"
"""Why a value is in the ledger that the person who replaced it had not seen."""


def moved(merge: Merge, golden: Golden, link: Link, name: str) -> bool:
    """G: the hub moved since this system last gave or was given the field."""
    if name in link.lost:
        return True
    value = golden.value(name)
    if merge.kind(name) == "reference":
        return bool(_survivor(merge, value) != _survivor(merge, link.sent.get(name)))
    return bool(value != link.sent.get(name))


def observe_field(
    merge: Merge, golden: Golden, link: Link, name: str, seen: Value, shown: Value, *, doubt: bool
) -> None:
    """Take one field of a record through the table.

    seen: what the system showed before (MISSING if never); shown: what it shows now, not UNSUPPORTED; doubt: it may be
    a server's default (rule D1).  Changes ``golden`` and ``link`` in place.
    """
    spec = merge.mapping.fields[name]
    changed = seen is MISSING or seen != shown
    if spec.ref is not None:
        resolved = _resolve(merge, link, name, shown)
        if resolved is PENDING:
            return
        changed = changed or link.held.pop(name, None) == PENDING
        shown = resolved
    if spec.direction in ("write", "create") or spec.create_only:
        _observe_outgoing(merge, golden, link, name, changed, shown, create_only=spec.direction == "create")
    elif name == "kind":
        _observe_kind(merge, golden, link, changed, shown)
    elif merge.kind(name) == "consent":
        observe_consent(merge, golden, link, name, changed, shown)
    elif name not in link.sent:
        _first_contact(merge, golden, link, name, shown, doubt=doubt)
    elif changed:
        _edited(merge, golden, link, name, shown, seen)


def _resolve(merge: Merge, link: Link, name: str, shown: Value) -> Value:
    if not isinstance(shown, RemoteRef):
        return None
    gid = merge.resolve(shown)
    if gid is None:
        link.held[name] = PENDING
        return PENDING
    return gid


def _survivor(merge: Merge, value: Value) -> Value:
    return merge.survivor(value) if isinstance(value, str) else value


def _equal(merge: Merge, name: str, golden_value: Value, shown: Value) -> bool:
    """norm(golden) eq shown, through this system's eyes."""
    kind = merge.kind(name)
    if kind == "reference":
        return bool(_survivor(merge, golden_value) == _survivor(merge, shown))
    image = merge.mapping.norm(name, golden_value)
    return image is not UNSUPPORTED and merge.same(kind, image, shown)


def _proposal(merge: Merge, golden: Golden, link: Link, name: str, shown: Value, seen: Value = None) -> Value:
    if merge.mapping.fields[name].members is None or not isinstance(shown, dict):
        return shown
    if is_blank(shown) and name not in link.sent:
        return None
    sent = link.sent.get(name)
    image = merge.mapping.norm(name, sent) if sent is not None else None
    before = seen if isinstance(seen, dict) and not link.apart(name) else None
    value, dropped = propose(merge.kind(name), shown, sent, image, before)
    for member, old in dropped.items():
        merge.loses(golden, f"{name}.{member}", "dependent", None, merge.system, old, golden.fields[name].source)
    return None if is_blank({k: v for k, v in value.items() if k not in ("form", "order")}) else value


def set_field(merge: Merge, golden: Golden, name: str, value: Value, rule: str) -> None:
    """Make a value golden, with provenance and history."""
    old = golden.value(name)
    cell = merge.cell(value, rule)
    golden.fields[name] = cell
    merge.changed(golden, name, old, cell)


def _edited(merge: Merge, golden: Golden, link: Link, name: str, shown: Value, seen: Value) -> None:
    """L = 1 on a field that this system gave or was given before."""
    stood = _stood_here(merge, golden, link, name, seen)
    if stood:
        link.lost.discard(name)
    if stood or not moved(merge, golden, link, name):
        if is_blank(shown) and merge.policy.of(name).blank == "ignore":
            return
        value, old = _proposal(merge, golden, link, name, shown, seen), golden.value(name)
        if value != old:
            if is_blank(seen) or name in link.undone:  # here it looked empty, or was another one: nobody saw golden's
                rule = UNSEEN if name in link.undone else EMPTY
                if not is_blank(old) and name in golden.fields:
                    merge.loses(golden, name, rule, value, merge.system, old, golden.fields[name].source)
            set_field(merge, golden, name, value, "edit")
        link.undone.pop(name, None)
        link.sent[name] = value
        return
    cell = golden.fields.get(name) or Cell(None)
    if _equal(merge, name, cell.value, shown):
        if shown == cell.value and merge.wins(name, cell, shown)[0]:
            # the stronger of two equal edits stands for both, or the order of reading would decide a third one
            golden.fields[name] = Cell(shown, merge.system, cell.seq, merge.time, cell.rule, False, cell.run)
        link.sent[name] = cell.value
        link.lost.discard(name)
        return
    value = _proposal(merge, golden, link, name, shown, seen)
    if merge.spelled(name, cell, value):
        _take(merge, golden, link, name, value, "spelling")
        return
    wins, rule = merge.wins(name, cell, value)
    _settle_conflict(merge, golden, link, name, cell, value, wins, rule)


def _stood_here(merge: Merge, golden: Golden, link: Link, name: str, seen: Value) -> bool:
    """Whether the system showed golden's value before the edit, although nobody sent it there: whoever edited it saw it.

    Where the hub does not write, a value that a person chose among several is never noted as sent.
    """
    before = merge.resolve(seen) if isinstance(seen, RemoteRef) else seen
    if seen is MISSING or is_blank(before) or name in link.undone:
        return False
    return _equal(merge, name, golden.value(name), before)


def _take(merge: Merge, golden: Golden, link: Link, name: str, value: Value, rule: str) -> None:
    set_field(merge, golden, name, value, rule)
    link.sent[name] = value
    link.lost.discard(name)


def _settle_conflict(
    merge: Merge, golden: Golden, link: Link, name: str, cell: Cell, value: Value, wins: bool, rule: str
) -> None:
    """Both sides changed and differ: the loser is kept in the ledger, under "ask" both are kept for a person."""
    ask = merge.policy.of(name).conflict == "ask"
    if ask:
        candidates = golden.frozen.setdefault(name, [[cell.value, cell.source, cell.time]])
        candidates.append([value, merge.system, merge.time])
    if wins:
        merge.loses(golden, name, rule, value, merge.system, cell.value, cell.source, still_open=ask)
        _take(merge, golden, link, name, value, f"conflict: {rule}")
    else:
        merge.loses(golden, name, rule, cell.value, cell.source, value, merge.system, still_open=ask)
        link.lost.add(name)


def _first_contact(merge: Merge, golden: Golden, link: Link, name: str, shown: Value, *, doubt: bool) -> None:
    """The "new link" rows: also for a field that was mapped later (rule F2)."""
    cell = golden.fields.get(name) or Cell(None)
    if is_blank(shown):
        link.sent[name] = None
        return
    if is_blank(cell.value):
        if doubt:
            link.sent[name] = None
            merge.notice(golden, name, "server_default", "may be a default of the server: shown, not taken over")
            return
        value = _proposal(merge, golden, link, name, shown)
        if value is None:
            link.sent[name] = None
            return
        set_field(merge, golden, name, value, "first value")
        link.sent[name] = value
        return
    if _equal(merge, name, cell.value, shown):
        link.sent[name] = cell.value
        return
    value = _proposal(merge, golden, link, name, shown)
    if merge.spelled(name, cell, value):
        _take(merge, golden, link, name, value, "spelling")
        return
    ours = merge.policy.authority_rank(merge.system, name)
    theirs = merge.policy.authority_rank(cell.source, name)
    wins = ours < theirs and not cell.pinned and not doubt
    link.sent[name] = cell.value
    if doubt:
        link.lost.add(name)
        return
    rule = "first link: authority" if ours != theirs else "first link: fill only"
    _settle_conflict(merge, golden, link, name, cell, value, wins, rule)


def _observe_outgoing(
    merge: Merge, golden: Golden, link: Link, name: str, changed: bool, shown: Value, *, create_only: bool
) -> None:
    """Fields that flow only from the hub to the system."""
    value = golden.value(name)
    if create_only:
        link.sent[name] = value
        return
    first = name not in link.sent
    if not changed and not first:
        return
    if _equal(merge, name, value, shown) or (first and is_blank(value)):
        link.sent[name] = value
        link.lost.discard(name)
    elif first:
        link.sent[name] = None
    elif merge.policy.of(name).drift == "ignore":
        link.sent[name] = value
        merge.notice(golden, name, "drift", "changed in the system, which only receives this field; left as it is")
    else:
        link.lost.add(name)
        merge.loses(golden, name, "direction", value, "hub", shown, merge.system)
        merge.notice(golden, name, "reverted", "changed in the system, which only receives this field; set back")


def _observe_kind(merge: Merge, golden: Golden, link: Link, changed: bool, shown: Value) -> None:
    """Person or organisation is decided when the record is made; a later change is for a person to look at (S18)."""
    current = golden.value("kind")
    first = "kind" not in link.sent
    if current is None and shown is not None:
        set_field(merge, golden, "kind", shown, "first value")
        current = shown
    elif changed and shown is not None and shown != current:
        merge.loses(golden, "kind", "kind is fixed at creation", current, "hub", shown, merge.system)
        if not first:
            merge.notice(golden, "kind", "kind_changed", f"{merge.system} now says {shown}, the record is a {current}")
    link.sent["kind"] = current
