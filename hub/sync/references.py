"""Who refers to a customer: when the customer's record in a system is made again, it has another id there, and the records
that refer to it have to name that one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from hub.canonical.schema import FIELDS
from hub.mapping.view import RemoteRef
from hub.state import Golden
from hub.store.store import Store

if TYPE_CHECKING:
    from hub.sync.workspace import Workspace

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


def left_behind(workspace: Workspace, system: str, gid: str, ref: RemoteRef, now: str | None) -> bool:
    """Whether a reference to a customer names a record that is gone or that nobody has any more, while the customer has
    another one.  now: its native id in the system, None if it has none there."""
    if now is None or now == ref.id:
        return False
    return workspace.resolve(system, ref) is None or any(
        link.state in LEFT and link.key == (system, ref.resource, ref.id) for link in workspace.links.get(gid, ())
    )


def _key(gid: str) -> str:
    return f"@{gid}@"
