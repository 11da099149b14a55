"""E-mail addresses: the text as typed is kept; the normal form exists for comparing only."""

from __future__ import annotations

import re
from functools import lru_cache

from hub.canonical.text import clean_line, fold

_PLAIN = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*")
_WIDE = re.compile(r"[^\s@,;<>()\[\]\"\\:]+@(?:[^\s@,;<>()\[\]\"\\:.]+\.)+[^\s@,;<>()\[\]\"\\:.]{2,}")
_IN_BRACKETS = re.compile(r"<([^<>@\s]+@[^<>@\s]+)>")
_SEPARATORS = re.compile(r"[,;\s]+")


def first_address(value: str) -> str:
    """The first address of a text such as "a@x.example, b@x.example" or "Bo <bo@x.example>"; else the cleaned text."""
    text = clean_line(value)
    if _PLAIN.fullmatch(text.lower()):
        return text
    found = _IN_BRACKETS.search(text)
    if found:
        return found.group(1)
    text = text.removeprefix("mailto:")
    for piece in _SEPARATORS.split(text):
        if _WIDE.fullmatch(piece):
            return piece
    return text


@lru_cache(maxsize=4096)
def normal_email(value: str) -> str | None:
    """Lower case, nothing else (no tricks with dots or plus signs); None if it is no address."""
    text = value.lower()
    if _PLAIN.fullmatch(text):
        return _checked(text)
    text = first_address(value).lower()
    if _PLAIN.fullmatch(text) or _WIDE.fullmatch(text):
        return _checked(text)
    return None


def _checked(text: str) -> str | None:
    local, _, domain = text.rpartition("@")
    if len(local) > 64 or len(domain) > 253 or ".." in text or local[0] == "." or local[-1] == ".":
        return None
    return text


def email_key(value: str) -> str:
    """The comparison form: the normal form, or the folded text of what is no address (marked by "~")."""
    return normal_email(value) or "~" + fold(value)
