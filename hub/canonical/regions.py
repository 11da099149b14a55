"""Regions (states, provinces, cantons): ISO 3166-2 codes inside their country, and their names.

The canonical value is a text: the code ("DE-BY") where a system gave a code, else what was typed ("Bayern").  Both say
the same; ``region_code`` resolves them for comparing and for systems that only know codes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from hub.canonical.region_names import TABLE
from hub.canonical.text import fold

_CODE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


def _rows() -> dict[str, tuple[str, ...]]:
    return {code: tuple(names.split("|")) for code, names in (line.split(" ", 1) for line in TABLE.splitlines())}


_ROWS: Final = _rows()


@lru_cache(maxsize=1)
def _by_name() -> dict[tuple[str, str], str]:
    return {(code[:2], fold(name)): code for code, names in _ROWS.items() for name in names}


@lru_cache(maxsize=4096)
def region_code(country: str | None, text: str) -> str | None:
    """The ISO 3166-2 code of a region inside ``country`` (alpha-2); None if it cannot be resolved."""
    upper = text.upper()
    if _CODE.fullmatch(upper) and (country is None or upper[:2] == country):
        return upper
    return _by_name().get((country, fold(text))) if country else None


def region_name(code: str) -> str | None:
    """The name that people write: "DE-BY" -> "Bayern"; None for a code that is not in the table."""
    names = _ROWS.get(code)
    return names[0] if names else None
