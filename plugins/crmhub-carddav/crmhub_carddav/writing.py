"""Write cards: conditional PUT and DELETE, one card each, a few at a time (CardDAV has no batch write)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

import requests
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from crmhub_carddav.card import is_contact
from crmhub_carddav.dav import BrokenXml, C, D, Dav, Refused, is_weak, path_of, words
from crmhub_carddav.discovery import Book
from crmhub_carddav.edit import StaleRow, create, edit, uid_for
from crmhub_carddav.feed import listing
from crmhub_carddav.lines import CardError, unescape
from crmhub_carddav.stored import Stored, from_answers, load, load_exactly, to_record
from hub.plugin import (
    Abreast,
    Conflict,
    ConnectorError,
    Duplicate,
    NotFound,
    Op,
    Reaction,
    Receipt,
    Rejected,
    Unavailable,
)

_DONE: Final = frozenset({200, 201, 202, 204})
_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


def id_for(key: str) -> str:
    """The id (href) of the card that a create with this key makes; always the same for the same key."""
    name = key if _PLAIN_KEY.match(key) else hashlib.sha256(key.encode()).hexdigest()
    return f"{name}.vcf"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """etag: of the card that we wrote, None if the server did not tell.  shown: the card, where it is known already."""

    op: Op
    id: str | None
    etag: str | None = None
    shown: Stored | None = None
    error: ConnectorError | None = None


class _Locked(Unavailable):
    """The book is locked by another write (423); ours was not carried out."""


class Writer:
    """Carries out the ops of one call.

    abreast: makes several PUTs at a time, None for one.  was_locked: the server cannot take two at a time.
    """

    def __init__(
        self, dav: Dav, book: Book, version: str, clock: Callable[[], datetime], abreast: Abreast | None
    ) -> None:
        self.dav = dav
        self.book = book
        self.version = version
        self.clock = clock
        self.abreast = abreast
        self.was_locked = False

    def run(self, ops: Sequence[Op]) -> Iterator[Receipt]:
        """One receipt for each op.  Raises what stops the whole connection after the other receipts."""
        current = load(self.dav, self.book, [op.id for op in ops if op.kind == "update" and op.id])
        written: list[_Outcome] = []
        stop: ConnectorError | None = None
        for outcome in self._outcomes(ops, current):
            if outcome.error is not None and outcome.error.reaction is Reaction.STOP:
                stop = outcome.error
            elif outcome.error is not None or outcome.op.kind == "delete":
                yield Receipt(outcome.op.key, outcome.id, error=outcome.error)
            else:
                written.append(outcome)
        yield from self._with_images(written)
        if stop is not None:
            raise stop

    def _outcomes(self, ops: Sequence[Op], current: Mapping[str, Stored]) -> Iterator[_Outcome]:
        """Carry out the ops: PUTs a few at a time, then one by one what found the book locked, and the deletes.

        Xandikos answers 423 to the second of two PUTs at the same time, and 500 to such a DELETE.
        """
        single = [op for op in ops if op.kind == "delete" or self.abreast is None]
        if self.abreast is not None:
            puts = [partial(self._carry_out, op, current) for op in ops if op.kind != "delete"]
            for outcome in self.abreast.run(puts):
                if isinstance(outcome.error, _Locked):
                    self.was_locked = True
                    single.insert(0, outcome.op)
                else:
                    yield outcome
        for op in single:
            yield self._carry_out(op, current)

    def _with_images(self, written: Sequence[_Outcome]) -> Iterator[Receipt]:
        """Receipts with the cards as the server now shows them (servers rewrite what they are given)."""
        unseen = [outcome.id for outcome in written if outcome.id and outcome.shown is None]
        try:
            shown = load(self.dav, self.book, unseen)
        except ConnectorError:
            shown = {}  # the writes are done all the same; the next poll shows the cards
        for outcome in written:
            stored = outcome.shown or shown.get(outcome.id or "")
            if stored is None or (outcome.etag and outcome.etag != stored.etag):
                # Somebody wrote after us: what is there now is not the image of our write.
                yield Receipt(outcome.op.key, outcome.id, outcome.etag)
            else:
                yield Receipt(outcome.op.key, outcome.id, stored.etag, to_record(stored))

    def _carry_out(self, op: Op, current: Mapping[str, Stored]) -> _Outcome:
        try:
            if op.kind == "create":
                return self._create(op)
            return self._update(op, current) if op.kind == "update" else self._delete(op)
        except ConnectorError as error:
            return _Outcome(op, op.id, error=error)
        except StaleRow as error:
            return _Outcome(op, op.id, error=Conflict(str(error), where=op.id or ""))
        except CardError as error:
            return _Outcome(op, op.id, error=Rejected(f"The card cannot be written: {error}", where=op.id or op.key))

    def _create(self, op: Op) -> _Outcome:
        id, uid = id_for(op.key), uid_for(op.key, self.version)
        content = create(op.data, uid=uid, version=self.version, now=self.clock())
        response = self.dav.put(self.book.url, id, content, {"If-None-Match": "*"})
        if response.status_code in _DONE:
            return _Outcome(op, id, _strong(response))
        if response.status_code == 412 and not _names_a_flaw(response):
            return self._created_before(op, id, uid)
        raise self._refusal(response, id, uid)

    def _created_before(self, op: Op, id: str, uid: str) -> _Outcome:
        """Our address is taken: by the card of an earlier attempt of this very create, unless its UID says no."""
        stored = load(self.dav, self.book, [id]).get(id)
        if stored is None:
            raise Unavailable(f"The server says that {id} exists, and then that it does not", where=id)
        line = stored.card().first("UID")
        if line is None or unescape(line.value).strip() != uid:
            raise Rejected(f"Another card stands at {id}, the address of this new card", where=id)
        return _Outcome(op, id, stored.etag, shown=stored)

    def _update(self, op: Op, current: Mapping[str, Stored]) -> _Outcome:
        id = op.id or ""
        stored = current.get(id)
        if stored is None:
            raise NotFound(f"The card {id} is not in the address book any more", where=id)
        if op.if_version is not None and stored.etag != op.if_version:
            raise Conflict(f"The card {id} was changed meanwhile", where=id)
        stored = self._exact(stored)
        card = stored.card()
        if not is_contact(card):
            raise Rejected(f"The card {id} is a group or a location, not a contact", where=id)
        content = edit(card, op.data, now=self.clock())
        if content == stored.content:
            return _Outcome(op, id, stored.etag, shown=stored)
        condition = "*" if is_weak(stored.etag) else str(stored.etag)
        response = self.dav.put(self.book.url, id, content, {"If-Match": condition})
        if response.status_code in _DONE:
            return _Outcome(op, id, _strong(response))
        raise self._refusal(response, id, None)

    def _exact(self, stored: Stored) -> Stored:
        """The stored bytes.  Where the server has no strong ETag, a fresh read keeps the window for a race short."""
        if stored.exact and not is_weak(stored.etag):
            return stored
        fresh = load_exactly(self.dav, self.book, stored.id)
        if fresh is None:
            raise NotFound(f"The card {stored.id} is not in the address book any more", where=stored.id)
        same = fresh.content.replace(b"\r\n", b"\n") == stored.content.replace(b"\r\n", b"\n")
        if fresh.etag != stored.etag or not same:
            raise Conflict(f"The card {stored.id} was changed meanwhile", where=stored.id)
        return fresh

    def _delete(self, op: Op) -> _Outcome:
        id = op.id or ""
        condition = {} if is_weak(op.if_version) else {"If-Match": str(op.if_version)}
        response = self.dav.delete(self.book.url, id, condition)
        if response.status_code in _DONE:
            return _Outcome(op, id)
        if response.status_code == 412 and not load(self.dav, self.book, [id]):
            raise NotFound(f"The card {id} is not in the address book any more", where=id)
        raise self._refusal(response, id, None)

    def _refusal(self, response: requests.Response, id: str, uid: str | None) -> ConnectorError:
        """What a status means for one card."""
        status, said = response.status_code, words(response) or _condition(response)
        if status == 412 and not _names_a_flaw(response):
            return Conflict(f"The card {id} was changed meanwhile", where=id)
        if status in (404, 410):
            return NotFound(f"The card {id} is not in the address book any more", where=id)
        if status in (403, 409) and b"no-uid-conflict" in response.content:
            existing = self._named(response) or (self._with_uid(uid) if uid else None)
            return Duplicate("A card with this UID exists already", existing_id=existing, where=id)
        if status in (423, 507):
            return (_Locked if status == 423 else Unavailable)(
                f"The address book cannot take {id} now ({status}): {said}", remote_code=str(status)
            )
        hint = "Perhaps the address book is read-only for this user" if status == 403 else ""
        message = f"The server refuses the card {id} ({status}): {said}"
        return Rejected(message, where=id, hint=hint, remote_code=str(status), remote_text=said)

    def _named(self, response: requests.Response) -> str | None:
        """The card that a no-uid-conflict error names (RFC 6352 section 6.3.2.1)."""
        try:
            href = fromstring(response.content).findtext(f".//{C}no-uid-conflict/{D}href")
        except (ParseError, DefusedXmlException):
            return None
        return self.book.id_of(path_of(href, self.book.url)) if href else None

    def _with_uid(self, uid: str) -> str | None:
        return next((stored.id for stored in query(self.dav, self.book, "UID", [uid])), None)


def query(dav: Dav, book: Book, name: str, values: Sequence[str]) -> list[Stored]:
    """Cards that may carry one of the values under a property; the caller checks them, since servers search loosely.

    A server that cannot search (or fails because one stored card is broken) has the whole book read instead.
    """
    try:
        return list(from_answers(dav, book, dav.query(book.url, name, values)))
    except (Refused, BrokenXml):
        etags, _ = listing(dav, book)
        return list(load(dav, book, sorted(etags)).values())


def _condition(response: requests.Response) -> str:
    """The broken rule that an error body names (RFC 4918 section 16), where it has no text."""
    names = re.findall(rb"<(?:\w+:)?((?:valid|supported|max|need|no|cannot|quota)-[a-z-]+)", response.content[:4000])
    return ", ".join(name.decode() for name in names)


def _names_a_flaw(response: requests.Response) -> bool:
    """Whether a 412 is about the card itself (Xandikos: valid-address-data), not about If-Match."""
    return bool(re.search(rb"valid-address-data|supported-address-data|max-resource-size", response.content))


def _strong(response: requests.Response) -> str | None:
    etag = response.headers.get("ETag")
    return None if is_weak(etag) else etag
