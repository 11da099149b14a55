"""The page is made of what was measured, says where and when, and hides nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.compared import Run, results
from benchmarks.page import PAGE, TEXT, write_page
from benchmarks.plot import Bar, bars, shown

IDLE = {
    "date": "2026-12-01",
    "cores": 4,
    "system": "Linux x86_64",
    "python": "3.11.7",
    "sqlite": "3.40.1",
    "others": 0.03,
}


def line(**different: Any) -> dict[str, Any]:
    (found,) = results("g", 10_000, "sqlite", [[Run("one way", "crmhub", 0.7, 2, 90, 10_000, 102, 102)]])
    return {**found, "machine": IDLE, **different}


def saved(path: Path, *items: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return path


def test_the_page_shows_every_result_of_all_files_with_its_targets(tmp_path: Path) -> None:
    missed = [{"what": "CPU seconds", "value": 0.8, "target": 0.5, "limit": 1.0, "state": "missed"}]
    first = saved(tmp_path / "one.json", line(), line(program="dlt", part="one way", store="", target=[]))
    second = saved(
        tmp_path / "two.json", line(scenario="b", part="", store="postgresql", size=1_000_000, target=missed)
    )
    page = tmp_path / "benchmarks.md"
    written = write_page([first, second], page)
    text = page.read_text()
    assert "| (g) into SQLite, one way | 10k | crmhub | sqlite | 0.7 (0.7-0.7) | 70.0 |  | 102 (102) | 90 |" in text
    assert "MB of memory: 90 / 128 | ok |" in text
    assert "| (g) into SQLite, one way | 10k | dlt |" in text
    assert "| (b) no change | 1M | crmhub | postgresql |" in text
    assert "CPU seconds: 0.8 / 0.5 | CPU seconds missed |" in text
    assert "2026-12-01: 4 cores, Linux x86_64, Python 3.11.7, SQLite 3.40.1. Idle but for the benchmark." in text
    assert {path.name for path in written} == {"programs.svg", "growth.svg", "benchmarks.md"}
    for path in written:
        if path.suffix == ".svg":
            ElementTree.fromstring(path.read_text())
            assert f"(benchmarks/{path.name})" in text


@pytest.mark.parametrize(
    ("others", "said"),
    [(0.6, "**The machine was busy**: up to 60% of its CPU"), (None, "Nobody tells how busy it was.")],
)
def test_the_page_says_that_the_machine_was_busy(tmp_path: Path, others: float | None, said: str) -> None:
    page = tmp_path / "benchmarks.md"
    write_page([saved(tmp_path / "one.json", line(size=1000, machine={**IDLE, "others": others}))], page)
    assert said in page.read_text()


def test_what_was_wrong_is_shown_as_such(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    write_page([saved(tmp_path / "one.json", line(wrong=["calls 103, by the formula 102"]))], page)
    assert "| **wrong**: calls 103, by the formula 102 |" in page.read_text()


def test_growth_is_told_between_sizes_of_the_same_store(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    small = line(scenario="b", part="", rss_mb=90.0, cpu_seconds={"median": 0.5, "min": 0.5, "max": 0.5})
    near = {**small, "size": 20_000, "rss_mb": 100.5}
    large = {**small, "size": 1_000_000, "rss_mb": 100.0, "cpu_seconds": {"median": 0.6, "min": 0.6, "max": 0.6}}
    write_page([saved(tmp_path / "one.json", small, large, {**large, "store": "postgresql"})], page)
    text = page.read_text()
    assert "| (b) no change | sqlite | 10k to 1M | 10.00 MB more | 10.0 | ok |" in text
    assert "| (b) no change | sqlite | 10k to 1M | 1.20 x the CPU | 1.1 | missed |" in text
    assert text.count("MB more") == 1
    write_page([saved(tmp_path / "one.json", small, near)], page)
    assert "MB more" not in page.read_text(), "too near"


def test_of_two_results_of_the_same_the_later_file_counts(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    files = [saved(tmp_path / f"{number}.json", line(rss_mb=number)) for number in (11, 12)]
    write_page(files, page)
    assert page.read_text().count("| (g) into SQLite") == 1
    assert "| 12 |" in page.read_text()


@pytest.mark.parametrize("text", ["", "no json", '{"scenario": "a"}', "[]"])
def test_a_file_that_holds_no_results_is_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json:1|the files hold no results"):
        write_page([tmp_path / "bad.json"], tmp_path / "benchmarks.md")
    assert not (tmp_path / "benchmarks.md").exists()


def test_bars_grow_with_their_values_and_show_the_target() -> None:
    svg = bars("Title", "µs", [Bar("a<b", 10, 100), Bar("c", 1000, None, False)])
    root = ElementTree.fromstring(svg)
    rects = [item for item in root if item.tag.endswith("rect")][1:]
    assert [item.attrib["fill"] for item in rects] == ["#2563a8", "#9aa5b1"]
    assert float(rects[0].attrib["width"]) == 0, "the axis begins at the power of ten of the least"
    marks = [item for item in root if item.attrib.get("stroke-width") == "3"]
    assert len(marks) == 1
    middle = (float(rects[1].attrib["width"])) / 2
    assert float(marks[0].attrib["x1"]) - float(rects[0].attrib["x"]) == pytest.approx(middle, abs=0.2)


@pytest.mark.parametrize(("value", "text"), [(0.0123, "0.0123"), (1.5, "1.50"), (12345.6, "12,346"), (0, "0")])
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert shown(value) == text


def test_the_page_in_the_documentation_is_made_from_the_text_as_it_is() -> None:
    parts = re.split(r"<!-- \w+ -->\n", TEXT.read_text())
    page, place = PAGE.read_text(), 0
    for part in parts:
        found = page.find(part, place)
        assert found >= place, f"run python -m benchmarks --page again, docs/{PAGE.name} lacks: {part[:200]}"
        place = found + len(part)
