"""The table of security requirements names evidence that exists."""

from __future__ import annotations

import ast
import re

import pytest

from hub.web.pages import ROUTES
from tests.docs.pages import DOCS, ROOT

TEXT = (DOCS / "security.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`(test_\w+)`", TEXT)))


def defined() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests" / "web").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                found.add(node.name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_named_evidence_is_a_test(name: str) -> None:
    assert name in defined()


def test_every_requirement_that_is_met_has_evidence() -> None:
    rows = TEXT.partition("## Requirements that are met")[2].partition("\n## ")[0].splitlines()
    rows = [row for row in rows if re.match(r"\| \d", row)]
    assert len(rows) > 30
    for row in rows:
        assert "`" in row.split("|")[3], row


def test_the_guide_of_the_pages_names_every_page() -> None:
    text = (DOCS / "pages.md").read_text(encoding="utf-8").lower()
    for route in ROUTES:
        if route.method == "GET" and route.path.count("/") == 1 and route.role is not None and route.path != "/":
            word = {"reviews": "possible duplicates", "account": "the page of your name"}.get(
                route.path[1:], route.path[1:]
            )
            assert word in text, route.path
