"""``POST /hooks/CONNECTION``: where other systems send their webhooks."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from hub.service.receiver import Receiver

LARGEST = 1024 * 1024
"""Bytes of a body."""
PATIENCE = 10.0
"""Seconds in which a body must have come."""


@dataclass(slots=True)
class Buckets:
    """Token buckets, one for each address; those that were used longest ago are forgotten.

    rate: tokens a second;  burst: tokens at most;  most: addresses that are remembered.
    """

    rate: float
    burst: float
    most: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def has(self, address: str) -> bool:
        """Whether there is a token."""
        return self._now(address) >= 1

    def take(self, address: str) -> bool:
        """Take one; False if there is none."""
        left = self._now(address)
        self._left[address] = max(left - 1, 0.0) if left >= 1 else left, self.clock()
        self._left.move_to_end(address)
        while len(self._left) > self.most:
            self._left.popitem(last=False)
        return left >= 1

    def _now(self, address: str) -> float:
        left, at = self._left.get(address, (self.burst, self.clock()))
        return min(self.burst, left + (self.clock() - at) * self.rate)


def hooks(receiver: Receiver, public_url: Callable[[], str]) -> Sequence[BaseRoute]:
    """The route.  Good deliveries may come fast (a system that imports a list sends thousands), refused ones may not.

    public_url: how other systems reach it, "" if they use the address that it listens at.
    """
    every, refused = Buckets(rate=100, burst=1000), Buckets(rate=1, burst=60)

    async def receive(request: Request) -> Response:
        address = request.client.host if request.client else ""
        if not refused.has(address) or not every.take(address):
            return _answer(429, "too many requests", retry_after=10)
        try:
            body = await asyncio.wait_for(_body(request), PATIENCE)
        except (TimeoutError, ClientDisconnect):
            return _answer(408, "the body did not come in time")
        if body is None:
            refused.take(address)
            return _answer(413, "the body is too large")
        headers = {name.lower(): value for name, value in request.headers.items() if not name.startswith(":")}
        query = f"?{request.url.query}" if request.url.query else ""
        base = public_url() or f"{request.url.scheme}://{request.url.netloc}"
        headers[":method"], headers[":url"] = "POST", f"{base}{request.url.path}{query}"
        outcome = await run_in_threadpool(receiver.receive, request.path_params["connection"], headers, body)
        if outcome == "refused":
            refused.take(address)
            return _answer(401, "not accepted")
        if outcome == "busy":
            return _answer(503, "busy, send it again", retry_after=10)
        return JSONResponse({"status": "ok"})

    return [Route("/hooks/{connection}", receive, methods=["POST"])]


async def _body(request: Request) -> bytes | None:
    """The body, or None if it is too large: then the rest of it is not read."""
    length = request.headers.get("content-length", "0")
    if len(length) > 12 or (length.isdecimal() and int(length) > LARGEST):
        return None
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > LARGEST:
            return None
    return bytes(parts)


def _answer(status: int, error: str, *, retry_after: int = 0) -> Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return JSONResponse({"error": error}, status, headers)
