"""The tutorial's connectors are typed in as they stand there and pass the contract kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.cli.plugin_files import manifest
from hub.cli.plugin_openapi import Api
from hub.contract.connector import AnyConnector
from hub.rest.manifest import load_manifest
from hub.testing.kit import RULES, Bench, attempt
from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "tutorial-connector.md"
READING, PYTHON, TOML, BENCH = [block.text for block in blocks(PAGE) if block.language in ("toml", "python")]
RULE_IDS = [rule.id for rule in RULES]


def connector_of(text: str, folder: Path) -> type[AnyConnector]:
    """The connector that a reader gets who types this in."""
    if text == PYTHON:
        found: type[AnyConnector] = names_of(text)["Club"]
        return found
    file = folder / "connector.toml"
    file.write_text(text, encoding="utf-8")
    return load_manifest(file)


def bench_on(kind: type[AnyConnector]) -> type[Bench]:
    return type("Tried", (names_of(BENCH)["ClubBench"],), {"connector": kind})


def names_of(text: str) -> dict[str, Any]:
    """What a module with this text defines."""
    names: dict[str, Any] = {"__name__": "tutorial"}
    # the reader's file has no annotations from __future__, as this one has
    exec(compile(text, str(PAGE), "exec", dont_inherit=True), names)
    return names


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("text", [READING, PYTHON, TOML], ids=["reading", "python", "toml"])
def test_a_connector_of_the_tutorial_passes_the_contract_kit(text: str, part: int, tmp_path: Path) -> None:
    bench = bench_on(connector_of(text, tmp_path))
    found = {rule.id: attempt(bench, rule) for rule in RULES[part::4]}
    assert {id_: item.text for id_, item in found.items() if item.state == "failed"} == {}
    assert "done" in {item.state for item in found.values()}


def test_the_tutorial_says_how_long_its_connectors_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for title, block in (("Reading", READING), ("Both ways, in Python", PYTHON), ("Both ways, in TOML", TOML)):
        assert f"## {title}: {len(block.splitlines())} lines\n" in text
    assert len(READING.splitlines()) <= 10
    assert len([line for line in PYTHON.splitlines() if line.strip()]) <= 45
    assert len(TOML.splitlines()) <= 30


def test_the_tutorials_description_is_what_plugin_new_writes() -> None:
    assert manifest("club", Api()) == TOML
