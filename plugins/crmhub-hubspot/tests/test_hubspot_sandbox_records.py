"""What the HubSpot sandbox answers on records, whole: one by one, in lists, values, refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crmhub_hubspot.asking import GONE, LINKS, NOW, Client, contact, error, said, wrong
from crmhub_hubspot.sandbox import HubSpotSandbox

CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"
MANY = {"inputs": [{"id": str(number)} for number in range(101)]}


NOBODY: dict[str, Any] = {"email": None, "firstname": None, "lastname": None}


def test_a_contact_goes_its_whole_way(hubspot: HubSpotSandbox, client: Client) -> None:
    made = client("POST", CONTACTS, json={"properties": {"lastname": "Li", "hs_email_optout": None} | {"city": "Wien"}})
    assert said(made)[0] == 400, "what is only read cannot be set, not even to nothing"
    made = client("POST", CONTACTS, json={"properties": {"lastname": "Li", "city": "Wien"}})
    assert said(made) == (201, contact("1001", lastname="Li", city="Wien"))
    assert said(client("GET", f"{CONTACTS}/1001")) == (200, contact("1001", **{**NOBODY, "lastname": "Li"}))
    named = client("GET", f"{CONTACTS}/1001?properties=city,,zip&properties=fax&properties=nonsense")
    assert said(named) == (200, contact("1001", city="Wien", zip=None, fax=None))
    hubspot.clock.advance(1)
    later = "2026-01-05T10:00:01.250Z"
    changed = client("PATCH", f"{CONTACTS}/1001", json={"properties": {"city": "", "zip": 1010}})
    assert said(changed) == (200, contact("1001", at=later, city=None, zip="1010"))
    assert said(client("DELETE", f"{CONTACTS}/1001")) == (204, None)
    assert said(client("GET", f"{CONTACTS}/1001")) == GONE
    archived = contact("1001", at=later, archived=True, **{**NOBODY, "lastname": "Li"})
    assert said(client("GET", f"{CONTACTS}/1001?archived=true")) == (200, archived)
    assert said(client("GET", f"{CONTACTS}?archived=true")) == (200, {"results": [archived]})
    assert said(client("GET", f"{CONTACTS}?archived=false")) == (200, {"results": []})
    assert said(client("DELETE", f"{CONTACTS}/1001")) == (204, None)
    assert said(client("GET", f"{CONTACTS}/1002?archived=true")) == GONE


def test_a_company_has_defaults_of_its_own(client: Client) -> None:
    client("POST", COMPANIES, json={"properties": {"name": "Acme", "phone": "1"}})
    system = {"createdate": NOW, "hs_lastmodifieddate": NOW, "hs_object_id": "1001"}
    shown = {
        "id": "1001",
        "properties": {"name": "Acme", "domain": None, **system},
        "createdAt": NOW,
        "updatedAt": NOW,
        "archived": False,
    }
    assert said(client("GET", f"{COMPANIES}/1001")) == (200, shown)
    assert said(client("GET", "crm/v3/objects/0-2/1001")) == (200, shown)
    assert said(client("GET", "crm/v3/objects/company/1001")) == (200, shown)


def test_pages_lead_to_the_next_one(hubspot: HubSpotSandbox, client: Client) -> None:
    for _ in range(3):
        hubspot.user.create("contacts", {})
    first = client("GET", f"{CONTACTS}?limit=2").json()
    next_page = {"after": "1002", "link": f"{hubspot.url}/{CONTACTS}?after=1002"}
    assert (first["paging"], len(first["results"])) == ({"next": next_page}, 2)
    assert "paging" not in client("GET", f"{CONTACTS}?limit=3").json()
    assert [item["id"] for item in client("GET", f"{CONTACTS}?limit=1&after=1001").json()["results"]] == ["1002"]
    for limit in ("1", "100"):
        assert client("GET", f"{CONTACTS}?limit={limit}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "values", "kept"),
    [
        ("contacts", {"email": " LI@X.example "}, "li@x.example"),
        ("contacts", {"lifecyclestage": "lead"}, "lead"),
        ("companies", {"numberofemployees": -1.5}, "-1.5"),
        ("contacts", {"zip": True}, "true"),
        ("contacts", {"message": "x" * 65_536}, "x" * 65_536),
        ("contacts", {"since": "2026-02-03"}, "2026-02-03"),
        ("contacts", {"since": 1767571200000}, "2026-01-05"),
        ("contacts", {"seen": "2026-02-03T10:00:00+01:00"}, "2026-02-03T09:00:00.000Z"),
        ("contacts", {"seen": "2026-02-03"}, "2026-02-03T00:00:00.000Z"),
        ("contacts", {"seen": "-1"}, "1969-12-31T23:59:59.999Z"),
        ("contacts", {"likes": "tea;coffee"}, "tea;coffee"),
        ("contacts", {"likes": ";tea"}, "tea"),
        ("contacts", {"vip": "TRUE"}, "true"),
        ("contacts", {"email": "li@x"}, "INVALID_EMAIL"),
        ("contacts", {"email": "a@x.example;b@x.example"}, "INVALID_EMAIL"),
        ("contacts", {"lifecyclestage": "Lead"}, "INVALID_OPTION"),
        ("contacts", {"lifecyclestage": "lead;other"}, "INVALID_OPTION"),
        ("companies", {"numberofemployees": "many"}, "INVALID_NUMBER"),
        ("companies", {"numberofemployees": "1."}, "INVALID_NUMBER"),
        ("contacts", {"message": "x" * 65_537}, "VALUE_TOO_LONG"),
        ("contacts", {"since": "2026-02-03T00:00:01"}, "INVALID_DATE"),
        ("contacts", {"since": 1767571200001}, "INVALID_DATE"),
        ("contacts", {"since": "2026-02-03T00:01:00"}, "INVALID_DATE"),
        ("contacts", {"since": "2026-02-03T01:00:00"}, "INVALID_DATE"),
        ("contacts", {"seen": "tomorrow"}, "INVALID_DATE"),
        ("contacts", {"seen": "9" * 30}, "INVALID_DATE"),
        ("contacts", {"likes": "tea;milk"}, "INVALID_OPTION"),
        ("contacts", {"vip": "yes"}, "INVALID_OPTION"),
    ],
)
def test_values_are_kept_as_texts_or_refused(
    hubspot: HubSpotSandbox, client: Client, kind: str, values: dict[str, Any], kept: str
) -> None:
    options = [{"value": name, "label": name} for name in ("tea", "coffee")]
    for name, type, field, more in (
        ("since", "date", "date", {}),
        ("seen", "datetime", "date", {}),
        ("vip", "bool", "booleancheckbox", {}),
        ("likes", "enumeration", "checkbox", {"options": options}),
    ):
        new = {"name": name, "label": name, "type": type, "fieldType": field, "groupName": "g", **more}
        assert client("POST", "crm/v3/properties/contacts", json=new).status_code == 201
    ((name, given),) = values.items()
    answer = client("POST", f"crm/v3/objects/{kind}", json={"properties": values})
    if kept.startswith("INVALID_") or kept == "VALUE_TOO_LONG":
        message = f"{given} was not valid for {name}."
        row = {"isValid": False, "message": message, "error": kept, "name": name}
        assert said(answer) == wrong(f"Property values were not valid: {json.dumps([row])}")
    else:
        assert (answer.status_code, answer.json()["properties"][name]) == (201, kept)


def test_a_semicolon_in_front_adds_to_the_boxes_that_are_ticked(client: Client) -> None:
    options = [{"value": name, "label": name} for name in ("tea", "coffee", "milk")]
    new = {"name": "likes", "label": "l", "type": "enumeration", "fieldType": "checkbox", "groupName": "g"}
    client("POST", "crm/v3/properties/contacts", json={**new, "options": options})
    client("POST", CONTACTS, json={"properties": {"likes": "tea"}})
    for given, kept in ((";milk;tea", "tea;milk"), ("coffee", "coffee"), (";tea", "coffee;tea"), ("", None)):
        changed = client("PATCH", f"{CONTACTS}/1001", json={"properties": {"likes": given}})
        assert changed.json()["properties"]["likes"] == kept
    text = client("PATCH", f"{CONTACTS}/1001", json={"properties": {"city": ";Wien"}})
    assert text.json()["properties"]["city"] == ";Wien"


def test_every_wrong_value_is_named(client: Client) -> None:
    answer = client("POST", CONTACTS, json={"properties": {"nonsense": 1, "createdate": "2026-01-01", "city": "Wien"}})
    rows = [
        {
            "isValid": False,
            "message": 'Property "nonsense" does not exist',
            "error": "PROPERTY_DOESNT_EXIST",
            "name": "nonsense",
        },
        {
            "isValid": False,
            "message": '"createdate" is a read only property; its value cannot be set.',
            "error": "READ_ONLY_VALUE",
            "name": "createdate",
        },
    ]
    assert said(answer) == wrong(f"Property values were not valid: {json.dumps(rows)}")


TAKEN = error(409, "CONFLICT", "Contact already exists. Existing ID: 1001")
BAD_INPUT = wrong("Invalid input JSON: unable to parse the request body")
TWICE = {"inputs": [{"id": "1001"}, {"id": "1001"}]}
CLASH = {
    "isValid": False,
    "message": "1001 already has that value.",
    "error": "CONFLICTING_UNIQUE_VALUE",
    "name": "crmhub_id",
}
LIMIT = wrong("limit must be between 1 and 100")
NEED = wrong("inputs are needed")
TYPES = wrong("One or more association types are not valid for these objects")


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("GET", f"{CONTACTS}?limit=0", None, LIMIT),
        ("GET", f"{CONTACTS}?limit=101", None, LIMIT),
        ("GET", f"{CONTACTS}?limit=x", None, LIMIT),
        ("GET", f"{CONTACTS}?after=x", None, LIMIT),
        ("GET", f"{CONTACTS}/9", None, GONE),
        ("PATCH", f"{CONTACTS}/9", {"properties": {}}, GONE),
        ("GET", f"{CONTACTS}/1001?idProperty=city", None, wrong("city is not a unique property")),
        ("GET", f"{CONTACTS}/x@x.example?idProperty=email", None, GONE),
        ("POST", CONTACTS, [], BAD_INPUT),
        ("POST", CONTACTS, {"properties": {"email": "LI@x.example"}}, TAKEN),
        ("PATCH", f"{CONTACTS}/1002", {"properties": {"email": "li@x.example"}}, TAKEN),
        (
            "POST",
            CONTACTS,
            {"properties": {"crmhub_id": "k1"}},
            wrong(f"Property values were not valid: {json.dumps([CLASH])}"),
        ),
        ("GET", "crm/v3/objects/spaceships", None, wrong("Unable to infer object type from: spaceships")),
        ("POST", f"{CONTACTS}/merge", {"primaryObjectId": "1001", "objectIdToMerge": "9"}, GONE),
        ("POST", f"{CONTACTS}/merge", {"primaryObjectId": "9", "objectIdToMerge": "1001"}, GONE),
        (
            "POST",
            f"{CONTACTS}/merge",
            {"primaryObjectId": "1001", "objectIdToMerge": "1001"},
            wrong("an object cannot be merged with itself"),
        ),
        ("POST", f"{CONTACTS}/batch/read", {}, NEED),
        ("POST", f"{CONTACTS}/batch/read", {"inputs": []}, NEED),
        ("POST", f"{CONTACTS}/batch/read", {"inputs": ["1"]}, NEED),
        ("POST", f"{CONTACTS}/batch/update", MANY, wrong("Batch size of 101 is larger than the limit of 100")),
        ("POST", f"{CONTACTS}/batch/archive", TWICE, wrong("Duplicate IDs found in batch input")),
        (
            "POST",
            f"{CONTACTS}/batch/read",
            {"idProperty": "city", "inputs": [{"id": "x"}]},
            wrong("city is not a unique property"),
        ),
        ("POST", f"{CONTACTS}/batch/upsert", {"inputs": [{"id": "k1"}]}, wrong("idProperty is needed")),
        (
            "POST",
            f"{CONTACTS}/batch/create",
            {"inputs": [{"properties": {"email": "new@x.example"}}, {"properties": {"email": "li@x.example"}}]},
            TAKEN,
        ),
        (
            "POST",
            f"{CONTACTS}/batch/create",
            {"inputs": [{"properties": {"email": "new@x.example"}}, {"properties": {"email": "New@x.example"}}]},
            error(409, "CONFLICT", "Contact already exists. Existing ID: unknown"),
        ),
        ("GET", "crm/v3/properties/contacts/nonsense", None, GONE),
        ("POST", "crm/v3/properties/contacts", {"name": "vip"}, wrong("type is needed")),
        (
            "POST",
            "crm/v3/properties/contacts",
            {"name": "city", "label": "City", "type": "string", "fieldType": "text", "groupName": "g"},
            error(409, "OBJECT_ALREADY_EXISTS", "A property named 'city' already exists."),
        ),
        ("GET", "crm/v4/objects/contacts/9/associations/companies", None, GONE),
        (
            "GET",
            "crm/v4/objects/contacts/1001/associations/contacts",
            None,
            wrong("Unable to infer object type from: contacts to contacts"),
        ),
        ("PUT", "crm/v4/objects/contacts/1001/associations/companies/1003", [], TYPES),
        ("PUT", "crm/v4/objects/contacts/1001/associations/companies/1003", [{"associationTypeId": 280}], TYPES),
        ("PUT", "crm/v4/objects/contacts/1001/associations/default/companies/1002", None, GONE),
        ("POST", f"{LINKS}/read", {"inputs": []}, wrong("between 1 and 1000 inputs are needed")),
        ("POST", f"{LINKS}/read", {"inputs": [{"id": "1"}] * 1001}, wrong("between 1 and 1000 inputs are needed")),
        ("POST", f"{LINKS}/create", {"inputs": [{"id": "1"}] * 2001}, wrong("between 1 and 2000 inputs are needed")),
        ("POST", f"{LINKS}/archive", {}, wrong("between 1 and 2000 inputs are needed")),
        ("POST", f"{LINKS}/create", {"inputs": [{"from": {"id": "1001"}, "to": {"id": "9"}}]}, GONE),
        ("POST", f"{LINKS}/create", {"inputs": [{"from": {"id": "1001"}, "to": {"id": "1003"}}]}, TYPES),
        ("GET", "crm/v3/nothing", None, error(404, "OBJECT_NOT_FOUND", "No route was found for /crm/v3/nothing")),
    ],
)
def test_what_is_refused(
    hubspot: HubSpotSandbox, client: Client, method: str, path: str, body: Any, answer: tuple[int, Any]
) -> None:
    hubspot.user.create("contacts", {"email": "li@x.example", "crmhub_id": "k1"})
    hubspot.user.create("contacts", {"lastname": "Wu"})
    hubspot.user.create("companies", {"name": "Acme"})
    before = hubspot.state.dump()
    found = client(method, path, json=body)
    assert said(found) == answer
    assert hubspot.state.dump() == before, "what is refused changes nothing"


def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    assert said(client("POST", CONTACTS, data=b"{")) == BAD_INPUT
