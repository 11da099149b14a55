"""Secrets that crmhub keeps: encrypted, bound to their names, with keys that can be changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import make_app
from hub.tokens.keys import FILE as KEYS
from hub.tokens.vault import FILE
from tests.e2e.hub_folder import CONFIG, HubFolder

VALUE = "s3cret-vault-value"


def run(folder: HubFolder, *words: str, typed: str = "", **environment: str) -> Any:
    given = {"CRMHUB_CONFIG": str(folder.path / "config.toml"), "PROBE_TOKEN": "x" * 8, **environment}
    return CliRunner().invoke(make_app(), list(words), env=given, input=typed)


@pytest.fixture
def kept(folder: HubFolder) -> HubFolder:
    """A connection whose token is a secret that crmhub keeps."""
    folder.configure(CONFIG.replace('{ env = "PROBE_TOKEN" }', '{ secret = "office.token" }'))
    assert run(folder, "secrets", "set", "office.token", typed=VALUE + "\n").exit_code == 0
    return folder


def sealed(folder: HubFolder) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder.path / FILE).read_text())["secrets"]
    return found


def test_a_kept_secret_is_used_and_never_shown(kept: HubFolder) -> None:
    kept.fault("office", "auth")
    answer = run(kept, "connect", "test", "office")
    assert "the token *** is not accepted" in answer.output
    shown = run(kept, "secrets", "list")
    assert "office.token" in shown.output
    assert "connections.office.token" in shown.output
    for path in kept.path.rglob("*"):
        if path.is_file():
            assert VALUE.encode() not in path.read_bytes(), path
    assert VALUE not in answer.output + shown.output
    assert (kept.path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_missing_secret_is_named_before_anything_runs(kept: HubFolder) -> None:
    assert run(kept, "secrets", "remove", "office.token").exit_code == 0
    answer = run(kept, "check")
    assert answer.exit_code == 2
    assert "crmhub secrets set office.token" in answer.output


def test_two_secrets_cannot_be_swapped(kept: HubFolder) -> None:
    run(kept, "secrets", "set", "other", typed="another-secret\n")
    content = json.loads((kept.path / FILE).read_text())
    content["secrets"]["office.token"] = content["secrets"]["other"]
    (kept.path / FILE).write_text(json.dumps(content))
    answer = run(kept, "check")
    assert "it was changed, or made with another key" in answer.output


def test_a_new_key_encrypts_everything_and_the_old_one_goes(kept: HubFolder) -> None:
    before = sealed(kept)["office.token"]["key"]
    answer = run(kept, "secrets", "rotate", "--json")
    assert answer.exit_code == 0, answer.output
    after = sealed(kept)["office.token"]["key"]
    assert after != before
    assert [line.split(":")[0] for line in (kept.path / KEYS).read_text().splitlines()] == [after]
    kept.fault("office", "auth")
    assert "the token *** is not accepted" in run(kept, "connect", "test", "office").output


def test_a_key_that_is_still_needed_stays(kept: HubFolder) -> None:
    folder = kept.path / "crmhub-data" / "tokens"
    folder.mkdir(parents=True)
    old = sealed(kept)["office.token"]["key"]
    (folder / "of-a-connection-that-is-gone.token").write_text(json.dumps({"key": old, "nonce": "", "sealed": ""}))
    answer = run(kept, "secrets", "rotate", "--json")
    assert json.loads(answer.stdout.splitlines()[-1])["result"]["old_keys"] == [old]
    assert old in (kept.path / KEYS).read_text()


def test_keys_of_the_environment_are_changed_by_who_sets_them(folder: HubFolder) -> None:
    one, two = f"one:{'A' * 43}=", f"two:{'B' * 42}A="
    assert run(folder, "secrets", "set", "a", typed="value-one\n", CRMHUB_KEYS=one).exit_code == 0
    assert not (folder.path / KEYS).exists()
    assert run(folder, "secrets", "rotate", CRMHUB_KEYS=f"{two},{one}").exit_code == 0
    assert sealed(folder)["a"]["key"] == "two"


@pytest.mark.parametrize("name", ["", " ", "a/b", "-x", "a b", "x" * 101])
def test_a_secret_has_a_plain_name(folder: HubFolder, name: str) -> None:
    assert run(folder, "secrets", "set", "--", name, typed="v\n").exit_code == 2


def test_a_file_that_others_can_read_is_refused(kept: HubFolder) -> None:
    os.chmod(kept.path / FILE, 0o644)
    answer = run(kept, "check")
    assert "chmod 600" in answer.output


def test_setting_a_secret_does_not_touch_the_others(kept: HubFolder, tmp_path: Path) -> None:
    before = sealed(kept)["office.token"]
    run(kept, "secrets", "set", "other", typed="another-secret\n")
    assert sealed(kept)["office.token"] == before
    assert sorted(item.name for item in tmp_path.glob("crmhub.*")) == ["crmhub.keys", FILE, f"{FILE}.lock"]
