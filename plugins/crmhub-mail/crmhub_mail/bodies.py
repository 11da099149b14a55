"""The text of a message from the first bytes of its body, and what a delivery report says.  Nothing here raises."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from html.parser import HTMLParser

from crmhub_mail.headers import as_text, storable, words

_KEPT = (b"content-type", b"content-transfer-encoding", b"mime-version")
_ADDRESS = re.compile(r"[^\s;<>\"']+@[^\s;<>\"']+")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_NOT_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.4")
"""Permanent, but about a full mailbox or the size of the message."""
_BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "blockquote", "table", "ul", "ol"})
_MEANINGS = {
    "5.1.1": "no such mailbox",
    "5.1.2": "no such domain",
    "5.1.6": "the mailbox has moved",
    "5.1.10": "the domain takes no mail",
    "5.2.1": "the mailbox is disabled",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server said about an address: status as in RFC 3463; permanent: the address itself takes no mail."""

    address: str
    status: str
    permanent: bool

    @property
    def reason(self) -> str:
        meaning = _MEANINGS.get(self.status, "")
        return f"{self.status} ({meaning})" if meaning else self.status


def parsed(header: bytes, body: bytes) -> Message | None:
    """The message as far as it was downloaded; None where the parser gives up."""
    lines = re.sub(rb"\r?\n[ \t]+", b" ", header).split(b"\n")
    kept = [line.rstrip(b"\r") for line in lines if line.partition(b":")[0].strip().lower() in _KEPT]
    try:
        return BytesParser(policy=compat32).parsebytes(b"\r\n".join([*kept, b"", body]))
    except Exception:  # noqa: BLE001  # the library's parser fails in many ways on mail made to break it
        return None


def text_of(message: Message | None) -> str:
    """The first plain text, else the first HTML text without its tags."""
    html = ""
    for part in _parts(message):
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
            continue
        text = _content(part)
        if kind == "text/plain" and text.strip():
            return text
        html = html or text
    return _without_tags(html) if html else ""


def report_of(message: Message | None) -> Report | None:
    """What a delivery report (RFC 3464) says of the first address that failed; None for any other message."""
    if message is None or message.get_content_type() != "multipart/report":
        return None
    for part in _parts(message):
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else ():
            found = _recipient(block) if isinstance(block, Message) else None
            if found is not None:
                return found
    return None


def _recipient(block: Message) -> Report | None:
    if str(block.get("Action", "")).strip().lower() != "failed":
        return None
    address = _ADDRESS.search(words(str(block.get("Original-Recipient") or block.get("Final-Recipient") or "")))
    status = _STATUS.search(f"{block.get('Status', '')} {block.get('Diagnostic-Code', '')}")
    if address is None or status is None:
        return None
    code = status.group(1)
    permanent = code.startswith("5.") and code not in _NOT_THE_ADDRESS and not code.startswith("5.7.")
    return Report(address.group(), code, permanent)


def _parts(message: Message | None) -> list[Message]:
    """All parts in order, without recursion: mail can be nested deeper than Python's stack."""
    found: list[Message] = []
    open_ones = [message] if message is not None else []
    while open_ones and len(found) < 200:
        part = open_ones.pop(0)
        found.append(part)
        inner = part.get_payload() if part.get_content_maintype() == "multipart" else ()
        open_ones[:0] = [item for item in inner if isinstance(item, Message)]
    return found


def _content(part: Message) -> str:
    try:
        raw = _base64(part) if _is_base64(part) else part.get_payload(decode=True)
        charset = str(part.get_content_charset() or "")
    except Exception:  # noqa: BLE001  # broken encodings: what cannot be decoded is no text
        return ""
    text = as_text(raw, charset) if isinstance(raw, bytes) else ""
    return storable(text.replace("\x00", ""))


def _is_base64(part: Message) -> bool:
    return str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"


def _base64(part: Message) -> bytes:
    """The library gives up on base64 of which the end is missing, and ours is cut where the download ended."""
    letters = re.sub(r"[^A-Za-z0-9+/]", "", str(part.get_payload()))
    letters = letters if len(letters) % 4 != 1 else letters[:-1]  # a single letter says nothing yet
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style", "head")
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "head") and self._hidden > 0
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def _without_tags(html: str) -> str:
    reader = _Words()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):
        return ""
    return re.sub(r"\n\s*\n+", "\n\n", "".join(reader.found)).strip()
