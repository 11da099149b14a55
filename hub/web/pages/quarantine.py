"""Quarantine: records that were set aside, by cause, with the remote's own words and a hint."""

from __future__ import annotations

from starlette.responses import Response

from hub.store.work import Quarantined
from hub.sync.plan.record import title
from hub.views.quarantine import to_json
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route

SHOWN = 20


def quarantine(call: Call) -> Response:
    wanted = call.text("system")
    system = wanted if wanted in call.site.config.connections else None
    with call.site.app() as app:
        found = app.store.work.quarantined(system)
        causes: dict[tuple[str, str], list[Quarantined]] = {}
        per_system: dict[str, int] = {}
        for item in found:
            causes.setdefault((item.system, item.code), []).append(item)
            per_system[item.system] = per_system.get(item.system, 0) + 1
        groups = [
            (*key, len(items), min(item.at for item in items), [to_json(call.masking, item) for item in items[:SHOWN]])
            for key, items in sorted(causes.items(), key=lambda pair: -len(pair[1]))
        ]
        shown = {item["gid"] for group in groups for item in group[4] if item["gid"]}
        goldens = app.store.records.goldens(shown)
    titles = {gid: call.masking.name(title(golden)) for gid, golden in goldens.items()}
    return call.page(
        "quarantine.html",
        "quarantine",
        groups=groups,
        total=len(found),
        per_system=per_system,
        oldest=min((item.at for item in found), default=None),
        size=SHOWN,
        titles=titles,
        released=call.number("released", 0),
        system=system,
    )


def retry(call: Call) -> Response:
    """Try again: one record, one cause of a system, or all."""
    ref, cause, system = call.text("ref"), call.text("cause"), call.text("system")
    if system and system not in call.site.config.connections:
        raise Refused(400, "There is no such connection")
    what = ref or cause or "all"
    call.site.audit(call.who, "quarantine_retried", what, system=system)
    return call.job(
        "retry", what, work.retry(ref or None, cause or None, system or None), lambda job: call.to(job.result["to"])
    )


ROUTES = (
    Route("/quarantine", quarantine, "viewer"),
    Route("/quarantine/retry", retry, "operator", "POST"),
)
