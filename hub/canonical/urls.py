"""Web addresses: compared without scheme, "www." and a trailing slash; stored as typed."""

from __future__ import annotations

import re

from hub.canonical.text import clean_line

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def has_scheme(value: str) -> bool:
    """Whether the text starts with a scheme such as "https://"."""
    return _SCHEME.match(value) is not None


def url_key(value: str) -> str:
    """The comparison form.  The host has no case, the rest of the address has."""
    text = _SCHEME.sub("", clean_line(value))
    host, slash, rest = text.partition("/")
    host = host.lower().removeprefix("www.")
    return (host + slash + rest).rstrip("/")
