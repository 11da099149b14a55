"""A sync between two connections: who is trusted more, who is written to; then the first sync begins with its report."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.config.editing import edit
from hub.config.files import read
from hub.views.changing import of_configuration
from hub.web.call import Call
from hub.web.door import Route
from hub.web.pages.changing import show

SCHEDULES = ("manual", "every 15m", "every 1h", "cron 0 6 * * *")
"""What a new sync can begin with."""
ACCESS = ("both", "update", "read")
"""What the hub may do in a system: write records and make new ones, write only, or read only."""


def form(call: Call) -> Response:
    return _form(call, {}, [])


def _form(call: Call, given: dict[str, str], problems: list[str]) -> Response:
    names = list(call.site.config.connections)
    alone = [name for name in names if not any(name in sync.systems for sync in call.site.config.syncs.values())]
    first = [*(name for name in alone), *(name for name in names if name not in alone)]
    start = {
        "name": "customers" if "customers" not in call.site.config.syncs else "",
        "one": first[0] if first else "",
        "two": first[1] if len(first) > 1 else "",
        "schedule": SCHEDULES[0],
    }
    return call.page(
        "new_sync.html",
        "syncs",
        status=400 if problems else 200,
        connections=call.site.config.connections,
        given={**start, **given},
        problems=problems,
        schedules=SCHEDULES,
    )


def make(call: Call) -> Response:
    """Show what the sync would add to the configuration."""
    given = {
        key: call.text(key).strip()[:100] for key in ("name", "one", "two", "one-access", "two-access", "schedule")
    }
    problems = []
    if not given["name"] or given["name"] in call.site.config.syncs:
        problems.append("name")
    if given["one"] == given["two"] or not {given["one"], given["two"]} <= set(call.site.config.connections):
        problems.append("systems")
    if problems:
        return _form(call, given, problems)
    path = ("syncs", given["name"])
    access = {given["one"]: given["one-access"], given["two"]: given["two-access"]}
    changes: dict[tuple[str, ...], Any] = {(*path, "systems"): [given["one"], given["two"]]}
    for key, word in (("read_only", "read"), ("no_create", "update")):
        if names := [name for name, chosen in access.items() if chosen == word]:
            changes[(*path, key)] = names
    if given["schedule"] in SCHEDULES[1:]:
        changes[(*path, "schedule")] = given["schedule"]
    with call.site.app() as app:
        old = read(app.config.file)
        change = of_configuration(app, edit(old, changes), old=old)
    status = 400 if change.problems else 200
    return show(call, change, f"/syncs/{given['name']}", status=status, about=".".join(path), again="/new/sync")


ROUTES = (
    Route("/new/sync", form, "admin"),
    Route("/new/sync", make, "admin", "POST"),
)
