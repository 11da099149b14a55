"""Undoing a run: what is taken back, what stays because it changed since, what cannot be taken back; then the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from hub.service.plans import agree, agreed
from hub.service.undos import BUCKETS, KeptUndo, looked_at
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route
from hub.web.pages.syncs import needs_two

FIRST = 20
"""Lines of each bucket that are shown at once."""
PAGE = 100
"""Lines that are shown at once of a bucket that was chosen."""


def undo(call: Call) -> Response:
    """What undoing the run would do, as it was found last."""
    past = _run(call)
    kept = looked_at(call.site.store.db, past["id"])
    if kept is None:
        return call.to(f"/runs/{past['id']}")
    return _page(call, past, kept, stale=call.text("stale") == "1")


def look(call: Call) -> Response:
    """Find out what undoing the run would do."""
    past = _run(call)
    if not undoable(call, past, call.site.store.history.count_writes(past["id"])):
        raise Refused(409, "There is nothing of this run that can be undone")
    call.site.audit(call.who, "undo_looked_at", past["id"])
    return call.job("undo plan", past["id"], work.look_at_undo(past["sync"], past["id"]))


def approve(call: Call) -> Response:
    """Approve exactly the undo that was shown.  Anything else is stale."""
    past = _run(call)
    hash_ = call.text("hash")
    db = call.site.store.db
    kept = looked_at(db, past["id"])
    if kept is None or past["sync"] not in call.site.config.syncs:
        raise Refused(409, "The undo is stale; nothing was written")
    if kept.hash != hash_:
        return _page(call, past, kept, status=409, stale=True)
    if not kept.sizes["back"] or kept.vetoes:
        return _page(call, past, kept, status=409)
    first, deletes = agreed(db, hash_), kept.total["delete"]
    if needs_two(call, deletes) and first in ("", call.who):
        agree(db, hash_, call.who)
        call.site.audit(call.who, "undo_agreed", past["id"], hash=hash_, deletes=deletes)
        return call.to(f"/runs/{past['id']}/undo")
    writes = sum(kept.total.values())
    call.site.audit(call.who, "undo_approved", past["id"], hash=hash_, writes=writes, deletes=deletes, first=first)
    return call.job("undo", past["id"], work.undo(past["sync"], past["id"], hash_))


def undoable(call: Call, run: Mapping[str, Any], writes: int) -> bool:
    """Whether a look at undoing a run makes sense: it is over, its sync is there, and what it wrote is still kept."""
    return run["state"] != "running" and run["sync"] in call.site.config.syncs and writes > 0


def _run(call: Call) -> dict[str, Any]:
    """The run in the path.  Raises Refused."""
    found = call.site.store.history.run(call.path("id"))
    if found is None:
        raise Refused(404, "There is no such run")
    return found


def _page(call: Call, past: dict[str, Any], kept: KeptUndo, *, status: int = 200, stale: bool = False) -> Response:
    only = call.text("only") if call.text("only") in BUCKETS else ""
    start = call.number("from", 0) if only else 0
    size = PAGE if only else FIRST
    return call.page(
        "undo.html",
        "runs",
        status=status,
        past=past,
        undo=kept,
        stale=stale,
        buckets=[(name, kept.lines[name][start : start + size]) for name in BUCKETS if only in ("", name)],
        only=only,
        start=start,
        size=size,
        two=needs_two(call, kept.total["delete"]),
        agreed=agreed(call.site.store.db, kept.hash),
    )


ROUTES = (
    Route("/runs/{id}/undo", undo, "viewer"),
    Route("/runs/{id}/undo", look, "operator", "POST"),
    Route("/runs/{id}/undo/approve", approve, "operator", "POST"),
)
