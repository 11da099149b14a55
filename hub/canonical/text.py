"""Cleaning and folding of text: one rule for what is stored, one for what is compared.

Stored text is NFC.  Single lines follow one white-space rule: trimmed, runs of white space become one space, other
control characters vanish.  NUL and lone surrogates cannot be stored or sent anywhere and are refused.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from hub.contract.errors import HubError

_REFUSED = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_NEWLINES = re.compile(r"\r\n|\r|\x0b|\x0c|\x85|\u2028|\u2029")
_CONTROLS_BUT_BREAKS = re.compile(r"[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "đ": "d", "ł": "l", "ı": "i"})
_NOT_WORD = re.compile(r"[\W_]+")


class TextRefused(HubError):
    """A text holds NUL or half a surrogate pair, which no store and no system can keep."""

    code = "bad_text"


def _refuse(value: str) -> None:
    found = _REFUSED.search(value)
    if found:
        what = "a NUL character" if found.group() == "\x00" else "half a surrogate pair"
        raise TextRefused(f"text holds {what} at position {found.start()}", hint="Correct the value in its system")


@lru_cache(maxsize=4096)
def _clean_line(value: str) -> str:
    _refuse(value)
    return " ".join(_CONTROLS.sub("", unicodedata.normalize("NFC", value)).split())


def is_clean(value: str) -> bool:
    """Whether a text is surely stored as it is: what nearly every value is, seen at a glance."""
    return value.isascii() and value.isprintable() and "  " not in value and value.strip() == value


def clean_line(value: str) -> str:
    """A single line as it is stored.  Raises TextRefused."""
    if value.isascii() and value.isprintable():
        return value if "  " not in value and value.strip() == value else " ".join(value.split())
    return _clean_line(value)


def clean_block(value: str) -> str:
    """A text of several lines as it is stored: line ends are LF, outer blank lines and trailing spaces vanish.

    Raises TextRefused.
    """
    if value.isascii() and value.isprintable():
        return value.strip()
    _refuse(value)
    text = _NEWLINES.sub("\n", unicodedata.normalize("NFC", value))
    text = _CONTROLS_BUT_BREAKS.sub("", text.replace("\t", " "))
    return "\n".join(line.rstrip() for line in text.split("\n")).strip("\n").strip()


@lru_cache(maxsize=4096)
def fold(value: str) -> str:
    """Text for comparing: no case, no accents, no width variants; German umlauts as they are spelled without dots."""
    text = unicodedata.normalize("NFC", value).casefold().translate(_GERMAN)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(char for char in text if not unicodedata.combining(char)).casefold()
    return " ".join(unicodedata.normalize("NFC", text).split())


def words(value: str) -> tuple[str, ...]:
    """The folded words of a text, without punctuation, in their order."""
    return tuple(_NOT_WORD.sub(" ", fold(value)).split())
