"""The stub address book behaves as RFC 6352 and RFC 6578 want it: our own connector is the client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks import formulas
from benchmarks.book import Book, card, uid
from benchmarks.book_server import Books, Handler
from benchmarks.folder import TWO_BOOKS, Folder
from benchmarks.pair import BATCH, CHUNK
from benchmarks.people import person
from hub.bootstrap import App
from hub.config.read import read_config


@pytest.fixture
def server() -> Iterator[tuple[Books, str]]:
    """Two books, and the address of their server."""
    books = Books()
    handler = type("OneHandler", (Handler,), {"books": books})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield books, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_two_books_are_brought_in_step_with_the_calls_of_the_formula(server: tuple[Books, str], tmp_path: Path) -> None:
    books, url = server
    size, apart = 130, 50
    books.books = {"left": Book("left", 0, size), "right": Book("right", apart, size)}
    folder = Folder(tmp_path, url, config=TWO_BOOKS)
    folder.configure()

    def run(approve: str | None = None) -> tuple[str, str, int]:
        books.calls.clear()
        with App(read_config(tmp_path / "config.toml")) as app, app.writing():
            result = app.engine("people").sync(approve=approve)
        assert result.plan is not None
        return result.state, result.plan.hash(), sum(books.calls.values())

    state, approval, seen = run()
    assert state == "waiting"
    state, _, done = run(approval)
    assert state == "success"
    assert seen + done == formulas.first_books(size, apart, CHUNK, BATCH)
    wanted = {uid(number).encode() for number in range(size + apart)}
    for book in books.books.values():
        assert len(book.cards) == size + apart
        mails = {line for _, content in book.cards.values() for line in content.split(b"\r\n") if b"@firm." in line}
        assert len(mails) == len(wanted)
    assert run()[::2] == ("success", formulas.no_change(2))


def test_a_report_of_changes_shows_what_changed_since_a_token_and_what_is_gone() -> None:
    book = Book("left", 0, 3)
    token = book.token
    book.put("new.vcf", card(7))
    book.delete(f"{uid(1)}.vcf")
    body = f"<sync-collection><sync-token>{token}</sync-token><getetag/></sync-collection>"
    answer = book.report(body)
    assert answer is not None
    assert answer.count("<d:response>") == 2
    assert "/left/new.vcf</d:href><d:propstat>" in answer
    assert f"/left/{uid(1)}.vcf</d:href><d:status>HTTP/1.1 404" in answer
    assert f"<d:sync-token>{book.token}<" in answer


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [("UID", uid(2), 1), ("EMAIL", person(2)["email"].upper(), 1), ("EMAIL", "nobody", 0)],
)
def test_a_query_finds_cards_by_value_in_any_case(name: str, value: str, found: int) -> None:
    filters = f'<c:prop-filter name="{name}"><c:text-match collation="x">{value}</c:text-match></c:prop-filter>'
    answer = Book("left", 0, 5).report(f"<c:addressbook-query><address-data/>{filters}</c:addressbook-query>")
    assert answer is not None
    assert answer.count("<d:response>") == found


def test_a_write_on_another_version_is_refused() -> None:
    books = Books()
    books.books = {"left": Book("left", 0, 1)}
    path = f"/left/{uid(0)}.vcf"
    assert books.answer("PUT", path, {"If-None-Match": "*"}, card(0))[0] == 412
    assert books.answer("PUT", path, {"If-Match": '"7"'}, card(0))[0] == 412
    etag = books.answer("GET", path, {}, b"")[1]
    assert books.answer("PUT", path, {"If-Match": etag}, card(1))[0] == 204
    assert books.answer("GET", path, {}, b"")[2] == card(1)
