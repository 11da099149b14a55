"""What a run changed, field by field: in which system and record, from what to what, who won and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.view import Value
from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class Loser:
    """A value that lost against a change.  id: its row in the ledger, to take it back."""

    id: int
    system: str
    value: Value
    rule: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field.  source: the system (or "person", "undo") whose value won; rule: why; losers: what it won against."""

    path: str
    old: Value
    new: Value
    source: str = ""
    rule: str = ""
    losers: tuple[Loser, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordDiff:
    """What a run did to one record.

    system: a system's name, or "hub" for the golden record itself; kind: create, update or delete, "learn" for "hub".
    """

    gid: str
    title: str
    system: str
    resource: str
    remote_id: str
    kind: str
    at: float
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class RunDiff:
    """writes: to the systems; learned: what systems and people gave to golden records; both in order of time."""

    run: str
    writes: Sequence[RecordDiff] = field(default_factory=tuple)
    learned: Sequence[RecordDiff] = field(default_factory=tuple)


def run_diff(store: Store, run_id: str) -> RunDiff:
    """What a run changed.  ``run_id`` is a whole id."""
    rows = store.history.journal_rows(run_id=run_id)
    changes = store.past.changes(run_id)
    gids = {row["gid"] for row in rows} | {row["gid"] for row in changes}
    titles, losers = store.past.titles(gids), _losers(store, run_id, gids)
    writes = [
        RecordDiff(
            row["gid"],
            titles.get(row["gid"], row["gid"]),
            row["system"],
            row["resource"],
            row["remote_id"],
            row["kind"],
            row["at"],
            tuple(_change(diff, row["gid"], losers) for diff in row["diffs"]),
        )
        for row in rows
    ]
    return RunDiff(run_id, writes, _learned(changes, titles, losers))


def _learned(
    changes: Sequence[Mapping[str, Any]], titles: Mapping[str, str], losers: Mapping[tuple[str, str], list[Loser]]
) -> list[RecordDiff]:
    """The golden changes of a run, by record; several changes of one path are one, from the first to the last."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    times: dict[str, float] = {}
    for row in changes:
        first = found.setdefault(row["gid"], {}).get(row["path"])
        found[row["gid"]][row["path"]] = {**row, "old": row["old"] if first is None else first["old"]}
        times.setdefault(row["gid"], row["at"])
    return [
        RecordDiff(
            gid, titles.get(gid, gid), "hub", "", gid, "learn", times[gid],
            tuple(_change(row, gid, losers) for row in paths.values() if row["old"] != row["new"]),
        )
        for gid, paths in found.items()
        if any(row["old"] != row["new"] for row in paths.values())
    ]  # fmt: skip


def _change(row: Mapping[str, Any], gid: str, losers: Mapping[tuple[str, str], list[Loser]]) -> Change:
    path = row["path"]
    return Change(path, row["old"], row["new"], row["source"], row["rule"], tuple(losers.get((gid, path), ())))


def _losers(store: Store, run_id: str, gids: set[str]) -> dict[tuple[str, str], list[Loser]]:
    """(gid, path) -> what lost there in this run."""
    found: dict[tuple[str, str], list[Loser]] = {}
    for row in store.history.ledger(run_id=run_id, limit=1_000_000) if gids else ():
        loser = Loser(row["id"], row["loser_system"], row["loser"], row["rule"])
        found.setdefault((row["gid"], row["path"]), []).append(loser)
    return found
