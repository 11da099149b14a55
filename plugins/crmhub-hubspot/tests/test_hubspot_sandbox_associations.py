"""What the HubSpot sandbox answers on who belongs to whom, whole; what a merge takes along."""

from __future__ import annotations

from typing import Any

import pytest

from crmhub_hubspot.asking import LINKS, NOW, Client, problem, said
from crmhub_hubspot.sandbox import HubSpotSandbox

CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"


@pytest.fixture
def world(hubspot: HubSpotSandbox) -> HubSpotSandbox:
    """Contacts 1001 and 1002, companies 1003 and 1004; 1001 belongs to both, first of all to 1003."""
    for kind in ("contacts", "contacts", "companies", "companies"):
        hubspot.user.create(kind, {})
    hubspot.user.associate("1001", "1003")
    hubspot.user.associate("1001", "1004", primary=False)
    return hubspot


def types(*ids: int) -> list[dict[str, Any]]:
    return [{"category": "HUBSPOT_DEFINED", "typeId": id, "label": "Primary" if id in (1, 2) else None} for id in ids]


def pair(source: int, target: int, *labels: str) -> dict[str, Any]:
    ends = {"fromObjectTypeId": "0-1", "fromObjectId": source, "toObjectTypeId": "0-2", "toObjectId": target}
    return {**ends, "labels": list(labels)}


def test_associations_are_read_whole(world: HubSpotSandbox, client: Client) -> None:
    path = "crm/v4/objects/contacts/1001/associations/companies"
    rows = [
        {"toObjectId": 1003, "associationTypes": types(1, 279)},
        {"toObjectId": 1004, "associationTypes": types(279)},
    ]
    assert said(client("GET", path)) == (200, {"results": rows})
    assert said(client("GET", "crm/v4/objects/0-1/1001/associations/company")) == (200, {"results": rows})
    assert said(client("GET", f"{path}?limit=1")) == (200, {"results": rows[:1], "paging": {"next": {"after": "1"}}})
    assert said(client("GET", f"{path}?limit=1&after=1")) == (200, {"results": rows[1:]})
    back = {"results": [{"toObjectId": 1001, "associationTypes": types(2, 280)}]}
    assert said(client("GET", "crm/v4/objects/companies/1003/associations/contacts")) == (200, back)
    read = said(client("POST", f"{LINKS}/read", json={"inputs": [{"id": "1001"}, {"id": "1002"}]}))
    missing = problem(
        "OBJECT_NOT_FOUND",
        "No contacts is associated with companies",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={"fromObjectId": ["1002"]},
    )
    found = {"status": "COMPLETE", "results": [{"from": {"id": "1001"}, "to": rows}]}
    assert read == (207, {**found, "numErrors": 1, "errors": [missing]})
    assert said(client("POST", f"{LINKS}/read", json={"inputs": [{"id": "1001"}]})) == (200, found)
    world.user.delete("companies", "1003")
    assert said(client("GET", path)) == (200, {"results": rows[1:]}), "an archived company is not shown"


def test_records_show_their_associations(world: HubSpotSandbox, client: Client) -> None:
    shown = client("GET", f"{CONTACTS}/1001?associations=contacts,company&associations=deals").json()["associations"]
    rows = [
        ("1003", "contact_to_company"),
        ("1003", "contact_to_company_unlabeled"),
        ("1004", "contact_to_company_unlabeled"),
    ]
    assert shown == {"companies": {"results": [{"id": id, "type": type} for id, type in rows]}}
    (back,) = client("GET", f"{COMPANIES}?associations=contacts&limit=1").json()["results"]
    rows = [("1001", "company_to_contact"), ("1001", "company_to_contact_unlabeled")]
    assert back["associations"] == {"contacts": {"results": [{"id": id, "type": type} for id, type in rows]}}
    assert "associations" not in client("GET", f"{CONTACTS}/1002?associations=companies").json()


def test_associations_are_made_and_ended(world: HubSpotSandbox, client: Client) -> None:
    path = "crm/v4/objects/contacts/1002/associations"

    def of(contact: str) -> dict[int, list[int]]:
        rows = client("GET", f"crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
        return {row["toObjectId"]: [item["typeId"] for item in row["associationTypes"]] for row in rows}

    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
    row = {"from": {"id": "1002"}, "to": {"id": "1003"}, "associationSpec": spec}
    made = client("PUT", f"{path}/default/companies/1003")
    assert said(made) == (200, {"status": "COMPLETE", "results": [row]})
    assert of("1002") == {1003: [279]}
    assert said(client("PUT", f"{path}/companies/1004", json=[spec])) == (201, pair(1002, 1004))
    primary = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    assert said(client("PUT", f"{path}/companies/1004", json=[primary])) == (201, pair(1002, 1004, "Primary"))
    assert of("1002") == {1003: [279], 1004: [1, 279]}
    assert client("PUT", f"{path}/default/companies/1004").status_code == 200
    assert of("1002") == {1003: [279], 1004: [1, 279]}, "what is the primary one stays it"
    assert of("1001") == {1003: [1, 279], 1004: [279]}, "others keep theirs"
    many = {"inputs": [{"from": {"id": "1002"}, "to": {"id": "1003"}, "types": [primary]}]}
    status, body = said(client("POST", f"{LINKS}/create", json=many))
    assert (status, body) == (201, {"status": "COMPLETE", "results": [pair(1002, 1003)]})
    assert of("1002") == {1003: [1, 279], 1004: [279]}
    ends = {"inputs": [{"from": {"id": "1002"}, "to": [{"id": "1003"}, {"id": "1004"}]}]}
    assert said(client("POST", f"{LINKS}/archive", json=ends)) == (204, None)
    assert of("1002") == {}
    assert said(client("DELETE", "crm/v4/objects/companies/1003/associations/contacts/1001")) == (204, None)
    assert of("1001") == {1004: [279]}
    link = [{"to": {"id": "1003"}, "types": [primary]}]
    new = client("POST", CONTACTS, json={"properties": {}, "associations": link}).json()["id"]
    assert of(new) == {1003: [1, 279]}
    rows = [{"properties": {}, "associations": link}]
    back = [{"to": {"id": new}, "types": [{"associationTypeId": 280}]}]
    company = client("POST", COMPANIES, json={"properties": {}, "associations": back}).json()["id"]
    assert of(new) == {1003: [1, 279], int(company): [279]}
    many_new = client("POST", f"{CONTACTS}/batch/create", json={"inputs": rows}).json()["results"]
    assert of(many_new[0]["id"]) == {1003: [1, 279]}


def test_a_merge_takes_associations_and_values_along(world: HubSpotSandbox, client: Client) -> None:
    world.user.edit("contacts", "1001", {"email": "a@x.example", "city": "Wien"})
    world.user.edit("contacts", "1002", {"email": "b@x.example", "city": "Graz", "zip": "8010"})
    world.clock.advance(1)
    merged = client("POST", f"{CONTACTS}/merge", json={"primaryObjectId": "1002", "objectIdToMerge": "1001"}).json()
    assert (merged["id"], merged["updatedAt"], merged["createdAt"]) == ("1002", "2026-01-05T10:00:01.250Z", NOW)
    kept = world.user.get("contacts", "1002")
    assert (kept["email"], kept["city"], kept["zip"]) == ("b@x.example", "Graz", "8010")
    assert (kept["hs_additional_emails"], kept["hs_merged_object_ids"]) == ("a@x.example", "1001")
    links = client("GET", "crm/v4/objects/contacts/1002/associations/companies").json()["results"]
    assert {row["toObjectId"]: len(row["associationTypes"]) for row in links} == {1003: 2, 1004: 1}
    assert client("GET", f"{CONTACTS}/a@x.example?idProperty=email").json()["id"] == "1002"
    assert client("POST", f"{CONTACTS}/search", json={}).json()["total"] == 1
    company = client("POST", f"{COMPANIES}/merge", json={"primaryObjectId": 1003, "objectIdToMerge": 1004}).json()
    assert company["id"] == "1005"
    assert world.user.get("companies", "1005")["hs_merged_object_ids"] == "1003;1004"
    links = client("GET", "crm/v4/objects/contacts/1002/associations/companies").json()["results"]
    assert [row["toObjectId"] for row in links] == [1005]
    world.switches.new_id_on_merge = ("contacts",)
    world.user.create("contacts", {"email": "c@x.example"})
    again = client("POST", f"{CONTACTS}/merge", json={"primaryObjectId": "1002", "objectIdToMerge": "1006"}).json()
    kept = world.user.get("contacts", again["id"])
    assert (again["id"], kept["hs_merged_object_ids"]) == ("1007", "1001;1002;1006")
    assert kept["hs_additional_emails"] == "a@x.example;c@x.example"
