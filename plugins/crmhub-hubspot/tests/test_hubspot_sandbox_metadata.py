"""What the HubSpot sandbox tells about properties, owners and the account, whole."""

from __future__ import annotations

from typing import Any

from crmhub_hubspot.asking import Client, said, wrong
from crmhub_hubspot.sandbox.properties import Property


def test_a_property_is_described_whole(client: Client) -> None:
    new = {
        "name": "vip",
        "label": "VIP",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "mine",
        "hasUniqueValue": False,
        "options": [{"label": "Gold", "value": "gold"}, {"label": "Silver", "value": "silver"}],
    }
    made = "2025-01-01T00:00:00.000Z"
    vip = {
        "name": "vip",
        "label": "VIP",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "mine",
        "description": "",
        "options": [
            {"label": "Gold", "value": "gold", "displayOrder": 0, "hidden": False},
            {"label": "Silver", "value": "silver", "displayOrder": 1, "hidden": False},
        ],
        "hasUniqueValue": False,
        "calculated": False,
        "externalOptions": False,
        "hubspotDefined": False,
        "hidden": False,
        "formField": True,
        "displayOrder": -1,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
            "readOnlyOptions": False,
        },
        "createdAt": made,
        "updatedAt": made,
        "archived": False,
    }
    assert said(client("POST", "crm/v3/properties/contacts", json=new)) == (201, vip)
    assert said(client("GET", "crm/v3/properties/contacts/vip")) == (200, vip)
    rows = client("GET", "crm/v3/properties/companies").json()["results"]
    (name,) = [row for row in rows if row["name"] == "createdate"]
    assert name == {
        **vip,
        "name": "createdate",
        "label": "createdate",
        "type": "datetime",
        "fieldType": "date",
        "groupName": "companyinformation",
        "options": [],
        "hubspotDefined": True,
        "formField": False,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyValue": True,
            "readOnlyOptions": True,
        },
    }
    rows = client("GET", "crm/v3/properties/contacts?archived=false").json()["results"]
    (own,) = [row for row in rows if row["name"] == "crmhub_id"]
    assert (own["label"], own["groupName"], own["hasUniqueValue"]) == ("CRM Hub", "contactinformation", True)
    assert (own["type"], own["fieldType"]) == ("string", "text")
    (email,) = [row for row in rows if row["name"] == "email"]
    assert (email["hasUniqueValue"], email["groupName"]) == (True, "contactinformation")
    assert client("GET", "crm/v3/properties/contacts?archived=true").json() == {"results": []}


def test_ten_properties_of_an_object_may_be_unique(client: Client) -> None:
    def define(name: str, unique: bool) -> tuple[int, Any]:
        new = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "g"}
        return said(client("POST", "crm/v3/properties/contacts", json={**new, "hasUniqueValue": unique}))

    assert [define(f"key{number}", True)[0] for number in range(9)] == [201] * 9
    assert define("key9", True) == wrong("no more than 10 unique properties")
    assert define("key9", False)[0] == 201


def test_read_only_and_typed_properties_are_as_documented() -> None:
    assert Property("x").fit("y") == ("y", "")
    assert Property("email").fit("A@x.example") == ("a@x.example", "")


def test_owners_and_the_account_are_shown_whole(client: Client) -> None:
    made = "2025-01-01T00:00:00.000Z"
    mei = {
        "id": "101",
        "email": "mei@hubspot.example",
        "type": "PERSON",
        "firstName": "Mei",
        "lastName": "Chen",
        "userId": 101,
        "userIdIncludingInactive": 101,
        "createdAt": made,
        "updatedAt": made,
        "archived": False,
        "teams": [],
    }
    assert said(client("GET", "crm/v3/owners?email=mei@hubspot.example")) == (200, {"results": [mei]})
    assert [row["id"] for row in client("GET", "crm/v3/owners").json()["results"]] == ["101", "102"]
    account = {
        "portalId": 12345678,
        "accountType": "DEVELOPER_TEST",
        "timeZone": "Europe/Vienna",
        "companyCurrency": "EUR",
        "additionalCurrencies": [],
        "utcOffset": "+01:00",
        "utcOffsetMilliseconds": 3_600_000,
        "uiDomain": "app.hubspot.com",
        "dataHostingLocation": "na1",
    }
    assert said(client("GET", "account-info/v3/details")) == (200, account)
