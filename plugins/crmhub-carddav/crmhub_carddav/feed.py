"""What changed in an address book: sync-collection (RFC 6578), or the ETags compared where a server lacks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmhub_carddav.dav import CS, BrokenXml, D, Dav, Multistatus, Refused, explain
from crmhub_carddav.discovery import Book
from crmhub_carddav.stored import CHUNK, load, to_records
from hub.plugin import CursorExpired, Page, Record, Unavailable

Cursor = dict[str, Any]
"""JSON: {"book": URL, "of": configured URL and book} and either
{"token": DAV:sync-token, "until": token to continue with after this pass, "after": last id that was delivered}
or {"ctag": collection tag, "etags": {id: ETag}}."""

_TOKEN_REFUSED: Final = frozenset({400, 403, 409, 410, 412, 415, 507})
_CANNOT_SYNC: Final = frozenset({400, 403, 405, 409, 412, 415, 501})
_TRUNCATED: Final = 507
_COLLECTION: Final = (f"{D}getetag", f"{D}resourcetype", f"{CS}getctag")


def pages(dav: Dav, book: Book, cursor: Cursor) -> Iterator[Page]:
    """Pages of what changed since the cursor; a cursor with neither token nor ETags reads everything.

    Raises CursorExpired when the server does not know the token any more.
    """
    if "etags" in cursor or not book.can_sync:
        yield from _by_etags(dav, book, cursor)
        return
    token = cursor.get("token", "")
    try:
        found, newest = _collect(dav, book, token)
    except Refused as refused:
        if token and refused.status in _TOKEN_REFUSED:
            raise CursorExpired(f"{book.url} does not accept the sync token any more ({refused.status})") from None
        if token or refused.status not in _CANNOT_SYNC:
            raise explain(refused, book.url) from None
        yield from _by_etags(dav, book, cursor)
        return
    # A pass that is resumed asks from its old token again and keeps its first end, so nothing is skipped in between.
    until, after = cursor.get("until", newest), cursor.get("after", "")
    where = {"book": cursor["book"], "of": cursor["of"]}
    # A full read has no deletions, but Radicale lists those that it remembers.
    todo = sorted(id for id, there in found.items() if id > after and (there is not None or token))
    for start in range(0, len(todo), CHUNK):
        ids = todo[start : start + CHUNK]
        last = start + CHUNK >= len(todo)
        place = {"token": until} if last else {"token": token, "until": until, "after": ids[-1]}
        changed = {id: found[id] for id in ids}
        yield Page(_stubs(changed) if token else _records(dav, book, changed), {**where, **place}, complete=last)
    if not todo:
        yield Page([], {**where, "token": until}, complete=True)


def listing(dav: Dav, book: Book) -> tuple[dict[str, str], str | None]:
    """ETags of all cards by id, and the collection's tag where it has one."""
    answered = _propfind(dav, book, 1)
    etags = {book.id_of(answer.path): answer.text(f"{D}getetag") or "" for answer in answered.answers}
    own = next((answer for answer in answered.answers if not book.id_of(answer.path)), None)
    ctag = own.text(f"{CS}getctag") if own else None
    return {id: etag for id, etag in etags.items() if _is_card(id)}, ctag


def _is_card(id: str) -> bool:
    return bool(id) and not id.endswith("/")


def _collect(dav: Dav, book: Book, token: str) -> tuple[dict[str, str | None], str]:
    """Ids since the token (the ETag, None: gone) and the new token.  Follows truncated answers to their end."""
    found: dict[str, str | None] = {}
    while True:
        try:
            answered = dav.sync(book.url, token)
        except BrokenXml as error:
            raise Unavailable(f"{book.url} answers with XML that is broken: {error}") from None
        more = False
        for answer in answered.answers:
            id = book.id_of(answer.path)
            more = more or (not id and answer.status == _TRUNCATED)
            if _is_card(id):
                gone = answer.status in (404, 410)
                found[id] = None if gone else answer.text(f"{D}getetag") or ""
        if not answered.token or (more and answered.token == token):
            raise Unavailable(f"{book.url} answers a sync report without a usable new token")
        token = answered.token
        if not more:
            return found, token


def _stubs(found: Mapping[str, str | None]) -> list[Record]:
    """Ids and ETags only: the hub asks for the cards that it does not know at this version, so that what it wrote
    itself is not read again."""
    return [Record(id, None, version=etag or None, deleted=etag is None) for id, etag in found.items()]


def _records(dav: Dav, book: Book, found: Mapping[str, str | None]) -> list[Record]:
    gone = [Record(id, None, deleted=True) for id, etag in found.items() if etag is None]
    return [*gone, *to_records(load(dav, book, [id for id, etag in found.items() if etag is not None]).values())]


def _propfind(dav: Dav, book: Book, depth: int) -> Multistatus:
    try:
        return dav.propfind(book.url, depth, _COLLECTION)
    except Refused as refused:
        raise explain(refused, book.url) from None
    except BrokenXml as error:
        raise Unavailable(f"{book.url} answers with XML that is broken: {error}") from None


def _by_etags(dav: Dav, book: Book, cursor: Cursor) -> Iterator[Page]:
    where = {"book": cursor["book"], "of": cursor["of"]}
    known: dict[str, str] = dict(cursor.get("etags", {}))
    if cursor.get("ctag"):
        own = _propfind(dav, book, 0).answers
        if own and own[0].text(f"{CS}getctag") == cursor["ctag"]:
            yield Page([], cursor, complete=True)
            return
    etags, ctag = listing(dav, book)
    # An empty ETag says nothing about changes, so such a card is read every time.
    there = {id: etags.get(id) for id in {*etags, *known} if etags.get(id) != known.get(id) or not etags.get(id)}
    todo = sorted(there)
    for start in range(0, len(todo), CHUNK):
        ids = todo[start : start + CHUNK]
        for id in ids:
            if id in etags:
                known[id] = etags[id]
            else:
                known.pop(id, None)
        last = start + CHUNK >= len(todo)
        place = {"etags": dict(known), "ctag": ctag if last else None}
        changed = {id: there[id] for id in ids}
        stubs = bool(cursor.get("etags"))
        yield Page(_stubs(changed) if stubs else _records(dav, book, changed), {**where, **place}, complete=last)
    if not todo:
        yield Page([], {**where, "etags": known, "ctag": ctag}, complete=True)
