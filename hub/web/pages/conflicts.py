"""Conflicts: one customer at a time, all of their open fields side by side, decided with a mouse or keys."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.bootstrap import App
from hub.views.conflicts import find, sides_of
from hub.views.masking import Masking
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route

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
    to = f"/conflicts?gid={after}" if after.replace("-", "").isalnum() and after.isascii() else "/conflicts"
    if not chosen:
        return call.to(to)
    with call.site.app() as app:
        for id_, side_taken, _value in chosen:
            sides, _now = sides_of(Masking(on=True), app.store, find(app.store, id_))
            if side_taken is not None and side_taken not in {side["system"] for side in sides}:
                raise Refused(400, "No side of the conflict is of this system")
    for id_, side_taken, _value in chosen:
        call.site.audit(call.who, "conflict_resolved", str(id_), take=side_taken or "another value")
    subject = ", ".join(str(id_) for id_, _, _ in chosen)
    return call.job("resolve", subject, work.resolve(chosen, to), lambda job: call.to(job.result["to"]))


ROUTES = (
    Route("/conflicts", conflicts, "viewer"),
    Route("/conflicts/resolve", resolve, "operator", "POST"),
)
