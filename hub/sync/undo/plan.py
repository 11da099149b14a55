"""The compensating plan of a run: what is taken back, what is kept because it changed since, and what cannot be.

Made from the journal (what was written), the images beside it (before and after) and the store as it is now; nothing is
written here.  The caller has read all systems, so an edit that somebody made meanwhile is known and stays.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.sync.plan.plan import Plan
from hub.sync.undo.customer import Customer
from hub.sync.undo.moves import AUTHOR
from hub.sync.undo.outcome import UndoPlan
from hub.sync.undo.written import written
from hub.sync.workspace import Shared, Workspace

_BATCH = 100


def make_undo(shared: Shared, past: str, sync: str, *, paused: Mapping[str, str] | None = None) -> UndoPlan:
    """The plan that takes back what run ``past`` wrote.  paused: system -> why it cannot be reached now."""
    found = UndoPlan(past, Plan(sync))
    store, own = shared.store, shared.store.past.changes(past, AUTHOR)
    gids = store.past.written_gids(past)
    for start in range(0, len(gids), _BATCH):  # a big load has more documents than fit into memory
        batch = gids[start : start + _BATCH]
        rows = store.history.journal_rows(run_id=past, gids=batch)
        writes = written(rows, store.past.images(row["op_id"] for row in rows))
        workspace = Workspace(shared)
        workspace.load(batch)
        for gid in batch:
            mine = [write for write in writes if write.gid == gid]
            moved = [row for row in own if row["gid"] == gid]
            Customer(workspace, found, gid, mine, moved, paused or {}).plan()
    found.plan.calls = {}
    return found
