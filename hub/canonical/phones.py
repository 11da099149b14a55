"""Phone numbers by libphonenumber, behind a fast path and a cache (a parse costs 20 microseconds)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from hub.canonical.text import clean_line, fold

if TYPE_CHECKING:
    import phonenumbers

_PUNCTUATION = str.maketrans("", "", " -./()\u00a0")
# Numbers that libphonenumber would return unchanged: no trunk prefix can hide in them.
_PLAIN = re.compile(r"\+(?:49[1-9]\d{6,10}|43[1-9]\d{6,10}|41[1-9]\d{8}|33[1-9]\d{8}|1[2-9]\d{9}|861[3-9]\d{9})")


@lru_cache(maxsize=4096)
def _parsed(value: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    import phonenumbers  # takes as long to load as a run without changes takes to look at its store

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_possible_number(number) else None


@lru_cache(maxsize=4096)
def normal_phone(value: str, region: str | None = None) -> str | None:
    """E.164 (with ";ext=12" for an extension), read as dialled in ``region`` (alpha-2); None if it is no number."""
    plain = value.translate(_PUNCTUATION)
    if "(0)" not in value and _PLAIN.fullmatch(plain):
        return plain
    number = _parsed(clean_line(value), region)
    if number is None:
        return None
    import phonenumbers

    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{text};ext={number.extension}" if number.extension else text


def international(value: str, region: str | None = None) -> str | None:
    """The number as people write it abroad ("+49 30 123456"); None if it is no number."""
    number = _parsed(clean_line(value), region)
    if number is None:
        return None
    import phonenumbers

    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def phone_key(value: str, region: str | None = None) -> str:
    """The comparison form: E.164, or the folded text of what is no number (marked by "~")."""
    return normal_phone(value, region) or "~" + fold(value)
