"""Countries: alpha-2 codes, and what people and systems write instead of them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from hub.canonical.country_names import TABLE
from hub.canonical.text import fold


def _rows() -> dict[str, tuple[str, tuple[str, ...]]]:
    rows = {}
    for line in TABLE.splitlines():
        alpha2, alpha3, names = line.split(" ", 2)
        rows[alpha2] = (alpha3, tuple(names.split("|")))
    return rows


_ROWS: Final = _rows()


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for alpha2, (alpha3, names) in _ROWS.items():
        found[alpha2.casefold()] = alpha2
        found[alpha3.casefold()] = alpha2
        for name in names:
            found.setdefault(fold(name), alpha2)
    return found


@lru_cache(maxsize=4096)
def country_code(text: str) -> str | None:
    """The alpha-2 code of a code (2 or 3 letters) or a name in English, German or Chinese; None if unknown."""
    return text if text in _ROWS else _by_name().get(fold(text))


def is_country(code: str) -> bool:
    """Whether the text is an alpha-2 code."""
    return code in _ROWS


def alpha3(code: str) -> str | None:
    """ "DE" -> "DEU"."""
    row = _ROWS.get(code)
    return row[0] if row else None


def english_name(code: str) -> str | None:
    """ "DE" -> "Germany"."""
    row = _ROWS.get(code)
    return row[1][0] if row else None


def country_names(code: str) -> tuple[str, ...]:
    """All names by which the country is recognised, the English one first."""
    row = _ROWS.get(code)
    return row[1] if row else ()
