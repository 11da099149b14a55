"""What the HubSpot sandbox tells an app, whole; what it tells people."""

from __future__ import annotations

import json
from typing import Any

import requests

from crmhub_hubspot.asking import GONE, NOW_MS, Client, error, said, wrong
from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_hubspot.sandbox.hooks import APP_ID, CLIENT_SECRET, DEVELOPER_KEY

CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"


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
