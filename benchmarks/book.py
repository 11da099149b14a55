"""What the stub CardDAV server knows and answers, without a network: one address book (RFC 6352, RFC 6578).

It keeps cards byte for byte, answers with strong ETags and the stored length, and offers the sync-collection report: the
kindest server that a client can meet, so that what is measured is the client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, unescape

from benchmarks.people import person

_HREF = re.compile(r"href>([^<]+)<")
_TOKEN = re.compile(r"sync-token>([^<]*)<")
_FILTER = re.compile(r'<[\w:]*prop-filter name="([\w-]+)">.*?<[\w:]*text-match[^>]*>([^<]*)<', re.DOTALL)
_LINE = re.compile(r"^(?:item\d+\.)?(UID|EMAIL|X-CRMHUB-ID)(?:;[^:\r]*)?:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
_TYPE = "text/vcard; charset=utf-8"

_ABOUT = (
    "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype><d:displayname>{name}</d:displayname>"
    "<d:sync-token>{token}</d:sync-token><cs:getctag>{token}</cs:getctag><d:supported-report-set>"
    "<d:supported-report><d:report><d:sync-collection/></d:report></d:supported-report></d:supported-report-set>"
)


def card(number: int) -> bytes:
    """The vCard of a person, as an address book program writes it."""
    row = person(number)
    birthday, street = row["birth_date"], row["street"].replace("\n", "\\n").replace(",", "\\,")
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:{uid(number)}",
        f"FN:{row['firstname']} {row['lastname']}",
        f"N:{row['lastname']};{row['firstname']};;{row['salutation']};",
        f"ORG:{row['company']}",
        f"TITLE:{row['jobtitle']}" if row["jobtitle"] else "",
        f"BDAY:{birthday}",
        f"EMAIL;TYPE=work:{row['email']}",
        f"EMAIL;TYPE=home:{row['email2']}" if row["email2"] else "",
        f"TEL;TYPE=work:{row['phone']}",
        f"TEL;TYPE=cell:{row['mobile']}" if row["mobile"] else "",
        f"ADR;TYPE=work:;;{street};{row['city']};;{row['zip']};Germany",
        f"URL:{row['website']}",
        "NOTE:" + row["notes"].replace(",", "\\,").replace(";", "\\;"),
        "END:VCARD",
    ]
    return "\r\n".join([*filter(None, lines), ""]).encode()


def uid(number: int) -> str:
    """What a card is called in every book."""
    return f"person-{number:08}"


@dataclass(slots=True)
class Book:
    """One address book of the people ``first`` ... ``first + size - 1``."""

    name: str
    first: int = 0
    size: int = 0
    cards: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """ETag and content by id, the last part of the address."""
    log: list[str] = field(default_factory=list)
    """Ids in the order of their changes; a sync token is a place in it."""
    values: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(property, value) -> ids, for searches."""

    def __post_init__(self) -> None:
        for number in range(self.first, self.first + self.size):
            self.put(f"{uid(number)}.vcf", card(number))

    # writes

    def put(self, id_: str, content: bytes) -> str:
        """Keep a card; returns its ETag."""
        self._forget(id_)
        self.log.append(id_)
        etag = f'"{len(self.log)}"'
        self.cards[id_] = etag, content
        for key in _keys(content):
            self.values.setdefault(key, set()).add(id_)
        return etag

    def delete(self, id_: str) -> None:
        self._forget(id_)
        del self.cards[id_]
        self.log.append(id_)

    def _forget(self, id_: str) -> None:
        for key in _keys(self.cards[id_][1]) if id_ in self.cards else ():
            self.values[key].discard(id_)

    # answers

    @property
    def token(self) -> str:
        return f"token:{len(self.log)}"

    def propfind(self, depth: str, body: str) -> str:
        """The book, and with a depth of 1 its cards."""
        about = _ABOUT.format(name=self.name, token=self.token)
        found = [f"<d:response><d:href>/{self.name}/</d:href>{_ok(about)}</d:response>"]
        return _multistatus([*found, *self._cards(self.cards, body)] if depth == "1" else found)

    def report(self, body: str) -> str | None:
        """A sync-collection, a multiget or a query; None for another report."""
        if "sync-collection" in body:
            given = _TOKEN.search(body)
            return self._sync(unescape(given[1]) if given else "", body)
        if "addressbook-multiget" in body:
            wanted = [unescape(href).rpartition("/")[2] for href in _HREF.findall(body)]
            gone = [id_ for id_ in wanted if id_ not in self.cards]
            return _multistatus([*self._cards((id_ for id_ in wanted if id_ in self.cards), body), *self._gone(gone)])
        if "addressbook-query" in body:
            asked = [(name.upper(), unescape(value).casefold()) for name, value in _FILTER.findall(body)]
            return _multistatus(self._cards(sorted(set().union(*(self.values.get(key, ()) for key in asked))), body))
        return None

    def _sync(self, token: str, body: str) -> str:
        changed = dict.fromkeys(self.log[int(token.rpartition(":")[2]) :]) if token else dict.fromkeys(self.cards)
        there = self._cards((id_ for id_ in changed if id_ in self.cards), body)
        gone = self._gone(id_ for id_ in changed if id_ not in self.cards)
        return _multistatus([*there, *gone], f"<d:sync-token>{self.token}</d:sync-token>")

    def _cards(self, ids: Iterable[str], body: str) -> Iterator[str]:
        """Cards with the properties that were asked for."""
        etag, length, kind, data, resource = (
            name in body for name in ("getetag", "getcontentlength", "getcontenttype", "address-data", "resourcetype")
        )
        for id_ in ids:
            tag, content = self.cards[id_]
            props = f"<d:getetag>{escape(tag)}</d:getetag>" if etag else ""
            props += f"<d:getcontentlength>{len(content)}</d:getcontentlength>" if length else ""
            props += f"<d:getcontenttype>{_TYPE}</d:getcontenttype>" if kind else ""
            props += "<d:resourcetype/>" if resource else ""
            props += f"<c:address-data>{escape(content.decode())}</c:address-data>" if data else ""
            yield f"<d:response><d:href>/{self.name}/{id_}</d:href>{_ok(props)}</d:response>"

    def _gone(self, ids: Iterable[str]) -> Iterator[str]:
        for id_ in ids:
            yield f"<d:response><d:href>/{self.name}/{id_}</d:href><d:status>HTTP/1.1 404 -</d:status></d:response>"


def _keys(content: bytes) -> set[tuple[str, str]]:
    return {(name.upper(), value.casefold()) for name, value in _LINE.findall(content.decode())}


def _ok(props: str) -> str:
    return f"<d:propstat><d:prop>{props}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>"


def _multistatus(responses: Iterable[str], after: str = "") -> str:
    spaces = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav" xmlns:cs="http://calendarserver.org/ns/"'
    return f'<?xml version="1.0" encoding="utf-8"?><d:multistatus {spaces}>{"".join(responses)}{after}</d:multistatus>'
