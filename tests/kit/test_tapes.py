"""The rules on cassettes and on real accounts: `plugin test --record, --replay, --live`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_sql.bench import SqliteBench
from crmhub_woocommerce.bench import CustomersBench
from hub.cli.main import make_app
from hub.contract.connector import Limits
from hub.contract.errors import HubError
from hub.http.limiter import Limiter
from hub.testing.kit.cassette import READ_RULES, read_cassette, record, replay
from hub.testing.kit.redacting import StandIns
from hub.testing.sandbox import running

JSON = "application/json"


def crmhub(*words: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, JSON lines and all output of a command."""
    done = CliRunner().invoke(make_app(), [*words, "--json"])
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.output


# redaction


def test_secrets_and_people_are_replaced_the_same_way_everywhere() -> None:
    stand_ins = StandIns(["s3cret-key"], [], ["Last_Name"])
    given = {
        "data": [
            {"id": "5000", "Last_Name": "Li", "Email": "li@firm.example", "Modified_Time": "2026-01-05T18:00:00+08:00"},
            {
                "id": "5001",
                "Last_Name": "Li",
                "Owner": {"name": "Mei Chen", "email": "mei@firm.example"},
                "name": "Contacts",
            },
        ],
        "access_token": "1000.abcdef",
        "note": "ask li@firm.example",
    }
    shown = json.loads(stand_ins.body(json.dumps(given).encode(), JSON))
    first, second = shown["data"]
    assert first["Last_Name"] == second["Last_Name"]
    assert first["Last_Name"] not in ("Li", "")
    assert shown["note"] == f"ask {first['Email']}"
    assert second["Owner"]["name"].startswith("person ")
    assert (first["id"], first["Modified_Time"], second["name"]) == ("5000", "2026-01-05T18:00:00+08:00", "Contacts")
    whole = (
        json.dumps(shown) + stand_ins.path("/x?email=li@firm.example&key=s3cret-key") + stand_ins.text("1000.abcdef")
    )
    for value in ('Li"', "li@firm", "mei@", "Mei", "s3cret", "1000.abcdef"):
        assert value not in whole


def test_what_the_kit_typed_itself_stays() -> None:
    stand_ins = StandIns([], [], ["last_name"])
    stand_ins.type({"last_name": "Name 1", "email": "P1@x.example"})
    given = {"last_name": "Name 1", "email": "p1@x.example", "first_name": "Real"}
    shown = json.loads(stand_ins.body(json.dumps(given).encode(), JSON))
    assert (shown["last_name"], shown["email"]) == ("Name 1", "p1@x.example")
    assert shown["first_name"] != "Real"


@pytest.mark.parametrize(("name", "value"), [("X-Auth-Token", "abc123"), ("vendure-auth-token", "abc123")])
def test_logins_in_headers_are_replaced_and_cookies_left_out(name: str, value: str) -> None:
    shown = StandIns([], []).headers({name: value, "Set-Cookie": "a=b", "X-WP-Total": "3"})
    assert shown == {name: "secret-1", "X-WP-Total": "3"}


def test_what_is_no_json_is_not_recorded() -> None:
    with pytest.raises(HubError, match="cannot be redacted"):
        StandIns([], []).body(b"BEGIN:VCARD\r\nFN:Anna\r\nEND:VCARD", "text/vcard")


# cassettes


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tapes") / "woo.json"
    outcomes = list(record("woocommerce.customers", CustomersBench, file))
    assert [item.text for item in outcomes if item.state == "failed"] == []
    return file


def test_a_cassette_is_played_without_the_system(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CustomersBench, "make_sandbox", lambda _: pytest.fail("the system was started"))
    outcomes = {item.rule.id: item for item in replay(read_cassette(tape), CustomersBench)}
    assert {id_: item.text for id_, item in outcomes.items() if item.state == "failed"} == {}
    assert len([item for item in outcomes.values() if item.state == "done"]) >= 12


def test_a_cassette_holds_no_secret(tape: Path) -> None:
    text = tape.read_text(encoding="utf-8")
    assert "cs_crmhub_sandbox" not in text
    assert "127.0.0.1" not in text


def test_a_connector_that_reads_otherwise_fails_on_its_cassette(tape: Path) -> None:
    content = read_cassette(tape)
    for rule in content["rules"].values():
        rule["calls"] = [call for call in rule["calls"] if "per_page" not in call["path"]]
    found = {item.rule.id: item for item in replay(content, CustomersBench)}
    assert "the cassette has no answer to GET" in found["reads_everything_once"].text


def test_an_answer_that_changed_fails_its_rule(tape: Path) -> None:
    content = read_cassette(tape)
    for call in content["rules"]["reads_everything_once"]["calls"]:
        call["answer"] = call["answer"].replace("Name 3", "Name 33")
    found = {item.rule.id: item.state for item in replay(content, CustomersBench)}
    assert found["reads_everything_once"] == "failed"


def test_a_connector_without_http_cannot_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="does not speak HTTP"):
        list(record("sql.sqlite", SqliteBench, tmp_path / "no.json"))


def test_the_commands_record_and_replay(tmp_path: Path) -> None:
    file = tmp_path / "hubspot.json"
    code, lines, _ = crmhub("plugin", "test", "hubspot", "--record", str(file))
    assert code == 0
    assert {line["rule"] for line in lines if line["type"] == "rule"} == {rule.id for rule in READ_RULES}
    code, again, _ = crmhub("plugin", "test", "hubspot", "--replay", str(file))
    assert (code, again[-1]["counts"]["failed"]) == (0, 0)
    assert again[-1]["counts"]["done"] == lines[-1]["counts"]["done"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--replay", "nothing.json"), "cannot be read"),
        (("--record", "a", "--replay", "b"), "Choose one"),
        (("--write-probe",), "for --live"),
        (("--bench", "hubspot.contact"), "hubspot.contacts"),
    ],
)
def test_what_cannot_be_meant_is_said(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(make_app(), ["plugin", "test", "hubspot", *words])
    assert done.exit_code != 0
    assert said in " ".join(done.output.split())


# real accounts


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A HubSpot account with people in it, and a configuration that names it."""
    with running(HubSpotSandbox()) as sandbox:
        sandbox.seed(30)
        monkeypatch.setattr("hub.bootstrap.app.make_limiter", lambda *_: Limiter(Limits(), "no limit, no waiting"))
        sandbox.switches.search_burst = sandbox.switches.burst = None
        monkeypatch.setenv("HUBSPOT_TOKEN", sandbox.credentials()["token"])
        config = f"""
[connections.crm]
plugin = "hubspot"
base_url = "{sandbox.url}"
token = {{ env = "HUBSPOT_TOKEN" }}
"""
        (tmp_path / "config.toml").write_text(config, encoding="utf-8")
        sandbox.config = str(tmp_path / "config.toml")  # type: ignore[attr-defined]  # for the tests
        yield sandbox


def people(sandbox: Any) -> dict[str, Any]:
    return {key: item for key, item in sandbox.state.dump()["contacts"].items() if not item["archived"]}


def test_a_real_account_is_only_read(account: Any) -> None:
    before = people(account)
    code, lines, output = crmhub("plugin", "test", "hubspot", "--live", "crm", "--config", account.config)
    states = {line["rule"]: (line["state"], line["text"]) for line in lines if line["type"] == "rule"}
    assert code == 0, output
    assert states["reads_a_first_page"] == ("done", "")
    assert states["check_says_who_we_are"] == ("done", "")
    assert people(account) == before
    assert not [call for call in account.calls if call.startswith(("PATCH", "DELETE"))]
    assert not [call for call in account.calls if "batch/create" in call or "batch/update" in call]


def test_a_probe_writes_only_its_own_records_and_removes_them(account: Any) -> None:
    before = people(account)
    words = ("plugin", "test", "hubspot", "--live", "crm", "--write-probe", "--config", account.config)
    code, lines, output = crmhub(*words)
    states = {line["rule"]: (line["state"], line["text"]) for line in lines if line["type"] == "rule"}
    assert code == 0, output
    assert states["creates_and_reads_back"] == ("done", "")
    assert states["reads_everything_once"] == ("done", "")
    assert states["absent_stays_and_none_clears"] == ("done", "")
    assert people(account) == before


def test_what_a_probe_cannot_remove_is_named(account: Any) -> None:
    account.switches.no_permission = ("contacts.delete",)
    words = ("plugin", "test", "hubspot", "--live", "crm", "--write-probe", "--config", account.config)
    code, lines, _ = crmhub(*words)
    texts = [line["text"] for line in lines if line["type"] == "rule" and line["state"] == "failed"]
    assert code != 0
    assert any("Missing" in text or "scope" in text or "could not be removed" in text for text in texts)


def test_a_probe_says_what_it_will_do_before_it_begins(account: Any) -> None:
    words = ["plugin", "test", "hubspot", "--live", "crm", "--write-probe", "--config", account.config]
    output = CliRunner().invoke(make_app(), words).output
    assert output.index("WRITES to crm.contacts") < output.index("describes_without_io")


def test_a_read_only_connection_is_not_probed(account: Any, tmp_path: Path) -> None:
    path = Path(account.config)
    path.write_text(path.read_text(encoding="utf-8") + "read_only = true\n", encoding="utf-8")
    done = CliRunner().invoke(
        make_app(), ["plugin", "test", "hubspot", "--live", "crm", "--write-probe", "--config", account.config]
    )
    assert done.exit_code != 0
    assert "it is read-only" in done.output
