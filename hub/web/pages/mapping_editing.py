"""Editing a mapping: the user's file as text, what it changes, and a few records read through it before it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from hub.config.files import Versions
from hub.contract.errors import HubError
from hub.views.changing import Change, mapping_file, mapping_start, of_mapping, text_of_form
from hub.web.call import Call, Refused
from hub.web.door import Route
from hub.web.pages.changing import MOST, write
from hub.web.pages.mappings import LIFE, Preview, begin, beside

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.mapping.spec import MappingSpec


VERSIONS = 10
"""Earlier versions that are listed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that was looked at, with the records that are read through it."""

    text: str
    preview: Preview


def edit(call: Call) -> Response:
    with call.site.app() as app:
        spec = _spec(call, app)
        draft = _draft(call)
        text = draft.text if draft is not None else mapping_start(app, spec.name)
        if call.partial and draft is not None:
            app.mappings.attempt({mapping_file(app, spec.name): text})
            return call.page("mapping_part.html", **_names(call), **beside(call, _spec(call, app), draft.preview))
        wanted = call.text("version")
        if wanted:
            before = Versions(app.config.hub.data).text(mapping_file(app, spec.name), wanted)
            if before is None:
                raise Refused(404, "There is no such version")
            text, draft = before, None
        return _page(call, app, spec, of_mapping(app, spec.name, text), draft)


def apply(call: Call) -> Response:
    """Look at a text, with records read through it; write the one that was looked at; or leave it."""
    key = _key(call)
    text, action = call.text("text"), call.text("action")
    if len(text) > MOST:
        raise Refused(413, "The file is too large to be edited here")
    here = call.request.url.path
    with call.site.app() as app:
        spec = _spec(call, app)
        if action == "leave":
            call.site.drafts.pop(key, None)
            return call.to(here.removesuffix("/edit"))
        path = mapping_file(app, spec.name)
        change = of_mapping(app, spec.name, text_of_form(text, mapping_start(app, spec.name)))
        seen = call.text("seen")
        stale = action == "save" and seen != change.seen
        if change.problems or stale:
            return _page(call, app, spec, change, None, 409 if stale else 400, stale=stale)
        if action == "save" and not change.empty:
            write(call, app, change, seen, f"{call.path('name')}/{call.path('resource')}")
            call.site.drafts.pop(key, None)
            call.site.previews.pop(key[1:], None)
            return call.to(here.removesuffix("/edit"))
        if not change.empty:
            preview = begin(call.site, *key[1:], {path: change.new})
            call.site.drafts[key] = Draft(change.new, preview)
            call.site.audit(call.who, "mapping_previewed", "/".join(key[1:]))
    return call.to(here)


def _key(call: Call) -> tuple[str, str, str]:
    return call.who, call.path("name"), call.path("resource")


def _names(call: Call) -> dict[str, Any]:
    return {"name": call.path("name"), "resource": call.path("resource")}


def _draft(call: Call) -> Draft | None:
    """What this user looked at last, for a while: it holds records of customers."""
    key = _key(call)
    found: Draft | None = call.site.drafts.get(key)
    if found is not None and found.preview.over and call.site.now - found.preview.at > LIFE:
        call.site.drafts.pop(key, None)
        return None
    return found


def _spec(call: Call, app: App) -> MappingSpec:
    """The mapping as the application has it now.  Raises Refused."""
    name, resource = call.path("name"), call.path("resource")
    if name not in app.config.connections:
        raise Refused(404, "There is no such connection")
    opened = app.connect(name)
    found = {item.name: item for item in app.resources(opened.connection, opened.connector)}
    if resource not in found:
        raise Refused(404, "There is no such page")
    return app.mappings.spec(opened.connection, found[resource])


def _page(
    call: Call, app: App, spec: MappingSpec, change: Change, draft: Draft | None, status: int = 200, *, stale: bool = False
) -> Response:  # fmt: skip
    lines = None
    if not change.problems:
        app.mappings.attempt({change.path: change.new})
        lines = beside(call, _spec(call, app), draft.preview if draft is not None else None)
    return call.page(
        "mapping_edit.html",
        "connections",
        status=status,
        spec=spec,
        change=change,
        stale=stale,
        shown_lines=lines is not None,
        draft=draft,
        users=_users(app, spec),
        versions=Versions(app.config.hub.data).of(change.path)[:VERSIONS],
        **_names(call),
        **(lines or {}),
    )


def _users(app: App, spec: MappingSpec) -> list[str]:
    """The resources that are read through this mapping."""
    found = []
    for connection in app.config.connections.values():
        try:
            opened = app.connect(connection.name)
            for resource in app.resources(connection, opened.connector):
                if app.mappings.spec(connection, resource).name == spec.name:
                    found.append(f"{connection.name}.{resource.name}")
        except HubError:
            continue  # a connection whose settings are wrong is said on its own page, and by the check
    return found


ROUTES = (
    Route("/connections/{name}/mappings/{resource}/edit", edit, "admin"),
    Route("/connections/{name}/mappings/{resource}/edit", apply, "admin", "POST"),
)
