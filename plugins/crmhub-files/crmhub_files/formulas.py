"""Text cells that a spreadsheet program would run as formulas (CSV injection), made harmless and back.  Pure.

A cell that starts with = + - @ tab or CR gets an apostrophe in front; so does one that already looks like such a cell
with apostrophes, which makes ``restored(neutral(text)) == text`` for every text.  A plain phone number ("+49 171 12")
stays as it is: it can only be a number, and other programs read it.
"""

from __future__ import annotations

import re
from typing import Final

_RUNS: Final = re.compile(r"'*[=+\-@\t\r]")
_PHONE: Final = re.compile(r"\+[0-9][0-9 ()/.-]*\Z")


def neutral(text: str) -> str:
    """The text as it may stand in a CSV cell."""
    return "'" + text if _RUNS.match(text) and not _PHONE.match(text) else text


def restored(text: str) -> str:
    """The text that a cell means."""
    return text[1:] if text.startswith("'") and _RUNS.match(text) else text
