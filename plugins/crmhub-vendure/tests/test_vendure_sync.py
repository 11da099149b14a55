"""Two-way syncs of a real shop with a sheet, through the real engine and the real store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmhub_vendure.bench import Person
from hub.testing.office import Office
from hub.testing.servers import RunningServer

CONNECTION = """
[connections.shop]
plugin = "vendure"
url = "{url}/admin-api"
user = "admin"
password = {{ env = "SHOP_PASSWORD" }}
key_field = "{key}"
"""
SHEET = """id,kind,first name,last name,email,phone,street,postal code,city,country,notes
1,person,Anna,Berg,anna@firm.example,+49 171 1234567,Weg 1,10115,Berlin,Germany,met at the fair
2,person,Bo,Lind,Bo@X.example,,,,Wien,Austria,
3,person,Cy,Vogt,,,,,,,no e-mail address
4,person,Di,Rossi,di@x.example,,Via 1,,Roma,Italy,the shop does not know Italy
"""


@pytest.fixture(params=["crmhubId", ""], ids=["keyed", "keyless"])
def office(
    request: pytest.FixtureRequest, server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Office:
    monkeypatch.setenv("SHOP_PASSWORD", server.details["password"])
    return Office(tmp_path, CONNECTION.format(url=server.url, key=request.param), SHEET)


def shop(person: Person) -> dict[str, dict[str, Any]]:
    fields = """id firstName lastName emailAddress phoneNumber customFields { crmhubId } addresses {
      id city country { code } streetLine1 postalCode
    }"""
    return {row["emailAddress"]: row for row in person.customers(fields)}


def test_both_sides_get_what_the_other_has_and_the_second_run_writes_nothing(person: Person, office: Office) -> None:
    person.creates(firstName="Anna", lastName="Berg", emailAddress="anna@firm.example")
    eva = person.creates(firstName="Eva", lastName="Roth", emailAddress="eva@acme.example", phoneNumber="+43 1 1")
    person.adds_address(eva, city="Graz", countryCode="AT", streetLine1="Kai 7")
    office.sync()
    found = shop(person)
    assert set(found) == {"anna@firm.example", "bo@x.example", "di@x.example", "eva@acme.example"}
    (home,) = found["anna@firm.example"]["addresses"]
    assert (home["city"], home["country"]["code"], home["postalCode"]) == ("Berlin", "DE", "10115")
    assert found["anna@firm.example"]["phoneNumber"] == "+49 171 1234567"
    assert found["di@x.example"]["addresses"] == [], "the shop does not know Italy; the customer is there all the same"
    assert set(office.rows()) == {"anna@firm.example", "bo@x.example", "eva@acme.example", "di@x.example", ""}
    assert office.rows()["eva@acme.example"]["city"] == "Graz"
    assert office.rows()["bo@x.example"]["email"] == "Bo@X.example", "the shop's lower case is no edit"
    assert office.rows()["di@x.example"]["city"] == "Roma"
    assert office.sync().applied == 0
    assert office.sync().applied == 0


def test_edits_of_both_sides_meet(person: Person, office: Office) -> None:
    office.sync()
    office.sync()
    anna = shop(person)["anna@firm.example"]
    person.edits_address(anna["addresses"][0]["id"], city="Bonn")  # leaves the customer's time of change as it was
    office.edit("Anna,Berg", "Anna,Berger")
    office.sync()
    assert shop(person)["anna@firm.example"]["lastName"] == "Berger"
    assert shop(person)["anna@firm.example"]["addresses"][0]["city"] == "Bonn"
    assert office.rows()["anna@firm.example"]["city"] == "Bonn"
    assert office.sync().applied == 0


def test_what_the_shop_sets_beside_a_write_does_not_come_back_as_an_edit(person: Person, office: Office) -> None:
    office.sync()
    anna = shop(person)["anna@firm.example"]["id"]
    (first,) = (row["id"] for row in shop(person)["anna@firm.example"]["addresses"])
    person.edits_address(first, defaultBillingAddress=True, defaultShippingAddress=True)
    person.adds_address(anna, city="Linz", countryCode="AT", streetLine1="Hof 2")
    office.sync()
    office.sync()
    person.ask("mutation ($id: ID!) { deleteCustomerAddress(id: $id) { success } }", id=first)
    office.sync()
    assert office.sync().applied == 0
    assert [row["city"] for row in shop(person)["anna@firm.example"]["addresses"]] == ["Linz"]
    assert office.rows()["anna@firm.example"]["city"] == "Linz"


def test_a_cleared_value_is_cleared_on_the_other_side(person: Person, office: Office) -> None:
    office.sync()
    office.sync()
    anna = shop(person)["anna@firm.example"]
    person.edits(anna["id"], phoneNumber="")
    office.sync()
    assert office.rows()["anna@firm.example"]["phone"] == ""
    office.edit("Bo,Lind", "Bo,")
    office.sync()
    assert shop(person)["bo@x.example"]["lastName"] == ""
    assert office.sync().applied == 0


def test_two_people_of_one_address_are_told_apart_and_the_second_waits_with_a_reason(
    person: Person, office: Office
) -> None:
    office.edit("4,person,Di,Rossi,di@x.example,,Via 1,,Roma,Italy,", "4,person,Di,Rossi,at the shop,,,,,,")
    office.edit("3,person,Cy,Vogt,,", "3,person,Cy,Vogt,at the shop,")  # no address, so nobody asks if they are one
    office.sync()
    (reason,) = office.quarantine()
    assert "belongs to the customer" in reason
    assert office.sync().applied == 0, "it is not tried again before something changes"
    assert [row["emailAddress"] for row in shop(person).values()].count("at the shop") == 1


@pytest.mark.parametrize("office", ["crmhubId", ""], indirect=True)
def test_many_people_of_one_mailbox_are_one_account_and_the_others_wait_with_a_reason(
    person: Person, office: Office
) -> None:
    lines = [f"{at},person,P{at},Q{at},office@firm.example,,,,,," for at in range(8)]
    (office.folder / "customers.csv").write_text("\n".join([SHEET.splitlines()[0], *lines, ""]), encoding="utf-8")
    office.sync()
    assert list(shop(person)) == ["office@firm.example"]
    reasons = office.quarantine()
    assert len(reasons) == 7
    assert all("belongs to the customer" in reason or "another customer of the hub" in reason for reason in reasons)
    assert office.sync().applied == 0


def test_a_deletion_in_the_shop_is_noticed_by_the_next_run(person: Person, office: Office) -> None:
    office.sync()
    office.sync()
    person.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { result } }", id=shop(person)["anna@firm.example"]["id"])
    found = office.sync()
    assert found.applied == 0, "deletions are not passed on without a person's word"
    assert "anna@firm.example" not in shop(person)
    assert "anna@firm.example" in office.rows()
