"""The words of the pages: English sentences are the keys, zh.txt holds them in Simplified Chinese."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from hub.web.shapes import show_count
from hub.web.words.told import recognised

LANGUAGES = {"en": "English", "zh-Hans": "简体中文"}


class Words:
    """All languages.  A sentence that a language lacks is shown in English (a test finds it)."""

    def __init__(self) -> None:
        self._found = {"zh-Hans": read(Path(__file__).with_name("zh.txt"))}

    def speaker(self, lang: str) -> Callable[..., Markup]:
        """``_(sentence, name=value)``: values replace {name}; everything is escaped unless it is markup already."""
        known = self._found.get(lang, {})

        def say(sentence: str, **values: Any) -> Markup:
            text = Markup(escape(known.get(sentence, sentence)))  # noqa: S704  # escaped here
            return text.format(**values) if values else text

        return say

    def teller(self, lang: str) -> Callable[[str], Markup]:
        """``_t(text)``: a sentence that another part of the hub tells, where it is known; else as it is."""
        known, say = self._found.get(lang), self.speaker(lang)

        def tell(text: str) -> Markup:
            found = recognised(text) if known else None
            if found is None:
                return Markup(escape(text))  # noqa: S704  # escaped here
            pattern, values = found
            return say(pattern, **values)

        return tell

    def counter(self, lang: str) -> Callable[..., Markup]:
        """``_n(number, "1 record", "{n} records")``: the sentence for one, or for another number."""
        say = self.speaker(lang)

        def count(number: int, one: str, many: str) -> Markup:
            return say(one) if number == 1 else say(many, n=show_count(number))

        return count


def read(path: Path) -> dict[str, str]:
    """Lines "English = other"; others are comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line and not line.startswith("#"))


def choose(wanted: str, accept: str) -> str:
    """A language: the one that was chosen, else the first known one that a browser accepts."""
    if wanted in LANGUAGES:
        return wanted
    for item in accept.split(","):
        tag = item.split(";", 1)[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-Hans"
        if tag.startswith("en"):
            return "en"
    return "en"
