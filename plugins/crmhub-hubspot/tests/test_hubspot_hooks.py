"""Webhooks of HubSpot: signed by the sandbox, which HubSpot's own client judges (tests/judges)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_hubspot.sandbox.hooks import APP_ID, CLIENT_SECRET, DEVELOPER_KEY
from hub import plugin

Connect = Callable[..., Any]
URL = "https://hub.firm.example/hooks/hs"
EVENT = {"objectId": 7, "eventId": 1, "subscriptionType": "contact.creation"}


def signed(sandbox: HubSpotSandbox, body: bytes, *, secret: str = CLIENT_SECRET, late: float = 0.0) -> dict[str, str]:
    stamp = str(int((sandbox.now().timestamp() - late) * 1000))
    digest = hmac.new(secret.encode(), f"POST{URL}".encode() + body + stamp.encode(), hashlib.sha256).digest()
    given = {"x-hubspot-signature-v3": base64.b64encode(digest).decode(), "x-hubspot-request-timestamp": stamp}
    return {**given, ":method": "POST", ":url": URL}


@pytest.fixture
def hooked(connect: Connect) -> Any:
    return connect(app_secret=SecretStr(CLIENT_SECRET), app_id=str(APP_ID), developer_key=SecretStr(DEVELOPER_KEY))


@pytest.mark.parametrize(
    ("what", "event", "ids"),
    [
        ("a new contact", EVENT, [["7"]]),
        ("a changed value", {**EVENT, "subscriptionType": "contact.propertyChange", "propertyName": "city"}, [["7"]]),
        (
            "a merge names all",
            {**EVENT, "subscriptionType": "contact.merge", "mergedObjectIds": [8, 9]},
            [["7", "8", "9"]],
        ),
        ("a company", {**EVENT, "subscriptionType": "company.creation"}, []),
    ],
)
def test_an_event_names_the_contacts_to_read_again(
    hooked: Any, sandbox: HubSpotSandbox, what: str, event: dict[str, Any], ids: list[list[str]]
) -> None:
    body = json.dumps([event]).encode()
    found = hooked.parse_webhook(signed(sandbox, body), body)
    assert [hint.ids for hint in found] == ids, what
    assert {hint.event for hint in found} <= {"1"}


def test_what_is_not_signed_by_the_app_or_too_old_is_refused(
    hooked: Any, sandbox: HubSpotSandbox, connect: Connect
) -> None:
    body = json.dumps([EVENT]).encode()
    wrong = [
        signed(sandbox, body, secret="another"),
        signed(sandbox, body, late=301),
        signed(sandbox, body, late=-301),
        {**signed(sandbox, body), ":url": "https://hub.firm.example/hooks/other"},
        {**signed(sandbox, body), "x-hubspot-request-timestamp": "x"},
        {},
    ]
    for headers in wrong:
        with pytest.raises(plugin.AuthError):
            hooked.parse_webhook(headers, body)
    with pytest.raises(plugin.AuthError):
        hooked.parse_webhook(signed(sandbox, body), body + b" ")
    with pytest.raises(plugin.AuthError):
        connect().parse_webhook(signed(sandbox, body, secret=""), body)
    with pytest.raises(plugin.Rejected):
        hooked.parse_webhook(signed(sandbox, b"7"), b"7")


def test_subscriptions_of_the_app_are_seen_but_not_made(hooked: Any, sandbox: HubSpotSandbox, connect: Connect) -> None:
    assert hooked.subscriptions(URL) == []
    root, key = f"{sandbox.url}/webhooks/v3/{APP_ID}", {"hapikey": DEVELOPER_KEY}
    requests.put(f"{root}/settings", params=key, timeout=10, json={"targetUrl": URL})
    for active in (True, False):
        event = {"eventType": "contact.creation", "active": active}
        assert requests.post(f"{root}/subscriptions", params=key, timeout=10, json=event).status_code == 201
    assert [(item.topic, item.active) for item in hooked.subscriptions(URL)] == [
        ("contact.creation", True),
        ("contact.creation", False),
    ]
    assert hooked.subscriptions("https://elsewhere.example/hooks/hs") == []
    with pytest.raises(NotImplementedError):
        hooked.subscribe(URL)
    with pytest.raises(plugin.ConfigError, match="cannot be looked at"):
        connect().subscriptions(URL)
    with pytest.raises(plugin.AuthError) as caught:
        connect(app_id=str(APP_ID), developer_key=SecretStr("wrong-key")).subscriptions(URL)
    assert "wrong-key" not in str(caught.value)
