"""Records that could not be read or written, by cause; how they are tried again, or ignored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.views.masking import Shown

if TYPE_CHECKING:
    from hub.store.ignored import Ignoring
    from hub.store.store import Store
    from hub.store.work import Quarantined

HINTS = {
    "rejected": "Correct the record in the system that it comes from, or in the one that refuses it",
    "config": "Correct the connection's settings",
    "plugin_bug": "Report it to the plugin's author",
    "loop_suspect": "Two systems correct each other; look at `crmhub record explain REF`",
    "duplicate": "Merge the two records in that system, or link them by `crmhub review`",
    "not_found": "The record is gone; the next full listing will tell",
}
"""What usually helps, by cause."""


def ref_of(item: Quarantined) -> str:
    """How a person names it: SYSTEM/RESOURCE/ID, with the gid where the record does not exist there yet."""
    return f"{item.system}/{item.resource}/{item.remote_id or item.gid}"


def to_json(shown: Shown, item: Quarantined, ignoring: Ignoring | None = None) -> dict[str, Any]:
    return {
        "ref": ref_of(item),
        "system": item.system,
        "resource": item.resource,
        "remote_id": item.remote_id,
        "gid": item.gid,
        "cause": item.code,
        "message": shown.message(item.message),
        "hint": HINTS.get(item.code, "It is tried again when the record or the mapping changes"),
        "since": item.at,
        "attempts": item.attempts,
        "run": item.run,
        "ignored": None if ignoring is None else {"at": ignoring.at, "who": ignoring.who},
    }


def parted(store: Store, system: str | None = None) -> tuple[list[Quarantined], list[tuple[Quarantined, Ignoring]]]:
    """The quarantine (of a system): what asks for somebody, and what is ignored."""
    standing = store.ignored.standing()
    asking, ignored = [], []
    for item in store.work.quarantined(system):
        ignoring = standing.get(item.key)
        if ignoring is None:
            asking.append(item)
        else:
            ignored.append((item, ignoring))
    return asking, ignored


def by_cause(items: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(cause, its records), those with the most records first."""
    causes: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        causes.setdefault(item["cause"], []).append(item)
    return sorted(causes.items(), key=lambda pair: -len(pair[1]))


def find(store: Store, ref: str) -> Quarantined:
    from hub.bootstrap import UsageProblem

    found = next((item for item in store.work.quarantined() if ref_of(item) == ref), None)
    if found is None:
        raise UsageProblem(f"{ref!r} is not in quarantine", hint="`crmhub quarantine list` names the records")
    return found


def retry(
    store: Store, *, ref: str | None = None, cause: str | None = None, system: str | None = None
) -> list[Quarantined]:
    """Let the next sync try records again: one, all with a cause (of a system), or all.  What is ignored is tried only if
    it is named by its ref, and is not ignored any more.  The caller holds the process lock.  Raises UsageProblem if there
    are none."""
    items = _chosen(store, ref, cause, system)
    with store.transaction():
        store.ignored.remove(item.key for item in items)
        release(store, items)
    return items


def ignore(
    store: Store, at: float, who: str, *, ref: str | None = None, cause: str | None = None, system: str | None = None
) -> list[Quarantined]:
    """Ask nobody about records until they, their mapping or the cause change: one, or all with a cause (of a system).
    They stay refused, and are counted as before.  Noted in the audit.  Raises UsageProblem if there are none."""
    items = _chosen(store, ref, cause, system)
    with store.transaction():
        store.ignored.add(items, at, who)
        store.audit.add(at, who, "quarantine_ignored", ref or cause or "", system=system or "", records=len(items))
    return items


def heed(store: Store, at: float, who: str, *, ref: str | None = None) -> int:
    """Ask about what is ignored again: one record, or all; how many.  Noted in the audit.  Raises UsageProblem."""
    keys = [find(store, ref).key] if ref is not None else list(store.ignored.standing())
    with store.transaction():
        number = store.ignored.remove(keys)
        store.audit.add(at, who, "quarantine_heeded", ref or "all", records=number)
    return number


def _chosen(store: Store, ref: str | None, cause: str | None, system: str | None) -> list[Quarantined]:
    from hub.bootstrap import UsageProblem

    items = [find(store, ref)] if ref is not None else parted(store, system)[0]
    items = [item for item in items if cause is None or item.code == cause]
    if not items and cause is not None:
        raise UsageProblem(f"nothing is in quarantine because of {cause!r}", hint="`crmhub quarantine list`")
    return items


def release(store: Store, items: Sequence[Quarantined]) -> None:
    """Golden records that could not be written are planned again; records that could not be read are read again, and
    stay in quarantine until they can be: until then they are accounted for there."""
    store.work.release([(item.system, item.resource, item.remote_id, item.gid) for item in items if item.gid])
    for item in items:
        if item.remote_id:
            store.work.reread_add(item.system, item.resource, [item.remote_id], "tried again")
    store.records.mark_dirty(item.gid for item in items if item.gid)
