"""The layer around a sandbox that counts calls and, where the switches say so, breaks them."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from hub.testing.sandbox.application import Sandbox

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"
_KINDS = ("drop_before", "throttle", "fail", "html", "error_body", "drop_after", "truncate")
"""When several are due for one call, the first happens."""


class Faults:
    """Wraps the application.  ``injected`` counts the faults by kind, ``running`` the calls under way, of
    which there were ``most_running`` at a time."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox
        self._matched = 0
        self.running = self.most_running = 0
        self.injected: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or str(scope["path"]).startswith("/_sandbox"):
            await self._app(scope, receive, send)
            return
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self._answer(scope, receive, send)
        except ClientDisconnect:
            _drop(send)  # the client was killed while it sent its request: nothing was carried out
        finally:
            self.running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        switches = self._sandbox.switches
        matches = self._matches(scope)
        fault = self._fault() if matches else ""
        limit = switches.concurrency
        if limit is not None and self.running > limit:
            answer = _Recorded.of(self._sandbox.too_many_at_once())
        elif fault == "drop_before":
            answer = None
        else:
            if matches and switches.slow:
                await asyncio.sleep(switches.slow)
            answer = await self._carry_out(fault, scope, receive, send)
        if answer is None:
            _drop(send)
            return
        await answer.send(send, self._sandbox.date_header())

    async def _carry_out(self, fault: str, scope: Scope, receive: Receive, send: Send) -> _Recorded | None:
        if fault in ("throttle", "fail", "html", "error_body"):
            await _read(receive)
            return _Recorded.of(self._instead(fault))
        answer = _Recorded()
        await self._app(scope, receive, answer)
        if fault == "drop_after":
            return None
        if fault == "truncate":
            answer.body = answer.body[: len(answer.body) // 2]
        return answer

    def _instead(self, fault: str) -> Response:
        """The answer to a call that is not carried out."""
        sandbox, switches = self._sandbox, self._sandbox.switches
        if fault == "throttle":
            answer = sandbox.throttled()
            seconds = switches.retry_after_seconds
            if switches.retry_after == "seconds":
                answer.headers["Retry-After"] = str(seconds)
            elif switches.retry_after == "date":
                answer.headers["Retry-After"] = format_datetime(sandbox.now() + timedelta(seconds=seconds), usegmt=True)
            return answer
        if fault == "fail":
            return sandbox.failed(switches.fail_status)
        if fault == "html":
            return Response(_HTML, 200, media_type="text/html")
        return sandbox.error_under_200()

    def _matches(self, scope: Scope) -> bool:
        pattern = self._sandbox.switches.match
        text = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('ascii', 'replace')}"
        return not pattern or re.search(pattern, text) is not None

    def _fault(self) -> str:
        """The fault that is due for this call, if any."""
        switches = self._sandbox.switches
        self._matched += 1
        if switches.at_most is not None and self.injected.total() >= switches.at_most:
            return ""
        for kind in _KINDS:
            every = getattr(switches, f"{kind}_every")
            if every and self._matched % every == 0:
                self.injected[kind] += 1
                return kind
        return ""

    def restart_count(self) -> None:
        """Begin to count anew: the next matching call is the first."""
        self._matched = 0
        self.injected.clear()


class _Recorded:
    """An answer that was kept back, so that it can be changed or lost."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    @classmethod
    def of(cls, response: Response) -> _Recorded:
        recorded = cls()
        recorded.status, recorded.headers = response.status_code, response.raw_headers
        recorded.body = bytes(response.body)
        return recorded

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")

    async def send(self, send: Send, date: str) -> None:
        headers = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        headers.append((b"date", date.encode("ascii")))
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(self.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


async def _read(receive: Receive) -> None:
    """Take the whole request, as a server does before it answers."""
    while (await receive()).get("more_body"):
        pass


def _drop(send: Any) -> None:
    """End the connection without an answer.  ASGI has no word for that, so this asks uvicorn's own object."""
    send.__self__.transport.abort()
