"""What cells mean beyond their text: dates in their usual spellings, and numbers that a spreadsheet has damaged.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

PHONES: Final = ("phone", "mobile", "fax")
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+\Z")
_FRACTION: Final = re.compile(r"\d{5,}[.,]\d+\Z")

# The dotted, the year-first and the Chinese form have one reading; 01/02/2024 has two and is left alone.
_FORMS: Final = (
    (re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})\Z"), "{d:02}.{m:02}.{y:04}"),
    (re.compile(r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})\Z"), "{y:04}/{m:02}/{d:02}"),
    (re.compile(r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})日\Z"), "{y:04}年{m}月{d}日"),
)


def damaged(data: Mapping[str, Any], key: tuple[str, ...]) -> str:
    """Why a row's numbers cannot be trusted, or ""."""
    for column in (*PHONES, *key):
        text = data.get(column)
        if isinstance(text, float):
            text = repr(text)
        if not isinstance(text, str):
            continue
        if _SCIENTIFIC.match(text.strip()):
            return f"{column} is {text!r}: a spreadsheet made a number of it and has lost digits"
        if column in PHONES and _FRACTION.match(text.strip()):
            return f"{column} is {text!r}: a spreadsheet made a decimal number of it"
    return ""


def read_date(text: Any, form: str | None) -> Any:
    """An ISO date where the spelling has one reading (or the configured form), else the text as it stands."""
    if not isinstance(text, str):
        return text
    stripped = text.strip()
    for pattern, _ in _FORMS:
        found = pattern.match(stripped)
        if found:
            return _iso(int(found["y"]), int(found["m"]), int(found["d"])) or text
    if form:
        try:
            return datetime.strptime(stripped, form).date().isoformat()
        except ValueError:
            return text
    return text


def write_date(value: Any, old: Any, form: str | None) -> Any:
    """An ISO date in the spelling of the cell that it replaces, else in the configured form, else as it is."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    if day is None:
        return value
    for pattern, spelling in _FORMS:
        if isinstance(old, str) and pattern.match(old.strip()):
            return spelling.format(y=day.year, m=day.month, d=day.day)
    return day.strftime(form) if form else value


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
