"""What is measured does its work, and what is beside it is what it says: webhooks are verified, costs are of all processes."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import burst, peers, timed
from benchmarks.compared import Run, results
from benchmarks.folder import ONE_WAY, SERVED, TWO_APIS, TWO_BOOKS, Failed, Folder
from benchmarks.server import TOKEN
from hub.bootstrap import App
from hub.config.read import read_config
from hub.contract.errors import AuthError


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("BENCHMARK_TOKEN", TOKEN)
    folder = Folder(tmp_path, "http://127.0.0.1:9", "", SERVED, burst.HOOKED)
    folder.configure()
    return folder


@pytest.mark.parametrize("text", [TWO_APIS, TWO_BOOKS, ONE_WAY], ids=["two APIs", "two books", "one way"])
def test_every_configuration_can_be_read(tmp_path: Path, text: str) -> None:
    folder = Folder(tmp_path, "http://127.0.0.1:9", config=text)
    folder.configure()
    assert read_config(tmp_path / "config.toml").syncs["people"].systems == ("left", "right")


def test_a_webhook_of_the_stub_names_a_record_and_must_be_signed(served: Folder) -> None:
    body = json.dumps({"event": "1-7", "id": 8}).encode()
    good = hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
    with App(read_config(served.path / "config.toml")) as app:
        connector = app.connect("left").connector
        (hint,) = connector.parse_webhook({"x-signature": good}, body)
        assert (hint.resource, hint.ids, hint.event) == ("people", ["8"], "1-7")
        with pytest.raises(AuthError):
            connector.parse_webhook({"x-signature": "0" * 64}, body)


def test_the_costs_of_a_pipe_are_those_of_all_its_commands(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    spend = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"
    first = [sys.executable, "-S", "-c", spend.format(0.2) + "print('said')"]
    second = [
        sys.executable,
        "-S",
        "-c",
        spend.format(0.1) + "import sys; sys.exit(3 if sys.stdin.read() == 'said\\n' else 1)",
    ]
    words = [sys.executable, "-S", timed.__file__, str(report), *first, "::", *second]
    assert subprocess.run(words, check=False).returncode == 3
    found = json.loads(report.read_text())
    assert found["codes"] == [0, 3]
    assert found["cpu"] >= 0.3
    assert found["rss"] > 5


def test_a_peer_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"ended with 1: .*no such thing"):
        peers.timed(tmp_path, [sys.executable, "-c", "import sys; sys.exit('no such thing')"])


def test_an_environment_is_kept_in_the_cache_and_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMHUB_BENCHMARK_CACHE", str(tmp_path / "cache"))
    made: list[tuple[str, ...]] = []

    def noted(*command: str) -> None:
        made.append(command)
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)

    monkeypatch.setattr(peers, "_run", noted)
    folder = peers.environment("dlt")
    assert folder.is_relative_to(tmp_path / "cache")
    assert peers.environment("dlt") == folder
    assert [command[1:3] for command in made] == [("-m", "venv"), ("-m", "pip")]
    assert made[1][-1] == peers.REQUIREMENTS["dlt"][0]


@pytest.mark.parametrize(
    ("ours", "theirs", "state"), [(1.0, 5.0, "met"), (1.0, 4.0, "missed"), (5.0, 4.0, "beyond the limit")]
)
def test_ours_is_compared_with_vdirsyncer_in_the_same_turns(ours: float, theirs: float, state: str) -> None:
    turns = [
        [
            Run("first sync", "vdirsyncer", theirs, 1, 50, 100, 10),
            Run("first sync", "crmhub", ours, 1, 50, 100, 12, 12),
        ]
        for _ in range(3)
    ]
    mine, other = results("f", 50, "sqlite", turns)
    assert (mine["program"], other["program"]) == ("crmhub", "vdirsyncer")
    assert [check["state"] for check in mine["target"] if "vdirsyncer" in check["what"]] == [state]
    assert mine["ok"] is (state == "met")
    assert other["target"] == []


def test_a_call_too_many_is_wrong_whatever_it_cost() -> None:
    (found,) = results("g", 100, "sqlite", [[Run("one way", "crmhub", 0.001, 1, 50, 100, 4, 3)]])
    assert found["wrong"] == ["calls 4, by the formula 3"]
    assert not found["ok"]
