"""``/healthz`` and ``/metrics``: for machines that watch.  Details are for this machine, or for who has the token."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from hub.contract.errors import HubError
from hub.service.events import log_event
from hub.service.exposition import CONTENT_TYPE, render
from hub.service.metrics import collect, health

if TYPE_CHECKING:
    from hub.service.process import Service

KEEP = 60.0
"""Seconds for which the token is kept; a changed one counts after that."""
_NAMES = ("localhost", "127.0.0.1", "::1")


class Doorkeeper:
    """Who may see numbers: callers on this machine while no other system reaches the hub, and who has the token."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._token: tuple[float, object, str] = (0.0, None, "")

    def admits(self, request: Request) -> bool:
        serving = self._service.scheduler.config.serving
        if serving.metrics_token is not None:
            given = request.headers.get("authorization", "").encode("latin-1", "replace")
            token = self._fetched(serving.metrics_token)
            if token and hmac.compare_digest(given, f"Bearer {token}".encode()):
                return True
        # Behind a proxy everybody comes from this machine: then only the token tells.
        return not serving.public_url and _is_local(request)

    def _fetched(self, reference: object) -> str:
        """The token; "" while it cannot be had, so that nobody is let in."""
        at, known, token = self._token
        if known != reference or not 0 <= time.monotonic() - at < KEEP:
            try:
                token = self._service.secret(reference)
            except HubError as error:
                log_event("metrics_token_missing", code=error.code)
                token = ""
            self._token = time.monotonic(), reference, token
        return token


def _is_local(request: Request) -> bool:
    """Whether a caller is on this machine, and means it: a web page that rebinds its name has another Host."""
    host = request.headers.get("host", "").rpartition(":")[0].strip("[]") or request.headers.get("host", "")
    try:
        caller = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    return caller.is_loopback and host in _NAMES and not forwarded


def routes(service: Service) -> Sequence[BaseRoute]:
    """The two routes."""
    door = Doorkeeper(service)

    def healthz(request: Request) -> Response:
        """Whether this process serves and its store answers; for load balancers and containers."""
        try:
            found = health(service)
        except HubError as error:
            return JSONResponse({"status": "failing", "store": error.code}, 503)
        status = 200 if found["status"] == "ok" else 503
        return JSONResponse(found if door.admits(request) else {"status": found["status"]}, status)

    def metrics(request: Request) -> Response:
        if not door.admits(request):
            return JSONResponse({"error": "not allowed"}, 403)
        try:
            return PlainTextResponse(render(collect(service)), media_type=CONTENT_TYPE)
        except HubError as error:
            return JSONResponse({"error": error.code}, 503)

    return [Route("/healthz", healthz, methods=["GET"]), Route("/metrics", metrics, methods=["GET"])]
