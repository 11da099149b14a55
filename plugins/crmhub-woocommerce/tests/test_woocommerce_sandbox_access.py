"""Whom the WooCommerce sandbox answers, by key or signature; its webhooks as they are shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from crmhub_woocommerce.sandbox import WooCommerceSandbox

Client = Callable[..., requests.Response]
NOW, LOCAL = "2026-01-05T10:00:00", "2026-01-05T11:00:00"


def error(status: int, code: str, message: str, **data: Any) -> tuple[int, Any]:
    return status, {"code": code, "message": message, "data": {"status": status, **data}}


def invalid(**params: str) -> tuple[int, Any]:
    message = f"Invalid parameter(s): {', '.join(params)}"
    return error(400, "rest_invalid_param", message, params=params, details={})


NO_TRASH = "woocommerce_rest_trash_not_supported"
KEY, SECRET = "ck_crmhub_sandbox", "cs_crmhub_sandbox"
WRONG_KEYS = error(401, "woocommerce_rest_authentication_error", "Consumer key or secret is incorrect.")[1]


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        (base64.b64encode(f"{KEY}:{SECRET}".encode()).decode(), "", 200),
        (base64.b64encode(f"{KEY}:wrong".encode()).decode(), "", 401),
        (base64.b64encode(f"ck_other:{SECRET}".encode()).decode(), "", 401),
        ("?", f"consumer_key={KEY}&consumer_secret={SECRET}", 401),
        (None, f"consumer_key={KEY}&consumer_secret={SECRET}", 200),
        (None, f"consumer_key={KEY}", 401),
        (None, "", 401),
    ],
)
def test_behind_tls_the_keys_come_in_a_header_or_in_the_query(
    shop: WooCommerceSandbox, header: str | None, query: str, status: int
) -> None:
    headers = {} if header is None else {"Authorization": f"BASIC {header}"}
    for path in ("customers", "orders", "webhooks"):
        found = requests.get(f"{shop.api}/{path}?{query}", headers=headers, timeout=10)
        assert found.status_code == status
        assert status == 200 or found.json() == WRONG_KEYS


def signed(shop: WooCommerceSandbox, **given: str | None) -> dict[str, str]:
    """The parameters of a signed GET of all customers (OAuth 1.0a, RFC 5849); None leaves one out, others replace."""
    fields: dict[str, str | None] = {
        "oauth_consumer_key": KEY,
        "oauth_timestamp": str(int(shop.now().timestamp())),
        "oauth_nonce": "n1",
        "oauth_signature_method": "HMAC-SHA256",
        "search": "a b+c~ü",
        **given,
    }
    sent = {name: value for name, value in fields.items() if value is not None}
    pairs = "&".join(f"{quote(name, '~')}={quote(value, '~')}" for name, value in sorted(sent.items()))
    text = f"GET&{quote(f'{shop.api}/customers', '')}&{quote(pairs, '')}"
    kind = hashlib.sha1 if sent.get("oauth_signature_method") == "HMAC-SHA1" else hashlib.sha256
    digest = hmac.new(f"{SECRET}&".encode(), text.encode(), kind).digest()
    return {"oauth_signature": base64.b64encode(digest).decode(), **sent}


@pytest.mark.parametrize(
    ("given", "moved", "message"),
    [
        ({}, 0, None),
        ({"oauth_signature_method": "HMAC-SHA1"}, 0, None),
        ({}, 900, None),
        ({}, -900, None),
        ({}, 901, "Invalid timestamp."),
        ({}, -901, "Invalid timestamp."),
        ({"oauth_timestamp": "soon"}, 0, "Invalid timestamp."),
        ({"oauth_consumer_key": "ck_other"}, 0, "Consumer key is invalid."),
        ({"oauth_nonce": None}, 0, "Missing OAuth parameter oauth_nonce"),
        ({"oauth_nonce": None, "oauth_timestamp": ""}, 0, "Missing OAuth parameter oauth_timestamp, oauth_nonce"),
        ({"oauth_signature_method": None}, 0, "Missing OAuth parameter oauth_signature_method"),
        ({"oauth_signature_method": "PLAINTEXT"}, 0, "Invalid signature - signature method is invalid."),
        ({"oauth_signature": "eHg="}, 0, "Invalid signature - provided signature does not match."),
    ],
)
def test_on_plain_http_calls_are_signed(
    shop: WooCommerceSandbox, given: dict[str, str | None], moved: int, message: str | None
) -> None:
    shop.switches.https = False
    fields = signed(shop, **given)
    shop.clock.advance(moved)
    found = requests.get(f"{shop.api}/customers", params=fields, timeout=10)
    if message is None:
        assert (found.status_code, found.json()) == (200, [])
    else:
        assert (found.status_code, found.json()) == error(401, "woocommerce_rest_authentication_error", message)


def test_a_signature_may_come_in_a_header_and_a_nonce_counts_once(shop: WooCommerceSandbox) -> None:
    shop.switches.https = False

    def call(**given: str) -> requests.Response:
        fields = {**signed(shop, search=None, **given), "realm": "shop"}
        header = "OAuth " + ", ".join(f'{name}="{quote(value, "")}"' for name, value in fields.items())
        return requests.get(f"{shop.api}/customers", headers={"Authorization": header}, timeout=10)

    assert call().status_code == 200
    message = "Invalid nonce - nonce has already been used."
    assert (call().status_code, call().json()) == error(401, "woocommerce_rest_authentication_error", message)
    first = int(shop.now().timestamp())
    shop.clock.advance(900)
    assert call(oauth_nonce="n3").status_code == 200
    assert call(oauth_timestamp=str(first)).status_code == 401, "as long as its time is taken, it is remembered"
    shop.clock.advance(1)
    assert call(oauth_nonce="n2").status_code == 200
    assert call().status_code == 200, "a nonce may come again when its time has passed"
    unsigned = requests.get(f"{shop.api}/customers", auth=(KEY, SECRET), timeout=10)
    message = "Sorry, you cannot list resources."
    assert (unsigned.status_code, unsigned.json()) == error(401, "woocommerce_rest_cannot_view", message)


def test_a_webhook_is_shown_whole_without_its_secret(shop: WooCommerceSandbox, client: Client) -> None:
    shop.switches.lose_every = 1
    made = client("POST", "webhooks", json={"topic": "order.updated", "delivery_url": "https://x.example/h"})
    shown = {
        "id": 1,
        "name": "Webhook created by the API",
        "status": "active",
        "topic": "order.updated",
        "delivery_url": "https://x.example/h",
        "resource": "order",
        "event": "updated",
        "hooks": [],
        "date_created": LOCAL,
        "date_created_gmt": NOW,
    }
    read = client("GET", "webhooks/1")
    assert (made.status_code, made.json(), read.status_code, read.json()) == (201, shown, 200, shown)
    paused = client("PUT", "webhooks/1", json={"status": "paused", "name": "mine", "topic": "order.created"})
    assert paused.status_code == 200
    assert paused.json() == {**shown, "status": "paused", "name": "mine", "topic": "order.created", "event": "created"}
    wrong = client("PUT", "webhooks/1", json={"status": "asleep"})
    assert (wrong.status_code, wrong.json()) == invalid(status="status is not one of active, paused, and disabled.")
    assert client("PUT", "webhooks/1", json={"delivery_url": "https://y.example"}).json()["status"] == "paused"
    kept = client("DELETE", "webhooks/1")
    assert (kept.status_code, kept.json()) == error(501, NO_TRASH, "Webhooks do not support trashing.")
    gone = client("DELETE", "webhooks/1?force=1")
    assert (gone.status_code, gone.json()["delivery_url"]) == (200, "https://y.example")
    assert client("GET", "webhooks").json() == []


@pytest.mark.parametrize(
    ("query", "ids", "pages"),
    [
        ("", [11, 10, 9, 8, 7, 6, 5, 4, 3, 2], "2"),
        ("order=asc&per_page=2", [1, 2], "6"),
        ("per_page=100&status=disabled", [2], "1"),
        ("per_page=5&page=3", [1], "3"),
        ("status=active&page=1&order=asc&per_page=1", [1], "10"),
    ],
)
def test_webhooks_are_listed(shop: WooCommerceSandbox, client: Client, query: str, ids: list[int], pages: str) -> None:
    shop.switches.lose_every = 1
    for number in range(11):
        body = {"topic": "order.created", "delivery_url": f"http://x.example/{number}"}
        client("POST", "webhooks", json={**body, "status": "disabled" if number == 1 else None})
    found = client("GET", f"webhooks?{query}")
    assert (found.status_code, [row["id"] for row in found.json()]) == (200, ids)
    assert found.headers["X-WP-TotalPages"] == pages


def test_what_a_person_needs_is_told(shop: WooCommerceSandbox) -> None:
    assert requests.get(f"{shop.url}/_sandbox", timeout=10).json() == {
        "name": "woocommerce",
        "title": "WooCommerce, REST API v3",
        "url": shop.url,
        "settings": {"url": shop.url},
        "credentials": {"consumer_key": KEY, "consumer_secret": SECRET},
    }
    assert shop.is_filled() is False
    shop.user.create("orders", {})
    assert shop.is_filled() is True
