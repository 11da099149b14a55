"""Dates of birth and the like: ISO "1980-04-12", or "--04-12" where the year is not known."""

from __future__ import annotations

import re
from datetime import date

_FULL = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")
_PARTIAL = re.compile(r"--(\d{2})-?(\d{2})")


def parse_date(text: str) -> str | None:
    """The canonical form of an ISO or vCard date, with or without year; None if it is not one."""
    found = _PARTIAL.fullmatch(text.strip())
    if found:
        month, day = found.groups()
        return f"--{month}-{day}" if _exists(2000, int(month), int(day)) else None
    found = _FULL.fullmatch(text.strip())
    if found and _exists(*(int(group) for group in found.groups())):
        return "-".join(found.groups())
    return None


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def is_full(value: str) -> bool:
    """Whether a canonical date has a year."""
    return not value.startswith("--")
