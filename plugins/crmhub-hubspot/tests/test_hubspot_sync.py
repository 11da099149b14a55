"""A two-way sync of a HubSpot account with a sheet, through the real engine, the real store and real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmhub_hubspot.sandbox import HubSpotSandbox
from hub.testing.office import Office

CONNECTION = """
[connections.hs]
plugin = "hubspot"
token = {{ env = "HUBSPOT_TOKEN" }}
base_url = "{url}"
"""
SHEET = """id,first name,last name,email,mobile,city,country
1,Anna,Berg,anna@firm.example,+49 171 1234567,Berlin,Germany
2,Bo,Lind,bo@x.example,,Wien,Austria
"""


@pytest.fixture
def office(sandbox: HubSpotSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("HUBSPOT_TOKEN", sandbox.credentials()["token"])
    return Office(tmp_path, CONNECTION.format(url=sandbox.url), SHEET, sandbox, pause=400)


def contacts(sandbox: HubSpotSandbox) -> dict[str, dict[str, Any]]:
    return {item["properties"]["email"]: item for item in sandbox.user.find("contacts")}


def test_both_sides_meet_and_the_second_run_writes_nothing(office: Office, sandbox: HubSpotSandbox) -> None:
    sandbox.user.create("contacts", {"lastname": "Berg", "firstname": "Anna", "email": "anna@firm.example"})
    sandbox.user.create("contacts", {"lastname": "Roth", "firstname": "Eva", "email": "eva@acme.example"})
    office.sync()
    found = contacts(sandbox)
    assert set(found) == {"anna@firm.example", "bo@x.example", "eva@acme.example"}
    assert found["anna@firm.example"]["properties"]["city"] == "Berlin"
    assert office.rows()["eva@acme.example"]["last name"] == "Roth"
    assert office.sync().applied == 0


def test_edits_of_both_sides_meet(office: Office, sandbox: HubSpotSandbox) -> None:
    office.sync()
    office.sync()
    sandbox.user.edit("contacts", contacts(sandbox)["bo@x.example"]["id"], {"city": "Graz"})
    file = office.folder / "customers.csv"
    file.write_text(file.read_text().replace("Anna", "Anne"))
    office.sync()
    assert office.rows()["bo@x.example"]["city"] == "Graz"
    assert contacts(sandbox)["anna@firm.example"]["properties"]["firstname"] == "Anne"
    assert office.sync().applied == 0


def test_a_create_whose_answer_was_lost_is_found_again(office: Office, sandbox: HubSpotSandbox) -> None:
    sandbox.switches.match = "batch/create"
    sandbox.switches.drop_after_every = 1
    office.sync()
    sandbox.switches.drop_after_every = 0
    office.sync()
    office.sync()
    assert sorted(contacts(sandbox)) == ["anna@firm.example", "bo@x.example"]
    assert len(sandbox.user.find("contacts")) == 2
