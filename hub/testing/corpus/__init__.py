"""Values that break software: strings for every text that a customer record can hold.

``naughty()`` is the Big List of Naughty Strings (515 strings; MIT licence, beside it), ``own()`` are those that customer
data adds.  A connector's test sends each through a create and reads it back: the same value, or a refusal in clear
words; never another value, never a crash.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from hub.testing.corpus.own import OWN


@cache
def naughty() -> tuple[str, ...]:
    """The Big List of Naughty Strings, in its order."""
    return tuple(json.loads(files(__package__).joinpath("blns.json").read_text(encoding="utf-8")))


def own() -> tuple[str, ...]:
    """Our own: names, addresses, e-mails, phones, dates, numbers and texts, each once."""
    return tuple(dict.fromkeys(text for texts in OWN.values() for text in texts))


def everything() -> tuple[str, ...]:
    """All strings, each once."""
    return tuple(dict.fromkeys((*naughty(), *own())))
