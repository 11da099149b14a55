"""What the HubSpot sandbox finds: operators, orders, pages, limits of a search."""

from __future__ import annotations

from typing import Any

import pytest

from crmhub_hubspot.asking import NOW, NOW_MS, Client, contact, named, said, wrong
from crmhub_hubspot.sandbox import HubSpotSandbox

CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"


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
