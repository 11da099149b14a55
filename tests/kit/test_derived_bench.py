"""A plugin without any Python is tried on a stand-in that nobody wrote, whatever the paging of its API is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.main import make_app
from hub.cli.plugin_grade import benches_of, load_folder
from hub.testing.kit import RULES, Rule, attempt

MANIFEST = """
url = {url}

[connector]
name = "toolshed"

[settings]
{settings}
token = {{ type = "secret" }}
region = {{ choices = ["eu", "us"] }}

[auth]
kind = "bearer"

[resources.people]
fields = ["name", "note", "email", "crmhub"]
version = "version"
modified = "updated_at"
since = {{ overlap = 60 }}
create_by = "marker"
key_field = "crmhub"
list = {{ path = "/people", records = "items", params = {{ {page}updated_since = "{{since}}" }}, paging = {paging} }}
get = {{ path = "/people/{{id}}" }}
find.op_key = {{ path = "/people", records = "items", params = {{ crmhub = "{{value}}" }}, exact = ["crmhub"] }}
create = {{ path = "/people", body = "{{data}}", image = true }}
update.method = "PATCH"
update.path = "/people/{{id}}"
update.headers = {{ If-Match = "{{version}}" }}
update.body = "{{data}}"
update.image = true
delete = {{ method = "DELETE", path = "/people/{{id}}" }}
"""
MAPPING = """
version = 1
system = "toolshed"
resource = "people"
record = "customer"
own_key = "crmhub"
match = ["own_key", "email"]

[fields]
name.full = { at = "name", required = true, placeholder = "Unknown" }
notes = "note"

[emails.slots]
email = { pick = "primary", as = "email" }
"""
PAGINGS = {
    "token": ('{ kind = "token", next = "next" }', 'after = "{page}", '),
    "number": ('{ kind = "number", size = 3 }', 'page = "{page}", '),
    "offset": ('{ kind = "offset", size = 3 }', 'skip = "{page}", '),
    "keyset": ('{ kind = "keyset", size = 3 }', 'above = "{page}", '),
    "link": ('{ kind = "link" }', ""),
    "link in the body": ('{ kind = "link", next = "paging.next" }', ""),
}


def folder_with(tmp_path: Path, paging: str = "token", *, url: str = "{settings.url}") -> Path:
    kind, page = PAGINGS[paging]
    place = tmp_path / "toolshed"
    (place / "mappings").mkdir(parents=True)
    settings = 'url = { type = "url" }' if "settings" in url else ""
    text = MANIFEST.format(url=json.dumps(url), paging=kind, page=page, settings=settings)
    (place / "connector.toml").write_text(text, encoding="utf-8")
    (place / "mappings" / "toolshed.people.toml").write_text(MAPPING, encoding="utf-8")
    return place


PAGES = ("reads_everything_once", "resumes_after_every_page", "a_change_during_paging_is_seen")
READING = tuple(rule for rule in RULES if rule.id in PAGES)
QUICK = tuple(rule for rule in RULES if not rule.run.__module__.endswith(".failing"))


def outcomes(place: Path, rules: tuple[Rule, ...] = RULES) -> dict[str, tuple[str, str]]:
    registry = load_folder(place)
    ((title, bench),) = benches_of(registry, registry.plugins[0])
    assert title == "toolshed.people"
    assert (bench.text, bench().document(1)) == (
        "note",
        {"name": "name 1", "note": "note 1", "email": "p1@x.example"},
    )
    return {rule.id: ((found := attempt(bench, rule)).state, found.text) for rule in rules}


@pytest.mark.parametrize("paging", PAGINGS)
def test_a_description_alone_is_tried_with_every_kind_of_pages(tmp_path: Path, paging: str) -> None:
    found = outcomes(folder_with(tmp_path, paging), RULES if paging == "token" else READING)
    assert {id_: text for id_, (state, text) in found.items() if state == "failed"} == {}
    assert found["resumes_after_every_page"][0] == "done"


def test_a_fixed_address_is_replaced_by_the_stand_ins(tmp_path: Path) -> None:
    found = outcomes(folder_with(tmp_path, url="https://api.toolshed.example/v2"), QUICK)
    assert {id_: text for id_, (state, text) in found.items() if state == "failed"} == {}
    assert found["creates_and_reads_back"][0] == "done"


def test_the_command_needs_no_bench(tmp_path: Path) -> None:
    place = folder_with(tmp_path)
    done = CliRunner().invoke(make_app(), ["plugin", "test", str(place), "--rule", "creates_and_reads_back", "--json"])
    last: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert (done.exit_code, last["counts"]["done"]) == (0, 1)


def test_without_a_mapping_there_is_no_bench(tmp_path: Path) -> None:
    place = folder_with(tmp_path)
    (place / "mappings" / "toolshed.people.toml").unlink()
    done = CliRunner().invoke(make_app(), ["plugin", "test", str(place)])
    assert done.exit_code != 0
    assert "has no bench" in done.output
