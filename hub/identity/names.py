"""Whether two names can be those of one customer: names only ever contradict or confirm, they never identify."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rapidfuzz.fuzz import ratio

from hub.canonical.names import format_name, name_tokens

_SIMILAR = 85.0
"""Percent of similarity from which two words count as one with a typing error."""


def shown_name(group: Any) -> str:
    """The name of a view or golden record as one text; empty if there is none."""
    if isinstance(group, Mapping):
        return str(group.get("full") or format_name(group) or "")
    return str(group or "")


@lru_cache(maxsize=16384)
def _tokens(name: str) -> tuple[str, ...]:
    return tuple(sorted(name_tokens(name)))


def agree(left: str, right: str) -> bool | None:
    """True: the same person or organisation as far as names tell; False: another one; None: it cannot be told, because
    a name is missing or the two are written in different scripts."""
    ours, theirs = _tokens(left), _tokens(right)
    if not ours or not theirs or (left.isascii() and not _latin(right)) or (right.isascii() and not _latin(left)):
        return None
    small, large = sorted((ours, theirs), key=len)
    rest = list(large)
    for word in small:
        found = next((item for item in rest if _like(word, item)), None)
        if found is None:
            return False
        rest.remove(found)
    return True


def _latin(name: str) -> bool:
    return any(ord(char) < 0x250 and char.isalpha() for char in name)


def _like(left: str, right: str) -> bool:
    if left == right:
        return True
    if len(left) == 1 or len(right) == 1:
        return left[:1] == right[:1]
    return len(left) > 3 and len(right) > 3 and ratio(left, right) >= _SIMILAR
