"""Tax and registry numbers: compact and upper case for storing nothing and comparing everything."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache

from hub.canonical.text import clean_line

_NOISE = re.compile(r"[\s./\-–—_:]+")
_VALIDATORS = {
    "vat": "stdnum.eu.vat",
    "uscc": "stdnum.cn.uscc",
    "cn_ric": "stdnum.cn.ric",
    "ein": "stdnum.us.ein",
    "gst": "stdnum.in_.gstin",
    "ch_uid": "stdnum.ch.uid",
    "de_handelsregister": "stdnum.de.handelsregisternummer",
}


def compact(value: str) -> str:
    """The number without spaces and punctuation, in upper case."""
    return _NOISE.sub("", clean_line(value)).upper()


@lru_cache(maxsize=4096)
def tax_id_valid(scheme: str, value: str) -> bool | None:
    """Whether the check digits are right; None where the scheme is not known to us."""
    module = _VALIDATORS.get(scheme)
    if module is None:
        return None
    return bool(importlib.import_module(module).is_valid(value))


def identifies(value: str) -> bool:
    """Whether the number is long enough to recognise somebody by it ("n/a" and "123" are not)."""
    text = compact(value)
    return len(text) >= 5 and sum(char.isdigit() for char in text) >= 3
