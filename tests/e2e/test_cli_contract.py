"""What programs rely on: exit codes, the JSON of every command, help, start-up cost, the lock, stopping."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.cli.main import OURS, make_app
from hub.cli.terminal import Long, Options, Terminal
from hub.views.exits import Exit, worst
from hub.views.masking import mask_name, mask_text, mask_value
from tests.e2e.hub_folder import CONFIG, SECRET, HubFolder


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command."""
    for name, item in group.commands.items():
        if hasattr(item, "commands"):
            yield from commands(item, (*path, name))
        else:
            yield (*path, name)


ALL = sorted(commands(typer.main.get_command(make_app())))

JSON: dict[str, list[str]] = {
    "apply": ["plan.json"],
    "audit list": [],
    "audit verify": [],
    "backup": ["copy.db"],
    "check": [],
    "conflicts list": ["--all"],
    "conflicts resolve": ["1", "--take", "shop"],
    "conflicts show": ["1"],
    "connect list": [],
    "connect login": ["office"],
    "connect test": ["office"],
    "connect try": ["office", "read", "contacts"],
    "connect webhooks": ["office"],
    "doctor": [],
    "init": ["--config", "new.toml"],
    "mapping check": ["probe.contacts", "--examples", "5"],
    "mapping try": ["office", "1"],
    "match": ["customers"],
    "notify list": [],
    "notify test": ["office"],
    "pause": ["connection", "shop", "--reason", "moving house"],
    "plan": ["customers"],
    "plugin docs": [],
    "plugin grade": ["nobody"],
    "plugin list": [],
    "plugin new": ["My-Shop"],
    "plugin stress": ["files", "--rounds", "1"],
    "plugin test": ["files", "--rule", "reads_everything_once"],
    "quarantine ignore": ["--stop"],
    "quarantine list": [],
    "quarantine retry": ["--all"],
    "quarantine show": ["shop/contacts/a"],
    "record duplicates": [],
    "record explain": ["anna@x.example"],
    "record search": ["anna"],
    "record show": ["anna@x.example"],
    "record timeline": ["anna@x.example"],
    "restore": ["nothing.db"],
    "resume": ["sync", "customers"],
    "review link": ["1", "office/contacts/1"],
    "review list": [],
    "review show": ["1"],
    "review split": ["1"],
    "runs diff": ["0"],
    "runs list": [],
    "runs retry": ["0"],
    "runs show": ["0"],
    "runs undo": ["0"],
    "sandbox": [],
    "secrets list": [],
    "secrets remove": ["crm.key"],
    "secrets rotate": [],
    "secrets set": ["crm.key"],
    "serve": ["--once"],
    "status": [],
    "store migrate": ["--to", "postgresql://127.0.0.1:1/crmhub"],
    "support-bundle": ["bundle.zip"],
    "sync": ["customers"],
    "users add": ["ann", "--role", "viewer"],
    "users list": [],
    "users password": ["ann"],
    "users remove": ["ann"],
    "users role": ["ann", "viewer"],
    "verify": [],
}
"""Arguments with which each command says something (an error is an answer, too)."""


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_help_of_every_command_ends_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(make_app(), [*path, "--help"])
    assert result.exit_code == 0
    assert f"Example: crmhub {' '.join(path)}" in result.stdout
    for option in ("--config", "--json", "--quiet", "--no-color", "--show-pii", "--debug"):
        assert option in result.stdout


def test_no_command_is_missing_here() -> None:
    assert sorted({*JSON, "demo"}) == [" ".join(path) for path in ALL]


def test_our_own_words_are_known_without_loading_plugins() -> None:
    assert {path[0] for path in ALL} == set(OURS)


@pytest.mark.parametrize("word", OURS)
def test_the_module_of_a_word_has_its_commands(word: str) -> None:
    made = typer.main.get_command(make_app(word))
    assert {path for path in commands(made) if path[0] == word} == {path for path in ALL if path[0] == word}


def test_a_plugin_adds_commands(folder: HubFolder) -> None:
    answer = folder.process("probe", "hello")
    assert answer.code == 0, answer
    assert answer.out == "hello from a plugin\n"


@pytest.fixture(scope="module")
def at_work(after_first_sync: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an open conflict and a plan, to be copied and not to be used."""
    made = HubFolder(tmp_path_factory.mktemp("at-work"))
    shutil.copytree(after_first_sync, made.path, dirs_exist_ok=True)
    made.edit("office", "1", notes="likes tea")
    made.edit("shop", "a", notes="likes coffee")
    assert made.run("sync").code == Exit.PERSON, "a conflict is open"
    made.run("plan", "customers", "-o", str(made.path / "plan.json"))
    assert (made.path / "plan.json").exists()
    return made.path


@pytest.mark.parametrize("name", sorted(JSON))
def test_every_command_ends_its_json_with_a_summary(
    synced: HubFolder, at_work: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(synced.path)
    shutil.copytree(at_work, synced.path, dirs_exist_ok=True)
    answer = synced.run(*name.split(), *JSON[name], "--json")
    for line in answer.lines:
        assert line["schema_version"] == 1
        assert line["command"] == name
    summary = answer.summary
    assert summary["type"] == "summary"
    assert summary["exit_code"] == answer.code
    assert {"run_id", "result", "counts", "problems"} <= set(summary)
    for problem in summary["problems"]:
        assert set(problem) == {"code", "severity", "where", "message", "hint", "retryable"}
        assert problem["code"]
        assert problem["message"]
        assert problem["severity"] in ("error", "warning", "info")
    assert bool(answer.code) <= bool(summary["problems"]), "who fails says why"
    for personal in ("Anna", "anna@x.example", "likes tea", "Berg"):
        assert personal not in answer.out.replace(synced.path.name, ""), "personal data is masked in JSON"


@pytest.mark.parametrize("name", ["record show", "plan", "conflicts show"])
def test_personal_data_is_shown_when_asked_for(synced: HubFolder, name: str) -> None:
    synced.edit("office", "1", notes="likes tea")
    synced.edit("shop", "a", notes="likes coffee")
    synced.run("sync")
    synced.edit("office", "1", name="likes tea, too")
    answer = synced.run(*name.split(), *JSON[name], "--json", "--show-pii")
    assert "likes tea" in answer.out


def test_options_may_stand_before_or_after_the_command(folder: HubFolder) -> None:
    assert folder.run("--json", "status").summary["command"] == "status"
    assert folder.run("status", "--json").summary["command"] == "status"


def test_a_long_run_tells_its_progress_in_json_lines(folder: HubFolder) -> None:
    people = {str(number): {"name": f"P{number}", "email": f"p{number}@x.example"} for number in range(15)}
    folder.put("office", people)
    folder.fault("office", "slow")
    answer = folder.run("match", "customers", "--json")
    kinds = [line["type"] for line in answer.lines]
    assert kinds[-1] == "summary"
    assert "progress" in kinds
    assert next(line for line in answer.lines if line["type"] == "progress")["step"] == "read"


# exit codes, in processes of their own


def test_the_exit_codes_of_a_first_sync_and_of_a_quiet_one(folder: HubFolder) -> None:
    waiting = folder.process("sync", "customers")
    assert waiting.code == 5
    command = next(line for line in waiting.out.splitlines() if "--approve" in line).split("crmhub ")[1].split()
    assert folder.process(*command).code == 0
    assert folder.process("sync").code == 0
    assert folder.process("status").code == 0


@pytest.mark.parametrize(
    ("fault", "code", "error"),
    [("auth", 6, "needs_login"), ("down", 7, "unavailable"), ("bug", 1, "plugin_bug"), ("check bug", 1, "plugin_bug")],
)
def test_a_system_that_fails_pauses_alone_and_sets_the_exit_code(
    synced: HubFolder, fault: str, code: int, error: str
) -> None:
    synced.fault("shop", fault)
    if fault == "check bug":  # systems are asked who they are once a day: as if the day were over
        database = next((synced.path / "crmhub-data").glob("*.db"))
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("DELETE FROM meta WHERE key = 'discovered:shop'")
    answer = synced.process("sync", "--json")
    assert answer.code == code, answer
    (problem,) = answer.summary["problems"]
    assert problem["code"] == error
    assert problem["where"] == "shop"
    assert problem["hint"]
    assert problem["retryable"] == (fault == "down")
    assert "Traceback" not in answer.err
    status = synced.process("status")
    assert status.code == code
    assert "crmhub connect test shop" in status.out


@pytest.mark.parametrize(
    "words",
    [["sync", "nothing"], ["nothing"], ["sync", "--canary", "0"], ["review", "show", "9"], ["plan", "--nothing"]],
)
def test_wrong_usage_is_2(folder: HubFolder, words: list[str]) -> None:
    assert folder.process(*words).code == 2


def test_a_broken_configuration_is_2_and_shows_no_traceback(folder: HubFolder) -> None:
    folder.configure(CONFIG.replace('["office", "shop"]', "3"))
    answer = folder.process("sync")
    assert answer.code == 2
    assert "config.toml:" in answer.err
    assert "Traceback" not in answer.err
    assert "Traceback" in folder.process("sync", "--debug").err


def test_what_happened_worst_is_told() -> None:
    assert worst([Exit.LATER, Exit.RECORDS, Exit.PERSON, Exit.LOGIN, Exit.FAILED]) == 1
    assert worst([Exit.LATER, Exit.RECORDS, Exit.PERSON, Exit.LOGIN]) == 6
    assert worst([Exit.LATER, Exit.RECORDS, Exit.PERSON]) == 5
    assert worst([Exit.LATER, Exit.RECORDS]) == 3
    assert worst([Exit.LATER]) == 7
    assert worst([]) == 0


def test_a_person_at_a_terminal_is_asked_and_may_approve_on_the_spot(folder: HubFolder) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from hub.cli.main import main; main()", "sync", "customers"],
        cwd=folder.path,
        env={"PROBE_TOKEN": SECRET, "PATH": "", "TERM": "dumb", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, b"y\n")
        said = b""
        while piece := read_terminal(ours):
            said += piece
        process.wait(60)
    os.close(ours)
    assert process.returncode == 0, said.decode()
    assert "Write this now? [y/N]" in said.decode()
    assert folder.names("office") == folder.names("shop")


def read_terminal(handle: int) -> bytes:
    """What has come, or nothing when the other side has closed it (which Linux reports as an error)."""
    try:
        return os.read(handle, 4096)
    except OSError:
        return b""


# the lock, and stopping


def test_a_second_run_at_the_same_time_is_refused(folder: HubFolder) -> None:
    folder.fault("office", "slow")
    folder.put("office", {str(number): {"name": f"P{number}"} for number in range(60)})
    with folder.start("match", "customers") as first:
        wait_for(lambda: (folder.path / "crmhub-data" / "hub.db.lock").exists() and running(folder))
        second = folder.process("sync", "--json")
        looking = folder.process("status")
        first.terminate()
        first.communicate(timeout=60)
    assert second.code == 11
    assert second.summary["problems"][0]["code"] == "locked"
    assert second.summary["problems"][0]["retryable"]
    assert looking.code in (0, 5), "looking needs no lock"
    assert first.returncode == 130


def running(folder: HubFolder) -> bool:
    """Whether the lock file names its holder."""
    return bool((folder.path / "crmhub-data" / "hub.db.lock").read_text())


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    """Wait until something outside this process has happened."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_an_interrupted_run_ends_cleanly_and_can_be_repeated(folder: HubFolder) -> None:
    folder.fault("office", "slow")
    folder.put("office", {str(number): {"name": f"P{number}"} for number in range(60)})
    with folder.start("sync", "customers", "--json") as process:
        assert process.stdout is not None
        assert '"progress"' in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    summary = json.loads(out.splitlines()[-1])
    assert summary["type"] == "summary"
    assert summary["problems"][0]["code"] == "interrupted"
    assert "safe to run the same command again" in summary["problems"][0]["hint"]
    assert "Traceback" not in err
    assert folder.run("runs", "list", "--json").summary["result"][0]["state"] == "interrupted"
    folder.fault("office", "")
    assert folder.first_sync().code == 0


# what is loaded


LOADED = """
import sys
sys.argv = ["crmhub", *{words!r}]
from hub.cli.main import main
try:
    main()
except SystemExit as ended:
    code = ended.code
print("loaded:", *[name for name in {names!r} if name in sys.modules])
sys.exit(code)
"""


OTHERS = ["crmhub_zoho", "crmhub_sql", "hub.cli.plugins", "sqlalchemy.dialects.postgresql"]
"""Plugins that the configuration does not name, commands that were not given, and another database."""
HEAVY = ("requests", "sqlalchemy", "alembic", "openpyxl", "pydantic", *OTHERS)


@pytest.mark.parametrize(
    ("words", "never"),
    [
        (["--help"], ["requests", "sqlalchemy", "alembic", "openpyxl", "pydantic"]),
        (["sync", "--help"], ["requests", "sqlalchemy", "alembic", "openpyxl"]),
        (["check"], ["sqlalchemy", "alembic"]),
        (["plugin", "list"], ["sqlalchemy", "alembic"]),
        (["connect", "list"], ["sqlalchemy", "alembic"]),
        (["status"], ["requests", "alembic", "openpyxl", *OTHERS]),
        (["sync"], ["alembic", "openpyxl", *OTHERS]),
    ],
    ids=" ".join,
)
def test_a_command_loads_only_what_it_needs(folder: HubFolder, words: list[str], never: list[str]) -> None:
    if words in (["status"], ["sync"]):
        folder.first_sync()
    result = subprocess.run(
        [sys.executable, "-c", LOADED.format(words=words, names=HEAVY)],
        cwd=folder.path,
        env={"PROBE_TOKEN": SECRET, "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode in (0, 5), result.stderr
    loaded = result.stdout.splitlines()[-1].split()[1:]
    assert not set(never).intersection(loaded)


# secrets and personal data


@pytest.mark.parametrize("words", [["sync", "--debug"], ["sync", "--json", "--debug"], ["connect", "test", "office"]])
def test_a_secret_never_shows_up(folder: HubFolder, words: list[str]) -> None:
    folder.fault("office", "auth")
    answer = folder.process(*words)
    assert answer.code == 6
    assert SECRET not in answer.out + answer.err
    assert "***" in answer.out + answer.err


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Anna Berg", "A*** B***"),
        ("anna.berg+x@mail.example", "a***@***.example"),
        ("+49 30 1234567", "***67"),
        ("李雷", "李***"),
        ("", ""),
    ],
)
def test_names_addresses_and_numbers_are_masked(text: str, masked: str) -> None:
    assert mask_name(text) == masked


def test_only_what_is_personal_is_masked_in_a_message() -> None:
    text = "field email: anna@x.example and +49 (30) 123-4567 refused, code 422"
    assert mask_text(text) == "field email: a***@***.example and ***67 refused, code 422"
    seen = "127.0.0.1 refused on 2026-11-26 17:30:05, call +43 1 234 5678"
    assert mask_text(seen) == "127.0.0.1 refused on 2026-11-26 17:30:05, call ***78"


def test_values_that_say_nothing_about_a_person_stay() -> None:
    assert mask_value("language", "de") == "de"
    assert mask_value("consents.email_marketing", "denied") == "denied"
    assert mask_value("emails/e1/labels", ["work"]) == ["work"]
    assert mask_value("name", {"full": "Anna", "form": "full"}) == {"full": "A***", "form": "full"}
    assert mask_value("addresses/a1", {"lines": ["Am Hof 1"], "country": "DE"}) == {
        "lines": ["A*** H*** 1***"],
        "country": "DE",
    }


def test_the_example_of_the_package_is_the_one_of_the_repository() -> None:
    from hub.config.templates import example_text

    assert example_text() == (Path(__file__).parents[2] / "config.example.toml").read_text(encoding="utf-8")


# long results


@pytest.mark.parametrize("items", [[], [{"name": 'Jörg "J"', "at": Path("x")}, "long list 0", None]])
def test_a_list_that_is_made_while_it_is_printed_is_printed_as_any_other(
    capsys: pytest.CaptureFixture[str], items: list[Any]
) -> None:
    printed = []
    for first, second in ((items, items), (Long(iter(items)), Long(iter(items)))):
        Terminal("probe", Options(json=True)).emit("summary", {"a": {"items": first, "n": 1}, "z": second})
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert len(json.loads(printed[0])["a"]["items"]) == len(items)
