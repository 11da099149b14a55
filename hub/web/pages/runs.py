"""Runs: what happened, and one run with every write, decision and notice."""

from __future__ import annotations

from starlette.responses import Response

from hub.views.runs import look_at
from hub.views.status import FIVE
from hub.web.call import Call, Refused
from hub.web.door import Route
from hub.web.pages.undoing import undoable

PAGE = 50
WRITES = 100
"""Writes that are shown at once."""


def runs(call: Call) -> Response:
    names = list(call.site.config.syncs)
    sync = call.text("sync")
    chosen = sync if sync in names else None
    state = call.text("state")
    start = call.number("from", 0)
    with call.site.app() as app:
        found = app.store.history.runs(limit=5_000, sync=chosen)
    if state in ("success", "partial", "failed", "waiting", "interrupted", "running"):
        found = [run for run in found if run["state"] == state]
    else:
        state = ""
    if call.text("kind") == "writes":
        found = [run for run in found if run.get("applied")]
    shown = found[start : start + PAGE]
    return call.page(
        "runs.html", "runs", runs=shown, total=len(found), start=start, size=PAGE, syncs=names, sync=chosen, state=state,
        kind=call.text("kind"),
    )  # fmt: skip


def run(call: Call) -> Response:
    run_id = call.path("id")
    with call.site.app() as app:
        if app.store.history.run(run_id) is None:
            raise Refused(404, "There is no such run")
        start = call.number("from", 0)
        found = look_at(call.masking, app.store, run_id, start, WRITES)
        accounts = app.store.history.accounts(found.run["id"])
        titles = _titles(app.store.records.goldens({row["gid"] for row in found.writes}))
    return call.page(
        "run.html",
        "runs",
        view=found,
        accounts=accounts,
        five=FIVE,
        titles=titles,
        writes=found.writes,
        start=start,
        size=WRITES,
        undoable=undoable(call, found.run, found.number),
    )


def _titles(goldens: object) -> dict[str, str]:
    from hub.sync.plan.record import title

    return {gid: title(golden) for gid, golden in goldens.items()}  # type: ignore[attr-defined]  # a mapping by gid


ROUTES = (Route("/runs", runs, "viewer"), Route("/runs/{id}", run, "viewer"))
