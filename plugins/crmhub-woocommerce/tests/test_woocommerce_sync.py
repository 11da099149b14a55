"""Two-way syncs of a shop with a sheet, through the real engine, the real store and real signed HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmhub_woocommerce.sandbox import WooCommerceSandbox
from hub.testing.office import Office

CONNECTION = """
[connections.shop]
plugin = "woocommerce"
url = "{url}/"
consumer_key = {{ env = "WOO_KEY" }}
consumer_secret = {{ env = "WOO_SECRET" }}
"""
SHEET = """id,kind,first name,last name,company,email,phone,street,city,country,notes
1,person,Anna,Berg,,anna@firm.example,+49 171 1234567,Weg 1,Berlin,Germany,met at the fair
2,person,Bo,Lind,Acme,bo@x.example,,,Wien,Austria,
3,person,Cy,Vogt,,,,,,,no e-mail address
"""


@pytest.fixture
def office(sandbox: WooCommerceSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("WOO_KEY", sandbox.credentials()["consumer_key"])
    monkeypatch.setenv("WOO_SECRET", sandbox.credentials()["consumer_secret"])
    return Office(tmp_path, CONNECTION.format(url=sandbox.url), SHEET, sandbox)


def customer(sandbox: WooCommerceSandbox, email: str) -> dict[str, Any]:
    return next(item for item in sandbox.user.find("customers") if item["email"] == email)


def test_both_sides_get_what_the_other_has_and_the_second_run_writes_nothing(
    office: Office, sandbox: WooCommerceSandbox
) -> None:
    sandbox.user.create("customers", {"email": "Anna@firm.example", "first_name": "Anna", "last_name": "Berg"})
    billing = {"city": "Graz", "country": "AT", "phone": "+43 1 1"}
    sandbox.user.create("customers", {"email": "eva@acme.example", "first_name": "Eva", "billing": billing})
    sandbox.user.add_user("boss@shop.example", role="administrator")
    office.sync()
    anna, bo = customer(sandbox, "Anna@firm.example"), customer(sandbox, "bo@x.example")
    assert len(sandbox.user.find("customers")) == 4, "Cy has no e-mail address, so no account"
    assert (anna["billing"]["city"], anna["billing"]["country"]) == ("Berlin", "DE")
    assert anna["billing"]["phone"] == "+49 171 1234567"
    assert (bo["last_name"], bo["billing"]["company"], bo["billing"]["city"]) == ("Lind", "Acme", "Wien")
    assert [row["key"] for row in bo["meta_data"]] == ["crmhub_id"]
    assert set(office.rows()) == {"anna@firm.example", "bo@x.example", "eva@acme.example", ""}
    assert office.rows()["eva@acme.example"]["city"] == "Graz"
    assert office.sync().applied == 0


def test_edits_of_both_sides_meet(office: Office, sandbox: WooCommerceSandbox) -> None:
    office.sync()
    office.sync()
    anna = customer(sandbox, "anna@firm.example")["id"]
    sandbox.user.edit_quietly(anna, {"billing": {"city": "Graz"}})  # as a plugin does: no new date, no webhook
    office.edit("Anna,Berg", "Anna,Berger")
    office.sync()
    found = customer(sandbox, "anna@firm.example")
    assert (found["last_name"], found["billing"]["city"]) == ("Berger", "Graz")
    assert office.rows()["anna@firm.example"]["city"] == "Graz"
    assert office.sync().applied == 0


def test_a_create_whose_answer_was_lost_makes_no_second_account(office: Office, sandbox: WooCommerceSandbox) -> None:
    office.sync()
    sandbox.switches.match = "batch"
    sandbox.switches.drop_after_every = 1
    with (office.folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write("9,person,Di,Ost,,di@x.example,,,,,\n")
    office.sync(faulty=True)
    sandbox.switches.drop_after_every = 0
    office.sync()
    assert customer(sandbox, "di@x.example")["last_name"] == "Ost"
    assert office.sync().applied == 0


def test_a_guest_reaches_the_sheet_and_nothing_is_written_to_the_orders(
    office: Office, sandbox: WooCommerceSandbox
) -> None:
    config = office.folder / "config.toml"
    config.write_text(config.read_text().replace("[connections.sheet]", "guests = true\n\n[connections.sheet]"))
    billing = {"email": "Gu@x.example", "first_name": "Gu", "last_name": "Est", "city": "Linz", "country": "AT"}
    order = sandbox.user.create("orders", {"customer_id": 0, "billing": billing})
    before = sandbox.user.get("orders", order)
    office.sync()
    office.sync()
    assert office.rows()["gu@x.example"]["city"] == "Linz"
    accounts = {item["email"] for item in sandbox.user.find("customers")}
    assert accounts == {"anna@firm.example", "bo@x.example"}, "nobody makes an account for a guest"
    assert sandbox.user.get("orders", order) == before
    assert office.sync().applied == 0
    office.edit("Est", "Esterhazy")
    office.sync()
    assert sandbox.user.get("orders", order) == before
    assert office.sync().applied == 0
