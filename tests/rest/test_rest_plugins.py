"""A description as a plugin: from a folder of the configuration to a sync, and `connect login` and `--http`."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from typer.testing import CliRunner

from hub.cli.login import Catcher, code_of
from hub.cli.main import make_app
from hub.contract.errors import AuthError, ConfigError, HubError
from hub.http.traffic import Traffic
from hub.loader import load
from hub.rest.manifest import load_manifest
from tests.rest.club import ClubServer
from tests.rest.conftest import example

MAPPING = """
version = 1
system = "club"
resource = "members"
record = "customer"
match = ["email"]
[fields]
name.full = { at = "name", required = true, placeholder = "?" }
[emails.slots]
email = { pick = "primary", as = "email" }
"""
CONFIG = """
[hub]
plugins = ["club"]
[connections.club]
plugin = "club"
url = "{url}"
token = {{ env = "CLUB_TOKEN" }}
[connections.sheet]
plugin = "files"
path = "sheet.csv"
write = "update"
[syncs.customers]
systems = ["club", "sheet"]
"""


@pytest.fixture
def office(tmp_path: Path, club: ClubServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "club"
    (folder / "mappings").mkdir(parents=True)
    (folder / "connector.toml").write_text(example("toml"), encoding="utf-8")
    (folder / "mappings" / "club.members.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG.format(url=club.url), encoding="utf-8")
    (tmp_path / "sheet.csv").write_text("id,name,email\n1,Anna Berg,anna@x.example\n", encoding="utf-8")
    monkeypatch.setenv("CLUB_TOKEN", club.token)
    return tmp_path


def run(office: Path, *arguments: str) -> Any:
    return CliRunner().invoke(make_app(), [*arguments, "--config", str(office / "config.toml")])


def test_a_folder_with_a_description_is_a_plugin(office: Path, club: ClubServer) -> None:
    club.put({"name": "Bo Lind", "email": "bo@x.example"})
    assert "two-way" in run(office, "check").stdout
    shown = run(office, "sync", "customers").stdout
    approval = shown.split("--approve ")[1].split()[0]
    done = run(office, "sync", "customers", "--approve", approval)
    assert done.exit_code == 0, done.output
    assert {row["email"] for row in club.members.values()} == {"anna@x.example", "bo@x.example"}
    assert "bo@x.example" in (office / "sheet.csv").read_text()


def test_a_broken_description_is_listed_with_every_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    folder.mkdir()
    text = example("toml").replace('kind = "bearer"', 'kind = "magic"').replace("since = { overlap = 30 }", "since = 5")
    (folder / "connector.toml").write_text(text, encoding="utf-8")
    (plugin,) = load([folder], installed=[]).plugins
    assert plugin.status == "broken"
    assert "auth.kind" in plugin.reason
    assert "resources.members.since" in plugin.reason


@pytest.mark.parametrize("text", ["[connector", 'url = "x"', "\xff"])
def test_an_unreadable_description_says_where(tmp_path: Path, text: str) -> None:
    file = tmp_path / "connector.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"connector\.toml"):
        load_manifest(file)


def test_a_setting_that_is_used_must_exist(tmp_path: Path) -> None:
    file = tmp_path / "connector.toml"
    file.write_text(example("toml").replace("{settings.url}", "{settings.uri}"), encoding="utf-8")
    with pytest.raises(ConfigError, match="no setting 'uri'"):
        load_manifest(file)


def test_http_shows_every_call_without_secrets_and_records(office: Path, club: ClubServer) -> None:
    club.put({"name": "Bo Lind", "email": "bo@x.example"})
    shown = run(office, "connect", "test", "club", "--http").output
    assert "GET http://127.0.0.1" in shown
    assert "/v1/members -> 200" in shown
    assert "Authorization: ***" in shown
    assert club.token not in shown
    assert "bo@x.example" not in shown


def test_traffic_hides_unknown_parameters_and_headers() -> None:
    traffic = Traffic()
    body = {"params": {"key": "s3cret", "limit": 5}, "headers": {"X-Api-Key": "s3cret", "Accept": "application/json"}}
    headers = {"Set-Cookie": "s3cret", "X-RateLimit-Left": "7", "Location": "https://u:s3cret@x.example/?t=s3cret"}
    traffic.add("GET", "https://u:s3cret@x.example/a?token=s3cret", body, 200, headers, 3, 1.0)
    shown = str(traffic.exchanges[0])
    assert "s3cret" not in shown
    assert "limit=5" in shown
    assert "X-RateLimit-Left: 7" in shown


def test_login_is_only_for_connections_that_need_it(office: Path) -> None:
    done = run(office, "connect", "login", "club")
    assert done.exit_code != 0
    assert "needs no login by a person" in done.output


def test_the_browser_brings_the_code_back_once_and_only_with_our_state() -> None:
    with Catcher("http://localhost:0/back", "state-1") as catcher:
        base = f"http://127.0.0.1:{catcher.port}"
        codes: list[str] = []
        waiter = threading.Thread(target=lambda: codes.append(catcher.wait(60)))
        waiter.start()
        statuses = [
            requests.get(f"{base}{path}", timeout=10).status_code
            for path in ("/", "/back", "/back?code=evil&state=other", "/back?code=good&state=state-1")
        ]
        waiter.join()
    assert (statuses, codes) == ([404, 404, 400, 200], ["good"])


def test_a_person_may_refuse_or_stay_away() -> None:
    with Catcher("http://localhost:0/", "s") as catcher:
        url = f"http://127.0.0.1:{catcher.port}/?error=access_denied&state=s"
        thread = threading.Thread(target=lambda: requests.get(url, timeout=10))
        thread.start()
        with pytest.raises(AuthError, match="access_denied"):
            catcher.wait(60)
        thread.join()
    with Catcher("http://localhost:0/", "s") as catcher, pytest.raises(AuthError, match="in time"):
        catcher.wait(0)


def test_only_this_machine_can_be_waited_on() -> None:
    with pytest.raises(HubError, match="--code"):
        Catcher("https://hub.example/back", "s")


def test_a_pasted_code_or_the_whole_address() -> None:
    assert code_of(" 1000.a.b ") == "1000.a.b"
    assert code_of("http://localhost:8723/?code=1000.a&location=eu") == "1000.a"
    with pytest.raises(AuthError, match="denied"):
        code_of("http://localhost:8723/?error=denied")


def test_the_address_of_the_provider_carries_state_and_redirect() -> None:
    from hub.http.oauth2 import Client, OAuth2
    from hub.tokens.token import MemoryTokens

    client = Client("id", "s", "https://x.example/t", "https://x.example/a", ("one", "two"), ",")
    address = OAuth2(client, MemoryTokens(), lambda: 0.0).authorize_url("http://localhost:1/", "st")
    query = parse_qs(urlsplit(address).query)
    assert (query["scope"], query["state"], query["redirect_uri"]) == (["one,two"], ["st"], ["http://localhost:1/"])
