"""Keeping secrets out of everything that is written: logs, errors, reports; and addresses out of messages."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
_SHORTEST: Final = 4
"""A shorter secret would mask ordinary words; it is nobody's password."""


_EMAIL: Final = re.compile(r"[^\s@<>\"',;:()]+@[^\s@<>\"',;:()]+\.[^\s@<>\"',;:()]+")
_NO_PHONE: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[12]\d{3}-[01]\d-[0-3]\d(?: [0-2]\d)?")
"""A network address, a date: numbers that people need in a message."""
_NUMBER: Final = re.compile(r"(?<![\w-])\+?\d[\d /().-]{5,}\d(?![\w-])")


class Redactor:
    """Knows the live secret values and takes them out of any text, also in the forms that protocols send them in."""

    def __init__(self) -> None:
        self._hidden: list[str] = []

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these values from now on."""
        forms = set(self._hidden)
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                raw = secret.encode()
                forms |= {secret, quote(secret, safe=""), base64.b64encode(raw).decode().rstrip("=")}
        self._hidden = sorted(forms, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for hidden in self._hidden:
            text = text.replace(hidden, MASK)
        return text


def mask_text(text: str) -> str:
    """Free text (a message of a remote system): e-mail addresses and phone numbers are masked, the rest stays."""
    return _NUMBER.sub(lambda found: _phone(found.group()), _EMAIL.sub(lambda found: _email(found.group()), text))


def _email(text: str) -> str:
    local, _, domain = text.partition("@")
    return f"{local[:1]}***@***.{domain.rpartition('.')[2]}"


def _phone(text: str) -> str:
    return text if _NO_PHONE.fullmatch(text) else mask_number(text)


def mask_number(text: str) -> str:
    """A number without all but its last two digits."""
    digits = [char for char in text if char.isdigit()]
    return f"***{''.join(digits[-2:])}"
