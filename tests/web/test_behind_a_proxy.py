"""What the server itself reads of a request: where a message ends, and what a proxy of this machine says of the caller."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from hub.config.timing import Address
from hub.web.server import PROXIES, HttpServer


async def tell(request: Request) -> JSONResponse:
    body = (await request.body()).decode()
    client = request.client.host if request.client else ""
    return JSONResponse({"client": client, "scheme": request.url.scheme, "body": body})


@pytest.fixture
def port() -> Iterator[int]:
    routes = [Route("/{path:path}", tell, methods=["GET", "POST"])]
    server = HttpServer(Address("127.0.0.1", 0), lambda: Starlette(routes=routes))
    server.start()
    yield int(server.url.rpartition(":")[2])
    server.stop()


def said(port: int, *lines: str, body: str = "") -> bytes:
    """All that is answered to these lines and this body, until the server closes or has nothing more to say."""
    text = "\r\n".join([*lines, "Host: 127.0.0.1", "", body])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(text.encode())
        line.shutdown(socket.SHUT_WR)
        found = b""
        while part := line.recv(65536):
            found += part
    return found


def told(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def test_the_caller_is_the_last_one_that_a_proxy_of_this_machine_has_seen(port: int) -> None:
    """What the caller itself has written into the header stands before that, and counts for nothing."""
    answer = told(said(port, "GET / HTTP/1.1", "X-Forwarded-For: 6.6.6.6, 203.0.113.9", "Connection: close"))
    assert answer["client"] == "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "believed"), [("127.0.0.1", True), ("::1", True), ("192.168.0.7", False), ("203.0.113.9", False)]
)
def test_nobody_but_a_proxy_of_this_machine_says_who_the_caller_is(address: str, believed: bool) -> None:
    """The caller as uvicorn tells it, without a socket: nobody here can call from another machine."""
    seen: list[str] = []

    async def application(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    scope = {"type": "http", "scheme": "http", "client": (address, 1), "headers": [(b"x-forwarded-for", b"10.9.8.7")]}
    asyncio.run(ProxyHeadersMiddleware(application, PROXIES)(scope, None, None))  # type: ignore[arg-type]
    assert seen == ["10.9.8.7" if believed else address]


@pytest.mark.parametrize(
    "lengths",
    [
        ("Content-Length: 60", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 3"),
    ],
)
def test_chunks_say_where_a_message_ends_whatever_length_it_names(port: int, lengths: tuple[str, str]) -> None:
    answer = said(port, "POST / HTTP/1.1", *lengths, "Connection: close", body="5\r\nhello\r\n0\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert told(answer)["body"] == "hello"


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: +5",),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding : chunked",),
    ],
)
def test_a_message_whose_end_is_doubtful_is_refused(port: int, lines: tuple[str, ...]) -> None:
    answer = said(port, "POST / HTTP/1.1", *lines, body="hello!GET /second HTTP/1.1\r\n\r\n")
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert answer.count(b"HTTP/1.1 ") == 1
