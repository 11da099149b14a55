"""A small API on loopback, with the habits that descriptions must cover: pages, versions, batches, deletions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

PAGE = 2


class ClubServer:
    """Members with an etag and a time; the clock moves one second with every write."""

    def __init__(self) -> None:
        self.members: dict[str, dict[str, Any]] = {}
        self.deleted: list[dict[str, str]] = []
        self.now = 1_767_225_600  # 2026-01-01
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.together: threading.Barrier | None = None
        """Where set, every call about one member waits until so many are there."""
        self.pause = 0.0
        """Seconds that every call about one member takes longer."""
        self.running = self.most_running = 0
        self.refuses: dict[str, tuple[int, dict[str, str]]] = {}
        """Changes of these members are answered so, and not done."""
        self.token = "secret-token"
        self.url = ""

    def stamp(self) -> str:
        self.now += 1
        return f"2026-01-01T00:{self.now % 3600 // 60:02}:{self.now % 60:02}Z"

    def put(self, data: dict[str, Any], id_: str = "") -> dict[str, Any]:
        id_ = id_ or str(len(self.members) + len(self.deleted) + 1)
        stamp = self.stamp()
        self.members[id_] = {**self.members.get(id_, {}), **data, "id": id_, "etag": f"v{self.now}", "updated": stamp}
        return self.members[id_]

    def handle(self, method: str, path: str, query: dict[str, str], headers: Any, body: Any) -> tuple[int, Any]:
        if headers.get("Authorization") != f"Bearer {self.token}":
            return 401, {"message": "who are you"}
        if path == "/v1/deleted":
            return 200, {"items": [row for row in self.deleted if row["at"] >= query.get("since", "")[:19]]}
        if path == "/v1/members/batch":
            return 207, {"results": [self.create(item) for item in body["items"]]}
        if path == "/v1/members":
            rows = sorted(self.members.values(), key=lambda row: int(row["id"]))
            rows = [row for row in rows if row["updated"] >= query.get("since", "")[:19]]
            rows = [row for row in rows if query.get("crmhub", row.get("crmhub")) == row.get("crmhub")]
            start = int(query.get("after", 0))
            following = str(start + PAGE) if start + PAGE < len(rows) else None
            return 200, {"items": rows[start : start + PAGE], "next": following}
        return self.one(method, path.rpartition("/")[2], headers, body)

    def create(self, item: dict[str, Any]) -> dict[str, Any]:
        twin = next((row for row in self.members.values() if row.get("email") == item.get("email")), None)
        if twin is not None:
            return {"ok": False, "error": "exists", "message": "this address is taken", "existing": twin["id"]}
        if not item.get("name"):
            return {"ok": False, "error": "invalid", "message": "a name is needed"}
        return {"ok": True, "id": self.put(item)["id"]}

    def one(self, method: str, id_: str, headers: Any, body: Any) -> tuple[int, Any]:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        time.sleep(self.pause)
        self.running -= 1
        if self.together is not None:
            self.together.wait(10)
        row = self.members.get(id_)
        if row is None:
            return 404, {"message": "no such member"}
        if method == "GET":
            return 200, row
        if headers.get("If-Match") not in (None, row["etag"]):
            return 412, {"message": "changed meanwhile"}
        if method == "DELETE":
            del self.members[id_]
            self.deleted.append({"id": id_, "at": self.stamp()})
            return 204, None
        return 200, self.put(body, id_)


@contextmanager
def running() -> Iterator[ClubServer]:
    """The API on a free port."""
    club = ClubServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            club.requests.append((self.command, parts.path, {**query, "_body": raw.decode()}))
            extra: dict[str, str] = {}
            refused = club.refuses.get(parts.path.rpartition("/")[2]) if self.command == "PATCH" else None
            if refused is not None:
                status, body, extra = refused[0], {}, refused[1]
            elif club.answers:
                status, body, extra = club.answers.pop(0)
            else:
                body_in = json.loads(raw) if raw else None
                status, body = club.handle(self.command, parts.path, query, self.headers, body_in)
            out = b"" if body is None else json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(club.now, usegmt=True))
            for name, value in {"Content-Type": "application/json", **extra}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    club.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield club
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
