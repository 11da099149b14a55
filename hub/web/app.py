"""The HTTP application, put together from its parts: each gives routes, and none knows another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from hub.web.pages import pages

if TYPE_CHECKING:
    from hub.service.process import Service


def routes(service: Service) -> Sequence[BaseRoute]:
    """All routes, those of each part together; the pages come last, because they answer what nobody else does."""
    return [*_health(service), pages(service)]


def application(service: Service) -> Starlette:
    """What serves a configuration.  Handlers that touch the store are plain functions: starlette runs them in threads."""
    return Starlette(routes=routes(service))


def _health(service: Service) -> Sequence[BaseRoute]:
    def healthz(_request: Request) -> Response:
        """Whether this process serves and its store answers; for load balancers and containers."""
        lease = service.desk.lease()
        return JSONResponse({"status": "ok" if lease is not None else "standby"})

    return [Route("/healthz", healthz, methods=["GET"])]
