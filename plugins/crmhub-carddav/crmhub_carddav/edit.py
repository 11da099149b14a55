"""Edit a vCard in place: only the mapped properties that change; every other line keeps its bytes.  Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from crmhub_carddav import card as cards
from crmhub_carddav.card import NAME_PARTS, ROWS, TEXTS, Card
from crmhub_carddav.lines import CardError, Line, components, compose, escape, unescape
from crmhub_carddav.rows import edit_row, new_row

ONLY_4_0: Final = frozenset({"LANG", "GENDER"})
"""Fields that vCard 3.0 has no property for; on a 3.0 card they are left out of a write (the image shows it)."""

_KNOWN: Final = frozenset({*TEXTS, *ROWS, "N", "ORG", "KIND", "BDAY", "CATEGORIES", *ONLY_4_0})
_IGNORED: Final = frozenset({"VERSION", "UID"})


class StaleRow(CardError):
    """A row's private index does not fit this card: it was read from another state of it."""


def create(data: Mapping[str, Any], *, uid: str, version: str, now: datetime) -> bytes:
    """A new card with CRLF line ends.  Raises CardError for a value that cannot stand in a card."""
    begin = f"BEGIN:VCARD\r\nVERSION:{version}\r\nUID:{escape(uid)}\r\n".encode()
    stamp = now.astimezone(UTC).strftime("REV:%Y%m%dT%H%M%SZ\r\n").encode()
    content = edit(cards.parse(begin + stamp + b"END:VCARD\r\n"), data, now=now)
    if version == "3.0" and cards.parse(content).first("N") is None:
        content = content.replace(b"END:VCARD\r\n", b"N:;;;;\r\nEND:VCARD\r\n")
    return content


def uid_for(key: str, version: str) -> str:
    """The UID of a card that we create: our key; in 4.0 as urn:uuid where it is one."""
    try:
        return f"urn:uuid:{uuid.UUID(key)}" if version == "4.0" else key
    except ValueError:
        return key


def edit(card: Card, patch: Mapping[str, Any], *, now: datetime) -> bytes:
    """The card's bytes after the patch (None clears, an absent key leaves alone).  FN never disappears.

    Raises StaleRow if a row's ``_i`` does not name a line of its property, CardError for a value that a card cannot
    hold.  Returns the very bytes of the card if nothing changes; REV moves only with a change.
    """
    unknown = set(patch) - _KNOWN - _IGNORED
    if unknown:
        raise CardError(f"there is no field {', '.join(sorted(unknown))} in a card")
    draft = _Draft(card)
    for name, value in patch.items():
        if name in ROWS:
            draft.rows(name, value or ())
        elif name not in (*_IGNORED, "KIND") and not (name in ONLY_4_0 and card.version == "3.0"):
            _EDITS.get(name, _Draft.text)(draft, name, value)
    draft.ensure_display_name()
    if "KIND" in patch:  # last: what a 3.0 card is follows from FN, N and ORG
        draft.kind(patch["KIND"])
    if draft.lines != list(card.lines):
        draft.touch(now)
    return b"".join(line.raw for line in draft.lines)


def display_name(data: Mapping[str, Any]) -> str:
    """What FN says when nobody gives one: the formatted N, else the company, an e-mail, a phone, "?"."""
    name = data.get("N") or {}
    parts = [name.get(part) for part in ("prefix", "given", "additional", "family", "suffix")]
    contact = [row["value"] for key in ("EMAIL", "TEL") for row in data.get(key) or ()]
    company = [unit for unit in data.get("ORG") or () if unit]
    return " ".join(part for part in parts if part) or next(iter([*company, *contact]), "?")


class _Draft:
    """The lines while they are edited.  Lines are compared by identity, so an untouched one is the same object."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.lines = list(card.lines)
        self.end = b"\r\n" if card.lines[0].raw.endswith(b"\r\n") else b"\n"

    def replace(self, old: Line | None, new: Line) -> None:
        """Put a line in place of another; without one, after the last of its property, else before the end."""
        if old is not None:
            self.lines[self.lines.index(old)] = new
            return
        same = [index for index, line in enumerate(self.lines) if line.name == new.name]
        end = next(index for index, line in enumerate(self.lines) if line.name == "END")
        self.lines.insert(same[-1] + 1 if same else end, new)

    def first(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name), None)

    def set_value(self, name: str, label: str, value: str | None, drop: Sequence[str] = ()) -> None:
        """Write the escaped value of a property that stands once; None removes the line that was shown."""
        old = self.first(name)
        if value is None:
            if old is not None:
                self.lines.remove(old)
            return
        params = [param for param in old.params if param.name not in drop] if old else []
        self.replace(old, compose(old.group if old else "", old.label if old else label, params, value, self.end))

    def text(self, name: str, value: Any) -> None:
        old = self.first(name)
        if _text(value) != ((unescape(old.value) or None) if old else None):
            text = _text(value)
            self.set_value(name, name, escape(text) if text else None)

    def name(self, name: str, value: Any) -> None:
        old = self.first(name)
        wanted = {part: _text((value or {}).get(part)) for part in NAME_PARTS}
        shown = cards.read_name(old) or dict.fromkeys(NAME_PARTS)
        if wanted == shown:
            return
        if not any(wanted.values()):
            self.set_value(name, name, ";;;;" if self.card.version == "3.0" else None)
        else:
            self.set_value(name, name, _structured(old, NAME_PARTS, wanted))

    def org(self, name: str, value: Any) -> None:
        old = self.first(name)
        wanted = [_text(unit) or "" for unit in value or ()]
        while wanted and not wanted[-1]:
            wanted.pop()
        if wanted == (cards.read_org(old) or []):
            return
        raw = components(old.value) if old else []
        pieces = [
            raw[index] if index < len(raw) and unescape(raw[index]) == unit else escape(unit)
            for index, unit in enumerate(wanted)
        ]
        self.set_value(name, name, ";".join(pieces) if pieces else None)

    def kind(self, value: Any) -> None:
        wanted = (_text(value) or "").lower() or None
        if wanted == self._kind():
            return
        if self.card.version == "3.0" and self.first("KIND") is None:
            self.set_value("X-ABSHOWAS", "X-ABShowAs", "COMPANY" if wanted == "org" else None)
            if wanted in (None, self._kind()):
                return
        self.set_value("KIND", "KIND", escape(wanted) if wanted else None)

    def _kind(self) -> str | None:
        return cards.read_kind(Card(tuple(self.lines), self.card.version))

    def birthday(self, name: str, value: Any) -> None:
        old, wanted = self.first(name), _text(value)
        if wanted == cards.read_birthday(old):
            return
        day = re.match(r"(\d{4}-|--)(\d\d)-(\d\d)\Z", wanted or "")
        if wanted is None:
            self.set_value(name, name, None)
        elif day:
            basic = day[1] == "--" or self.card.version == "4.0"
            text = wanted if not basic else f"{day[1].removesuffix('-') if day[1] != '--' else '--'}{day[2]}{day[3]}"
            self.set_value(name, name, text, drop=("VALUE", "X-APPLE-OMIT-YEAR", "CALSCALE"))
        else:
            self.set_value(name, name, escape(wanted), drop=("X-APPLE-OMIT-YEAR",))

    def gender(self, name: str, value: Any) -> None:
        old, wanted = self.first(name), _text(value)
        pieces = components(old.value) if old else [""]
        if (pieces[0].strip() or None) != wanted:
            rest = pieces[1:]
            self.set_value(name, name, ";".join([escape(wanted or ""), *rest]) if wanted or any(rest) else None)

    def categories(self, name: str, value: Any) -> None:
        """Names that stay keep their place and spelling; new ones go to the end of the first line."""
        wanted = [text for text in map(_text, value or ()) if text]
        found: set[str] = set()
        lines: list[tuple[Line, list[str], list[str]]] = []
        for line in [line for line in self.lines if line.name == name]:
            raw = [piece for piece in components(line.value, ",") if piece.strip()]
            kept = [piece for piece in raw if unescape(piece) in wanted]
            found.update(unescape(piece) for piece in kept)
            lines.append((line, raw, kept))
        new = [escape(text) for text in dict.fromkeys(wanted) if text not in found]
        if not lines and new:
            self.replace(None, compose("", name, (), ",".join(new), self.end))
        for index, (line, raw, kept) in enumerate(lines):
            pieces = [*kept, *(new if index == 0 else ())]
            if not pieces and raw:
                self.lines.remove(line)
            elif pieces != raw:
                self.replace(line, compose(line.group, line.label, line.params, ",".join(pieces), self.end))

    def rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Edit the rows that were read, remove those that are missing, add those without an index."""
        shown = {row["_i"]: self.card.lines[row["_i"]] for row in cards.read(self.card)[name]}
        kept = [row["_i"] for row in rows if row.get("_i") is not None]
        if len(kept) != len(set(kept)) or not set(kept) <= set(shown):
            raise StaleRow(f"the rows of {name} were not read from this card")
        for index in set(shown) - set(kept):
            self.remove_row(shown[index])
        for row in rows:
            if row.get("_i") is None:
                for line in new_row(name, row, self.lines, self.card.version, self.end):
                    self.replace(None, line)
            else:
                self.lines = edit_row(name, shown[row["_i"]], row, self.lines, self.card.version, self.end)

    def remove_row(self, line: Line) -> None:
        """Remove a row, and Apple's label lines of its group unless another line shares the group."""
        self.lines.remove(line)
        mates = [other for other in self.lines if line.group and other.group.lower() == line.group.lower()]
        if all(mate.name in ("X-ABLABEL", "X-ABADR") for mate in mates):
            self.lines = [other for other in self.lines if other not in mates]

    def ensure_display_name(self) -> None:
        line = self.first("FN")
        if line is None or not line.value.strip():
            shown = cards.read(Card(tuple(self.lines), self.card.version))
            self.set_value("FN", "FN", escape(display_name(shown)))

    def touch(self, now: datetime) -> None:
        """Bring REV up to date, where the card has one, in the form that it has."""
        old = self.first("REV")
        if old is not None:
            form = "%Y-%m-%dT%H:%M:%SZ" if "-" in old.value else "%Y%m%dT%H%M%SZ"
            self.set_value("REV", "REV", now.astimezone(UTC).strftime(form))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise CardError(f"{value!r} is not a text")
    return value or None


def _structured(old: Line | None, names: Sequence[str], wanted: Mapping[str, str | None]) -> str:
    """The escaped components; one that does not change keeps its spelling, further ones stay."""
    raw = components(old.value) if old else []
    raw += [""] * (len(names) - len(raw))
    for index, part in enumerate(names):
        if (unescape(raw[index]) or None) != wanted[part]:
            raw[index] = escape(wanted[part] or "")
    return ";".join(raw)


_EDITS: Final[dict[str, Callable[[_Draft, str, Any], None]]] = {
    "N": _Draft.name,
    "ORG": _Draft.org,
    "BDAY": _Draft.birthday,
    "GENDER": _Draft.gender,
    "CATEGORIES": _Draft.categories,
}
