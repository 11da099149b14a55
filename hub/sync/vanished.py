"""Records that cannot be found any more: missing first where the feed may tell more, then gone (decision 0014)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.state import Link
from hub.sync.absence import gone, suspect, tells_fate
from hub.sync.systems import Source
from hub.sync.workspace import Shared, Workspace


@dataclass(slots=True)
class Vanished:
    """suspected: records that were not found in this run and whose fate the next run's feed may tell."""

    shared: Shared
    source: Source
    suspected: set[str] = field(default_factory=set)

    def absent(self, ids: Iterable[str], *, listed: bool) -> int:
        """Records that cannot be found, nor were in a complete listing (``listed``).  They are gone, unless the feed may
        still tell more about them; returns how many of those there are."""
        ids = list(ids)
        store, system, resource = self.shared.store, self.source.system, self.source.resource
        workspace = Workspace(self.shared)
        links = store.records.links_by_remote(system, resource, ids)
        workspace.load(link.gid for link in links.values())
        open_ = {item for item, link in links.items() if self.may_be_told(link, listed=listed)}
        for item in open_:
            suspect(self.shared, workspace, self.source, workspace.own(links[item]))
        self.suspected |= open_
        ids = [item for item in ids if item not in open_]
        present = {item for item in ids if item in links and links[item].state not in ("gone", "excluded")}
        waiting = store.staging.states(system, resource, ids)
        store.work.resize(
            system, resource, by=-len(present.union(waiting, store.work.barred_ids(system, resource, ids)))
        )
        for item in ids:
            if item in links:
                gone(workspace, self.source, workspace.own(links[item]))
        refs = [(system, resource, item) for item in ids]
        store.staging.remove(refs)
        store.work.release([(*ref, "") for ref in refs])
        workspace.flush()
        return len(open_)

    def may_be_told(self, link: Link, *, listed: bool) -> bool:
        """Whether the next run's feed may still tell that a record was merged, not deleted."""
        if not tells_fate(self.source) or link.state not in ("active", "shadow", "missing"):
            return False
        return link.state != "missing" or not listed or link.remote_id in self.suspected
