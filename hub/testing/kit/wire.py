"""A wire between a connector and its system: it counts what is sent, and misbehaves as networks and servers do."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import urlsplit

Fault = Literal["lost_request", "lost_reply", "cut_short", "hang"]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that the connector sent.  path: with the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def reads(self) -> bool:
        """Whether it is safe by its method; POST may read, too, but nobody can see that."""
        return self.method in _SAFE


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the system never gave."""

    status: int
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


Meddler = Callable[[Sent], Answer | Fault | None]
"""What happens to a request: None: it passes; an Answer instead of the system's; or a fault.

lost_request: the connection ends before the system sees it; lost_reply: the system answers and nobody hears it;
cut_short: half of the answer's body arrives; hang: the system sees it and the answer never comes.
"""


def _passes(_: Sent) -> None:
    return None


class Wire:
    """A proxy on loopback in front of ``target`` (a base URL).  Use it as a context manager.

    url:   what the connector is told instead of the target.
    sent:  every request, in order;  heard: those that reached the system, with its answers.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.sent: list[Sent] = []
        self.heard: list[tuple[Sent, Answer]] = []
        self._meddler: Meddler = _passes
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}{self._target.path.rstrip('/')}"

    def meddle(self, meddler: Meddler | None) -> None:
        """From now on this decides about every request; None: all pass."""
        self._meddler = meddler or _passes

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def target(self) -> str:
        """The system's own address."""
        return self._target.geturl().rstrip("/")

    def through(self, url: str) -> str:
        """A URL of the system, as seen through the wire."""
        return url.replace(f"{self._target.scheme}://{self._target.netloc}", f"http://{self.host}")

    def _forward(self, sent: Sent) -> Answer | None:
        """The system's answer; None if the system is down."""
        connection = http.client.HTTPConnection(self._target.netloc, timeout=60)
        try:
            connection.request(sent.method, sent.path, sent.body or None, dict(sent.headers))
            reply = connection.getresponse()
            body = reply.read()
            headers = {
                name: value for name, value in reply.getheaders() if name.lower() not in _HOP - {"content-encoding"}
            }
            return Answer(reply.status, body, headers)
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1  # head and body in one packet: two would wait for each other's acknowledgement

            def log_message(self, *_: Any) -> None:
                """A test's output is not a server's log."""

            def _pass(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
                sent = Sent(self.command, self.path, headers, self.rfile.read(length))
                with wire._lock:
                    wire.sent.append(sent)
                    said = wire._meddler(sent)
                if isinstance(said, Answer):
                    self._reply(said, len(said.body))
                    return
                answer = wire._forward(sent) if said != "lost_request" else None
                if answer is not None:
                    wire.heard.append((sent, answer))
                if said == "hang":
                    wire._ended.wait(60)
                if answer is None or said in ("lost_reply", "hang"):
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                self._reply(answer, len(answer.body) // 2 if said == "cut_short" else len(answer.body))

            def _reply(self, answer: Answer, arrive: int) -> None:
                self.send_response_only(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(answer.body[:arrive])
                self.wfile.flush()
                if arrive < len(answer.body):
                    self.close_connection = True
                    self.connection.shutdown(2)

        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "REPORT", "MKCOL"):
            setattr(Handler, f"do_{method}", Handler._pass)
        return Handler
