"""Web addresses: compared without scheme, "www." and a trailing slash; stored as typed."""

from __future__ import annotations

import re

from hub.canonical.text import clean_line

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def has_scheme(value: str) -> bool:
    """Whether the text starts with a scheme such as "https://"."""
    return _SCHEME.match(value) is not None


def same_url(left: str, right: str) -> bool:
    """Whether two addresses lead to one place: a trailing slash and the case of the host do not matter.

    A missing scheme equals any (many systems add "http://" by themselves); http and https are different.
    """
    first, second = _split(left), _split(right)
    return first[1] == second[1] and (first[0] == second[0] or not first[0] or not second[0])


def _split(value: str) -> tuple[str, str]:
    text = clean_line(value)
    found = _SCHEME.match(text)
    host, slash, rest = (text[found.end() :] if found else text).partition("/")
    return found.group().lower() if found else "", (host.lower() + slash + rest).rstrip("/")


def url_key(value: str) -> str:
    """The comparison form.  The host has no case, the rest of the address has."""
    text = _SCHEME.sub("", clean_line(value))
    host, slash, rest = text.partition("/")
    host = host.lower().removeprefix("www.")
    return (host + slash + rest).rstrip("/")
