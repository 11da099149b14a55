"""The command: what it measures, and what it does when something cannot be measured."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import machine, publish
from benchmarks.compared import Run
from benchmarks.folder import Failed


@pytest.mark.parametrize(("text", "size"), [("300", 300), ("10k", 10_000), ("1M", 1_000_000)])
def test_sizes_are_written_as_people_do(text: str, size: int) -> None:
    assert command.size_of(text) == size


@pytest.mark.parametrize("words", [["--size", "50"], ["--size", "many"], ["--scenario", "a,z"]])
def test_what_cannot_be_measured_is_an_error(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", *words])
    assert command.main() == 2
    assert capsys.readouterr().err.startswith("python -m benchmarks: ")


@contextmanager
def nothing(**_: Any) -> Iterator[None]:
    yield None


def test_a_scenario_that_fails_leaves_the_others_their_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def turns(scenario: str, *_: Any) -> Iterator[list[Run]]:
        for turn in range(5):
            if scenario == "f" and turn == 1:
                raise Failed("the server is gone")
            yield [Run("burst" if scenario == "e" else "first sync", "crmhub", 0.1, 1, 50, 100, 4, 4)]

    monkeypatch.setattr(command, "turns_of", turns)
    monkeypatch.setattr(command, "running", nothing)
    monkeypatch.setattr(machine, "busy", lambda: 0.5)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--scenario", "f,e", "--size", "200", "--json"])
    assert command.main() == 2
    said = capsys.readouterr()
    (found,) = [json.loads(line) for line in said.out.splitlines()]
    assert (found["scenario"], found["turns"], found["ok"], found["machine"]["others"]) == ("e", 3, True, 0.5)
    assert "scenario f: the server is gone" in said.err
    assert said.err.endswith("could not be measured: f\n")


def test_publishing_measures_what_is_not_there_and_writes_the_page_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, pages = list[list[str]](), list[list[Path]]()

    def run(words: list[str], *, stdout: Any, **_: Any) -> subprocess.CompletedProcess[bytes]:
        measured.append(words)
        stdout.write(b"{}")
        return subprocess.CompletedProcess(words, 2 if "1M" in words else 1)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(publish, "write_page", lambda files: pages.append(files) or [])
    (tmp_path / "small.json").write_text("{}")
    assert publish.publish(tmp_path, list(publish.RUNS)) == 2
    assert [words[words.index("--size") + 1] for words in measured] == ["10k", "100k", "1M"]
    assert pages == [], "something was not measured"
    assert not (tmp_path / "large.json").exists()
    assert publish.publish(tmp_path, ["small", "postgresql"]) == 0
    assert pages == [[tmp_path / "small.json", tmp_path / "postgresql.json"]]
    assert len(measured) == 3


@pytest.mark.parametrize("words", publish.RUNS.values(), ids=publish.RUNS)
def test_what_is_published_are_words_of_the_command(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(command, "measured", lambda *given: asked.append(given) or [])
    monkeypatch.setattr(command, "ready_peers", lambda: ["dlt"])
    monkeypatch.setattr("benchmarks.server_store.databases", lambda: nothing())
    monkeypatch.setattr("sys.argv", ["benchmarks", "--json", *words])
    assert command.main() == 0, capsys.readouterr().err
    ((scenarios, sizes, *_),) = asked
    assert scenarios
    assert sizes


def test_the_machine_is_described_without_its_name() -> None:
    about = machine.described()
    assert set(about) == {"date", "cores", "system", "python", "sqlite"}
    assert machine.busy(0.0) is None or machine.busy(0.0) >= 0
