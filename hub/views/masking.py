"""Masking of personal data in machine-readable output and in runs; ``--show-pii`` turns it off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hub.config.redact import mask_number, mask_text

OPEN_FIELDS: Final = frozenset(
    {
        "kind",
        "status",
        "account",
        "language",
        "timezone",
        "currency",
        "industry",
        "lifecycle.stage",
        "employees",
        "annual_revenue",
        "source",
        "tags",
        "memberships",
    }
)
"""Canonical fields that say nothing about who somebody is."""

_WORD: Final = re.compile(r"\w+")
_LETTERS: Final = re.compile(r"[^\W\d]{3}")


def mask_name(text: str) -> str:
    """A name, an address or the like: "Anna Berg" -> "A*** B***"; e-mail addresses and numbers in their own way."""
    if "@" in text:
        return mask_text(text)
    if not _LETTERS.search(text) and sum(char.isdigit() for char in text) >= 6:
        return mask_number(text)
    return _WORD.sub(lambda found: found.group()[0] + "***", text)


def mask_value(path: str, value: Any) -> Any:
    """A canonical value, by its field."""
    name = path.split("/", 1)[0]
    if name in OPEN_FIELDS or name.startswith("consents.") or path.endswith(("/labels", "/primary")):
        return value
    return _masked(value)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_name(value)
    if isinstance(value, dict):
        return {
            key: item if key in ("form", "order", "scheme", "country") else _masked(item) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]
    return value


class Shown(Protocol):
    """How personal data is shown: the terminal by its options, a page by its session.  run: the text is one of a run's
    output, which programs keep."""

    def name(self, text: str, *, run: bool = False) -> str: ...
    def value(self, path: str, value: Any, *, run: bool = False) -> Any: ...
    def message(self, text: str, *, run: bool = False) -> str: ...


@dataclass(frozen=True, slots=True)
class Masking:
    """Everything masked, or nothing."""

    on: bool

    def name(self, text: str, *, run: bool = False) -> str:
        return mask_name(text) if self.on else text

    def value(self, path: str, value: Any, *, run: bool = False) -> Any:
        return mask_value(path, value) if self.on else value

    def message(self, text: str, *, run: bool = False) -> str:
        return mask_text(text) if self.on else text
