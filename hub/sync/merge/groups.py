"""Atomic groups: the proposal of a system that holds only some members of a group (rules G1 to G4)."""

from __future__ import annotations

from collections.abc import Mapping

from hub.canonical.names import rebuild
from hub.canonical.schema import ADDRESS_MEMBERS, DEPENDS
from hub.mapping.view import Value

_NEVER = object()


def propose(
    kind: str,
    shown: Mapping[str, Value],
    sent: Mapping[str, Value] | None,
    image: Value,
    seen: Mapping[str, Value] | None = None,
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The complete group that a system proposes, and the dependent members that it drops (old values, for the ledger).

    shown: the members that the system holds.  sent: the whole golden group that it last had (None on a new link).
    image: how the system was predicted to show ``sent``; a member that still looks like that is taken from ``sent``,
    so that upper-casing or truncation never degrades golden.  seen: what the system showed before, if that corresponds to
    ``sent``: a member that did not change since is taken from ``sent`` too, even where the server rewrites values in ways
    that the mapping does not know.
    """
    predicted = image if isinstance(image, Mapping) else {}
    before = seen or {}
    old = sent or {}
    changed = {
        member
        for member, value in shown.items()
        if sent is None
        or not (predicted.get(member, _NEVER) == value or (member in before and before[member] == value))
    }
    if kind == "name":
        return rebuild(dict(shown), dict(sent) if sent else None, changed), {}
    result: dict[str, Value] = {}
    dropped: dict[str, Value] = {}
    for member in ADDRESS_MEMBERS:
        former = old.get(member)
        if member in shown:
            result[member] = shown[member] if member in changed else former
        elif former is not None and changed.intersection(DEPENDS[kind].get(member, ())):
            result[member], dropped[member] = None, former
        else:
            result[member] = former
    return result, dropped
