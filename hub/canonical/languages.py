"""Languages: BCP 47 tags ("zh-Hans-CN") and the POSIX locale names ("zh_CN", "sr_RS@latin") of many systems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?(?:[-_](?:[A-Za-z]{2}|\d{3}))?")
_SCRIPTS = {"latin": "Latn", "cyrillic": "Cyrl", "devanagari": "Deva", "arabic": "Arab"}
_LIKELY_SCRIPT = {"zh-TW": "Hant", "zh-HK": "Hant", "zh-MO": "Hant", "zh-CN": "Hans", "zh-SG": "Hans"}
_MODIFIER = {script: name for name, script in _SCRIPTS.items()}


@lru_cache(maxsize=1024)
def to_bcp47(value: str) -> str | None:
    """ "de_AT", "zh_CN.UTF-8", "sr@latin", "EN" -> "de-AT", "zh-CN", "sr-Latn", "en"; None if it is no language tag."""
    text, _, modifier = value.strip().partition("@")
    text = text.partition(".")[0]
    if not _TAG.fullmatch(text):
        return None
    parts = re.split("[-_]", text)
    out = [parts[0].lower()]
    script = next((part.title() for part in parts[1:] if len(part) == 4), _SCRIPTS.get(modifier.lower()))
    if script:
        out.append(script)
    out += [part.upper() for part in parts[1:] if len(part) in (2, 3)]
    return "-".join(out)


def to_posix(tag: str) -> str:
    """ "zh-Hans-CN" -> "zh_CN", "sr-Latn" -> "sr@latin"."""
    language, *rest = tag.split("-")
    region = next((part for part in rest if len(part) in (2, 3)), "")
    script = next((part for part in rest if len(part) == 4), "")
    text = f"{language}_{region}" if region else language
    implied = script_of(f"{language}-{region}" if region else language)
    return text if not script or script == implied else f"{text}@{_MODIFIER.get(script, script.lower())}"


def script_of(tag: str) -> str:
    """The script that a tag names or clearly implies ("" if it says nothing)."""
    parts = tag.split("-")
    named = next((part for part in parts[1:] if len(part) == 4), "")
    return named or _LIKELY_SCRIPT.get(tag, "")


def nearest(tag: str, offered: Iterable[str]) -> str | None:
    """The offered BCP 47 tag that a speaker of ``tag`` reads without loss of meaning.

    Language and script must agree; the region may be dropped or, if nothing better exists, differ only where the offer
    has none.  None if there is no such tag.
    """
    choices = list(offered)
    if tag in choices:
        return tag
    language = tag.split("-")[0]
    script = script_of(tag)
    fitting = [
        item
        for item in choices
        if item.split("-")[0] == language and (not script or not script_of(item) or script_of(item) == script)
    ]
    plain = [item for item in fitting if len(item.split("-")) == 1]
    same_region = [item for item in fitting if item.split("-")[-1] == tag.split("-")[-1]]
    for group in (same_region, plain, fitting):
        if group:
            return min(group)
    return None
