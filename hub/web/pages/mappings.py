"""Mappings: where a system has each field, what the hub calls it, and a few records read now through it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from hub.contract.errors import HubError
from hub.service.events import log_event
from hub.views.masking import Masking
from hub.views.trying import rows_of, samples, to_json
from hub.web.call import Call, Refused, problem_of
from hub.web.door import Route

if TYPE_CHECKING:
    from hub.mapping.spec import MappingSpec
    from hub.web.site import Site

SAMPLES = 5
LIFE = 15 * 60.0
"""Seconds for which records that were read for a preview are kept in memory."""


@dataclass(slots=True)
class Preview:
    """Records of a resource, read or being read.  masked, plain: the same in both forms, for who may see which."""

    at: float
    masked: list[dict[str, Any]] = field(default_factory=list)
    plain: list[dict[str, Any]] = field(default_factory=list)
    problem: dict[str, str] | None = None
    over: bool = False


def mapping(call: Call) -> Response:
    name, resource = call.path("name"), call.path("resource")
    preview = _preview(call.site, name, resource)
    with call.site.app() as app:
        if name not in call.site.config.connections:
            raise Refused(404, "There is no such connection")
        opened = app.connect(name)
        found = {item.name: item for item in app.resources(opened.connection, opened.connector)}
        if resource not in found:
            raise Refused(404, "There is no such page")
        spec = app.mappings.spec(opened.connection, found[resource])
    return call.page(
        "mapping_part.html" if call.partial else "mapping.html",
        "connections",
        name=name,
        resource=resource,
        spec=spec,
        **beside(call, spec, preview),
    )


def beside(call: Call, spec: MappingSpec, preview: Preview | None) -> dict[str, Any]:
    """The lines of a mapping with the values of the record that was chosen, for the template."""
    records = (preview.masked if call.masking.on else preview.plain) if preview is not None else []
    at = min(call.number("record", 0), max(0, len(records) - 1))
    record = records[at] if records else None
    return {
        "preview": preview,
        "record": record,
        "at": at,
        "number": len(records),
        "lines": [
            (row, [_value(record, path) for path in row.at], (record or {}).get("canonical") or {})
            for row in rows_of(spec)
        ],
    }


def _value(record: dict[str, Any] | None, path: str) -> Any:
    """The native value at a path; lists are shown whole."""
    value: Any = (record or {}).get("native", {})
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, list):
            value = [item.get(part) for item in value if isinstance(item, dict)]
        else:
            return None
    return value


def _preview(site: Site, name: str, resource: str) -> Preview | None:
    with site.lock:
        found: Preview | None = site.previews.get((name, resource))
        if found is not None and found.over and site.now - found.at > LIFE:
            found = site.previews.pop((name, resource)) and None
    return found


def read(call: Call) -> Response:
    """Read a few records now, beside the syncs; nothing is written."""
    name, resource = call.path("name"), call.path("resource")
    site = call.site
    if name not in site.config.connections:
        raise Refused(404, "There is no such connection")
    with site.lock:
        before = site.previews.get((name, resource))
        if before is None or before.over:
            site.previews[(name, resource)] = begin(site, name, resource)
    site.audit(call.who, "mapping_previewed", f"{name}/{resource}")
    return call.to(call.request.url.path)


def begin(site: Site, name: str, resource: str, drafts: Mapping[Path, str] | None = None) -> Preview:
    """Read records in a thread of its own.  drafts: what mapping files would say."""
    preview = Preview(site.now)
    args = (site, preview, name, resource, drafts or {})
    threading.Thread(target=_run, args=args, name=f"crmhub-preview-{name}", daemon=True).start()
    return preview


def _run(site: Site, preview: Preview, name: str, resource: str, drafts: Mapping[Path, str]) -> None:
    try:
        with site.service.app() as app:
            app.mappings.attempt(drafts)
            compiled, records = samples(app, name, resource, SAMPLES)
        preview.masked = [to_json(Masking(on=True), compiled, item) for item in records]
        preview.plain = [to_json(Masking(on=False), compiled, item) for item in records]
    except HubError as error:
        preview.problem = problem_of(error, site)
    except Exception as error:  # noqa: BLE001  # a plugin's bug ends its preview, not the service
        text = site.service.shown(f"{type(error).__name__}: {error}")
        log_event("preview_failed", connection=name, message=text)
        preview.problem = {
            "code": "plugin_bug",
            "where": name,
            "message": text,
            "hint": "Report it to the plugin's author",
        }
    finally:
        preview.over = True


ROUTES = (
    Route("/connections/{name}/mappings/{resource}", mapping, "viewer"),
    Route("/connections/{name}/mappings/{resource}", read, "operator", "POST"),
)
