"""Two-way syncs of an Odoo with a sheet, through the real engine, the real store and real HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmhub_odoo.sandbox import OdooSandbox
from hub.testing.office import Office

CONNECTION = """
[connections.erp]
plugin = "odoo"
url = "{url}"
database = "demo"
login = "hub"
api_key = {{ env = "ODOO_KEY" }}
"""
SHEET = """id,kind,first name,last name,company,email,phone,street,city,country,notes
1,person,Anna,Berg,,anna@firm.example,+49 171 1234567,Weg 1,Berlin,Germany,met at the fair
2,person,Bo,Lind,,bo@x.example,,,Wien,Austria,
"""


@pytest.fixture
def office(sandbox: OdooSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("ODOO_KEY", sandbox.credentials()["api_key"])
    connection = CONNECTION.format(url=sandbox.url)
    return Office(tmp_path, connection, SHEET, sandbox)


def partner(sandbox: OdooSandbox, email: str) -> dict[str, Any]:
    return next(item for item in sandbox.user.find("res.partner") if item["email"] == email)


@pytest.mark.parametrize("version", ["16.0", "18.0", "19.0"])
def test_both_sides_get_what_the_other_has_and_the_second_run_writes_nothing(
    office: Office, sandbox: OdooSandbox
) -> None:
    acme = sandbox.user.create(
        "res.partner", {"name": "Acme", "is_company": True, "email": "info@acme.example", "city": "Graz", "vat": "ATU1"}
    )
    sandbox.user.create("res.partner", {"name": "Eva Roth", "parent_id": acme, "email": "eva@acme.example"})
    sandbox.user.create("res.partner", {"name": "Anna Berg", "email": "Anna@firm.example"})
    ramp = {"name": "Ramp", "parent_id": acme, "type": "delivery", "city": "Linz"}
    sandbox.user.create("res.partner", ramp)
    own = len(sandbox.user.find("res.partner"))
    office.sync()
    anna, bo = partner(sandbox, "Anna@firm.example"), partner(sandbox, "bo@x.example")
    assert len(sandbox.user.find("res.partner")) == own + 1, "the sheet's Bo, and nobody twice"
    assert (anna["street"], anna["city"], anna["comment"]) == ("Weg 1", "Berlin", "<p>met at the fair</p>")
    assert (bo["name"], bo["city"], bo["is_company"]) == ("Bo Lind", "Wien", False)
    rows = office.rows()
    assert set(rows) == {"anna@firm.example", "bo@x.example", "info@acme.example", "eva@acme.example"}
    assert rows["info@acme.example"]["city"] == "Graz"
    assert rows["eva@acme.example"]["city"] == "", "an employee does not live at the head office"
    second = office.sync()
    assert second.applied == 0
    assert not second.plan.items


@pytest.mark.parametrize("version", ["16.0", "19.0"])
def test_edits_of_both_sides_meet_and_archiving_is_seen(office: Office, sandbox: OdooSandbox) -> None:
    office.sync()
    office.sync()
    anna = partner(sandbox, "anna@firm.example")["id"]
    sandbox.user.edit("res.partner", anna, {"function": "CEO", "city": "Graz"})
    office.edit("met at the fair", "met in Vienna")
    office.sync()
    found = partner(sandbox, "anna@firm.example")
    assert (found["function"], found["comment"], found["city"]) == ("CEO", "<p>met in Vienna</p>", "Graz")
    assert office.rows()["anna@firm.example"]["city"] == "Graz"
    assert office.sync().applied == 0
    sandbox.user.archive("res.partner", anna)
    office.sync()
    assert partner(sandbox, "anna@firm.example")["active"] is False, "nobody wakes it again"
    assert office.sync().applied == 0


@pytest.mark.parametrize("version", ["19.0"])
def test_a_create_whose_answer_was_lost_is_found_by_its_external_id(office: Office, sandbox: OdooSandbox) -> None:
    office.sync()
    sandbox.switches.match = "/load"
    sandbox.switches.drop_after_every = 1
    with (office.folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("9,person,Cy,Vogt,,cy@x.example,,,,,\n")
    office.sync(faulty=True)
    sandbox.switches.drop_after_every = 0
    office.sync()
    assert len([item for item in sandbox.user.find("res.partner") if item["email"] == "cy@x.example"]) == 1
    assert office.sync().applied == 0
