"""A two-way sync of a HubSpot account with a sheet, through the real engine, the real store and real HTTP."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from crmhub_hubspot.sandbox import HubSpotSandbox
from hub.bootstrap import App
from hub.config.read import read_config
from hub.loader import load

REGISTRY = load()
"""Loaded once for all runs."""

CONFIG = """
[connections.hs]
plugin = "hubspot"
token = {{ env = "HUBSPOT_TOKEN" }}
base_url = "{url}"

[connections.sheet]
plugin = "files"
path = "customers.csv"
write = "update"

[syncs.customers]
systems = ["hs", "sheet"]
"""
SHEET = """id,first name,last name,email,mobile,city,country
1,Anna,Berg,anna@firm.example,+49 171 1234567,Berlin,Germany
2,Bo,Lind,bo@x.example,,Wien,Austria
"""


class Office:
    """A hub between the sandbox and a sheet; its clock is the sandbox's."""

    def __init__(self, folder: Path, sandbox: HubSpotSandbox) -> None:
        self.folder, self.sandbox = folder, sandbox
        (folder / "customers.csv").write_text(SHEET, encoding="utf-8")
        (folder / "config.toml").write_text(CONFIG.format(url=sandbox.url), encoding="utf-8")

    def sync(self) -> Any:
        """One run; whatever it asks a person is allowed."""
        app = App(
            read_config(self.folder / "config.toml"), registry=REGISTRY, clock=lambda: self.sandbox.now().timestamp()
        )
        with app, app.writing():
            found = app.engine("customers").sync()
            assert found.plan is not None
            if found.held:
                found = app.engine("customers").sync(approve=found.plan.hash())
            assert not found.paused, found.paused
        self.sandbox.clock.advance(400)
        return found

    def rows(self) -> dict[str, dict[str, str]]:
        with (self.folder / "customers.csv").open(encoding="utf-8", newline="") as file:
            return {row["email"]: row for row in csv.DictReader(file)}

    def contacts(self) -> dict[str, dict[str, Any]]:
        return {item["properties"]["email"]: item for item in self.sandbox.user.find("contacts")}


@pytest.fixture
def office(sandbox: HubSpotSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("HUBSPOT_TOKEN", sandbox.credentials()["token"])
    return Office(tmp_path, sandbox)


def test_both_sides_meet_and_the_second_run_writes_nothing(office: Office, sandbox: HubSpotSandbox) -> None:
    sandbox.user.create("contacts", {"lastname": "Berg", "firstname": "Anna", "email": "anna@firm.example"})
    sandbox.user.create("contacts", {"lastname": "Roth", "firstname": "Eva", "email": "eva@acme.example"})
    office.sync()
    found = office.contacts()
    assert set(found) == {"anna@firm.example", "bo@x.example", "eva@acme.example"}
    assert found["anna@firm.example"]["properties"]["city"] == "Berlin"
    assert office.rows()["eva@acme.example"]["last name"] == "Roth"
    assert office.sync().applied == 0


def test_edits_of_both_sides_meet(office: Office, sandbox: HubSpotSandbox) -> None:
    office.sync()
    office.sync()
    sandbox.user.edit("contacts", office.contacts()["bo@x.example"]["id"], {"city": "Graz"})
    file = office.folder / "customers.csv"
    file.write_text(file.read_text().replace("Anna", "Anne"))
    office.sync()
    assert office.rows()["bo@x.example"]["city"] == "Graz"
    assert office.contacts()["anna@firm.example"]["properties"]["firstname"] == "Anne"
    assert office.sync().applied == 0


def test_a_create_whose_answer_was_lost_is_found_again(office: Office, sandbox: HubSpotSandbox) -> None:
    sandbox.switches.match = "batch/create"
    sandbox.switches.drop_after_every = 1
    office.sync()
    sandbox.switches.drop_after_every = 0
    office.sync()
    office.sync()
    assert sorted(office.contacts()) == ["anna@firm.example", "bo@x.example"]
    assert len(sandbox.user.find("contacts")) == 2
