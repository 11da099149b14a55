"""The tables of security requirements hold every number of the standard once, and name evidence that exists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from hub.web.pages import ROUTES
from tests.docs.pages import DOCS, ROOT

TEXT = (DOCS / "security.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`(test_\w+)`", TEXT)))
LEVELS = dict(
    line.split()
    for line in (ROOT / "tests" / "docs" / "asvs_5_0_levels.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
TABLES = ("Requirements that are met", "Not met", "Not applicable")
_NUMBER = r"\d+\.\d+\.\d+"


def rows(title: str) -> list[list[str]]:
    """The cells of the rows of a table."""
    text = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines() if re.match(r"\| \d", row)
    ]


def numbers(cell: str) -> Iterator[str]:
    """The requirements that a cell names: "1.2.1, 3.3.1 to 3.3.4"."""
    for first, last in re.findall(rf"({_NUMBER})(?: to ({_NUMBER}))?", cell):
        section, _, low = first.rpartition(".")
        for number in range(int(low), int(last.rpartition(".")[2] or low) + 1):
            yield f"{section}.{number}"


def named(title: str) -> list[str]:
    return [number for cells in rows(title) for number in numbers(cells[0])]


@pytest.fixture(scope="module")
def defined() -> set[str]:
    """The tests of the repository."""
    paths = [*(ROOT / "tests").rglob("test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]
    found = (re.findall(r"^ *def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE) for path in paths)
    return {name for names in found for name in names}


@pytest.mark.parametrize("name", NAMES)
def test_named_evidence_is_a_test(name: str, defined: set[str]) -> None:
    assert name in defined


def test_every_number_of_the_standard_stands_in_one_table_once() -> None:
    assert Counter(LEVELS.values()) == {"1": 70, "2": 183}, "as the standard has them"
    found = Counter(number for title in TABLES for number in named(title))
    assert sorted(LEVELS.keys() - found) == []
    assert [number for number, times in found.items() if times > 1] == []


def test_as_many_are_met_as_the_page_says() -> None:
    counts = [len(LEVELS.keys() & set(named(title))) for title in TABLES]
    words = " ".join(TEXT.split())
    assert f"{len(LEVELS)}, of which {counts[0]} are met, {counts[1]} are not, and {counts[2]} do not apply" in words


def test_every_requirement_that_is_met_has_evidence() -> None:
    """A test, a file that does it, or a part of this page."""
    for cells in rows(TABLES[0]):
        evidence = cells[2]
        files = [item for item in re.findall(r"`([\w./-]+)`", evidence) if "/" in item or item.endswith(".toml")]
        assert [item for item in files if not (ROOT / item).exists()] == [], evidence
        assert files or "`test_" in evidence or evidence == "above", cells


def test_every_requirement_that_is_not_met_says_why() -> None:
    for title in TABLES[1:]:
        assert rows(title)
        for cells in rows(title):
            assert len(cells[1].split()) > 1, cells


def test_the_guide_of_the_pages_names_every_page() -> None:
    text = (DOCS / "pages.md").read_text(encoding="utf-8").lower()
    for route in ROUTES:
        if route.method == "GET" and route.path.count("/") == 1 and route.role is not None and route.path != "/":
            word = {"reviews": "possible duplicates", "account": "the page of your name"}.get(
                route.path[1:], route.path[1:]
            )
            assert word in text, route.path
