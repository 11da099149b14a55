"""Read a vCard 3.0 or 4.0 into native data (the shape is in the README).  Pure.

Only what the hub maps is read; every other line stays in ``Card.lines`` untouched.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from crmhub_carddav.lines import CardError, Line, components, split_lines, unescape

Data = dict[str, Any]

NAME_PARTS: Final = ("family", "given", "additional", "prefix", "suffix")
ADDRESS_PARTS: Final = ("pobox", "extended", "street", "locality", "region", "code", "country")
TEXTS: Final = ("FN", "TITLE", "ROLE", "NOTE", "X-CRMHUB-ID")
SILENT_TYPES: Final = frozenset({"pref", "internet", "voice"})
"""TYPE tokens that say nothing about a row's place or device; they stay on the line and are not labels."""

CHAT_PROFILES: Final = frozenset({"wechat", "qq", "whatsapp", "telegram", "signal", "line", "skype"})
"""Types of X-SOCIALPROFILE (Apple) that are messengers; other profiles are left alone."""

_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_\Z")
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?\Z")
_YEARLESS = re.compile(r"--(\d\d)-?(\d\d)\Z")


@dataclass(frozen=True, slots=True)
class Card:
    """One vCard: its content lines from BEGIN to END in their order, and its version."""

    lines: tuple[Line, ...]
    version: str

    def all(self, name: str) -> list[Line]:
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)

    @property
    def content(self) -> bytes:
        return b"".join(line.raw for line in self.lines)


def parse(content: bytes) -> Card:
    """Split a card.  Raises CardError if it is not one vCard 3.0 or 4.0 in UTF-8."""
    lines = split_lines(content)
    marks = [line for line in lines if line.name in ("BEGIN", "END") and line.value.strip().upper() == "VCARD"]
    if [line.name for line in marks] != ["BEGIN", "END"]:
        raise CardError("it is not exactly one vCard (one BEGIN:VCARD and one END:VCARD)")
    versions = {line.value.strip() for line in lines if line.name == "VERSION"}
    if versions not in ({"3.0"}, {"4.0"}):
        found = ", ".join(sorted(versions)) or "none"
        raise CardError(f"its version is {found}; versions 3.0 and 4.0 are read")
    return Card(tuple(lines), versions.pop())


def is_contact(card: Card) -> bool:
    """Whether the card is a person or an organisation: not a group, a location or anything else."""
    kind = card.first("KIND") or card.first("X-ADDRESSBOOKSERVER-KIND")
    return kind is None or kind.value.strip().lower() in ("", "individual", "org", "organization")


def read(card: Card) -> Data:
    """The native data of a card."""
    data: Data = {"VERSION": card.version, "UID": _text(card, "UID"), "KIND": read_kind(card)}
    data.update({name: _text(card, name) for name in TEXTS})
    data["N"] = read_name(card.first("N"))
    data["ORG"] = read_org(card.first("ORG"))
    data["BDAY"] = read_birthday(card.first("BDAY"))
    data["LANG"] = _text(card, "LANG")
    gender = card.first("GENDER")
    data["GENDER"] = (components(gender.value)[0].strip() or None) if gender else None
    data["CATEGORIES"] = [name for line in card.all("CATEGORIES") for name in read_categories(line)]
    for name, reader in ROWS.items():
        rows = ((index, reader(line)) for index, line in enumerate(card.lines) if name in (line.name, _alias(line)))
        data[name] = [{**_labels(card, card.lines[index], name), **row, "_i": index} for index, row in rows if row]
    return data


def _alias(line: Line) -> str:
    profile = line.name == "X-SOCIALPROFILE" and (line.param("TYPE") or "").lower() in CHAT_PROFILES
    return "IMPP" if profile else ""


def _text(card: Card, name: str) -> str | None:
    line = card.first(name)
    return (unescape(line.value) or None) if line else None


def read_kind(card: Card) -> str | None:
    """ "org" or "individual"; None where a 4.0 card does not say it.

    Version 3.0 has no KIND: a card is an organisation if it says so in Apple's way, or has no name parts and FN equal
    to ORG (what most other programs write); else it is a person, as in RFC 6350 section 6.1.4.
    """
    kind, shown = card.first("KIND"), card.first("X-ABSHOWAS")
    if kind is not None and kind.value.strip():
        return kind.value.strip().lower()
    if card.version == "4.0":
        return None
    if shown is not None and shown.value.strip().upper() == "COMPANY":
        return "org"
    org = read_org(card.first("ORG"))
    is_company = org and not read_name(card.first("N")) and org[0] == _text(card, "FN")
    return "org" if is_company else "individual"


def read_name(line: Line | None) -> dict[str, str | None] | None:
    """The five parts of N; None if all are empty."""
    return _parts(line.value, NAME_PARTS) if line else None


def _parts(value: str, names: tuple[str, ...]) -> dict[str, str | None] | None:
    pieces = [unescape(piece) or None for piece in components(value)]
    found = dict(zip(names, [*pieces, *[None] * len(names)], strict=False))
    return found if any(found.values()) else None


def read_org(line: Line | None) -> list[str] | None:
    """Company and units; a comma that should have been escaped reads as a comma."""
    pieces = [unescape(piece) for piece in components(line.value)] if line else []
    while pieces and not pieces[-1]:
        pieces.pop()
    return pieces or None


def read_birthday(line: Line | None) -> str | None:
    """YYYY-MM-DD or --MM-DD; another form as it stands."""
    if line is None or not line.value.strip():
        return None
    text = line.value.strip()
    day, yearless = _DAY.match(text), _YEARLESS.match(text)
    if yearless:
        return f"--{yearless[1]}-{yearless[2]}"
    if not day:
        return unescape(text)
    omitted = line.param("X-APPLE-OMIT-YEAR") == day[1]
    return f"--{day[2]}-{day[3]}" if omitted else f"{day[1]}-{day[2]}-{day[3]}"


def read_categories(line: Line) -> list[str]:
    return [unescape(name) for name in components(line.value, ",") if name.strip()]


def _read_text(line: Line) -> Data | None:
    value = unescape(line.value)
    return {"value": value} if value.strip() else None


def _read_phone(line: Line) -> Data | None:
    row = _read_text(line)
    if row and (line.param("VALUE") or "").lower() == "uri" and row["value"].lower().startswith("tel:"):
        return {"value": row["value"][4:]}
    return row


def _read_chat(line: Line) -> Data | None:
    value = unescape(line.value)
    service = line.param("X-SERVICE-TYPE") or (line.param("TYPE") if line.name == "X-SOCIALPROFILE" else None)
    scheme, colon, rest = value.partition(":")
    if service and colon and scheme.lower() == "x-apple":
        value = rest
    elif not service and colon:
        service, value = scheme, rest
    elif service and colon and scheme.lower() == service.lower():
        value = rest
    return {"scheme": (service or "").lower() or None, "value": value} if value.strip() else None


def _read_address(line: Line) -> Data | None:
    return _parts(line.value, ADDRESS_PARTS)


ROWS: Final[dict[str, Callable[[Line], Data | None]]] = {
    "EMAIL": _read_text,
    "TEL": _read_phone,
    "URL": _read_text,
    "IMPP": _read_chat,
    "ADR": _read_address,
}
"""Properties whose lines are rows of a list, with their readers (None: the line shows nothing)."""


def _labels(card: Card, line: Line, name: str) -> Data:
    if name == "IMPP":
        return {}
    labels = [token.lower() for param in line.params if param.name == "TYPE" for token in param.tokens]
    labels = [label for label in labels if label not in SILENT_TYPES]
    title = label_line(card.lines, line)
    if title is not None and (text := read_label(title)):
        labels.append(text)
    return {"labels": list(dict.fromkeys(labels)), "pref": is_preferred(line)}


def label_line(lines: tuple[Line, ...] | list[Line], line: Line) -> Line | None:
    """The X-ABLabel line of the row's group."""
    if not line.group:
        return None
    group = line.group.lower()
    return next((other for other in lines if other.name == "X-ABLABEL" and other.group.lower() == group), None)


def read_label(line: Line) -> str:
    """A person's own label as it stands; Apple's built-in ones (``_$!<Work>!$_``) in lower case."""
    text = unescape(line.value).strip()
    built_in = _APPLE_LABEL.match(text)
    return built_in[1].lower() if built_in else text


def is_preferred(line: Line) -> bool:
    """TYPE=PREF (3.0) or PREF=1 (4.0)."""
    types = {token.lower() for param in line.params if param.name == "TYPE" for token in param.tokens}
    return "pref" in types or (line.param("PREF") or "").strip() == "1"
