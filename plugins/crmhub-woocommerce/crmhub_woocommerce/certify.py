"""A listing in numbered pages that proves what is gone: read again when the shop changed under it.  Pure but for its calls.

A customer that is deleted while the pages are read moves all later ones up by one: one that nobody deleted falls between
two pages.  So the number of customers must be the same before and after, and be the number that was listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hub import plugin

_TRIES = 3


def certified(read: Callable[[], Iterator[plugin.Page]], count: Callable[[], int | None]) -> Iterator[plugin.Page]:
    """One complete page of ids and versions.  Raises Unavailable if the shop never stood still for one listing."""
    for _ in range(_TRIES):
        before = count()
        found = {item.id: item for page in read() for item in page.records}
        if before is None or (count() == before and len(found) == before):
            records = [plugin.Record(item.id, None, item.version, item.modified_at) for item in found.values()]
            yield plugin.Page(records, None, complete=True)
            return
    raise plugin.Unavailable("the shop changed while its customers were listed; the next run lists them again")
