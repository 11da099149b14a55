"""Secrets: references are followed late, and values never show up anywhere."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.config.redact import Redactor
from hub.config.secrets import SecretError, check_secret, fetch_secret

SOURCES = {"vault": lambda argument: f"from vault: {argument}", "empty": lambda _argument: ""}


def test_references_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRMHUB_PROBE", "from env")
    (tmp_path / "secret").write_text("from file\n")
    (tmp_path / "secret").chmod(0o600)
    references: dict[str, Any] = {
        "from env": {"env": "CRMHUB_PROBE"},
        "from file": {"file": "secret"},
        "from command": {"command": [sys.executable, "-c", "print('from command')"]},
        "from vault: crm/erp": {"vault": "crm/erp"},
    }
    for value, reference in references.items():
        check_secret(reference, tmp_path, SOURCES)
        assert fetch_secret(reference, tmp_path, SOURCES) == value


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("hunter22", "must not stand in the configuration"),
        ({}, "no secret reference"),
        ({"env": "A", "file": "b"}, "no secret reference"),
        (12, "no secret reference"),
        ({"env": ""}, "needs a text"),
        ({"env": "CRMHUB_NOT_SET_AT_ALL"}, "is not set"),
        ({"file": "nothing"}, "does not exist"),
        ({"file": "."}, "can be read by others|cannot be read"),
        ({"command": "pass"}, "list of texts"),
        ({"command": ["/no/such/program"]}, "not found"),
        ({"keyring": "crmhub"}, "SERVICE/USER"),
        ({"empty": "x"}, "gave nothing"),
        ({"vualt": "x"}, "no secret source 'vualt'"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(tmp_path: Path, reference: Any, words: str) -> None:
    with pytest.raises(SecretError, match=words):
        fetch_secret(reference, tmp_path, SOURCES)


def test_a_command_that_fails_shows_neither_its_output_nor_a_traceback(tmp_path: Path) -> None:
    reference = {"command": [sys.executable, "-c", "print('hunter' + '22'); raise SystemExit(3)"]}
    check_secret(reference, tmp_path, {})
    with pytest.raises(SecretError, match="ended with status 3") as caught:
        fetch_secret(reference, tmp_path, {})
    assert "hunter22" not in str(caught.value)


def test_checking_runs_no_command(tmp_path: Path) -> None:
    check_secret({"command": [sys.executable, "-c", f"open({str(tmp_path / 'ran')!r}, 'w')"]}, tmp_path, {})
    assert not (tmp_path / "ran").exists()


def test_live_secrets_are_taken_out_of_any_text_also_encoded() -> None:
    redact = Redactor()
    redact.add(["hunter 22/x", "abc"])
    encoded = base64.b64encode(b"hunter 22/x").decode()
    text = f"hunter 22/x hunter%2022%2Fx Basic {encoded} abc"
    assert redact(text).count("***") == 3
    assert "hunter" not in redact(text)
    assert "abc" in redact(text), "three letters would mask ordinary words"
