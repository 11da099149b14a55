"""Records: find one; its values with where they come from, its systems, its timeline."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.bootstrap import App
from hub.state import Golden
from hub.sync.plan.record import title
from hub.views.records import explain, link_of
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route

FOUND = 50
EVENTS = 60


def records(call: Call) -> Response:
    text = call.text("q").strip()[:200]
    with call.site.app() as app:
        found = app.store.records.search(text, FOUND) if text else []
    if len(found) == 1 and "q" in call.request.query_params:
        return call.to(f"/records/{found[0][0]}")
    return call.page("records.html", "records", found=found, text=text, most=FOUND)


def record(call: Call) -> Response:
    gid = call.path("gid")
    with call.site.app() as app:
        golden = _golden(app, gid)
        if golden.gid != gid:
            return call.to(f"/records/{golden.gid}")
        links = app.store.records.links_by_gid([gid]).get(gid, [])
        values = explain(call.masking, app.store, golden)
        events = _events(call, app, golden)
        open_ = [row["id"] for row in app.store.history.ledger(gid=gid, state="open")]
    chosen = call.text("field")
    return call.page(
        "record.html",
        "records",
        golden=golden,
        title=title(golden) or gid,
        values=values,
        links=[link_of(link) for link in links],
        events=events[:EVENTS],
        more=max(0, len(events) - EVENTS),
        conflicts=open_,
        chosen=next((item for item in values if item["path"] == chosen), None),
    )


def _golden(app: App, gid: str) -> Golden:
    found = app.store.records.goldens([gid]).get(gid)
    if found is None:
        raise Refused(404, "There is no such record")
    survivor = app.store.records.survivors([gid]).get(gid)
    return app.store.records.goldens([survivor])[survivor] if survivor is not None else found


def _events(call: Call, app: App, golden: Golden) -> list[dict[str, Any]]:
    """What happened to a record, the newest first: changes, writes, values that lost, notices."""
    shown, history = call.masking, app.store.history
    found: list[dict[str, Any]] = []
    for row in history.changes(golden.gid):
        what = {"icon": "pen", "kind": "", "what": "changed", "path": row["path"], "by": row["source"]}
        found.append({**what, "at": row["at"], "run": row["run"], "value": shown.value(row["path"], row["new"])})
    for row in history.journal_rows(gid=golden.gid):
        icon = {"create": "plus", "delete": "bad"}.get(row["kind"], "pen")
        what = {"icon": icon, "kind": "ok" if row["kind"] == "create" else "", "what": row["kind"]}
        found.append({**what, "at": row["at"], "run": row["run"], "path": row["remote_id"], "by": row["system"]})
    for row in history.ledger(gid=golden.gid):
        what = {"icon": "conflict", "kind": "warn", "what": "lost", "path": row["path"], "by": row["winner_system"]}
        found.append({**what, "at": row["at"], "run": row["run"], "other": row["loser_system"], "id": row["id"]})
    for row in history.notices(gid=golden.gid):
        what = {"icon": "eye", "kind": "", "what": "notice", "path": row["path"], "by": row["system"]}
        found.append({**what, "at": row["at"], "run": row["run"], "message": shown.message(row["message"])})
    return sorted(found, key=lambda item: -item["at"])


def take_out(call: Call) -> Response:
    """One of the records that belong to this customer is another customer's."""
    gid, ref = call.path("gid"), call.text("ref")
    with call.site.app() as app:
        golden = _golden(app, gid)
        links = app.store.records.links_by_gid([golden.gid]).get(golden.gid, [])
    if ref not in {f"{link.system}/{link.resource}/{link.remote_id}" for link in links}:
        raise Refused(400, "This record does not belong to the customer")
    call.site.audit(call.who, "record_taken_out", gid, ref=ref)
    return call.job("take_out", gid, work.take_out(ref), lambda job: call.to(job.result["to"]))


ROUTES = (
    Route("/records", records, "viewer"),
    Route("/records/{gid}", record, "viewer"),
    Route("/records/{gid}/split", take_out, "operator", "POST"),
)
