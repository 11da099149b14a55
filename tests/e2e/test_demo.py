"""`crmhub demo`: the story that a stranger sees first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.bootstrap import App
from hub.cli.main import make_app
from hub.config.read import read_config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "kept"


@pytest.fixture(scope="module")
def lines(folder: Path) -> list[dict[str, Any]]:
    """What the demo tells programs, line by line."""
    words = ["demo", "--yes", "--customers", "100", "--keep", str(folder), "--json"]
    answer = CliRunner().invoke(make_app(), words)
    assert answer.exit_code == 0, answer.output[-2000:]
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_four_systems_become_one_customer_base_without_a_duplicate_or_a_lost_edit(lines: list[dict[str, Any]]) -> None:
    found = lines[-1]["result"]
    assert found["systems"] == 4
    assert found["created"] > 100
    assert (found["duplicates_created"], found["lost_edits"], found["third_sync_writes"]) == (0, 0, 0)
    assert found["accounting_ok"] is True
    assert found["conflicts"] > 0, "two people renamed one customer"


def test_a_sync_without_changes_makes_the_calls_that_the_connectors_declare(
    lines: list[dict[str, Any]], folder: Path
) -> None:
    declared: dict[str, int] = {}
    with App(read_config(folder / "crmhub.toml")) as app:
        for name in app.sync("customers").systems:
            opened = app.connect(name)
            declared[name] = sum(
                item.capabilities.poll_calls for item in app.resources(opened.connection, opened.connector)
            )
    assert lines[-1]["result"]["calls_by_system"] == declared
    assert lines[-1]["result"]["third_sync_calls"] == sum(declared.values())


def test_every_step_names_the_command_that_does_it(lines: list[dict[str, Any]]) -> None:
    steps = [line for line in lines if line["type"] == "step"]
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert [line["shell"].split()[:2] for line in steps[:3]] == [["crmhub", word] for word in ("match", "plan", "sync")]


def test_the_kept_configuration_says_which_system_is_a_stand_in(lines: list[dict[str, Any]], folder: Path) -> None:
    assert lines
    text = (folder / "crmhub.toml").read_text(encoding="utf-8")
    assert "# a local stand-in for Zoho CRM" in text
    assert "crmhub-sandbox-secret" not in text
