"""WooCommerce's own Python client talks to the WooCommerce sandbox, over plain HTTP with OAuth 1.0a signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from woocommerce import API

from crmhub_woocommerce.sandbox import WooCommerceSandbox
from hub.testing.sandbox import running


@pytest.fixture
def shop() -> Iterator[WooCommerceSandbox]:
    with running(WooCommerceSandbox()) as sandbox:
        yield sandbox


@pytest.fixture
def api(shop: WooCommerceSandbox) -> Any:
    given = shop.credentials()
    return API(shop.url, given["consumer_key"], given["consumer_secret"], version="wc/v3")


def test_it_writes_and_reads(shop: WooCommerceSandbox, api: Any) -> None:
    made = api.post("customers", {"email": "li@x.example", "first_name": "Wéi", "billing": {"city": "Köln"}})
    assert made.status_code == 201
    id = made.json()["id"]
    taken = api.post("customers", {"email": "LI@x.example"})
    assert (taken.status_code, taken.json()["code"]) == (400, "registration-error-email-exists")
    assert api.put(f"customers/{id}", {"last_name": "Li"}).json()["billing"]["city"] == "Köln"
    assert api.get(f"customers/{id}").json()["last_name"] == "Li"
    assert api.delete(f"customers/{id}", params={"force": True}).json()["id"] == id
    assert api.get(f"customers/{id}").status_code == 404


def test_it_pages_with_parameters_that_need_encoding(shop: WooCommerceSandbox, api: Any) -> None:
    for name in "abc":
        shop.user.create("customers", {"email": f"{name}+tag@x.example", "first_name": name})
    answer = api.get("customers", params={"per_page": 2, "orderby": "id", "role": "all", "search": "+tag@x"})
    assert (len(answer.json()), answer.headers["X-WP-TotalPages"]) == (2, "2")
    orders = api.get("orders", params={"modified_after": "2026-01-01T00:00:00", "dates_are_gmt": "true"})
    assert orders.json() == []


def test_it_sends_batches_and_webhooks(shop: WooCommerceSandbox, api: Any) -> None:
    body = {"create": [{"email": "a@x.example"}, {"email": "a@x.example"}]}
    rows = api.post("customers/batch", body).json()["create"]
    assert (rows[0]["email"], rows[1]["error"]["code"]) == ("a@x.example", "registration-error-email-exists")
    hook = {"topic": "customer.created", "delivery_url": f"{shop.url}/nowhere", "secret": "s"}
    assert api.post("webhooks", hook).status_code == 201
    shop.deliveries.settle()


def test_wrong_secrets_used_requests_and_old_ones_are_refused(shop: WooCommerceSandbox, api: Any) -> None:
    wrong = API(shop.url, api.consumer_key, "cs_wrong", version="wc/v3").get("customers")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "woocommerce_rest_authentication_error")
    assert "signature" in wrong.json()["message"]
    first = api.get("customers")
    again = requests.get(first.request.url, timeout=10)
    assert (first.status_code, again.status_code) == (200, 401)
    assert "nonce" in again.json()["message"]
    shop.clock.advance(3600)
    late = api.get("customers")
    assert (late.status_code, late.json()["message"]) == (401, "Invalid timestamp.")


def test_it_lists_wakes_and_removes_webhooks(shop: WooCommerceSandbox, api: Any) -> None:
    for topic in ("customer.created", "customer.updated", "customer.deleted"):
        content = {"topic": topic, "delivery_url": f"{shop.url}/nowhere", "secret": "s"}
        assert api.post("webhooks", content).status_code == 201
    first = api.get("webhooks", params={"per_page": 2, "status": "all"})
    assert (len(first.json()), first.headers["X-WP-Total"], first.headers["X-WP-TotalPages"]) == (2, "3", "2")
    (last,) = api.get("webhooks", params={"per_page": 2, "page": 2, "status": "all"}).json()
    assert last["topic"] == "customer.created", "the newest come first"
    paused = api.put(f"webhooks/{last['id']}", {"status": "disabled"}).json()
    assert (paused["status"], "secret" in paused) == ("disabled", False)
    assert [row["id"] for row in api.get("webhooks", params={"status": "disabled"}).json()] == [last["id"]]
    assert api.put(f"webhooks/{last['id']}", {"status": "active"}).json()["status"] == "active"
    assert api.delete(f"webhooks/{last['id']}").status_code == 501
    assert api.delete(f"webhooks/{last['id']}", params={"force": True}).json()["id"] == last["id"]
    shop.deliveries.settle()
