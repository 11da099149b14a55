"""What the HubSpot sandbox answers, whole: records, searches, batches, associations, refusals, limits, as tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_hubspot.sandbox.hooks import APP_ID, CLIENT_SECRET, DEVELOPER_KEY
from crmhub_hubspot.sandbox.properties import Property

Client = Callable[..., requests.Response]
NOW, NOW_MS = "2026-01-05T10:00:00.250Z", 1767607200250
CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"
LINKS = "crm/v4/associations/contacts/companies/batch"
MANY = {"inputs": [{"id": str(number)} for number in range(101)]}


def said(answer: requests.Response) -> tuple[int, Any]:
    """Status and body, without the ids by which HubSpot's support finds a call."""

    def plain(item: Any) -> Any:
        if isinstance(item, list):
            return [plain(part) for part in item]
        if isinstance(item, dict):
            assert item.get("status") != "error" or len(item["correlationId"]) == 36
            return {name: plain(value) for name, value in item.items() if name != "correlationId"}
        return item

    return answer.status_code, plain(answer.json()) if answer.content else None


def problem(category: str, message: str, **more: Any) -> dict[str, Any]:
    return {"status": "error", "message": message, "category": category, **more}


def error(status: int, category: str, message: str, **more: Any) -> tuple[int, Any]:
    return status, problem(category, message, **more)


def wrong(message: str) -> tuple[int, Any]:
    return error(400, "VALIDATION_ERROR", message)


GONE = error(404, "OBJECT_NOT_FOUND", "resource not found")


def contact(id: str, *, at: str = NOW, archived: bool = False, **properties: str | None) -> dict[str, Any]:
    system = {"createdate": NOW, "hs_object_id": id, "lastmodifieddate": at}
    return {
        "id": id,
        "properties": {**system, **properties},
        "createdAt": NOW,
        "updatedAt": at,
        "archived": archived,
        **({"archivedAt": at} if archived else {}),
    }


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
    options = [{"value": "tea"}, {"value": "coffee"}]
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
    options = [{"value": name} for name in ("tea", "coffee", "milk")]
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


# searches


def named(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"filters": [{"propertyName": name, "operator": operator, "value": value, **more}]}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({}, ["1001", "1002", "1003"]),
        ({"filterGroups": [{"filters": []}]}, ["1001", "1002", "1003"]),
        ({"filterGroups": [named("city", "EQ", "wien")]}, ["1001"]),
        ({"filterGroups": [named("numberofemployees", "EQ", "9.0")]}, ["1001"]),
        ({"filterGroups": [named("city", "NEQ", "Wien")]}, ["1002"]),
        ({"filterGroups": [named("numberofemployees", "LT", "10")]}, ["1001"]),
        ({"filterGroups": [named("numberofemployees", "LTE", 10)]}, ["1001", "1002"]),
        ({"filterGroups": [named("numberofemployees", "LTE", 9)]}, ["1001"]),
        ({"filterGroups": [named("numberofemployees", "GT", "9")]}, ["1002"]),
        ({"filterGroups": [named("numberofemployees", "GTE", "9")]}, ["1001", "1002"]),
        ({"filterGroups": [named("numberofemployees", "GTE", "9.5")]}, ["1002"]),
        ({"filterGroups": [named("numberofemployees", "BETWEEN", "9", highValue="9")]}, ["1001"]),
        ({"filterGroups": [named("numberofemployees", "BETWEEN", "9.5", highValue="10")]}, ["1002"]),
        ({"filterGroups": [named("numberofemployees", "BETWEEN", "9", highValue="10")]}, ["1001", "1002"]),
        ({"filterGroups": [named("numberofemployees", "BETWEEN", "1", highValue="9")]}, ["1001"]),
        ({"filterGroups": [named("city", "IN", values=["wien", "graz"])]}, ["1001", "1002"]),
        ({"filterGroups": [named("city", "IN", values=["Wien"])]}, []),
        ({"filterGroups": [named("city", "NOT_IN", values=["wien"])]}, ["1002"]),
        ({"filterGroups": [named("city", "HAS_PROPERTY")]}, ["1001", "1002"]),
        ({"filterGroups": [named("city", "NOT_HAS_PROPERTY")]}, ["1003"]),
        ({"filterGroups": [named("description", "CONTAINS_TOKEN", "RED")]}, ["1001"]),
        ({"filterGroups": [named("description", "CONTAINS_TOKEN", "re")]}, []),
        ({"filterGroups": [named("description", "CONTAINS_TOKEN", "re*")]}, ["1001"]),
        ({"filterGroups": [named("description", "NOT_CONTAINS_TOKEN", "red")]}, ["1002", "1003"]),
        ({"filterGroups": [named("hs_object_id", "GT", "1001")]}, ["1002", "1003"]),
        ({"filterGroups": [named("createdate", "EQ", NOW_MS)]}, ["1001", "1002", "1003"]),
        ({"filterGroups": [named("createdate", "EQ", NOW)]}, ["1001", "1002", "1003"]),
        ({"filterGroups": [named("hs_lastmodifieddate", "GT", str(NOW_MS))]}, ["1002"]),
        ({"filterGroups": [named("hs_lastmodifieddate", "LTE", NOW)]}, ["1001", "1003"]),
        ({"filterGroups": [named("city", "EQ", "graz"), named("name", "EQ", "curt")]}, ["1002", "1003"]),
        (
            {
                "filterGroups": [
                    {"filters": named("city", "EQ", "graz")["filters"] + named("name", "EQ", "x")["filters"]}
                ]
            },
            [],
        ),
        ({"query": "ACM"}, ["1001"]),
        ({"query": "nobody"}, []),
        ({"sorts": ["name"]}, ["1003", "1002", "1001"]),
        ({"sorts": [{"propertyName": "name", "direction": "ASCENDING"}]}, ["1003", "1002", "1001"]),
        ({"sorts": [{"propertyName": "name", "direction": "DESCENDING"}]}, ["1001", "1002", "1003"]),
        ({"sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]}, ["1003", "1002", "1001"]),
        ({"sorts": [{"propertyName": "hs_lastmodifieddate"}]}, ["1001", "1003", "1002"]),
        (
            {"sorts": [{"propertyName": "numberofemployees"}], "filterGroups": [named("city", "HAS_PROPERTY")]},
            ["1001", "1002"],
        ),
        ({"limit": 1, "after": "1"}, ["1002"]),
    ],
)
def test_companies_are_searched(hubspot: HubSpotSandbox, client: Client, body: dict[str, Any], ids: list[str]) -> None:
    for values in (
        {"name": "Zacm", "city": "Wien", "numberofemployees": "9", "description": "big red barn"},
        {"name": "Mona", "numberofemployees": "10"},
        {"name": "Curt"},
    ):
        hubspot.user.create("companies", values)
    hubspot.clock.advance(1)
    hubspot.user.edit("companies", "1002", {"city": "Graz"})
    found = client("POST", f"{COMPANIES}/search", json=body).json()
    assert [item["id"] for item in found["results"]] == ids
    assert found["total"] == (3 if "limit" in body else len(ids))


def test_a_page_of_a_search_is_whole(hubspot: HubSpotSandbox, client: Client) -> None:
    for _ in range(12):
        hubspot.user.create("contacts", {"city": "Wien"})
    found = client("POST", f"{CONTACTS}/search", json={"limit": 1, "after": 1, "properties": ["city", "zip"]})
    row = contact("1002", city="Wien", zip=None)
    assert said(found) == (200, {"total": 12, "results": [row], "paging": {"next": {"after": "2"}}})
    assert len(client("POST", f"{CONTACTS}/search", json={}).json()["results"]) == 10
    last = client("POST", f"{CONTACTS}/search", json={"after": "10", "limit": 2}).json()
    assert ([row["id"] for row in last["results"]], "paging" in last) == (["1011", "1012"], False)
    hubspot.user.delete("contacts", "1001")
    assert client("POST", f"{CONTACTS}/search", json={}).json()["total"] == 11, "archived ones are not found"


def filters(*counts: int) -> dict[str, Any]:
    return {"filterGroups": [{"filters": named("city", "HAS_PROPERTY")["filters"] * count} for count in counts]}


TOO_MANY = wrong("too many filter groups, filters or sorts")
CAP = wrong("paging is limited to 10000 results")
SEARCH_LIMIT = wrong("limit must be between 1 and 200")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"limit": 1}, None),
        ({"limit": 200}, None),
        ({"limit": 0}, SEARCH_LIMIT),
        ({"limit": 201}, SEARCH_LIMIT),
        ({"after": "9900", "limit": 100}, None),
        ({"after": "9901", "limit": 100}, CAP),
        (filters(1, 1, 1, 1, 1), None),
        (filters(1, 1, 1, 1, 1, 1), TOO_MANY),
        (filters(6, 6, 6), None),
        (filters(7), TOO_MANY),
        (filters(6, 6, 6, 1), TOO_MANY),
        ({"sorts": ["city"]}, None),
        ({"sorts": ["city", "zip"]}, TOO_MANY),
        (
            {"filterGroups": [named("nonsense", "EQ", "1")]},
            wrong('There was a problem with the request. Property "nonsense" does not exist'),
        ),
        ({"filterGroups": [named("city", "SOUNDS", "1")]}, wrong("Invalid operator SOUNDS")),
        ({"filterGroups": [named("city", "EQ")]}, wrong("EQ needs a value")),
        ({"filterGroups": [named("city", "IN", "wien")]}, wrong("IN needs values")),
        ({"filterGroups": [named("city", "NOT_IN", values=[])]}, wrong("NOT_IN needs values")),
    ],
)
def test_searches_are_limited(client: Client, body: dict[str, Any], answer: tuple[int, Any] | None) -> None:
    assert said(client("POST", f"{CONTACTS}/search", json=body)) == (answer or (200, {"total": 0, "results": []}))


# batches

TIMES = {"requestedAt": NOW, "startedAt": NOW, "completedAt": NOW}


def complete(*results: Any, **more: Any) -> dict[str, Any]:
    return {"status": "COMPLETE", "results": list(results), **TIMES, **more}


def test_results_of_batches_are_whole(hubspot: HubSpotSandbox, client: Client) -> None:
    def batch(name: str, *inputs: Any, **more: Any) -> tuple[int, Any]:
        return said(client("POST", f"{CONTACTS}/batch/{name}", json={"inputs": inputs, **more}))

    rows = [{"properties": {"email": f"{name}@x.example"}} for name in ("li", "wu")]
    li, wu = contact("1001", email="li@x.example"), contact("1002", email="wu@x.example")
    assert batch("create", *rows) == (201, complete(wu, li))
    taken = problem("CONFLICT", "Contact already exists. Existing ID: 1001", context={"objectWriteTraceId": ["a"]})
    traced = batch("create", {**rows[0], "objectWriteTraceId": "a"}, {"properties": {}, "objectWriteTraceId": "b"})
    nobody = {**contact("1003", **NOBODY), "objectWriteTraceId": "b"}
    assert traced == (207, complete(nobody, numErrors=1, errors=[taken]))
    twice = [{"properties": {"email": "li@x.example"}, "objectWriteTraceId": "a"}] * 2
    assert batch("create", *twice)[0] == 409, "trace ids that come twice are none"
    missing = problem(
        "OBJECT_NOT_FOUND",
        "Could not get some CONTACTS objects, they may be deleted or not exist. Check that ids are valid.",
        context={"ids": ["8", "9"]},
    )
    read = batch("read", {"id": "1001"}, {"id": "8"}, {"id": "9"}, properties=["email"])
    assert read == (207, complete(li, numErrors=1, errors=[missing]))
    assert batch("read", {"id": "li@x.example"}, idProperty="email", properties=["email"]) == (200, complete(li))
    unknown = problem("OBJECT_NOT_FOUND", "resource not found", context={"ids": ["9"]})
    change = {"properties": {"city": "Wien"}}
    by_email = {"id": "wu@x.example", "idProperty": "email", **change}
    changed = contact("1001", city="Wien"), contact("1002", city="Wien")
    assert batch("update", {"id": "1001", **change}, {"id": "9", **change}, by_email) == (
        207,
        complete(*changed[::-1], numErrors=1, errors=[unknown]),
    )
    assert batch("update", {"id": "1001"}) == (200, complete(contact("1001", **{**NOBODY, "email": "li@x.example"})))
    wrong_value = {"id": "1001", "properties": {"email": "none"}}
    status, body = batch("update", wrong_value)
    assert (status, body["errors"][0]["category"], body["results"]) == (207, "VALIDATION_ERROR", [])
    put = {"id": "k1", "idProperty": "crmhub_id", **change}
    own = contact("1004", crmhub_id="k1", city="Wien")
    assert batch("upsert", put) == (200, complete({**own, "new": True}))
    assert batch("upsert", put) == (200, complete({**own, "new": False}))
    assert batch("archive", {"id": "1001"}, {"id": "9"}) == (204, None)
    assert [row["id"] for row in hubspot.user.find("contacts")] == ["1002", "1003", "1004"]
    hubspot.switches.partial_every = 2
    hubspot.user.create("contacts", {})
    locked = batch("update", {"id": "1002", **change}, {"id": "1003", **change})
    error = problem("LOCKED", "the object is locked by another operation")
    assert locked[0] == 207
    (found,) = locked[1]["errors"]
    assert {name: value for name, value in found.items() if name != "context"} == error
    assert found["context"]["ids"] != [locked[1]["results"][0]["id"]]


def test_an_upsert_is_all_or_nothing(hubspot: HubSpotSandbox, client: Client) -> None:
    rows = [{"id": "a@x.example", "idProperty": "email"}, {"id": "none", "idProperty": "email"}]
    assert client("POST", f"{CONTACTS}/batch/upsert", json={"inputs": rows}).status_code == 400
    assert hubspot.user.find("contacts") == []
    hubspot.switches.partial_every = 1
    assert client("POST", f"{CONTACTS}/batch/upsert", json={"inputs": rows[:1]}).status_code == 200


def test_100_go_in_one_batch(client: Client) -> None:
    rows = [{"properties": {"lastname": f"N{number}"}} for number in range(100)]
    made = client("POST", f"{CONTACTS}/batch/create", json={"inputs": rows}).json()["results"]
    assert [item["properties"]["lastname"] for item in made] == [f"N{number}" for number in range(99, -1, -1)]


# associations


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


# what objects look like


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
            {"label": "gold", "value": "gold", "displayOrder": 0, "hidden": False},
            {"label": "silver", "value": "silver", "displayOrder": 1, "hidden": False},
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


# who calls, and how often


@pytest.mark.parametrize(
    ("taken", "method", "path", "scope"),
    [
        ("contacts.read", "GET", CONTACTS, "contacts.read"),
        ("contacts.read", "POST", f"{CONTACTS}/search", "contacts.read"),
        ("contacts.read", "GET", f"{CONTACTS}/1", "contacts.read"),
        ("contacts.read", "POST", f"{CONTACTS}/batch/read", "contacts.read"),
        ("contacts.create", "POST", CONTACTS, "contacts.write"),
        ("contacts.create", "POST", f"{CONTACTS}/batch/create", "contacts.write"),
        ("contacts.create", "POST", f"{CONTACTS}/batch/upsert", "contacts.write"),
        ("contacts.edit", "POST", f"{CONTACTS}/batch/upsert", "contacts.write"),
        ("contacts.edit", "POST", f"{CONTACTS}/batch/update", "contacts.write"),
        ("contacts.edit", "PATCH", f"{CONTACTS}/1", "contacts.write"),
        ("contacts.edit", "POST", f"{CONTACTS}/merge", "contacts.write"),
        ("contacts.delete", "POST", f"{CONTACTS}/merge", "contacts.write"),
        ("contacts.delete", "DELETE", f"{CONTACTS}/1", "contacts.write"),
        ("contacts.delete", "POST", f"{CONTACTS}/batch/archive", "contacts.write"),
        ("contacts.delete", "POST", f"{CONTACTS}/gdpr-delete", "contacts.write"),
        ("contacts.read", "GET", "crm/v3/properties/contacts", "contacts.read"),
        ("contacts.read", "GET", "crm/v3/properties/contacts/city", "contacts.read"),
        ("contacts.edit", "POST", "crm/v3/properties/contacts", "contacts.write"),
        ("owners.read", "GET", "crm/v3/owners", "owners.read"),
        ("contacts.read", "GET", "crm/v4/objects/contacts/1/associations/companies", "contacts.read"),
        ("contacts.read", "POST", f"{LINKS}/read", "contacts.read"),
        ("contacts.edit", "POST", f"{LINKS}/create", "contacts.write"),
        ("contacts.edit", "POST", f"{LINKS}/archive", "contacts.write"),
        ("contacts.edit", "PUT", "crm/v4/objects/contacts/1/associations/companies/1", "contacts.write"),
        ("contacts.edit", "PUT", "crm/v4/objects/contacts/1/associations/default/companies/1", "contacts.write"),
        ("contacts.edit", "DELETE", "crm/v4/objects/contacts/1/associations/companies/1", "contacts.write"),
        ("companies.read", "GET", COMPANIES, "companies.read"),
    ],
)
def test_scopes_that_are_missing_are_named(
    hubspot: HubSpotSandbox, client: Client, taken: str, method: str, path: str, scope: str
) -> None:
    hubspot.switches.no_permission = (taken,)
    row = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [f"crm.objects.{scope}"]},
    }
    message = "This app hasn't been granted all required scopes to make this call."
    assert said(client(method, path, json={})) == error(403, "MISSING_SCOPES", message, errors=[row])


NO_TOKEN = "Authentication credentials not found. This API supports OAuth 2.0 authentication"


@pytest.mark.parametrize("header", ["", "Basic pat-na1-crmhub-sandbox", "Bearer wrong", "Bearer"])
def test_without_a_known_token_nothing_is_answered(client: Client, header: str) -> None:
    for path in (CONTACTS, "crm/v3/owners", "account-info/v3/details", "crm/v3/properties/contacts"):
        found = client("GET", path, headers={"Authorization": header})
        assert said(found) == error(401, "INVALID_AUTHENTICATION", NO_TOKEN)
    assert client("GET", CONTACTS, headers={"Authorization": "bearer pat-na1-crmhub-sandbox"}).status_code == 200


APP = {
    "grant_type": "refresh_token",
    "client_id": "crmhub-sandbox-app",
    "client_secret": CLIENT_SECRET,
    "refresh_token": "na1-crmhub-sandbox-refresh",
}
BAD_CLIENT = {"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"}
BAD_TOKEN = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"client_id": "x"}, BAD_CLIENT),
        ({"client_secret": "x"}, BAD_CLIENT),
        ({"grant_type": "authorization_code"}, BAD_TOKEN),
        ({"refresh_token": "x"}, BAD_TOKEN),
    ],
)
def test_a_token_is_refused(client: Client, given: dict[str, str], answer: Any) -> None:
    assert said(client("POST", "oauth/v1/token", data={**APP, **given})) == (400, answer)


def test_a_token_lasts_half_an_hour_or_less(hubspot: HubSpotSandbox, client: Client) -> None:
    for wanted, seconds in ((3600, 1800), (60, 60)):
        hubspot.switches.token_seconds = wanted
        status, token = said(client("POST", "oauth/v1/token", data=APP))
        header = {"Authorization": f"Bearer {token.pop('access_token')}"}
        shown = {"refresh_token": APP["refresh_token"], "expires_in": seconds, "token_type": "bearer"}
        assert (status, token) == (200, shown)
        hubspot.clock.advance(seconds - 1)
        assert client("GET", CONTACTS, headers=header).status_code == 200
        hubspot.clock.advance(1)
        ended = client("GET", CONTACTS, headers=header)
        message = "The OAuth token used to make this call expired."
        assert said(ended) == error(401, "EXPIRED_AUTHENTICATION", message)


def limit(policy: str, message: str) -> tuple[int, Any]:
    return error(429, "RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy)


TEN_SECONDS = limit("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")


def left(answer: requests.Response) -> dict[str, str]:
    """What the headers tell about limits."""
    start = "x-hubspot-ratelimit-"
    return {name.lower()[len(start) :]: v for name, v in answer.headers.items() if name.lower().startswith(start)}


def test_ten_seconds_are_limited_for_the_app(hubspot: HubSpotSandbox, client: Client) -> None:
    hubspot.switches.burst, hubspot.switches.quota = 2, 100
    client("GET", CONTACTS)
    hubspot.clock.advance(5)
    second = client("GET", "crm/v3/owners")
    assert left(second) == {
        "max": "2",
        "remaining": "0",
        "interval-milliseconds": "10000",
        "daily": "100",
        "daily-remaining": "98",
    }
    assert said(client("GET", CONTACTS)) == TEN_SECONDS
    assert client("POST", f"{CONTACTS}/search", json={}).status_code == 200, "searches have a limit of their own"
    hubspot.clock.advance(4)
    assert client("GET", CONTACTS).status_code == 429
    hubspot.clock.advance(1)
    assert client("GET", CONTACTS).status_code == 200
    assert client("GET", CONTACTS).status_code == 429, "the window rolls"
    hubspot.switches.burst = hubspot.switches.quota = None
    free = client("GET", CONTACTS)
    assert (free.status_code, left(free)) == (200, {})


def test_searches_and_days_are_limited(hubspot: HubSpotSandbox, client: Client) -> None:
    answers = [client("POST", f"{CONTACTS}/search", json={}) for _ in range(6)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert said(answers[5]) == limit("SECONDLY", "You have reached your secondly limit.")
    assert left(answers[0]) == {}
    hubspot.clock.advance(1)
    hubspot.switches.quota = 6
    assert client("POST", f"{CONTACTS}/search", json={}).status_code == 200
    day = client("GET", CONTACTS)
    assert said(day) == limit("DAILY", "You have reached your daily limit.")
    assert day.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    hubspot.clock.advance(24 * 3600)
    assert client("GET", CONTACTS).status_code == 200


def test_the_limits_of_a_professional_account_are_the_usual_ones(client: Client) -> None:
    headers = client("GET", CONTACTS).headers
    assert (headers["X-HubSpot-RateLimit-Max"], headers["X-HubSpot-RateLimit-Daily"]) == ("190", "250000")


BROKEN = problem("INTERNAL_ERROR", "internal error")
GATEWAY = "<html><body>Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("switch", "answer"),
    [
        ({"throttle_every": 1}, TEN_SECONDS),
        ({"fail_every": 1, "fail_status": 500}, (500, BROKEN)),
        ({"fail_every": 1, "fail_status": 503}, (503, BROKEN)),
        ({"fail_every": 1, "fail_status": 502}, (502, GATEWAY)),
        ({"fail_every": 1, "fail_status": 504}, (504, GATEWAY)),
        ({"error_body_every": 1}, (200, BROKEN)),
    ],
)
def test_faults_look_as_hubspots_do(
    hubspot: HubSpotSandbox, client: Client, switch: dict[str, int], answer: tuple[int, Any]
) -> None:
    for name, value in switch.items():
        setattr(hubspot.switches, name, value)
    found = client("GET", CONTACTS)
    if isinstance(answer[1], str):
        assert (found.status_code, found.text, found.headers["Content-Type"].partition(";")[0]) == (
            *answer,
            "text/html",
        )
    else:
        assert said(found) == answer


# webhooks

HOOKS = f"webhooks/v3/{APP_ID}"


def test_webhooks_are_set_up(client: Client) -> None:
    def call(method: str, path: str, body: Any = None, key: str = DEVELOPER_KEY) -> tuple[int, Any]:
        return said(client(method, f"{path}?hapikey={key}", json=body))

    refused = error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
    for method, path in (
        ("GET", "settings"),
        ("PUT", "settings"),
        ("GET", "subscriptions"),
        ("POST", "subscriptions"),
        ("DELETE", "subscriptions/25"),
    ):
        assert call(method, f"{HOOKS}/{path}", {}, key="x") == refused
        assert call(method, f"webhooks/v3/1/{path}", {}) == refused
    assert call("GET", f"{HOOKS}/settings") == GONE
    assert call("PUT", f"{HOOKS}/settings", {"targetUrl": ""}) == wrong("targetUrl is needed")
    settings = {"targetUrl": "https://x.example", "throttling": {"maxConcurrentRequests": 10}}
    assert call("PUT", f"{HOOKS}/settings", settings) == (200, settings)
    assert call("GET", f"{HOOKS}/settings") == (200, settings)
    for event in ("deal.creation", "contact", "contact."):
        assert call("POST", f"{HOOKS}/subscriptions", {"eventType": event}) == wrong("eventType is not valid")
    change = {"eventType": "contact.propertyChange", "active": True}
    assert call("POST", f"{HOOKS}/subscriptions", change) == wrong("propertyName is needed")
    made = {"id": "25", **change, "propertyName": "city"}
    assert call("POST", f"{HOOKS}/subscriptions", {**change, "propertyName": "city"}) == (201, made)
    other = {"id": "26", "eventType": "company.deletion", "active": False, "propertyName": None}
    assert call("POST", f"{HOOKS}/subscriptions", {"eventType": "company.deletion"}) == (201, other)
    assert call("GET", f"{HOOKS}/subscriptions") == (200, {"results": [made, other]})
    assert call("DELETE", f"{HOOKS}/subscriptions/25") == (204, None)
    assert call("DELETE", f"{HOOKS}/subscriptions/25") == GONE
    assert call("GET", f"{HOOKS}/subscriptions") == (200, {"results": [other]})


def test_events_are_told_whole(hubspot: HubSpotSandbox, client: Client) -> None:
    key = {"hapikey": DEVELOPER_KEY}
    told: list[Any] = []

    def take(url: str, body: bytes, headers: dict[str, str], done: Any = None) -> None:
        assert (url, headers["Content-Type"]) == ("https://x.example/h", "application/json")
        assert headers["X-HubSpot-Request-Timestamp"] == str(int(hubspot.now().timestamp() * 1000))
        told.extend(json.loads(body))
        done(500)

    hubspot.deliveries.send = take  # type: ignore[assignment,method-assign]  # nothing listens there
    for topic, name in (
        ("contact.creation", None),
        ("contact.deletion", None),
        ("contact.merge", None),
        ("contact.restore", None),
        ("contact.privacyDeletion", None),
        ("contact.propertyChange", "city"),
        ("company.creation", None),
    ):
        body = {"eventType": topic, "propertyName": name, "active": True}
        client("POST", f"{HOOKS}/subscriptions", params=key, json=body)
    client("POST", f"{HOOKS}/subscriptions", params=key, json={"eventType": "contact.creation", "active": False})
    assert hubspot.user.create("contacts", {}) == "1001", "nobody is told before there is an address"
    client("PUT", f"{HOOKS}/settings", params=key, json={"targetUrl": "https://x.example/h"})

    def events() -> list[Any]:
        found = [{name: value for name, value in item.items() if name != "eventId"} for item in told]
        told.clear()
        return found

    def event(kind: str, subscription: int, id: int, *, by_api: bool = False, **more: Any) -> dict[str, Any]:
        source = {"changeSource": "INTEGRATION", "sourceId": str(APP_ID)}
        return {
            "objectId": id,
            "subscriptionId": subscription,
            "portalId": 12345678,
            "appId": APP_ID,
            "occurredAt": NOW_MS,
            "subscriptionType": kind,
            **(source if by_api else {"changeSource": "CRM_UI", "sourceId": "userId:101"}),
            **more,
            "attemptNumber": 0,
        }

    client("POST", CONTACTS, json={"properties": {"city": "Wien"}})
    assert [item["eventId"] for item in told] == [1_000_001, 1_000_002]
    city = {"propertyName": "city", "propertyValue": "Wien"}
    assert events() == [
        event("contact.creation", 25, 1002, by_api=True),
        event("contact.propertyChange", 30, 1002, by_api=True, **city),
    ]
    hubspot.user.edit("contacts", "1002", {"city": "Wien", "zip": "1"})
    assert events() == [], "a value that stays is no change"
    hubspot.user.edit("contacts", "1002", {"city": None})
    assert events() == [event("contact.propertyChange", 30, 1002, propertyName="city", propertyValue="")]
    hubspot.user.create("companies", {"city": "Wien"})
    assert events() == [event("company.creation", 31, 1003)]
    hubspot.user.merge("contacts", "1001", "1002")
    merged: dict[str, Any] = {"primaryObjectId": 1001, "mergedObjectIds": [1002], "newObjectId": 1001}
    assert events() == [event("contact.merge", 27, 1001, **merged)]
    hubspot.user.delete("contacts", "1001")
    hubspot.user.restore("contacts", "1001")
    hubspot.user.delete_for_good("contacts", "1001")
    assert events() == [
        event("contact.deletion", 26, 1001),
        event("contact.restore", 28, 1001),
        event("contact.privacyDeletion", 29, 1001),
    ]
    hubspot.switches.webhook_retries = 2
    hubspot.user.create("companies", {})
    assert [item["attemptNumber"] for item in told] == [0, 1, 2]


def test_people_are_forgotten_by_any_unique_property(hubspot: HubSpotSandbox, client: Client) -> None:
    for number in range(3):
        hubspot.user.create("contacts", {"email": f"n{number}@x.example", "crmhub_id": f"k{number}"})
    for body in ({"objectId": 1001}, {"objectId": "n1@x.example", "idProperty": "email"}, {"objectId": "9"}):
        assert said(client("POST", f"{CONTACTS}/gdpr-delete", json=body)) == (204, None)
    assert [item["id"] for item in hubspot.user.find("contacts")] == ["1003"]
    assert client("GET", f"{CONTACTS}?archived=true").json()["results"] == []


def test_what_a_person_needs_is_told(hubspot: HubSpotSandbox) -> None:
    about = requests.get(f"{hubspot.url}/_sandbox", timeout=10).json()
    assert about == {
        "name": "hubspot",
        "title": "HubSpot, CRM API v3",
        "url": hubspot.url,
        "settings": {"base_url": hubspot.url},
        "credentials": {"token": "pat-na1-crmhub-sandbox"},
    }
    assert hubspot.app() == {
        "app_id": 4711,
        "client_id": "crmhub-sandbox-app",
        "client_secret": CLIENT_SECRET,
        "refresh_token": "na1-crmhub-sandbox-refresh",
    }
    assert hubspot.is_filled() is False
    hubspot.user.create("companies", {})
    assert hubspot.is_filled() is True
