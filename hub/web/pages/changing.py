"""Changing the configuration: every way to do it shows the exact change first, and only then writes it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from hub.bootstrap import App
from hub.config.editing import edit
from hub.config.files import Versions, digest, read
from hub.contract.errors import HubError
from hub.service.jobs import Job
from hub.views import common_keys
from hub.views.changing import Change, make, of_configuration, text_of_form
from hub.web.call import Call, Refused
from hub.web.door import Route

MOST = 180_000
"""Characters of a file that can be edited on a page: what is left of the largest form."""


def show(call: Call, change: Change, back: str, *, editable: bool = False, status: int = 200, **more: Any) -> Response:
    """The change before it is made.  back: where it was asked for, and where a person comes when it is made;  editable:
    whether the text itself is edited."""
    return call.page(
        "change.html",
        "settings",
        status=status,
        change=change,
        back=back,
        editable=editable,
        **{"stale": False, "title": "", "action": "/settings/change", **more},
    )


def used(call: Call, to: str) -> Response:
    """Go on when the service uses the new file: it reads it between two runs."""
    service = call.site.service
    service.reload()

    def read_anew(_app: App, _tell: object) -> dict[str, str]:
        return {"to": to}

    def go_on(job: Job) -> Response:
        return call.to(job.result["to"])

    return call.job("reload", to, read_anew, go_on)


def write(call: Call, app: App, change: Change, seen: str, about: str) -> None:
    """Make a change and note it.  Raises Changed or NotWritten."""
    with call.site.saving:
        make(app, change, seen, call.site.now)
    kinds = [line.kind for line in change.lines]
    call.site.audit(
        call.who,
        "configuration_changed",
        change.path.name,
        about=about,
        before=change.seen[:12],
        after=digest(change.new)[:12],
        added=kinds.count("+"),
        removed=kinds.count("-"),
    )


def apply(call: Call) -> Response:
    """Look at a changed text, or make the change that was looked at."""
    text, seen, back = call.text("text"), call.text("seen"), local(call.text("back"))
    about = call.text("about")[:80]
    if len(text) > MOST:
        raise Refused(413, "The file is too large to be edited here")
    editable = call.text("editable") == "1"
    with call.site.app() as app:
        old = read(app.config.file)
        change = of_configuration(app, text_of_form(text, old), old=old)
        stale = bool(seen) and seen != change.seen
        if call.text("action") != "save" or change.problems or stale or change.empty:
            status = 409 if stale else 400 if change.problems else 200
            return show(call, change, back, editable=editable, status=status, stale=stale, about=about)
        write(call, app, change, seen, about)
    return used(call, back)


def local(path: str) -> str:
    """Where to go afterwards: one of our pages about settings."""
    plain = path.replace("/", "").replace("-", "").replace("_", "")
    return (
        path
        if path.startswith("/") and not path.startswith("//") and plain.isalnum() and plain.isascii()
        else "/settings"
    )


def file(call: Call) -> Response:
    """The whole file as text."""
    with call.site.app() as app:
        old = read(app.config.file)
        if len(old) > MOST:
            raise Refused(413, "The file is too large to be edited here")
        change = of_configuration(app, old, old=old)
    return show(call, change, "/settings", editable=True, about="file")


def version(call: Call) -> Response:
    """An earlier version, to be taken back."""
    with call.site.app() as app:
        text = Versions(app.config.hub.data).text(app.config.file, call.path("id"))
        if text is None:
            raise Refused(404, "There is no such version")
        change = of_configuration(app, text)
    return show(call, change, "/settings", about=f"version {call.path('id')}")


# forms of the keys that are changed most


def serve_form(call: Call) -> Response:
    with call.site.app() as app:
        return _form(call, app, common_keys.SERVE, ("serve",), "/settings/alarms", "/settings")


def serve_change(call: Call) -> Response:
    with call.site.app() as app:
        return _changed(call, app, common_keys.SERVE, ("serve",), "/settings/alarms", "/settings")


def sync_form(call: Call) -> Response:
    name = _sync(call)
    with call.site.app() as app:
        return _form(call, app, common_keys.SYNC, ("syncs", name), f"/syncs/{name}/settings", f"/syncs/{name}")


def sync_change(call: Call) -> Response:
    name = _sync(call)
    with call.site.app() as app:
        return _changed(call, app, common_keys.SYNC, ("syncs", name), f"/syncs/{name}/settings", f"/syncs/{name}")


def _sync(call: Call) -> str:
    name = call.path("name")
    if name not in call.site.config.syncs:
        raise Refused(404, "There is no such sync")
    return name


def _form(
    call: Call, app: App, keys: common_keys.Keys, section: tuple[str, ...], action: str, back: str,
    given: dict[str, str] | None = None, problem: HubError | None = None,
) -> Response:  # fmt: skip
    values = common_keys.values(keys, read(app.config.file), section) if given is None else given
    return call.page(
        "keys.html",
        "syncs" if section[0] == "syncs" else "settings",
        status=200 if problem is None else 400,
        keys=keys,
        values=values,
        section=section,
        action=action,
        back=back,
        problem=problem,
        notifiers=list(app.config.notifiers),
    )


def _changed(
    call: Call, app: App, keys: common_keys.Keys, section: tuple[str, ...], action: str, back: str
) -> Response:
    old = read(app.config.file)
    given = {key.field: call.text(key.field)[:500] for key in keys if key.field in call.form}
    try:
        change = of_configuration(app, edit(old, common_keys.changes(keys, old, section, given)), old=old)
    except HubError as error:
        return _form(call, app, keys, section, action, back, given, error)
    if change.empty:
        return call.to(back)
    return show(call, change, back, status=400 if change.problems else 200, about=".".join(section), again=action)


ROUTES = (
    Route("/settings/change", apply, "admin", "POST"),
    Route("/settings/file", file, "admin"),
    Route("/settings/versions/{id}", version, "admin"),
    Route("/settings/alarms", serve_form, "admin"),
    Route("/settings/alarms", serve_change, "admin", "POST"),
    Route("/syncs/{name}/settings", sync_form, "admin"),
    Route("/syncs/{name}/settings", sync_change, "admin", "POST"),
)
