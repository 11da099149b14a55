"""Ways to tell people: configured, tried, and wrong in clear words."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from hub.cli.main import make_app
from hub.testing.mail_servers import running_smtp
from hub.testing.servers import free_port
from tests.e2e.hub_folder import Answer

CONFIG = """
[notifiers.office]
plugin = "smtp"
host = "127.0.0.1"
port = {port}
security = "plain"
sender = "hub@firm.example"
to = ["ann@firm.example"]
{more}
"""


def run(folder: Path, *words: str, port: int, more: str = "") -> Answer:
    (folder / "config.toml").write_text(CONFIG.format(port=port, more=more))
    environment = {"CRMHUB_CONFIG": str(folder / "config.toml"), "SMTP_PASSWORD": "pass-word-17"}
    result = CliRunner().invoke(make_app(), list(words), env=environment)
    return Answer(result.exit_code, result.stdout, result.stderr)


def test_a_test_notice_arrives(tmp_path: Path) -> None:
    with running_smtp() as box:
        answer = run(tmp_path, "notify", "test", "office", port=box.port)
        listed = run(tmp_path, "notify", "list", port=box.port)
    assert answer.code == 0, answer
    assert "office: sent" in answer.out
    assert b"Subject: [CRM Hub] test" in box.messages[0]
    assert listed.out.split() == ["name", "plugin", "office", "smtp"]


def test_a_server_that_is_down_is_for_later_and_a_refusal_is_a_failure(tmp_path: Path) -> None:
    assert run(tmp_path, "notify", "test", "office", port=free_port()).code == 7
    with running_smtp() as box:
        box.refuse["ann@firm.example"] = "550 5.1.1 no such user"
        answer = run(tmp_path, "notify", "test", "office", port=box.port)
    assert answer.code == 1
    assert "the receiver ann@firm.example (550)" in answer.err


def test_a_notifier_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    answer = run(tmp_path, "notify", "test", "ofice", port=25)
    assert answer.code == 2
    assert "Did you mean 'office'" in answer.err


def test_check_finds_what_is_wrong_with_a_notifier(tmp_path: Path) -> None:
    assert run(tmp_path, "check", port=25).code == 0
    wrong = run(tmp_path, "check", port=25, more='password = "in the open"\nretires = 3')
    assert wrong.code == 2
    assert "notifier 'office': password: a secret must not stand in the configuration" in wrong.err
    assert "notifier 'office': unknown setting 'retires'" in wrong.err
    unknown = run(tmp_path, "check", port=25, more='[notifiers.chat]\nplugin = "smpt"')
    assert "there is no plugin with a notifier 'smpt'" in unknown.err
    assert "Did you mean 'smtp'?" in unknown.err
    nameless = run(tmp_path, "check", port=25, more="[notifiers.chat]\n")
    assert "notifier 'chat' does not say which plugin it uses" in nameless.err
