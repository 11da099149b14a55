"""Who refers to a customer: when the customer's record in a system is made again, it has another id there, and the records
that refer to it have to name that one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.canonical.schema import FIELDS
from hub.mapping.view import RemoteRef
from hub.state import Golden, Link
from hub.store.store import Store

LEFT: Final = ("gone", "excluded")
"""States of links whose record is not there, or is none of ours."""
_REFERENCES: Final = tuple(name for name, found in FIELDS.items() if found.kind == "reference")


def keys_of(golden: Golden) -> list[str]:
    """By what a golden record is found when one that it refers to has another id in some system."""
    if golden.state != "live":
        return []
    targets = {golden.value(name) for name in _REFERENCES if name in golden.fields}
    return [_key(target) for target in targets if isinstance(target, str)]


def referring(store: Store, gids: Iterable[str]) -> set[str]:
    """The golden records that refer to one of these, or to one that was merged into it."""
    keys = {_key(known) for gid in gids for known in store.facts.predecessors(gid)}
    return {gid for found in store.records.gids_by_key(keys).values() for gid in found}


def left_behind(links: Iterable[Link], system: str, ref: RemoteRef, now: str | None, *, known: bool) -> bool:
    """Whether a reference names a record that is gone, while the customer (whose links these are) has another one.

    known: the hub knows a record with that id, of whomever."""
    if now is None or now == ref.id:
        return False
    return not known or any(
        link.state in LEFT and (link.system, link.resource, link.remote_id) == (system, ref.resource, ref.id)
        for link in links
    )


def _key(gid: str) -> str:
    return f"@{gid}@"
