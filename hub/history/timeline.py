"""The life of one record: everything that was learned about it, written to the systems, lost, and noticed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.mapping.view import Value
from hub.store.store import Store

_ORDER = {"learned": 0, "lost": 1, "created": 2, "written": 2, "deleted": 2, "notice": 3}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a record.

    at: seconds since the epoch.  kind: "learned" (golden changed), "written", "created" or "deleted" (in a system),
    "lost" (a value lost a conflict) or "notice".  system: where, or who gave the value.  reason: the rule, or the message.
    """

    at: float
    run: str
    run_kind: str
    kind: str
    system: str
    path: str = ""
    old: Value = None
    new: Value = None
    reason: str = ""


def timeline(store: Store, gid: str, *, path: str | None = None) -> list[Moment]:
    """Everything that happened to a golden record, the oldest first; ``path``: only this field or collection."""
    found = [*_learned(store, gid), *_written(store, gid), *_lost(store, gid), *_noticed(store, gid)]
    if path is not None:
        found = [item for item in found if item.path == path or item.path.startswith((path + "/", path + "."))]
    kinds = store.past.kinds(item.run for item in found)
    found = [Moment(x.at, x.run, kinds.get(x.run, ""), x.kind, x.system, x.path, x.old, x.new, x.reason) for x in found]
    return sorted(found, key=lambda item: (item.at, _ORDER[item.kind]))


def _learned(store: Store, gid: str) -> list[Moment]:
    return [
        Moment(r["at"], r["run"], "", "learned", r["source"], r["path"], r["old"], r["new"], r["rule"])
        for r in store.history.changes(gid)
    ]


def _written(store: Store, gid: str) -> list[Moment]:
    found = []
    for row in store.history.journal_rows(gid=gid):
        kind = {"create": "created", "delete": "deleted"}.get(row["kind"], "written")
        if kind != "written":
            found.append(Moment(row["at"], row["run"], "", kind, row["system"], "", None, row["remote_id"]))
        diffs: list[dict[str, Any]] = row["diffs"]
        for diff in diffs:
            reason = ", ".join(item for item in (diff["source"], diff["rule"]) if item)
            line = (diff["path"], diff["old"], diff["new"], reason)
            found.append(Moment(row["at"], row["run"], "", "written", row["system"], *line))
    return found


def _lost(store: Store, gid: str) -> list[Moment]:
    return [
        Moment(
            r["at"], r["run"], "", "lost", r["loser_system"], r["path"], r["loser"], r["winner"],
            f"{r['rule']}; {r['winner_system']} won; conflict {r['id']}",
        )
        for r in store.history.ledger(gid=gid, limit=1_000_000)
    ]  # fmt: skip


def _noticed(store: Store, gid: str) -> list[Moment]:
    return [
        Moment(r["at"], r["run"], "", "notice", r["system"], r["path"], None, None, r["message"])
        for r in store.history.notices(gid=gid)
    ]
