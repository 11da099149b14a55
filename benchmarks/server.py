"""The stub API in a process of its own: ``python -m benchmarks.server`` prints its port and serves until it is ended.

/NAME/people ...   the API of a system
/_setup            POST: {systems: {NAME: attributes of System}, page, latency}; forgets everything
/_switch           POST: {clock: seconds to move on, latency: seconds, work: {system, number, mark}}
/_counts           POST: calls by route since the setup or the last /_counts
/_changes          POST: {NAME: how many records were made or changed since the setup}
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from benchmarks.api import NOW, System

TOKEN = "benchmark-token"  # noqa: S105  # of a stub on loopback


class Stub:
    """Systems, switches and counters; all requests are serialised."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.systems: dict[str, System] = {}
        self.calls: Counter[str] = Counter()
        self.page, self.latency = 100, 0.0

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        with self.lock:
            if path.startswith("/_"):
                return 200, self._control(path, body)
            name, _, rest = path[1:].partition("/")
            system = self.systems.get(name)
            if system is None:
                return 404, {"message": "no such system"}
            first, _, second = rest.partition("/")
            route = "one" if first == "people" and second.isdecimal() else rest
            self.calls[f"{name} {method} {route}"] += 1
            return self._api(system, method, route, second, query, body)

    def _control(self, path: str, body: Any) -> Any:
        if path == "/_counts":
            found, self.calls = dict(self.calls), Counter()
            return found
        if path == "/_changes":
            return {name: system.changes for name, system in self.systems.items()}
        if path == "/_setup":
            self.systems = {name: System(**given) for name, given in body["systems"].items()}
            self.page, self.calls = body.get("page", 100), Counter()
        self.latency = body.get("latency", self.latency)
        for system in self.systems.values():
            system.clock += body.get("clock", 0.0)
        if "work" in body:
            work = body["work"]
            self.systems[work["system"]].people_work(work["number"], work["mark"])
        return {}

    def _api(
        self, system: System, method: str, route: str, id_: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        match method, route:
            case "GET", "people":
                return 200, system.page(query, self.page)
            case "GET", "versions":
                return 200, system.versions(query, self.page)
            case "GET", "one":
                row = system.one(id_)
                return (200, row) if row is not None else (404, {"message": "no such record"})
            case "GET", "read":
                return 200, {"items": [row for item in query["ids"].split(",") if (row := system.one(item))]}
            case "GET", "me":
                return 200, {"name": "benchmark"}
            case "POST", "create":
                return 200, system.create(body["items"])
            case "POST", "update":
                return 200, system.update(body["items"])
        return 405, {"message": f"{method} {route} is not offered"}

    def time(self) -> float:
        return max((item.clock for item in self.systems.values()), default=NOW)


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open; headers and body go in one packet, or the other side's late acknowledgement costs 40 ms."""

    protocol_version = "HTTP/1.1"
    stub: Stub

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        control = parts.path.startswith("/_")
        if not control and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            status, data = 401, {"message": "who are you"}
        else:
            if not control and self.stub.latency:
                time.sleep(self.stub.latency)
            body = orjson.loads(raw) if raw else None
            status, data = self.stub.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body)
        out = orjson.dumps(data)
        date = formatdate(self.stub.time(), usegmt=True)
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nDate: {date}\r\nContent-Length: {len(out)}\r\n\r\n"
        self.wfile.write(head.encode() + out)

    do_GET = do_POST = serve

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


def main() -> None:
    """Serve on a free port of loopback until standard input ends, which it does with the process that started us."""
    Handler.stub = Stub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
