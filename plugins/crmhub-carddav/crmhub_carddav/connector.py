"""The CardDAV connector: one address book, its cards as customers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import SecretStr

from crmhub_carddav import feed, writing
from crmhub_carddav.dav import Dav
from crmhub_carddav.discovery import Book, find_book
from crmhub_carddav.edit import uid_for
from crmhub_carddav.stored import load, to_records
from hub.plugin import (
    Account,
    Capabilities,
    Connector,
    ConnectorConfig,
    CursorExpired,
    Field,
    Json,
    Limits,
    Op,
    Page,
    Receipt,
    Record,
    Resource,
)

VALUES_IN_A_QUERY: Final = 50
LISTING_PAGE: Final = 1000
"""Ids and versions in one page of a listing."""


class CardDavConfig(ConnectorConfig):
    """Settings of one address book; the table in the README explains each."""

    url: str
    user: str = ""
    password: SecretStr = SecretStr("")
    book: str | None = None
    ca_file: Path | None = None
    version: Literal["3.0", "4.0"] = "3.0"


_CARD: Final = Resource(
    name="card",
    mapping="carddav.card",
    capabilities=Capabilities(
        deletes="feed",
        conditional_write=True,
        create="client_id",
        version_after_write=True,
        image_after_write=True,
        batch=20,
        per_call=1,
        page=100,
        find_by=frozenset({"op_key", "own_key", "email"}),
        parts=dict.fromkeys(("EMAIL", "TEL", "ADR", "URL", "IMPP", "CATEGORIES"), "text"),
        poll_calls=1,
        misses=(
            "a card that becomes a group stays as it was last seen",
            "a card that the hub made and somebody deleted before the next poll (Xandikos; a listing shows it)",
        ),
    ),
)
_ROW_FIELDS: Final = ("EMAIL", "TEL", "ADR", "URL", "IMPP", "CATEGORIES", "ORG")
_TEXT_FIELDS: Final = ("TITLE", "ROLE", "NOTE", "X-CRMHUB-ID")
_FIELDS_OF_4_0: Final = (Field("LANG"), Field("GENDER", "enum", values=("M", "F", "O", "N", "U")))


class CardDav(Connector[CardDavConfig]):
    """CardDAV (RFC 6352) with vCard 3.0 and 4.0 (RFC 2426, RFC 6350)."""

    name = "carddav"
    Config = CardDavConfig
    limits = Limits(concurrency=4, source="no standard; Radicale allows 8 connections")

    @cached_property
    def _dav(self) -> Dav:
        return Dav(self.context.http, self.config.user, self.config.password.get_secret_value())

    @cached_property
    def _book(self) -> Book:
        return find_book(self._dav, self.config.url, self.config.book)

    def check(self) -> Account:
        """Find the address book.  Raises AuthError, ConfigError or Unavailable."""
        book = find_book(self._dav, self.config.url, self.config.book)
        rights = {None: ("read",), True: ("read", "write"), False: ("read",)}[book.may_write]
        return Account(
            name=f"{self.config.user or 'anonymous'}: {book.name or book.path}",
            server=book.url,
            version=book.server,
            granted=rights,
            missing=("write",) if book.may_write is False else (),
            clock=book.clock,
        )

    def resources(self) -> Sequence[Resource]:
        return (_CARD,)

    def fields(self, resource: str) -> Sequence[Field]:
        """The properties that are read and written; a card has no schema to discover.

        LANG and GENDER exist in vCard 4.0 only, so a connection that makes 3.0 cards does not offer them.
        """
        only_4_0 = () if self.config.version == "3.0" else _FIELDS_OF_4_0
        return (
            Field("UID", read_only=True),
            Field("VERSION", read_only=True),
            Field("KIND", "enum", values=("individual", "org")),
            Field("FN", required=True),
            Field("N", "object"),
            Field("BDAY", "date"),
            *only_4_0,
            *(Field(name) for name in _TEXT_FIELDS),
            *(Field(name, "list") for name in _ROW_FIELDS),
        )

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        of = f"{self.config.url} {self.config.book or ''}".strip()
        if cursor is None:
            cursor = {"book": self._book.url, "of": of}
        elif not isinstance(cursor, dict) or cursor.get("of") != of or not isinstance(cursor.get("book"), str):
            raise CursorExpired("The cursor belongs to another address book")
        else:
            # The cursor knows the book, so that a poll that finds nothing is a single call.
            self.__dict__.setdefault("_book", Book(cursor["book"]))
        yield from feed.pages(self._dav, self._book, cursor)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        yield from to_records(load(self._dav, self._book, ids).values())

    def listing(self, resource: str) -> Iterator[Page]:
        """Ids and ETags of all cards; groups and locations are among them, since only reading tells them apart."""
        etags, _ = feed.listing(self._dav, self._book)
        ids = sorted(etags)
        for start in range(0, max(len(ids), 1), LISTING_PAGE):
            records = [Record(id, None, version=etags[id] or None) for id in ids[start : start + LISTING_PAGE]]
            yield Page(records, complete=start + LISTING_PAGE >= len(ids))

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        """Find by "op_key" (the card that a create made), "own_key" (X-CRMHUB-ID) or "email"."""
        if key == "op_key":
            yield from self._made_by(values)
            return
        name, matches = _SEARCHES[key]
        wanted = {value.casefold() for value in values}
        for start in range(0, len(values), VALUES_IN_A_QUERY):
            chunk = list(values[start : start + VALUES_IN_A_QUERY])
            for record in to_records(writing.query(self._dav, self._book, name, chunk)):
                if record.data and not wanted.isdisjoint(matches(record.data)):
                    yield record

    def _made_by(self, keys: Sequence[str]) -> Iterator[Record]:
        """Cards at the address of a create, or moved elsewhere with its UID."""
        by_id = {writing.id_for(key): key for key in keys}
        here = {record.id: record for record in self.fetch("card", list(by_id))}
        yield from here.values()
        uids = [uid for id, key in by_id.items() if id not in here for uid in {key, uid_for(key, "4.0")}]
        if uids:
            found = to_records(writing.query(self._dav, self._book, "UID", uids))
            yield from (record for record in found if record.data and record.data["UID"] in uids)

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        abreast = None if self.__dict__.get("_one_by_one") else self.context.http.abreast
        writer = writing.Writer(self._dav, self._book, self.config.version, self.context.clock, abreast)
        yield from writer.run(ops)
        self.__dict__["_one_by_one"] = abreast is None or writer.was_locked


def _emails(data: Mapping[str, Any]) -> set[str]:
    return {row["value"].strip().casefold() for row in data["EMAIL"]}


def _own_keys(data: Mapping[str, Any]) -> set[str]:
    return {(data["X-CRMHUB-ID"] or "").casefold()}


_SEARCHES: Final[dict[str, tuple[str, Callable[[Mapping[str, Any]], set[str]]]]] = {
    "email": ("EMAIL", _emails),
    "own_key": ("X-CRMHUB-ID", _own_keys),
}
