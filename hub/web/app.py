"""The HTTP application, put together from its parts: each gives routes, and none knows another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from hub.web import health
from hub.web.dressing import Dressed
from hub.web.hooks import hooks
from hub.web.pages import pages

if TYPE_CHECKING:
    from hub.service.process import Service


def routes(service: Service) -> Sequence[BaseRoute]:
    """All routes, those of each part together; the pages come last, because they answer what nobody else does."""
    return [
        *health.routes(service),
        *hooks(service.receiver, lambda: service.scheduler.config.serving.public_url),
        pages(service),
    ]


def application(service: Service) -> Starlette:
    """What serves a configuration.  Handlers that touch the store are plain functions: starlette runs them in threads."""

    def secure() -> bool:
        return service.scheduler.config.serving.public_url.startswith("https://")

    return Starlette(routes=routes(service), middleware=[Middleware(Dressed, secure=secure)])
