"""Header fields as they really come: folded, in any charset, or broken.  Nothing here raises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime

FIELDS = (
    *("From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("List-Id", "List-Unsubscribe", "Precedence", "Auto-Submitted", "X-Failed-Recipients"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
"""What is asked for; nothing else of a header is downloaded."""

MOST_PARTIES = 100
"""Addresses of one message that are looked at."""

_LINE_END = re.compile(r"\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,250}>")
_ADDRESS = re.compile(r"[^\s<>,;:\"'()\[\]@]+@[^\s<>,;:\"'()\[\]@]+")
_SPELLINGS = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252"}
"""Charsets that mail names and means their superset."""
_CUT = 4
"""Bytes of the longest character."""
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


def fields_of(blob: bytes) -> dict[str, list[str]]:
    """Header name in lower case -> the raw values of each of its fields, unfolded."""
    found: dict[str, list[str]] = {}
    for line in _LINE_END.split(_FOLD.sub(" ", as_text(blob))):  # not splitlines(): U+2028 ends no header
        name, colon, value = line.partition(":")
        if colon and name.strip():
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


def as_text(raw: bytes, charset: str = "") -> str:
    """Bytes as text: by the named charset, else UTF-8, else what mail programs wrote before there was a rule."""
    names = [_SPELLINGS.get(charset.lower(), charset)] if charset else []
    for name in (*names, "utf-8"):
        try:
            return raw.decode(name)
        except UnicodeDecodeError as error:
            if 0 < len(raw) - _CUT <= error.start:  # a download ends in the middle of a character
                return raw[: error.start].decode(name)
        except (LookupError, ValueError):
            continue
    return raw.decode("cp1252", "replace")


def words(raw: str) -> str:
    """A header value for people: encoded words decoded (RFC 2047), without control characters."""
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        pieces = [(raw, None)]
    text = "".join(piece if isinstance(piece, str) else as_text(piece, charset or "") for piece, charset in pieces)
    return " ".join(storable(_CONTROLS.sub(" ", text)).split())


def storable(text: str) -> str:
    """Without halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def addresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """(display name, address) of each mailbox of some header values; what is no address is left out."""
    found: dict[str, str] = {}
    for value in values:
        parsed = [(name, words(address).strip("<>\"' ")) for name, address in getaddresses([value])]
        parsed = [(name, address) for name, address in parsed if address.rpartition("@")[0] and " " not in address]
        if not parsed:  # a broken display name must not hide who it is
            parsed = [("", address) for address in _ADDRESS.findall(value)]
        for name, address in parsed:
            found.setdefault(storable(address), words(name))
    return [(name, address) for address, name in found.items()][:MOST_PARTIES]


def message_id(values: Sequence[str]) -> str | None:
    """The first usable message id of some header values."""
    for value in values:
        found = _ID.search(value.replace(" ", ""))
        if found is not None:
            return found.group()
    return None


def moment(values: Sequence[str], arrival: datetime) -> datetime:
    """When a message was written, in UTC.  A date that is missing, broken, or impossible beside the time of arrival is
    no date: then it is the arrival."""
    for value in values[:1]:
        try:
            found = parsedate_to_datetime(words(value))
            found = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, IndexError, OverflowError):
            break
        if _EARLIEST <= found <= arrival + timedelta(days=1):
            return found
    return arrival.astimezone(UTC)


def first(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """The first value of a field; "" without one."""
    return next(iter(fields.get(name, ())), "")


def is_own(address: str, own: Iterable[str]) -> bool:
    """Whether an address is one of ours or of our domains."""
    lower = address.lower()
    return any(lower == item or (item.startswith("@") and lower.endswith(item)) for item in own)
