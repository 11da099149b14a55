"""Keeping secrets out of everything that is written: logs, errors, reports."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
_SHORTEST: Final = 4
"""A shorter secret would mask ordinary words; it is nobody's password."""


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
