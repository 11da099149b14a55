"""Find the address book: from its own address, or from a server's root (RFC 6764, RFC 6352 section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from crmhub_carddav.dav import CS, Answer, BrokenXml, C, D, Dav, Multistatus, Refused, explain, quoted
from hub.plugin import ConfigError, Unavailable

_ASKED = (
    f"{D}resourcetype",
    f"{D}displayname",
    f"{D}current-user-principal",
    f"{D}supported-report-set",
    f"{D}sync-token",
    f"{D}current-user-privilege-set",
    f"{C}addressbook-home-set",
    f"{CS}getctag",
)
_WRITES = (f"{D}write", f"{D}all", f"{D}write-content")


@dataclass(frozen=True, slots=True)
class Book:
    """One address book.

    url:  with a slash at its end.  path: its unquoted path.  can_sync: it offers sync-collection.
    may_write: None where the server does not tell.  server, clock: of the answer's headers.
    """

    url: str
    name: str = ""
    can_sync: bool = True
    may_write: bool | None = None
    server: str = ""
    clock: Any = None

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.url).path)

    def id_of(self, path: str) -> str:
        """The record id of an unquoted path: relative to the book, "" for the book itself.

        Behind a proxy that changes paths the last segment is what remains.
        """
        if path.rstrip("/") == self.path.rstrip("/"):
            return ""
        if path.startswith(self.path):
            return path.removeprefix(self.path)
        return path.rstrip("/").rpartition("/")[2] + ("/" if path.endswith("/") else "")


def find_book(dav: Dav, url: str, name: str | None) -> Book:
    """The configured address book.

    Raises ConfigError when there is none, or several and no name chooses; AuthError, Unavailable.
    """
    here = _ask(dav, url, 0, optional=True)
    if (
        here
        and (found := _book(here, here.answers[0]))
        and (name is None or name == found.name or _last(found) == name)
    ):
        return found
    home = _home(dav, url, here)
    answered = _ask(dav, home, 1)
    books = [book for answer in answered.answers if (book := _book(answered, answer))] if answered else []
    chosen = [book for book in books if name in (None, book.name, _last(book))]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(sorted(book.name or _last(book) for book in books)) or "none"
    problem = "There are several address books" if chosen else "There is no such address book"
    raise ConfigError(f"{problem} at {home}; there are: {names}", hint='Choose one with book = "NAME"')


def _home(dav: Dav, url: str, here: Multistatus | None) -> str:
    """The collection that holds the user's address books."""
    if here is None or not _principal(here):
        well_known = _ask(dav, urljoin(url, "/.well-known/carddav"), 0, optional=True)
        here = well_known if well_known and _principal(well_known) else here
    if here is None:
        raise ConfigError(f"{url} is no CardDAV server", hint="Check url: no address book and no principal is there")
    if home := _home_set(here):
        return home
    principal = _principal(here)
    answered = _ask(dav, principal, 0) if principal else None
    return (_home_set(answered) if answered else None) or url


def _principal(answered: Multistatus) -> str | None:
    return _linked(answered, f"{D}current-user-principal")


def _home_set(answered: Multistatus) -> str | None:
    return _linked(answered, f"{C}addressbook-home-set")


def _linked(answered: Multistatus, name: str) -> str | None:
    href = answered.answers[0].href(name) if answered.answers else None
    return urljoin(answered.url, href) if href else None


def _ask(dav: Dav, url: str, depth: int, *, optional: bool = False) -> Multistatus | None:
    try:
        answered = dav.propfind(url, depth, _ASKED)
    except Refused as refused:
        if optional and refused.status not in (200, 403, 429) and refused.status < 500:
            return None
        raise explain(refused, url) from None
    except BrokenXml as error:
        raise Unavailable(f"{url} answers with XML that is broken: {error}") from None
    return answered if answered.answers else None


def _book(answered: Multistatus, answer: Answer) -> Book | None:
    if not answer.has(f"{D}resourcetype", f"{C}addressbook"):
        return None
    url = urljoin(answered.url, quoted(answer.path)).rstrip("/") + "/"
    can_sync = answer.has(f"{D}supported-report-set", f"{D}sync-collection") or bool(answer.text(f"{D}sync-token"))
    granted = f"{D}current-user-privilege-set"
    may_write = any(answer.has(granted, name) for name in _WRITES) if granted in answer.props else None
    headers = answered.response.headers
    date = headers.get("Date")
    return Book(
        url=url,
        name=answer.text(f"{D}displayname") or "",
        can_sync=can_sync,
        may_write=may_write,
        server=headers.get("Server", ""),
        clock=parsedate_to_datetime(date) if date else None,
    )


def _last(book: Book) -> str:
    return book.path.rstrip("/").rpartition("/")[2]
