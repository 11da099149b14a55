"""Quarantine: records that were set aside, by cause, with the remote's own words and a hint; ignored ones apart."""

from __future__ import annotations

from starlette.responses import Response

from hub.store.work import Quarantined
from hub.sync.plan.record import title
from hub.views.quarantine import heed, parted, to_json
from hub.views.quarantine import ignore as ignore_now
from hub.web import work
from hub.web.call import Call, Refused
from hub.web.door import Route

SHOWN = 20
IGNORED = 200
"""Ignored records that are shown."""


def quarantine(call: Call) -> Response:
    wanted = call.text("system")
    system = wanted if wanted in call.site.config.connections else None
    with call.site.app() as app:
        found, ignored = parted(app.store, system)
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
        apart = [to_json(call.masking, *item) for item in ignored[:IGNORED]]
        shown |= {item["gid"] for item in apart if item["gid"]}
        goldens = app.store.records.goldens(shown)
    titles = {gid: call.masking.name(title(golden)) for gid, golden in goldens.items()}
    return call.page(
        "quarantine.html",
        "quarantine",
        groups=groups,
        total=len(found),
        apart=apart,
        ignored=len(ignored),
        per_system=per_system,
        oldest=min((item.at for item in found), default=None),
        size=SHOWN,
        titles=titles,
        released=call.number("released", 0),
        system=system,
    )


def ignore(call: Call) -> Response:
    """Ask nobody about one record, or about one cause of a system, until something about it changes; or ask again."""
    ref, cause, system = call.text("ref"), call.text("cause"), call.text("system")
    if not ref and not cause and call.text("to") != "stop":
        raise Refused(400, "The form cannot be read")
    store, now = call.site.store, call.site.now
    if call.text("to") == "stop":
        heed(store, now, call.who, ref=ref or None)
    else:
        ignore_now(store, now, call.who, ref=ref or None, cause=cause or None, system=system or None)
    return call.to("/quarantine")


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
    Route("/quarantine/ignore", ignore, "operator", "POST"),
)
