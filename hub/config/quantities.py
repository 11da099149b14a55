"""Durations and sizes as people write them."""

from __future__ import annotations

import re
from typing import Final

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_BYTES: Final = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*")


def parse_duration(text: object) -> float:
    """Seconds of "90s", "15m", "24h", "7d" or "1h 30m"; a bare number is seconds.  Raises ValueError."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if text < 0:
            raise ValueError("must not be negative")
        return float(text)
    if not isinstance(text, str):
        raise ValueError('must be a duration such as "90s", "15m", "24h" or "7d"')
    return _total(text, _SECONDS, 'a duration such as "90s", "15m", "24h" or "7d"')


def parse_size(text: object) -> int:
    """Bytes of "64 MB", "512kB" or "1 GiB"; a bare number is bytes.  Raises ValueError."""
    if isinstance(text, int) and not isinstance(text, bool):
        if text <= 0:
            raise ValueError("must be more than 0")
        return text
    if not isinstance(text, str):
        raise ValueError('must be a size such as "64 MB"')
    return int(_total(text, _BYTES, 'a size such as "64 MB"'))


def show_duration(seconds: float) -> str:
    """ "850 ms", "12 s", "3 min", "2 h 5 min", "4 d": the shortest text that still says enough."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 86_400:
        hours, rest = divmod(int(seconds), 3600)
        return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"
    return f"{seconds / 86_400:.0f} d"


def _total(text: str, units: dict[str, float] | dict[str, int], wanted: str) -> float:
    total, at = 0.0, 0
    stripped = text.strip()
    while at < len(stripped):
        found = _PART.match(stripped, at)
        unit = units.get(found.group(2).lower()) if found else None
        if found is None or unit is None:
            raise ValueError(f"must be {wanted}, not {text!r}")
        total += float(found.group(1)) * unit
        at = found.end()
    if not stripped:
        raise ValueError(f"must be {wanted}, not empty")
    return total
