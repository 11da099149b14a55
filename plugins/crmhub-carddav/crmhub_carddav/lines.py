"""Content lines of a vCard (RFC 2426, RFC 6350 section 3): unfold, split, escape and fold.  Pure.

A line keeps the bytes that it was read from, so that what nobody edits goes back exactly as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FOLD_AT = 75
"""Octets of a physical line without its line end (RFC 6350 section 3.2)."""

_NAME = re.compile(r"[A-Za-z0-9-]+\Z")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANS = {"n": "\n", "N": "\n", ",": ",", ";": ";", "\\": "\\", ":": ":"}
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class CardError(ValueError):
    """A text is not a vCard that we can read, or a value cannot stand in one; the message is for people."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: ``text`` as it stands in the line, ``name`` in upper case, ``value`` without quotes.

    A bare token (``TEL;WORK:``, from vCard 2.1) reads as TYPE.
    """

    text: str
    name: str
    value: str

    @property
    def tokens(self) -> list[str]:
        """The comma-separated values; quoting does not protect a comma here, because real cards write TYPE="a,b"."""
        return [token.strip() for token in self.value.split(",") if token.strip()]


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One content line.  ``name`` is in upper case and empty for a line that is none (kept, never edited).

    raw:   the bytes, with folding and line ends.  label: the name as written.  value: the raw text after the colon.
    """

    raw: bytes
    group: str
    label: str
    params: tuple[Param, ...]
    value: str

    @property
    def name(self) -> str:
        return self.label.upper()

    def param(self, name: str) -> str | None:
        """The first parameter of this name (upper case), or None."""
        return next((param.value for param in self.params if param.name == name), None)


def split_lines(content: bytes) -> list[Line]:
    """Split a card into content lines.  The raw bytes of all lines, joined, are the content.

    Unfolding works on bytes: older programs fold inside a UTF-8 character.  Raises CardError if a line is not UTF-8.
    """
    chunks: list[bytes] = []
    for physical in _physical(content):
        if chunks and physical[:1] in (b" ", b"\t"):
            chunks[-1] += physical
        else:
            chunks.append(physical)
    return [_parse(chunk, number) for number, chunk in enumerate(chunks, 1)]


def _physical(content: bytes) -> Iterable[bytes]:
    pieces = content.split(b"\n")
    for piece in pieces[:-1]:
        yield piece + b"\n"
    if pieces[-1]:
        yield pieces[-1]


def _parse(raw: bytes, number: int) -> Line:
    first, *rest = (piece.removesuffix(b"\r") for piece in raw.removesuffix(b"\n").split(b"\n"))
    try:
        text = b"".join([first, *(piece[1:] for piece in rest)]).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CardError(f"line {number} is not UTF-8 ({error.reason} at byte {error.start})") from error
    head, value = _cut(text)
    if head is None:
        return Line(raw, "", "", (), text)
    label, *params = _split(head, ";")
    group, dot, bare = label.rpartition(".")
    label = bare if dot else label
    if not _NAME.match(label) or (dot and not _NAME.match(group)):
        return Line(raw, "", "", (), text)
    return Line(raw, group, label, tuple(_param(param) for param in params), value)


def _cut(text: str) -> tuple[str | None, str]:
    """Split at the first colon outside quotes; with an odd quote, at the first colon."""
    quoted = False
    for position, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return text[:position], text[position + 1 :]
    head, colon, value = text.partition(":")
    return (head, value) if colon else (None, text)


def _split(text: str, at: str) -> list[str]:
    pieces, start, quoted = [], 0, False
    for position, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == at and not quoted:
            pieces.append(text[start:position])
            start = position + 1
    return [*pieces, text[start:]]


def _param(text: str) -> Param:
    name, equals, value = text.partition("=")
    if not equals:
        return Param(text, "TYPE", text.strip())
    return Param(text, name.strip().upper(), value.replace('"', ""))


def unescape(value: str) -> str:
    """The text that an escaped value means; an escape that no standard knows stays as it is."""
    return _ESCAPED.sub(lambda found: _MEANS.get(found[1], found[0]), value)


def escape(text: str) -> str:
    """The escaped value for a text.  Raises CardError for what neither vCard nor the server's XML can carry."""
    return escape_uri(text).replace(",", "\\,").replace(";", "\\;")


def escape_uri(text: str) -> str:
    """Like ``escape`` for a URI, where commas and semicolons stand bare."""
    bad = _UNSENDABLE.search(text)
    if bad:
        raise CardError(f"the value holds the character U+{ord(bad[0]):04X}, which a vCard cannot carry")
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\\", "\\\\").replace("\n", "\\n")


def components(value: str, at: str = ";") -> list[str]:
    """Split a structured value at unescaped separators; the pieces stay escaped."""
    pieces, start, position = [], 0, 0
    while position < len(value):
        if value[position] == "\\":
            position += 1
        elif value[position] == at:
            pieces.append(value[start:position])
            start = position + 1
        position += 1
    return [*pieces, value[start:]]


def compose(group: str, label: str, params: Sequence[Param], value: str, end: bytes) -> Line:
    """Build a line with its bytes, folded at 75 octets without cutting a character."""
    name = f"{group}.{label}" if group else label
    text = "".join([name, *(f";{param.text}" for param in params), ":", value])
    return Line(_fold(text, end), group, label, tuple(params), value)


def make_param(name: str, value: str) -> Param:
    """A parameter; quoted if it must be.  Raises CardError for a value that no quoting can carry."""
    if re.search('["\x00-\x1f\x7f]', value):
        raise CardError(f"the parameter {name} cannot hold {value!r}")
    quoted = f'"{value}"' if re.search("[:;]", value) else value
    return Param(f"{name}={quoted}", name.upper(), value)


def _fold(text: str, end: bytes) -> bytes:
    data = text.encode("utf-8")
    pieces, start, room = [], 0, FOLD_AT
    while len(data) - start > room:
        cut = start + room
        while data[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(data[start:cut])
        start, room = cut, FOLD_AT - 1  # the leading space counts
    return (end + b" ").join([*pieces, data[start:]]) + end
