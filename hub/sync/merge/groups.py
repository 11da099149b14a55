"""Atomic groups: the proposal of a system that holds only some members of a group (rules G1 to G4)."""

from __future__ import annotations

from collections.abc import Mapping

from hub.canonical.names import rebuild
from hub.canonical.schema import ADDRESS_MEMBERS, DEPENDS
from hub.mapping.view import UNSUPPORTED, Value


def propose(
    kind: str, shown: Mapping[str, Value], sent: Mapping[str, Value] | None, image: Value
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The complete group that a system proposes, and the dependent members that it drops (old values, for the ledger).

    shown: the members that the system holds.  sent: the whole golden group that it last had (None on a new link).
    image: how the system was predicted to show ``sent``; a member that still looks like that is taken from ``sent``,
    so that upper-casing or truncation never degrades golden.
    """
    predicted = image if isinstance(image, Mapping) and image is not UNSUPPORTED else {}
    old = sent or {}
    changed = {
        member
        for member, value in shown.items()
        if not (sent is not None and member in predicted and predicted[member] == value)
    }
    if kind == "name":
        return rebuild(dict(shown), dict(sent) if sent else None, changed), {}
    result: dict[str, Value] = {}
    dropped: dict[str, Value] = {}
    for member in ADDRESS_MEMBERS:
        before = old.get(member)
        if member in shown:
            result[member] = shown[member] if member in changed else before
        elif before is not None and changed.intersection(DEPENDS[kind].get(member, ())):
            result[member], dropped[member] = None, before
        else:
            result[member] = before
    return result, dropped
