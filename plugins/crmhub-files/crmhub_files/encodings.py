"""Tell the encoding of a text file by trial; the header decides where bytes alone do not.  Pure."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from crmhub_files.headers import known
from hub.plugin import ConfigError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file: ``mark + text.encode(encoding)`` are its bytes again."""

    text: str
    encoding: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """Raises UnicodeEncodeError for a character that the file's encoding lacks."""
        return self.mark + text.encode(self.encoding)


def decode(content: bytes, encoding: str, *, where: str) -> Text:
    """Decode a file; ``encoding`` "auto" tries.  Raises ConfigError where no trial decides."""
    for mark, name in _MARKS:
        if content.startswith(mark) and encoding in ("auto", name, "utf-16", "utf-8-sig"):
            return _decoded(content[len(mark) :], name, mark, where)
    if encoding != "auto":
        return _decoded(content, encoding, b"", where)
    if b"\x00" in content[:1000]:  # UTF-16 without a mark
        return _decoded(content, "utf-16-be" if content[:1] == b"\x00" else "utf-16-le", b"", where)
    try:
        return Text(content.decode("utf-8"), "utf-8", b"")
    except UnicodeDecodeError:
        return _decoded(content, _guess(content, where), b"", where)


def _decoded(content: bytes, encoding: str, mark: bytes, where: str) -> Text:
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise ConfigError(f"The file is not readable as {encoding}: {error}", where=where, hint=_HINT) from None
    return Text(text, encoding, mark)


_HINT: Final = 'Say which it is, for example encoding = "cp1252", or save the file as UTF-8'


def _guess(content: bytes, where: str) -> str:
    """GB18030 or cp1252: by the headers that we know, then by how common the Chinese characters would be."""
    texts = {name: text for name in ("gb18030", "cp1252") if (text := _try(content, name)) is not None}
    if len(texts) == 1:
        return next(iter(texts))
    if not texts:
        raise ConfigError("The file is neither UTF-8 nor GB18030 nor cp1252", where=where, hint=_HINT)
    headers = {name: _known_headers(text) for name, text in texts.items()}
    if headers["gb18030"] != headers["cp1252"]:
        return max(headers, key=lambda name: headers[name])
    foreign = [char for char in texts["gb18030"] if ord(char) > 127]
    common = sum(1 for char in foreign if _is_common(char)) / len(foreign)
    if common > 0.9:
        return "gb18030"
    return "cp1252" if common < 0.3 else _second_opinion(content, where)


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _known_headers(text: str) -> int:
    """How many headers say something to us, not counting those in ASCII, which say nothing about the encoding."""
    first = text.lstrip().partition("\n")[0]
    for delimiter in ";\t|":
        first = first.replace(delimiter, ",")
    return sum(1 for header in first.split(",") if not header.isascii() and known(header.strip(' "\r')))


def _is_common(char: str) -> bool:
    """Whether a character is in GB 2312: what people type, as against what two Latin letters look like by chance."""
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _second_opinion(content: bytes, where: str) -> str:
    from charset_normalizer import from_bytes  # slow to import, and rarely needed

    best = from_bytes(content, cp_isolation=["gb18030", "cp1252"]).best()
    if best is None:
        raise ConfigError("The file may be GB18030 or cp1252", where=where, hint=_HINT)
    return "gb18030" if best.encoding == "gb18030" else "cp1252"
