"""A person signs in once, by the command line; the login lasts."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from crmhub_zoho.connector import ZohoConnector
from crmhub_zoho.sandbox import ZohoSandbox
from hub.bootstrap import App
from hub.cli.login import Catcher
from hub.cli.main import make_app
from hub.config.read import read_config
from hub.http.oauth2 import OAuth2
from hub.http.signing import drive

CONFIG = """
[connections.crm]
plugin = "zoho"
client_id = "{client_id}"
client_secret = {{ env = "ZOHO_SECRET" }}
accounts_url = "{url}"

[connections.sheet]
plugin = "files"
path = "customers.csv"

[syncs.customers]
systems = ["crm", "sheet"]
"""


@pytest.fixture
def office(sandbox: ZohoSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    given = sandbox.credentials()
    monkeypatch.setenv("ZOHO_SECRET", given["client_secret"])
    text = CONFIG.format(client_id=given["client_id"], url=sandbox.url)
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    (tmp_path / "customers.csv").write_text("id,name,email\n", encoding="utf-8")
    return tmp_path


def run(office: Path, *arguments: str) -> Any:
    return CliRunner().invoke(make_app(), [*arguments, "--config", str(office / "config.toml")])


def test_without_a_login_the_command_is_named(office: Path) -> None:
    done = run(office, "connect", "test", "crm")
    assert done.exit_code != 0
    assert "crmhub connect login crm" in done.output


def test_a_pasted_code_signs_in_for_good(office: Path, sandbox: ZohoSandbox) -> None:
    sandbox.user.create("Contacts", {"Last_Name": "Roth", "Email": "eva@acme.example"})
    code = sandbox.user.make_grant()
    done = run(office, "connect", "login", "crm", "--code", code)
    assert done.exit_code == 0, done.output
    assert "signed in as" in done.output
    tested = run(office, "connect", "test", "crm")
    assert tested.exit_code == 0, tested.output
    assert "webhooks yes" in tested.output
    assert code not in tested.output


def test_a_code_works_once(office: Path, sandbox: ZohoSandbox) -> None:
    code = sandbox.user.make_grant()
    assert run(office, "connect", "login", "crm", "--code", code).exit_code == 0
    again = run(office, "connect", "login", "crm", "--code", code)
    assert again.exit_code != 0
    assert "invalid_code" in again.output


def test_a_login_with_too_few_scopes_says_which(office: Path, sandbox: ZohoSandbox) -> None:
    code = sandbox.user.make_grant("ZohoCRM.modules.ALL,ZohoCRM.org.READ,ZohoCRM.settings.ALL")
    assert run(office, "connect", "login", "crm", "--code", code).exit_code == 0
    tested = run(office, "connect", "test", "crm")
    assert "missing: ZohoCRM.coql.READ" in tested.output


def test_secrets_are_in_no_output(office: Path, sandbox: ZohoSandbox) -> None:
    run(office, "connect", "login", "crm", "--code", sandbox.user.make_grant())
    shown = run(office, "connect", "test", "crm", "--http", "--debug").output
    assert "Zoho-oauthtoken" not in shown
    assert sandbox.credentials()["client_secret"] not in shown
    assert "Last_Name" in shown, "the fields that are asked for are shown"


def test_a_browser_comes_back_with_the_code(office: Path, sandbox: ZohoSandbox) -> None:
    with App(read_config(office / "config.toml")) as app:
        opened = app.connect("crm").connector
        assert isinstance(opened, ZohoConnector)
        assert isinstance(opened.auth, OAuth2)
        with Catcher("http://localhost:0/", "state-1") as catcher:
            redirect = f"http://127.0.0.1:{catcher.port}/"
            address = opened.auth.authorize_url(redirect, "state-1")
            browser = threading.Thread(target=lambda: requests.get(address, timeout=10))
            browser.start()
            code = catcher.wait(60)
            browser.join()
        drive(opened.context.http, opened.auth.exchange(code, redirect), safe=False)
        assert "enterprise" in opened.check().name
