"""Conflicts: one customer at a time, all of their open fields side by side, decided with a mouse or keys."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.bootstrap import App
from hub.config.editing import edit
from hub.config.files import read
from hub.views.changing import of_configuration
from hub.views.conflicts import find, sides_of
from hub.views.masking import Masking
from hub.views.ruling import rule_of
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route
from hub.web.pages.changing import show

LISTED = 200


def conflicts(call: Call) -> Response:
    """The list, and the customer that was chosen or waits longest."""
    with call.site.app() as app:
        rows = list(reversed(app.store.history.ledger(state="open", limit=10_000)))
        customers = _customers(rows)
        gid = call.text("gid")
        if gid not in customers:
            gid = next(iter(customers), "")
        shown = _eyes(call)
        fields = [_field(app, shown, row) for row in customers.get(gid, ())]
        decided = [part for part in call.text("decided")[:200].split("-") if part.isascii() and part.isdecimal()]
        rules = [rule for part in decided if (rule := rule_of(app, int(part[:15]))) is not None]
        if fields and call.may("operator"):
            call.site.audit(call.who, "conflict_opened", gid, fields=len(fields))
    order = list(customers)
    at = order.index(gid) if gid else 0
    return call.page(
        "conflicts.html",
        "conflicts",
        customers={
            key: (call.masking.name(items[0]["title"]), items) for key, items in list(customers.items())[:LISTED]
        },
        more=max(0, len(customers) - LISTED),
        gid=gid,
        title=shown.name(customers[gid][0]["title"]) if gid else "",
        fields=fields,
        systems=list(dict.fromkeys(side["system"] for field in fields for side in field["sides"])),
        at=at + 1,
        of=len(order),
        previous=order[at - 1] if at > 0 else "",
        next=order[at + 1] if at + 1 < len(order) else "",
        rules=list({(rule.sync, rule.field): rule for rule in rules}.values()),
    )


def _eyes(call: Call) -> Masking:
    """Who decides sees what is decided on (and it is noted); others see it masked."""
    return Masking(on=not call.may("operator")) if call.masking.on else call.masking


def _customers(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["gid"], []).append(row)
    return found


def _field(app: App, shown: Masking, row: dict[str, Any]) -> dict[str, Any]:
    sides, now = sides_of(shown, app.store, row)
    return {"id": row["id"], "path": row["path"], "rule": row["rule"], "at": row["at"], "sides": sides, "now": now}


def resolve(call: Call) -> Response:
    """Take the chosen side of each field; fields without a choice stay open."""
    chosen: list[tuple[int, str | None, str | None]] = []
    for key in call.form:
        if not key.startswith("take-"):
            continue
        number = key.removeprefix("take-")
        if not (number.isascii() and number.isdecimal() and len(number) < 15):
            raise Refused(400, "The form cannot be read")
        take = call.text(key)
        if take == "=other":
            chosen.append((int(number), None, call.text(f"value-{number}")))
        elif take:
            chosen.append((int(number), take, None))
    after = call.text("next")
    if not chosen:
        return call.to("/conflicts")
    taken = "-".join(str(number) for number, side, _value in chosen if side is not None)
    gid = after if after.replace("-", "").isalnum() and after.isascii() else ""
    query = "&".join(f"{key}={value}" for key, value in (("gid", gid), ("decided", taken)) if value)
    to = f"/conflicts?{query}" if query else "/conflicts"
    with call.site.app() as app:
        for id_, side_taken, _value in chosen:
            sides, _now = sides_of(Masking(on=True), app.store, find(app.store, id_))
            if side_taken is not None and side_taken not in {side["system"] for side in sides}:
                raise Refused(400, "No side of the conflict is of this system")
    for id_, side_taken, _value in chosen:
        call.site.audit(call.who, "conflict_resolved", str(id_), take=side_taken or "another value")
    subject = ", ".join(str(id_) for id_, _, _ in chosen)
    return call.job("resolve", subject, work.resolve(chosen, to), lambda job: call.to(job.result["to"]))


def rule(call: Call) -> Response:
    """What making a decision a rule would change in the configuration."""
    with call.site.app() as app:
        found = rule_of(app, call.id("id"))
        if found is None:
            raise Refused(404, "This decision cannot become a rule, or is one already")
        old = read(app.config.file)
        change = of_configuration(app, edit(old, found.change), old=old)
    about = f"{found.sync}.{found.field} prefer:{found.system}"
    return show(call, change, "/conflicts", status=400 if change.problems else 200, about=about)


ROUTES = (
    Route("/conflicts", conflicts, "viewer"),
    Route("/conflicts/resolve", resolve, "operator", "POST"),
    Route("/conflicts/{id}/rule", rule, "admin"),
)
