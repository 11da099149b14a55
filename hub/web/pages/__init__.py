"""The pages: one module for each, all behind one door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hub.web.door import Door
from hub.web.door import Route as Route
from hub.web.pages import (
    changing,
    conflicts,
    connections,
    jobs,
    management,
    mapping_editing,
    mappings,
    overview,
    quarantine,
    records,
    reviews,
    runs,
    setting_up,
    signing_in,
    sync_making,
    syncs,
    undoing,
)
from hub.web.site import STATIC, Site

if TYPE_CHECKING:
    from hub.service.process import Service

PARTS = (
    signing_in,
    overview,
    jobs,
    syncs,
    conflicts,
    reviews,
    quarantine,
    records,
    runs,
    undoing,
    connections,
    mappings,
    mapping_editing,
    changing,
    setting_up,
    sync_making,
    management,
)

ROUTES: tuple[Route, ...] = tuple(route for part in PARTS for route in part.ROUTES)
"""Every page and action, with the role that it needs (tests try each of them without)."""


def pages(service: Service) -> BaseRoute:
    """Everything below "/"."""
    site = Site(service)
    door = Door(site)

    async def nowhere(request: Request, _error: Exception) -> Response:
        return await door.nowhere(request)

    inner = Starlette(
        routes=[Mount("/static", _Files(directory=STATIC)), *(door.http(route) for route in ROUTES)],
        exception_handlers={404: nowhere, 405: nowhere},
    )
    inner.router.redirect_slashes = False
    inner.state.site = site
    return Mount("/", inner)


class _Files(StaticFiles):
    """Files of the program; they hold nothing about anybody, so browsers may keep them for a while."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            response.headers["Cache-Control"] = "max-age=3600"
        return response
