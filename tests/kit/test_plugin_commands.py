"""plugin new, test, grade and docs, and connect try, as a plugin author uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import make_app
from hub.cli.plugin_openapi import read_openapi
from hub.contract.errors import HubError
from hub.loader import load
from hub.testing.kit import PLATINUM, RULES, Bench

OPENAPI = {
    "openapi": "3.0.0",
    "servers": [{"url": "https://api.shop.example/v2"}],
    "paths": {
        "/ping": {"get": {}},
        "/contacts": {
            "get": {
                "parameters": [{"name": "page", "in": "query"}, {"name": "updated_since", "in": "query"}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "properties": {
                                        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Contact"}}
                                    }
                                }
                            }
                        }
                    }
                },
            },
            "post": {},
        },
        "/contacts/{number}": {"get": {}, "put": {}, "delete": {}},
    },
    "components": {
        "schemas": {
            "Contact": {
                "properties": {
                    "id": {"type": "integer"},
                    "remark": {"type": "string"},
                    "full_name": {"type": "string"},
                    "email": {"type": "string", "format": "email"},
                    "updated_at": {"type": "string", "format": "date-time"},
                }
            }
        }
    },
}


def crmhub(*words: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and JSON lines of a command."""
    done = CliRunner().invoke(make_app(), [*words, "--json"])
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]


def states(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["rule"]: line["state"] for line in lines if line["type"] == "rule"}


def test_the_first_test_run_of_a_new_plugin_is_green(tmp_path: Path) -> None:
    code, lines = crmhub("plugin", "new", "toolshed", "--kind", "toml", "--in", str(tmp_path))
    assert code == 0
    assert lines[-1]["result"]["next"][0] == f"crmhub plugin test {tmp_path}/crmhub-toolshed"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path / "crmhub-toolshed",
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
    (tmp_path / "crmhub-toolshed" / "quality.toml").write_text('[bronze]\nreads_everything_once = "todo"\n')
    code, lines = crmhub("plugin", "grade", str(tmp_path / "crmhub-toolshed"))
    assert code == 1
    told = [item["message"] for item in lines[-1]["problems"]]
    assert "reads_everything_once is claimed todo, but is done: correct the claim" in told
    assert "creates_and_reads_back: not declared" in told
    assert lines[-1]["result"][0]["grade"] == "none"


def test_a_new_plugin_in_python_from_an_openapi_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(OPENAPI))
    code, lines = crmhub("plugin", "new", "gardens", "--openapi", str(file), "--in", str(tmp_path))
    assert code == 0, lines
    text = (tmp_path / "crmhub-gardens" / "crmhub_gardens" / "connector.py").read_text()
    assert '"{settings.url}/v2"' in text
    assert "If-Match" not in text, "the file does not say that updates are conditional"
    grade = (tmp_path / "crmhub-gardens" / "quality.toml").read_text()
    assert 'reads_everything_once = "done"' in grade
    assert [line for line in grade.splitlines() if "todo" in line and line.split()[0] not in PLATINUM_IDS] == []
    code, lines = crmhub(
        "plugin",
        "test",
        str(tmp_path / "crmhub-gardens"),
        "--rule",
        "sees_what_changed",
        "--rule",
        "reads_everything_once",
    )
    assert (code, states(lines)) == (0, {"sees_what_changed": "done", "reads_everything_once": "done"})
    again, lines = crmhub("plugin", "new", "gardens", "--in", str(tmp_path))
    assert (again, lines[-1]["problems"][0]["message"]) == (2, "this folder exists already")


PLATINUM_IDS = {rule.id for rule in PLATINUM}


def test_what_an_openapi_file_says_is_taken_and_the_rest_is_named(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(OPENAPI))
    api = read_openapi(file)
    assert (api.path, api.item, api.records, api.update) == ("/contacts", "/contacts/{id}", "data", "PUT")
    assert (api.fields, api.paging, api.since) == (("full_name", "remark", "email"), "number", "updated_since")
    assert (api.version, api.conditional, api.guessed) == ("updated_at", False, ())
    file.write_text("openapi: 3.0.0")
    with pytest.raises(HubError, match="cannot be read"):
        read_openapi(file)
    file.write_text('{"paths": {"/ping": {"get": {}}}}')
    with pytest.raises(HubError, match="no collection"):
        read_openapi(file)


def test_a_fault_in_a_plugin_fails_its_test(tmp_path: Path) -> None:
    crmhub("plugin", "new", "leaky", "--kind", "toml", "--in", str(tmp_path))
    file = tmp_path / "crmhub-leaky" / "crmhub_leaky" / "connector.toml"
    file.write_text(file.read_text().replace('token = { type = "secret" }', 'token = { type = "text" }'))
    code, lines = crmhub("plugin", "test", str(tmp_path / "crmhub-leaky"), "--rule", "secrets_are_hidden")
    assert (code, states(lines)) == (1, {"secrets_are_hidden": "failed"})
    assert "SecretStr" in lines[-1]["problems"][0]["message"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("plugin", "test", "hubspto"), 2, "Did you mean 'hubspot'"),
        (("plugin", "test", "files", "--rule", "reads_all"), 2, "there is no rule 'reads_all'"),
        (("plugin", "new", "My-Shop"), 2, "'My-Shop' is no name for a connector"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(words: tuple[str, ...], code: int, message: str) -> None:
    found, lines = crmhub(*words)
    assert found == code
    assert message in f"{lines[-1]['problems'][0]}"


def test_the_contract_is_printed_from_the_code() -> None:
    code, lines = crmhub("plugin", "docs")
    assert code == 0
    contract = lines[-1]["result"]
    assert [item["name"] for item in contract["Rules"]] == [rule.id for rule in (*RULES, *PLATINUM)]
    assert "hub_benches() -> Mapping[str, str]" in [item["name"] for item in contract["Hooks"]]
    assert "Conflict (REPLAN)" in [item["name"] for item in contract["Errors"]]
    assert all(item["text"] for rows in contract.values() for item in rows)


def test_every_bench_of_an_installed_plugin_can_be_imported() -> None:
    registry = load()
    assert registry.benches
    for name, path in registry.benches.items():
        module, _, attribute = path.partition(":")
        assert issubclass(getattr(__import__(module, fromlist=[attribute]), attribute), Bench)
        assert name.partition(".")[0] in registry.connectors


def test_records_are_shown_native_and_canonical_and_masked(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("id,name,email\n7,Anna Berg,anna@firm.example\n8,Bo,bo@x.example\n")
    config = tmp_path / "config.toml"
    config.write_text('[connections.sheet]\nplugin = "files"\npath = "c.csv"\n')
    words = ("--config", str(config), "connect", "try", "sheet", "read", "customers")
    code, lines = crmhub(*words, "--limit", "1")
    (record,) = lines[-1]["result"]["records"]
    assert (code, record["native"]["name"], record["canonical"]["emails"]) == (0, "A*** B***", ["a***@***.example"])
    plain = CliRunner().invoke(make_app(), list(words)).stdout
    assert "Anna" not in plain
    assert plain.count("(version ") == 2
    assert "Anna Berg" in CliRunner().invoke(make_app(), [*words, "--show-pii"]).stdout
