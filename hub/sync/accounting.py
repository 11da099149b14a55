"""The accounting identity: every record of every source is in exactly one place (section 14)."""

from __future__ import annotations

from hub.store.history import Account
from hub.sync.systems import Source
from hub.sync.workspace import Shared


def account(shared: Shared, source: Source) -> Account:
    """Count where the records of a resource are.

    total counts what the source has shown to exist (its own last complete listing, kept up to date by what was read,
    created and deleted since); the five counters come from the links and queues, so a record that fell between them
    makes the sum differ.
    """
    store, system, resource = shared.store, source.system, source.resource
    links = store.records.count_links(system, resource)
    conflicts = store.records.count_frozen(system, resource)
    link_quarantine = store.records.count_quarantined_links(system, resource)
    waiting = store.staging.count(system, resource)
    unlinked = len(store.work.unlinked_quarantine(system, resource))
    active = sum(links.get(state, 0) for state in ("active", "shadow", "missing"))
    return Account(
        shared.run,
        system,
        resource,
        total=store.work.cursor(system, resource).size,
        in_sync=active - conflicts - link_quarantine,
        excluded=links.get("out_of_scope", 0),
        quarantined=link_quarantine + unlinked + links.get("quarantined", 0),
        conflict=conflicts,
        waiting=waiting,
    )
