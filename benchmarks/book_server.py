"""The stub CardDAV server in a process of its own: ``python -m benchmarks.book_server`` prints its port and serves until
its standard input ends.

/NAME/     an address book (benchmarks.book)
/_setup    POST: {systems: {NAME: attributes of Book}}; forgets everything
/_switch   POST: {work: {system, number, mark}}: somebody changes the title of so many cards
/_counts   POST: requests by "NAME METHOD" since the setup or the last /_counts
/_ids      POST: {NAME: ids of all cards}
"""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import orjson

from benchmarks.book import Book

Answer = tuple[int, str, bytes]
"""Status, ETag or "", body."""
_TITLE = re.compile(rb"TITLE:[^\r]*\r\n")


class Books:
    """Address books and counters; all requests are serialised."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.books: dict[str, Book] = {}
        self.calls: Counter[str] = Counter()

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        with self.lock:
            if path.startswith("/_"):
                return 200, "", orjson.dumps(self._control(path, orjson.loads(body)))
            name, _, id_ = path[1:].partition("/")
            book = self.books.get(name)
            if book is None:
                return 404, "", b""
            self.calls[f"{name} {method}"] += 1
            if method in ("PROPFIND", "REPORT"):
                text = body.decode()
                found = book.propfind(headers.get("Depth", "0"), text) if method == "PROPFIND" else book.report(text)
                return (207, "", found.encode()) if found is not None else (501, "", b"")
            return self._card(book, method, id_, headers, body)

    @staticmethod
    def _card(book: Book, method: str, id_: str, headers: Any, body: bytes) -> Answer:
        etag, content = book.cards.get(id_, ("", b""))
        wanted = headers.get("If-Match")
        if (wanted is not None and wanted not in (etag, "*")) or (headers.get("If-None-Match") == "*" and etag):
            return 412, "", b""
        if method == "PUT":
            return 204 if etag else 201, book.put(id_, body), b""
        if not etag:
            return 404, "", b""
        if method == "DELETE":
            book.delete(id_)
            return 204, "", b""
        return (200, etag, content) if method == "GET" else (405, "", b"")

    def _control(self, path: str, body: Any) -> Any:
        if path == "/_counts":
            found, self.calls = dict(self.calls), Counter()
            return found
        if path == "/_ids":
            return {name: list(book.cards) for name, book in self.books.items()}
        if path == "/_setup":
            self.books = {name: Book(name, **given) for name, given in body["systems"].items()}
            self.calls = Counter()
        if "work" in body:
            self._work(**body["work"])
        return {}

    def _work(self, system: str, number: int, mark: str) -> None:
        book = self.books[system]
        for turn, id_ in enumerate(list(book.cards)[:number]):
            title = f"TITLE:Job {mark} {turn}\r\n".encode()
            plain = _TITLE.sub(b"", book.cards[id_][1])
            book.put(id_, plain.replace(b"END:VCARD", title + b"END:VCARD"))


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open; headers and body go in one packet."""

    protocol_version = "HTTP/1.1"
    books: Books

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, etag, out = self.books.answer(self.command, unquote(self.path), self.headers, body)
        tag = f"ETag: {etag}\r\n" if etag else ""
        kind = "application/xml; charset=utf-8" if status == 207 else "text/vcard; charset=utf-8"
        length = "" if status == 204 else f"Content-Length: {len(out)}\r\nContent-Type: {kind}\r\n"
        self.wfile.write(f"HTTP/1.1 {status} -\r\nDate: {formatdate(usegmt=True)}\r\n{tag}{length}\r\n".encode() + out)

    do_GET = do_POST = do_PUT = do_DELETE = do_PROPFIND = do_REPORT = serve

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


def main() -> None:
    """Serve on a free port of loopback until standard input ends."""
    Handler.books = Books()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
