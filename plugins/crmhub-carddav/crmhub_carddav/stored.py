"""Cards as the server holds them: read in one multiget, exact to the byte where they are to be edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crmhub_carddav.card import Card, is_contact, parse, read
from crmhub_carddav.dav import Answer, BrokenXml, C, D, Dav, Multistatus, Refused, explain, modified
from crmhub_carddav.discovery import Book
from crmhub_carddav.lines import CardError
from hub.plugin import Record, Rejected, Unavailable

CHUNK: Final = 100
"""Cards in one multiget."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One card on the server.  ``exact``: the content is byte for byte what is stored, not only equal in meaning."""

    id: str
    etag: str | None
    content: bytes
    exact: bool
    modified_at: datetime | None = None

    def card(self) -> Card:
        """Raises CardError."""
        return parse(self.content)


def load(dav: Dav, book: Book, ids: Sequence[str]) -> dict[str, Stored]:
    """Read cards by id; those that are gone are absent.  Raises Unavailable, AuthError, ConfigError."""
    found: dict[str, Stored] = {}
    for start in range(0, len(ids), CHUNK):
        found.update({stored.id: stored for stored in _read(dav, book, ids[start : start + CHUNK])})
    return found


def _read(dav: Dav, book: Book, ids: Sequence[str]) -> Iterator[Stored]:
    """One multiget, in halves where one card makes the whole answer fail.

    Xandikos answers 500 when a stored card is not UTF-8, and a control character makes any answer unreadable XML.
    """
    try:
        answered = dav.multiget(book.url, ids)
    except (BrokenXml, Refused) as error:
        if isinstance(error, Refused) and error.status != 500:
            raise explain(error, book.url) from None
        if len(ids) == 1:
            stored = load_exactly(dav, book, ids[0])
            yield from (stored,) if stored else ()
            return
        middle = len(ids) // 2
        yield from _read(dav, book, ids[:middle])
        yield from _read(dav, book, ids[middle:])
    else:
        yield from from_answers(dav, book, answered)


def from_answers(dav: Dav, book: Book, answered: Multistatus) -> Iterator[Stored]:
    """The cards of a multiget or a query."""
    for answer in answered.answers:
        id = book.id_of(answer.path)
        if answer.status != 200 or not id or id.endswith("/"):
            continue
        element = answer.props.get(f"{C}address-data")
        if element is None or not element.text:
            stored = load_exactly(dav, book, id)
            if stored:
                yield stored
        else:
            yield _stored(id, answer, element.text)


def load_exactly(dav: Dav, book: Book, id: str) -> Stored | None:
    """Read the stored bytes of one card; None if it is gone."""
    response = dav.get(book.url, id)
    if response.status_code in (404, 410):
        return None
    if response.status_code != 200:
        raise Unavailable(f"{dav.at(book.url, id)} answers {response.status_code} to a read")
    return Stored(id, response.headers.get("ETag"), response.content, exact=True)


def _stored(id: str, answer: Answer, text: str) -> Stored:
    length = answer.text(f"{D}getcontentlength")
    content = _original(text, int(length) if length and length.isdigit() else None)
    return Stored(
        id,
        answer.text(f"{D}getetag"),
        content if content is not None else text.encode(),
        exact=content is not None,
        modified_at=modified(answer),
    )


def _original(text: str, length: int | None) -> bytes | None:
    """The stored bytes behind a text that came through XML, where CR LF becomes LF (XML 1.0 section 2.11).

    The stored length says which line ends it had; a card with mixed ones cannot be told from the text.
    """
    plain = text.encode()
    for candidate in (plain, plain.replace(b"\n", b"\r\n")):
        if len(candidate) == length:
            return candidate
    return None


def to_record(stored: Stored) -> Record | None:
    """The record of a card; None for a group or a location, one with an error for what is no readable card."""
    try:
        card = stored.card()
    except CardError as error:
        problem = Rejected(
            f"The card cannot be read: {error}",
            where=stored.id,
            hint="Open and save it in an address book program, or delete it",
        )
        return Record(stored.id, None, version=stored.etag, modified_at=stored.modified_at, error=problem)
    if not is_contact(card):
        return None
    return Record(stored.id, read(card), version=stored.etag, modified_at=stored.modified_at)


def to_records(stored: Iterable[Stored]) -> list[Record]:
    """The records of cards in the order of their ids."""
    records = (to_record(each) for each in sorted(stored, key=lambda each: each.id))
    return [record for record in records if record is not None]
