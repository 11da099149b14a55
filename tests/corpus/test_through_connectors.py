"""A sample of the bad strings through real connectors, and what the command line shows of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hub.testing.corpus import everything
from tests.corpus.pour import Pour, main

HUB = (sys.executable, "-c", "from hub.cli.main import main; main()")
COMMANDS = [
    ("status",),
    ("runs", "list"),
    ("quarantine", "list", "--show-pii"),
    ("conflicts", "list"),
    ("review", "list"),
    ("record", "show", "1name@ok.example", "--show-pii"),
    ("record", "explain", "1name@ok.example", "--field", "name", "--show-pii"),
]


def test_every_bad_string_of_a_sample_arrives_or_is_explained() -> None:
    assert main(every=60, slow=False) == 0


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = 'plugin = "files"\npath = "target"\nwrite = "update"\ntarget = "people.jsonl"'
    folder = tmp_path_factory.mktemp("shown") / "world"
    markup = ["plain", "[bold]Anna[/bold]", "[/]", "[link=x]", "\x1b[31mred\x1b[0m", "{name}", "%s", "\u202egreB"]
    assert Pour(folder, target, [*markup, *everything()[::40]]).run() == []
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*HUB, "--config", str(folder / "crmhub.toml"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_command_line_shows_bad_strings_without_falling_over(synced: Path, words: tuple[str, ...]) -> None:
    shown, lines = run(synced, *words), run(synced, *words, "--json")
    assert "Traceback" not in shown.stderr + lines.stderr
    assert shown.returncode == lines.returncode
    assert "\x1b" not in shown.stdout, "a terminal must not obey what a customer is called"
    assert json.loads(lines.stdout.splitlines()[-1])["type"] == "summary"


def test_a_name_that_looks_like_markup_is_shown_as_it_is(synced: Path) -> None:
    shown = run(synced, "record", "show", "1name@ok.example", "--show-pii")
    assert "[bold]Anna[/bold]" in shown.stdout
    run_id = json.loads(run(synced, "runs", "list", "--json").stdout.splitlines()[-1])["result"][-1]["id"]
    written = run(synced, "runs", "show", run_id, "--show-pii")
    assert "Traceback" not in written.stderr
