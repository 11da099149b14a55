"""What confirmed writes change beside the records themselves: staging, quarantine, the count of records, the journal.

Looked up and written for a whole batch: some ten statements a batch instead of ten a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.state import Link
from hub.store.work import OpRow
from hub.sync.settling import journal_entry
from hub.sync.systems import Source
from hub.sync.workspace import Shared


class Books:
    """Of one source, inside one transaction: ``look`` first, ``write`` at the end and before anything that asks the
    store about the same records."""

    def __init__(self, shared: Shared, source: Source) -> None:
        self._store, self._shared, self._source = shared.store, shared, source
        self._known: dict[str, Link] = {}
        self._staged: set[str] = set()
        self._barred: set[str] = set()
        self._arrived: list[str] = []
        self._more = 0
        self._entries: list[dict[str, Any]] = []
        self._images: list[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]] = []

    def look(self, ids: Iterable[str]) -> None:
        """What the store knows of records that were created."""
        wanted = list(dict.fromkeys(ids))
        here = self._source.system, self._source.resource
        self._known = self._store.records.links_by_remote(*here, wanted)
        self._staged = set(self._store.staging.states(*here, wanted))
        self._barred = self._store.work.barred_ids(*here, wanted)

    def linked(self, remote_id: str) -> Link | None:
        """The link that a record had before this transaction."""
        return self._known.get(remote_id)

    def uncounted(self, remote_id: str) -> None:
        """A record was found to be gone: it is in quarantine no longer."""
        self._barred.discard(remote_id)

    def arrived(self, remote_id: str) -> None:
        """A created record was read: it waits nowhere, and is counted from now on."""
        self._more += remote_id not in self._staged and remote_id not in self._barred
        self._staged.discard(remote_id)
        self._barred.discard(remote_id)
        self._arrived.append(remote_id)

    def journal(
        self,
        op: OpRow,
        link: Link,
        *,
        post: Mapping[str, Any] | None = None,
        base: Mapping[str, Any] | None = None,
    ) -> None:
        """As ``hub.sync.settling.journal``."""
        self._entries.append(journal_entry(self._shared, op, link))
        self._images.append((op.op_id, post, base))

    def write(self) -> None:
        """Store what was noted so far."""
        system, resource = self._source.system, self._source.resource
        if self._arrived:
            self._store.staging.remove([(system, resource, item) for item in self._arrived])
            self._store.work.release([(system, resource, item, "") for item in self._arrived])
        self._store.work.resize(system, resource, by=self._more)
        self._store.history.journal(self._entries)
        self._store.past.save_images(self._images)
        self._arrived, self._more, self._entries, self._images = [], 0, [], []
