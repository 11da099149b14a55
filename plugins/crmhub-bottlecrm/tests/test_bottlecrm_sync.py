"""Two-way syncs of a real BottleCRM with a folder of sheets, by the command line and by the engine."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crmhub_bottlecrm.bench import CACHE, Person
from hub.cli.main import make_app
from hub.testing.kit import Wire
from hub.testing.servers import RunningServer, start_bottlecrm

CONFIG = """
[hub]
region = "DE"

[connections.crm]
plugin = "bottlecrm"
url = "{url}"
token = {{ env = "BOTTLECRM_TOKEN" }}

[connections.other]
{other}

[syncs.customers]
systems = ["crm", "other"]
"""
SHEETS = 'plugin = "files"\npath = "sheets/customers.csv"\nwrite = "update"'
SHEET = """id,kind,first name,last name,company,email,phone,street,city,country,notes,tags
1,person,Anna,Berg,,anna@firm.example,030 1234567,Weg 1,Berlin,Germany,met at the fair,
2,person,Bo,Lind,Lind AB,bo@x.example,,,Wien,Austria,,hub:vip
"""


class Office:
    """A folder with a configuration and a sheet (or another system beside BottleCRM), and the commands that people run in it."""

    def __init__(self, folder: Path, url: str, other: str = SHEETS) -> None:
        self.folder = folder
        (folder / "sheets").mkdir()
        self.sheet = folder / "sheets" / "customers.csv"
        self.sheet.write_text(SHEET, encoding="utf-8")
        (folder / "config.toml").write_text(CONFIG.format(url=url, other=other), encoding="utf-8")

    def run(self, *words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(make_app(), ["--config", str(self.folder / "config.toml"), *words])
        return answer.exit_code, answer.output

    def sync(self) -> dict[str, Any]:
        """One run; what it asks a person to approve is approved.  The result, with the exit code as "code"."""
        code, out = self.run("sync", "customers", "--json")
        found = self._result(out)
        if code == 5:
            code, out = self.run("sync", "customers", "--json", "--approve", found["plan"]["approval"])
            found = self._result(out)
        return {**found, "code": code}

    def _result(self, out: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(out.splitlines()[-1])["result"]["customers"]
        return found

    def edit(self, old: str, new: str) -> None:
        text = self.sheet.read_text(encoding="utf-8")
        assert old in text
        self.sheet.write_text(text.replace(old, new), encoding="utf-8")

    def rows(self) -> dict[str, dict[str, str]]:
        with self.sheet.open(encoding="utf-8", newline="") as file:
            return {row["email"]: row for row in csv.DictReader(file)}


@pytest.fixture
def wire(server: RunningServer) -> Iterator[Wire]:
    with Wire(server.url) as between:
        yield between


@pytest.fixture
def office(
    server: RunningServer, wire: Wire, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Office:
    monkeypatch.setenv("BOTTLECRM_TOKEN", server.details["admin"]["token"])
    return Office(tmp_path, wire.url)


def contact(person: Person, email: str) -> dict[str, Any]:
    return next(row for row in person.everything("contacts") if row["email"] == email)


def test_both_sides_get_what_the_other_has_and_the_second_run_writes_nothing(
    office: Office, wire: Wire, person: Person
) -> None:
    acme = person.create("accounts", {"name": "ACME", "email": "info@acme.example", "city": "Graz"})
    eva = {"first_name": "Eva", "last_name": "Roth", "email": "eva@acme.example", "account": acme}
    person.create("contacts", {**eva, "do_not_call": True})
    person.create("contacts", {"first_name": "Anna", "last_name": "Berg", "email": "Anna@firm.example"})
    assert office.sync()["code"] == 0
    assert len(person.everything("contacts")) == 3, "the sheet's Bo, and nobody twice"
    anna, bo = contact(person, "Anna@firm.example"), contact(person, "bo@x.example")
    assert (anna["phone"], anna["address_line"], anna["country"]) == ("+49 30 1234567", "Weg 1", "DE")
    assert anna["description"] == "met at the fair"
    assert (bo["first_name"], bo["organization"], len(bo["tags"])) == ("Bo", "Lind AB", 1)
    rows = office.rows()
    assert set(rows) == {"anna@firm.example", "bo@x.example", "info@acme.example", "eva@acme.example"}
    assert (rows["info@acme.example"]["kind"], rows["info@acme.example"]["city"]) == ("organisation", "Graz")
    wire.sent.clear()
    second = office.sync()
    assert (second["code"], second["applied"], second["plan"]["items"]) == (0, 0, [])
    assert not [sent for sent in wire.sent if not sent.reads]


def test_edits_of_both_sides_meet_and_a_deletion_is_seen_by_the_next_run(office: Office, person: Person) -> None:
    office.sync()
    anna = contact(person, "anna@firm.example")["id"]
    person.edit("contacts", anna, {"title": "CEO", "city": "Graz", "country": "AT", "phone": ""})
    office.edit("met at the fair", "met in Vienna")
    assert office.sync()["code"] == 0
    found = contact(person, "anna@firm.example")
    assert (found["title"], found["description"], found["city"]) == ("CEO", "met in Vienna", "Graz")
    row = office.rows()["anna@firm.example"]
    assert (row["city"], row["country"], row["phone"]) == ("Graz", "Austria", "")
    assert office.sync()["applied"] == 0
    person.delete("contacts", anna)
    third = office.sync()
    totals = {item["resource"]: item["total"] for item in third["accounts"] if item["system"] == "crm"}
    assert totals["contacts"] == 1
    assert [row["email"] for row in person.everything("contacts")] == ["bo@x.example"], "nobody made her again"
    assert office.sync()["applied"] == 0


def test_a_create_whose_answer_was_lost_is_found_again(office: Office, wire: Wire, person: Person) -> None:
    wire.meddle(lambda sent: "lost_reply" if sent.method == "POST" and "/contacts/" in sent.path else None)
    office.sync()
    made = {row["email"] for row in person.everything("contacts")}
    assert made, "the create did not reach BottleCRM"
    wire.meddle(None)
    for _ in range(2):
        office.sync()
    assert sorted(row["email"] for row in person.everything("contacts")) == ["anna@firm.example", "bo@x.example"]
    last = office.sync()
    assert (last["code"], last["applied"]) == (0, 0)


def test_two_organisations_keep_their_people_at_the_same_companies(
    server: RunningServer, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTTLECRM_TOKEN", server.details["admin"]["token"])
    with start_bottlecrm(tmp_path / "second", cache=CACHE) as second:
        monkeypatch.setenv("SECOND_TOKEN", second.details["admin"]["token"])
        other = f'plugin = "bottlecrm"\nurl = "{second.url}"\ntoken = {{ env = "SECOND_TOKEN" }}'
        office = Office(tmp_path, server.url, other)
        acme = person.create("accounts", {"name": "ACME", "industry": "BANKING", "annual_revenue": "12.50"})
        bolt = person.create("accounts", {"name": "Bolt"})
        eva = {"first_name": "Eva", "last_name": "Roth", "email": "eva@x.example"}
        ours = person.create("contacts", {**eva, "account": acme, "do_not_call": True, "source": "campaign"})
        office.sync()
        office.sync()
        with Person(second.url, second.details["person"]["token"]) as colleague:

            def theirs() -> tuple[Any, ...]:
                row = contact(colleague, "eva@x.example")
                return (row["account_detail"] or {}).get("name"), row["do_not_call"], row["source"], row["is_active"]

            assert theirs() == ("ACME", True, "campaign", True)
            found = {row["name"]: row for row in colleague.everything("accounts")}
            assert (found["ACME"]["industry"], found["ACME"]["annual_revenue"]) == ("BANKING", "12.50")
            person.edit("contacts", ours, {"account": bolt, "is_active": False})
            office.sync()
            assert theirs() == ("Bolt", True, "campaign", False)
            colleague.edit("contacts", contact(colleague, "eva@x.example")["id"], {"account": None})
            office.sync()
            assert contact(person, "eva@x.example")["account"] is None
        assert office.sync()["applied"] == 0
