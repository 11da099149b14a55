"""Syncs: the first one step by step (match report, review, canary, all), plans to approve, run, pause and resume."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.config.read import unknown_name
from hub.service.plans import Kept, agree, agreed, find, newest, proposed
from hub.sync.engine import CANARY
from hub.views.status import standing
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route

SHOWN = 10
"""Items of a plan on one page."""
KINDS = ("create", "update", "delete")
"""What an item of a plan can be."""


def syncs(call: Call) -> Response:
    with call.site.app() as app:
        found = standing(app, list(app.config.syncs))
    rows = [(state, found.seen.syncs[state.name], call.site.config.syncs[state.name]) for state in found.states]
    return call.page("syncs.html", "syncs", rows=rows, served=found.seen.served)


def sync(call: Call) -> Response:
    """A sync: where its first one stands, or when it runs."""
    name = _known(call)
    with call.site.app() as app:
        found = standing(app, [name])
        runs = app.store.history.runs(limit=10, sync=name)
    kept = newest(call.site.store.db, name)
    return call.page(
        "sync.html",
        "syncs",
        name=name,
        config=call.site.config.syncs[name],
        state=found.states[0],
        times=found.seen.syncs[name],
        runs=runs,
        plan=kept,
        first=is_first(call, name),
        steps=steps(call, name),
        reviews=call.site.waiting()["reviews"],
    )


def is_first(call: Call, name: str) -> bool:
    """Whether no plan of the sync was approved yet, or its first load is not over."""
    meta = call.site.store.work.meta
    return meta(f"approved:{name}") == "" or meta(f"loading:{name}") == "begun"


def steps(call: Call, name: str) -> list[tuple[str, str]]:
    """(step, "done" | "now" | "") of the first sync."""
    runs = call.site.store.history.runs(limit=200, sync=name)
    read = any(run["kind"] in ("match", "plan", "sync") and run["state"] not in ("failed", "running") for run in runs)
    begun = call.site.store.work.meta(f"loading:{name}") == "begun"
    over = not is_first(call, name)
    reviews = call.site.waiting()["reviews"]
    wrote = [run for run in runs if run["kind"] == "sync" and run.get("applied")]
    state = ["done" if read else "now", "", "", "", ""]
    if read:
        state[1] = "done" if begun or over else "now"
        state[2] = "done" if not reviews and (begun or over) else "now" if begun else ""
        state[3] = "done" if wrote else ""
        state[4] = "done" if over else ""
        if begun:
            state[2], state[3], state[4] = "done", "done", "now"
    return list(zip(("read", "report", "review", "canary", "all"), state, strict=True))


def start(call: Call) -> Response:
    """Match, plan or run a sync."""
    name = _known(call)
    kind = call.text("kind")
    if kind not in ("match", "plan", "sync"):
        raise Refused(400, "A sync can be matched, planned or run")
    call.site.audit(call.who, f"{kind}_started", name)
    job = work.run(name) if kind == "sync" else work.read(kind, name)
    return call.job(kind, name, job)


def pause(call: Call) -> Response:
    name = _known(call)
    store, desk = call.site.store, call.site.service.desk
    with store.transaction():
        if call.text("to") == "pause":
            desk.pauses.add("sync", name, call.site.now, call.text("reason").strip()[:200])
            store.audit.add(call.site.now, call.who, "sync_paused", name)
        else:
            desk.pauses.remove("sync", name)
            store.audit.add(call.site.now, call.who, "sync_resumed", name)
    return call.to(f"/syncs/{name}")


def plans(call: Call) -> Response:
    return call.page("plans.html", "plans", plans=proposed(call.site.store.db))


def plan(call: Call) -> Response:
    """The newest plan of a sync, with what an approval of it means."""
    name = _known(call)
    found = newest(call.site.store.db, name)
    return call.to(f"/syncs/{name}") if found is None else _plan(call, found)


def _plan(call: Call, kept: Kept, *, status: int = 200, stale: bool = False) -> Response:
    wanted = {key: call.text(key) for key in ("system", "kind", "field", "text")}
    items = [item for item in kept.items if _fits(item, wanted)]
    start = call.number("from", 0)
    fields: dict[str, int] = {}
    for item in kept.items:
        for name in {diff["path"].split("/", 1)[0] for diff in item["diffs"]}:
            fields[name] = fields.get(name, 0) + 1
    with call.site.app() as app:
        reviews = app.store.history.reviews() if kept.report else []
        shared = app.store.records.shared(app.config.syncs[kept.sync].systems[0], 5) if kept.report else []
    return call.page(
        "plan.html",
        "plans",
        status=status,
        plan=kept,
        stale=stale,
        first=is_first(call, kept.sync),
        steps=steps(call, kept.sync),
        items=items[start : start + SHOWN],
        number=len(items),
        start=start,
        size=SHOWN,
        wanted=wanted,
        kinds=KINDS,
        fields=sorted(fields.items(), key=lambda pair: -pair[1]),
        reviews=reviews[:5],
        review_count=len(reviews),
        linked=shared,
        canaries=CANARY,
        after=call.text("after"),
        lossy=any(trip["guard"] == "lossy" for trip in kept.trips),
        two=needs_two(call, kept.total["delete"]),
        agreed=agreed(call.site.store.db, kept.hash),
    )


def _fits(item: dict[str, Any], wanted: dict[str, str]) -> bool:
    text = wanted["text"].casefold()
    names = {diff["path"].split("/", 1)[0] for diff in item["diffs"]}
    return (
        wanted["system"] in ("", item["system"])
        and wanted["kind"] in ("", item["kind"])
        and (not wanted["field"] or wanted["field"] in names)
        and (not text or text in f"{item['title']} {item['remote_id'] or ''}".casefold())
    )


def approve(call: Call) -> Response:
    """Approve exactly the plan that was shown: all of it, or the first records.  Anything else is stale."""
    name = _known(call)
    hash_ = call.text("hash")
    current = proposed(call.site.store.db, name)
    if not current or current[0].hash != hash_:
        if not current:
            old = find(call.site.store.db, name, hash_)
            if old is None:
                raise Refused(409, "The plan is stale; nothing was written")
            return _plan(call, old, status=409, stale=True)
        return _plan(call, current[0], status=409, stale=True)
    canary = call.number("canary", 0)
    if canary not in (0, *CANARY):
        raise Refused(400, "The canary is 10 or 100 records")
    first = agreed(call.site.store.db, hash_)
    if needs_two(call, current[0].total["delete"]) and first in ("", call.who):
        agree(call.site.store.db, hash_, call.who)
        call.site.audit(call.who, "plan_agreed", name, hash=hash_, deletes=current[0].total["delete"])
        return call.to(f"/syncs/{name}/plan")
    call.site.audit(call.who, "plan_approved", name, hash=hash_, canary=canary, writes=current[0].writes, first=first)
    return call.job("sync", name, work.run(name, hash_, canary or None))


def needs_two(call: Call, deletes: int) -> bool:
    """Whether two people have to approve so many deletions: there are any, and [serve] two_people asks for it."""
    return call.site.config.serving.two_people and deletes > 0


def _known(call: Call) -> str:
    name = call.path("name")
    if name not in call.site.config.syncs:
        call.notes["hint"] = unknown_name("sync", name, sorted(call.site.config.syncs))
        raise Refused(404, "There is no such sync")
    return name


ROUTES = (
    Route("/syncs", syncs, "viewer"),
    Route("/syncs/{name}", sync, "viewer"),
    Route("/syncs/{name}/start", start, "operator", "POST"),
    Route("/syncs/{name}/pause", pause, "operator", "POST"),
    Route("/syncs/{name}/plan", plan, "viewer"),
    Route("/syncs/{name}/approve", approve, "operator", "POST"),
    Route("/plans", plans, "viewer"),
)
