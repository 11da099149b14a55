"""WebDAV requests of one address book: PROPFIND, REPORT, GET, PUT, DELETE (RFC 4918, RFC 6352, RFC 6578)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape as xml_text

import requests
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hub.plugin import AuthError, ConfigError, Http, Unavailable

D = "{DAV:}"
C = "{urn:ietf:params:xml:ns:carddav}"
CS = "{http://calendarserver.org/ns/}"

_PREFIXES = {D: "D", C: "C", CS: "CS"}
_SPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav" xmlns:CS="http://calendarserver.org/ns/"'
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_CARD = "text/vcard; charset=utf-8"
_IN_PATH = "/~!$&'()*+,;=:@"
_MULTISTATUS = 207


@dataclass(frozen=True, slots=True)
class Answer:
    """One response of a multistatus: the unquoted path, the status and the properties that came with 200."""

    path: str
    status: int
    props: Mapping[str, Element]

    def text(self, name: str) -> str | None:
        found = self.props.get(name)
        return (found.text or "").strip() or None if found is not None else None

    def href(self, name: str) -> str | None:
        """The first DAV:href inside a property, as it stands."""
        found = self.props.get(name)
        inner = found.find(f"{D}href") if found is not None else None
        return inner.text.strip() if inner is not None and inner.text else None

    def has(self, name: str, child: str) -> bool:
        """Whether a property holds an element of this name, at any depth."""
        found = self.props.get(name)
        return found is not None and found.find(f".//{child}") is not None


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A 207 answer.  ``url`` is the address after redirects, ``token`` a DAV:sync-token."""

    url: str
    answers: Sequence[Answer]
    token: str | None
    response: requests.Response


class BrokenXml(Exception):
    """A 207 whose body is no well-formed XML, for example because one card holds a control character."""


class Refused(Exception):
    """An answer with another status than 207 to a PROPFIND or REPORT that the caller may survive."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words}")
        self.status = status
        self.words = words


class Dav:
    """Signed-in WebDAV over the connection's HTTP client.  Thread-safe."""

    def __init__(self, http: Http, user: str, password: str) -> None:
        self.http = http
        self._auth = (user, password) if user else None

    def propfind(self, url: str, depth: int, names: Sequence[str]) -> Multistatus:
        """Raises Refused for any other status than 207, and BrokenXml."""
        return self._ask("PROPFIND", url, depth, f"<D:propfind {_SPACES}>{_props(names)}</D:propfind>")

    def sync(self, url: str, token: str) -> Multistatus:
        """One sync-collection report; never with a limit, because servers are known to lose changes with one."""
        inner = f"<D:sync-token>{xml_text(token)}</D:sync-token><D:sync-level>1</D:sync-level>"
        body = f"<D:sync-collection {_SPACES}>{inner}{_props([D + 'getetag'])}</D:sync-collection>"
        return self._ask("REPORT", url, 0, body)

    def multiget(self, url: str, ids: Sequence[str]) -> Multistatus:
        """Whole cards by their ids."""
        hrefs = "".join(f"<D:href>{xml_text(quoted(urlsplit(self.at(url, id)).path))}</D:href>" for id in ids)
        body = f"<C:addressbook-multiget {_SPACES}>{_CARD_PROPS}{hrefs}</C:addressbook-multiget>"
        return self._ask("REPORT", url, 1, body)

    def query(self, url: str, name: str, values: Sequence[str]) -> Multistatus:
        """Whole cards whose property equals one of the values (case is ignored)."""
        how = 'collation="i;unicode-casemap" match-type="equals"'
        # One prop-filter for each value: Xandikos joins several text-matches of one by "and", whatever it is asked.
        filters = "".join(
            f'<C:prop-filter name="{name}"><C:text-match {how}>{xml_text(value)}</C:text-match></C:prop-filter>'
            for value in values
        )
        where = f'<C:filter test="anyof">{filters}</C:filter>'
        body = f"<C:addressbook-query {_SPACES}>{_CARD_PROPS}{where}</C:addressbook-query>"
        return self._ask("REPORT", url, 1, body)

    def get(self, url: str, id: str) -> requests.Response:
        return self.http.request("GET", self.at(url, id), headers={"Accept": "text/vcard"}, auth=self._auth)

    def put(self, url: str, id: str, content: bytes, condition: Mapping[str, str]) -> requests.Response:
        headers = {"Content-Type": _CARD, **condition}
        return self.http.request("PUT", self.at(url, id), data=content, headers=headers, auth=self._auth, expect={507})

    def delete(self, url: str, id: str, condition: Mapping[str, str]) -> requests.Response:
        return self.http.request("DELETE", self.at(url, id), headers=condition, auth=self._auth)

    @staticmethod
    def at(url: str, id: str) -> str:
        """The address of a card."""
        return url + quote(id, safe=_IN_PATH)

    def _ask(self, method: str, url: str, depth: int, body: str) -> Multistatus:
        content = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
        headers = {**_XML, "Depth": str(depth)}
        response = self.http.request(method, url, data=content, headers=headers, auth=self._auth)
        if response.status_code != _MULTISTATUS:
            raise Refused(response.status_code, words(response))
        return _parse(response, response.url or url)


def _props(names: Sequence[str]) -> str:
    return f"<D:prop>{''.join(_tag(name) for name in names)}</D:prop>"


def _tag(name: str) -> str:
    space, _, local = name.rpartition("}")
    return f"<{_PREFIXES[space + '}']}:{local}/>"


_CARD_PROPS = _props([D + "getetag", D + "getcontentlength", D + "getlastmodified", C + "address-data"])


def quoted(path: str) -> str:
    """A path for a DAV:href; what is quoted already stays."""
    return quote(unquote(path), safe=_IN_PATH)


def path_of(href: str, url: str) -> str:
    """The unquoted path of an href, which may be absolute, a path or relative to the request."""
    return unquote(urlsplit(urljoin(url, href.strip())).path)


def _parse(response: requests.Response, url: str) -> Multistatus:
    try:
        root = fromstring(response.content)
    except ParseError as error:
        raise BrokenXml(str(error)) from error
    except DefusedXmlException as error:
        raise Unavailable(f"The answer of {urlsplit(url).netloc} holds XML that is not safe to read") from error
    answers = [_answer(element, url) for element in root.iter(f"{D}response")]
    token = root.findtext(f"{D}sync-token")
    return Multistatus(url, answers, token.strip() if token else None, response)


def _answer(element: Element, url: str) -> Answer:
    props: dict[str, Element] = {}
    statuses = []
    for propstat in element.iter(f"{D}propstat"):
        statuses.append(_status(propstat.findtext(f"{D}status")))
        if statuses[-1] == 200:
            props.update({prop.tag: prop for group in propstat.iter(f"{D}prop") for prop in group})
    own = element.findtext(f"{D}status")
    status = _status(own) if own else (200 if 200 in statuses or not statuses else statuses[0])
    return Answer(path_of(element.findtext(f"{D}href") or "", url), status, props)


def _status(line: str | None) -> int:
    found = re.search(r"\b(\d{3})\b", line or "")
    return int(found[1]) if found else 200


def words(response: requests.Response) -> str:
    """The beginning of an answer's text without markup, for people."""
    text = re.sub(r"<[^>]*>", " ", response.content[:4000].decode("utf-8", "replace"))
    return " ".join(text.split())[:160]


def is_weak(etag: str | None) -> bool:
    """Whether an ETag is missing or weak, so that If-Match cannot use it (RFC 9110 section 13.1.1)."""
    return not etag or etag.startswith("W/")


def modified(answer: Answer) -> datetime | None:
    """DAV:getlastmodified as an aware time, or None."""
    text = answer.text(f"{D}getlastmodified")
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def explain(refused: Refused, url: str) -> ConfigError | AuthError | Unavailable:
    """What a refused request means for the whole connection."""
    where = f"{urlsplit(url).netloc}{urlsplit(url).path}"
    said = f" and says: {refused.words}" if refused.words else ""
    if refused.status == 403:
        return AuthError(f"{where} may not be read by this user (403){said}", hint="Check the user's rights")
    if refused.status in (404, 405, 410, 501):
        return ConfigError(
            f"{where} is no address book ({refused.status})", hint="Check url and book of this connection"
        )
    return Unavailable(
        f"{where} answers {refused.status} where CardDAV answers 207{said}",
        hint="Perhaps a login page or a proxy answers there",
        remote_code=str(refused.status),
        remote_text=refused.words,
    )
