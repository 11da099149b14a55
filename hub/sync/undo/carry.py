"""Storing what an undo decides before anything is written, so that a crash in between leaves an ordinary store."""

from __future__ import annotations

from collections.abc import Sequence

from hub.state import Golden, Link
from hub.sync.undo.accept import accept, pending
from hub.sync.undo.moves import Move, apply_moves
from hub.sync.undo.outcome import UndoPlan
from hub.sync.workspace import Shared, Workspace

_BATCH = 100


def decide(shared: Shared, undo: UndoPlan) -> None:
    """Make the earlier values golden again, with the undo as their author, and leave every other system as it is.

    Systems that gave a value which is taken back go on showing it: a person typed it there.  It is in the ledger, too.
    """
    taken: dict[tuple[str, str, str], set[str]] = {}
    for item in undo.plan.items:
        taken[(item.system, item.resource, item.gid)] = set(item.undo["names"])
    gids = sorted({item.gid for item in undo.plan.items})
    for start in range(0, len(gids), _BATCH):
        with shared.store.transaction():
            workspace = Workspace(shared)
            workspace.load(gids[start : start + _BATCH])
            for gid in gids[start : start + _BATCH]:
                _decide_one(workspace, workspace.goldens[gid], undo, taken)
            workspace.flush()


def _decide_one(
    workspace: Workspace, golden: Golden, undo: UndoPlan, taken: dict[tuple[str, str, str], set[str]]
) -> None:
    shared, moves = workspace.shared, undo.moves.get(golden.gid, [])
    links = [link for link in workspace.links[golden.gid] if link.state == "active" and link.native is not None]
    sources = [(link, shared.systems.find(link.system, link.resource)) for link in links]
    waiting = {
        id(link): [diff.path for diff in pending(workspace, source, golden)] for link, source in sources if source
    }
    if golden.state == "dead" and any(move.kind == "state" for move in moves):
        _stay_deleted(workspace, golden, undo.past)
    moved = apply_moves(
        golden, moves, tick=_ticks(shared, moves), time=shared.clock(), run=shared.run, rule=f"undo of run {undo.past}"
    )
    if not moved.changes:
        return
    shared.store.history.add(shared.run, shared.clock(), moved.changes, moved.losers, [])
    workspace.changed.add(golden.gid)
    for link, source in sources:
        if source is None or source.mapping.hash != link.mapping:
            continue
        names = moved.names() - taken.get((link.system, link.resource, golden.gid), set())
        accept(workspace, source, golden, link, names, waiting.get(id(link), ()), moved.elements())
        workspace.touch(link)


def _ticks(shared: Shared, moves: Sequence[Move]) -> list[int]:
    return [shared.store.tick() for _ in moves]


def _stay_deleted(workspace: Workspace, golden: Golden, past: str) -> None:
    """Only what this run deleted comes back: where somebody else deleted the record, it stays deleted."""
    rows = workspace.shared.store.history.journal_rows(run_id=past, gids=[golden.gid])
    ours = {(row["system"], row["remote_id"]) for row in rows if row["kind"] == "delete"}
    links = sorted(workspace.links[golden.gid], key=lambda link: not link.primary)
    taken = {_seat(x) for x in links if x.primary and (x.state != "gone" or (x.system, x.remote_id) in ours)}
    for link in links:
        if link.state == "gone" and (link.system, link.remote_id) not in ours and _seat(link) not in taken:
            link.state, link.reason = "excluded", f"deleted in {link.system}; taken back elsewhere"
            taken.add(_seat(link))
            workspace.touch(link)


def _seat(link: Link) -> tuple[str, str, str]:
    """Where a customer has one primary record."""
    return (link.system, link.resource, link.role)
