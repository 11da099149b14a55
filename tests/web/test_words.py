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
from hub.web.words.told import PATTERNS, recognised
from tests.e2e.hub_folder import HubFolder
from tests.web.visitor import Visitor
from tests.web.visitor import words as words_of

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
    yield from PATTERNS
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


# sentences that other parts tell


def shapes_in(*modules: str) -> set[str]:
    """Texts of modules with "{}" in the places of what is put into them."""
    found = set()
    for module in modules:
        path = Path(hub.web.__file__).parents[1] / module
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
                found.add("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


KNOWN = {re.sub(r"{\w+}", "{}", pattern) for pattern in PATTERNS}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_sentence_that_is_translated_is_still_told_somewhere(pattern: str) -> None:
    told = shapes_in(
        "sync/guards.py", "sync/pull.py", "views/status.py", "views/schedule.py", "views/quarantine.py",
        "views/connecting.py", "service/watch.py", "identity/near.py",
    )  # fmt: skip
    shape = re.sub(r"{\w+}", "{}", pattern)
    assert shape in told or shape.replace(": {}", "{}") in told, "its words have changed: change them here, too"


def test_every_message_of_a_guard_is_known() -> None:
    """Sentences with a space in them that hub.sync.guards puts together."""
    shapes = {item for item in shapes_in("sync/guards.py") if "{}" in item and " " in item.replace("{}", "")}
    assert len(shapes) > 8
    assert shapes <= KNOWN


@pytest.mark.parametrize(
    ("text", "pattern", "values"),
    [
        ("7 of 20 records would be deleted", PATTERNS[1], {"deletes": "7", "linked": "20"}),
        ("name would change on 3 of 20 records", PATTERNS[8], {"name": "name", "number": "3", "linked": "20"}),
        ("paused: moving house", "paused: {reason}", {"reason": "moving house"}),
        ("paused", "paused", {}),
    ],
)
def test_a_sentence_is_recognised_with_what_stands_in_it(text: str, pattern: str, values: dict[str, str]) -> None:
    assert recognised(text) == (pattern, values)


def test_what_is_told_is_translated_and_escaped_or_left_as_it_is() -> None:
    zh, en = Words().teller("zh-Hans"), Words().teller("en")
    assert zh("paused: <b>{x}</b>") == "已暂停：&lt;b&gt;{x}&lt;/b&gt;"
    assert zh("the shop says <no>") == "the shop says &lt;no&gt;"
    assert en("paused: <b>") == "paused: &lt;b&gt;"


def test_a_guard_speaks_the_language_of_the_reader(operator: Visitor, folder: HubFolder) -> None:
    assert folder.run("sync", "customers").code == 5
    operator.post("/account/look", lang="zh-Hans", theme="", back="/account")
    assert "首次同步将写入 1 条记录；由人工批准一次" in words_of(operator.get("/plans"))
