"""The words of the pages: every sentence is known in every language, with the same place-holders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import hub.web
from hub.web.call import Refused
from hub.web.words import Words, choose, read
from tests.web.visitor import Visitor

WEB = Path(hub.web.__file__).parent
ZH = WEB / "words" / "zh.txt"


def sentences() -> Iterator[str]:
    """All keys of templates and modules."""
    for path in sorted((WEB / "templates").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        for call in re.finditer(r"""\b_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", text):
            yield ast.literal_eval(call.group(1))
        for call in re.finditer(r"""\b_n\([^"]*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")""", text):
            yield from map(ast.literal_eval, call.groups())
    for path in sorted(WEB.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        if name in (Refused.__name__, "say") and len(argument.value) > 1:
                            yield argument.value
    yield from ("viewer", "operator", "admin")
    yield from ("ok", "partial", "waiting", "paused", "stopped", "needs login", "does not add up")


ALL = sorted(set(sentences()))


def test_there_are_sentences_to_check() -> None:
    assert len(ALL) > 200


@pytest.mark.parametrize("sentence", ALL)
def test_a_sentence_is_known_in_chinese_with_its_place_holders(sentence: str) -> None:
    known = read(ZH)
    assert sentence in known
    places = sorted(re.findall(r"{\w+}", sentence))
    found = sorted(re.findall(r"{\w+}", known[sentence]))
    assert found == places or (not places and found == [])


def test_no_translation_is_left_over() -> None:
    assert sorted(set(read(ZH)) - set(ALL)) == []


@pytest.mark.parametrize(
    ("wanted", "accept", "language"),
    [
        ("", "", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("", "en-GB,zh;q=0.5", "en"),
        ("", "fr, de", "en"),
        ("zh-Hans", "en", "zh-Hans"),
        ("<b>", "en", "en"),
    ],
)
def test_the_language_is_the_chosen_one_or_that_of_the_browser(wanted: str, accept: str, language: str) -> None:
    assert choose(wanted, accept) == language


def test_what_is_put_into_a_sentence_is_escaped() -> None:
    say = Words().speaker("en")
    assert say("{name} in {system}", name="<b>", system="{name}") == "&lt;b&gt; in {name}"


def test_pages_speak_the_language_that_was_chosen(viewer: Visitor) -> None:
    answer = viewer.post("/account/look", lang="zh-Hans", theme="dark", back="/account")
    assert answer.headers["location"] == "/account"
    page = viewer.get("/")
    assert '<html lang="zh-Hans" data-theme="dark">' in page.text
    assert "总览" in page.text
