"""The WooCommerce sandbox answers as the server's code does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from crmhub_woocommerce.sandbox import WooCommerceSandbox

Client = Callable[..., requests.Response]


def register(shop: WooCommerceSandbox, *names: str) -> list[int]:
    return [shop.user.create("customers", {"email": f"{name}@x.example", "first_name": name}) for name in names]


def test_a_customer_has_local_and_utc_times_without_an_offset(shop: WooCommerceSandbox, client: Client) -> None:
    answer = client("POST", "customers", json={"email": "Li@x.example", "billing": {"city": "Wien", "nonsense": 1}})
    assert answer.status_code == 201
    record = answer.json()
    assert answer.headers["Location"] == f"{shop.api}/customers/{record['id']}"
    assert (record["date_created"], record["date_created_gmt"]) == ("2026-01-05T11:00:00", "2026-01-05T10:00:00")
    assert (record["email"], record["role"], record["billing"]["city"]) == ("Li@x.example", "customer", "Wien")
    assert "nonsense" not in record["billing"]
    assert "email" not in record["shipping"]
    stranger = shop.user.add_user("sub@x.example")
    assert client("GET", f"customers/{stranger}").json()["date_modified"] is None


def test_lists_are_bare_arrays_with_headers(shop: WooCommerceSandbox, client: Client) -> None:
    ids = register(shop, "c", "a", "b")
    answer = client("GET", "customers?per_page=2&orderby=id&_fields=id")
    assert answer.json() == [{"id": ids[0]}, {"id": ids[1]}]
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("3", "2")
    assert 'page=2>; rel="next"' in answer.headers["Link"]
    past = client("GET", "customers?per_page=2&page=9")
    assert (past.json(), past.headers["X-WP-Total"]) == ([], "3")
    assert [item["first_name"] for item in client("GET", "customers").json()] == ["a", "b", "c"], "by name at first"
    assert [item["id"] for item in client("GET", "customers?offset=1&orderby=id&order=desc").json()] == [ids[1], ids[0]]
    assert len(client("GET", f"customers?include={ids[0]},{ids[2]}&exclude={ids[2]}").json()) == 1
    assert client("GET", "customers?email=A@X.example").json()[0]["id"] == ids[1]
    wrong = client("GET", "customers?per_page=101")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "rest_invalid_param")


def test_ten_are_on_a_page_unless_more_are_asked_for(shop: WooCommerceSandbox, client: Client) -> None:
    register(shop, *"abcdefghijkl")
    assert len(client("GET", "customers").json()) == 10
    assert len(client("GET", "customers?per_page=100").json()) == 12


def test_times_have_no_fractions_however_fine_the_clock_is(shop: WooCommerceSandbox, client: Client) -> None:
    shop.switches.one_second_clock = False
    (id_,) = register(shop, "a")
    record = client("GET", f"customers/{id_}").json()
    assert (record["date_created"], record["date_modified_gmt"]) == ("2026-01-05T11:00:00", "2026-01-05T10:00:00")


def test_other_roles_are_hidden_and_unknown_filters_ignored(shop: WooCommerceSandbox, client: Client) -> None:
    register(shop, "a")
    shop.user.add_user("sub@x.example")
    assert len(client("GET", "customers").json()) == 1
    assert len(client("GET", "customers?role=all&modified_after=2999-01-01T00:00:00").json()) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"email": "A@x.example"}, "registration-error-email-exists"),
        ({"email": "b@x.example", "username": "anna"}, "registration-error-username-exists"),
        ({"email": "b@x.example", "id": 5}, "woocommerce_rest_customer_exists"),
        ({"first_name": "B"}, "rest_missing_callback_param"),
        ({"email": "none"}, "rest_invalid_param"),
        ({"email": "b@x.example", "billing": {"city": None}}, "rest_invalid_param"),
    ],
)
def test_customers_are_refused(shop: WooCommerceSandbox, client: Client, body: dict[str, Any], code: str) -> None:
    shop.user.create("customers", {"email": "a@x.example", "username": "anna"})
    answer = client("POST", "customers", json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]["status"]) == (400, code, 400)


def test_a_password_is_needed_where_the_shop_makes_none(shop: WooCommerceSandbox, client: Client) -> None:
    shop.switches.makes_passwords = False
    answer = client("POST", "customers", json={"email": "a@x.example"})
    assert answer.json()["code"] == "registration-error-missing-password"
    assert client("POST", "customers", json={"email": "a@x.example", "password": "p"}).status_code == 201


def test_an_update_is_partial_also_within_an_address(shop: WooCommerceSandbox, client: Client) -> None:
    first, second = register(shop, "a", "b")
    shop.user.edit("customers", first, {"billing": {"city": "Wien", "postcode": "1010"}})
    shop.clock.advance(60)
    record = client("PUT", f"customers/{first}", json={"billing": {"city": ""}, "last_name": " Li "}).json()
    assert (record["billing"]["city"], record["billing"]["postcode"], record["last_name"]) == ("", "1010", "Li")
    assert record["date_modified_gmt"] == "2026-01-05T10:01:00"
    for path, body, code in (
        (first, {"email": "b@x.example"}, "woocommerce_rest_customer_invalid_email"),
        (first, {"username": "new"}, "woocommerce_rest_customer_invalid_argument"),
        (first, {"email": ""}, "rest_invalid_param"),
        (99, {"first_name": "x"}, "woocommerce_rest_invalid_id"),
    ):
        answer = client("PUT", f"customers/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert client("GET", "customers/99").status_code == 404
    shop.user.edit_quietly(second, {"first_name": "B"})
    assert shop.user.get("customers", second)["date_modified_gmt"] == "2026-01-05T10:00:00"


def test_meta_data_rows_are_changed_added_and_deleted(shop: WooCommerceSandbox, client: Client) -> None:
    (id,) = register(shop, "a")
    meta = client("PUT", f"customers/{id}", json={"meta_data": [{"key": "crmhub", "value": "k"}]}).json()["meta_data"]
    assert [(row["key"], row["value"]) for row in meta] == [("crmhub", "k")]
    changed = [{"id": meta[0]["id"], "value": "k2"}, {"key": "x", "value": 1}]
    meta = client("PUT", f"customers/{id}", json={"meta_data": changed}).json()["meta_data"]
    assert [(row["key"], row["value"]) for row in meta] == [("crmhub", "k2"), ("x", 1)]
    gone = client("PUT", f"customers/{id}", json={"meta_data": [{"id": meta[1]["id"], "value": None}]}).json()
    assert [row["key"] for row in gone["meta_data"]] == ["crmhub"]


def test_deleting_needs_force(shop: WooCommerceSandbox, client: Client) -> None:
    (id,) = register(shop, "a")
    answer = client("DELETE", f"customers/{id}")
    assert (answer.status_code, answer.json()["code"]) == (501, "woocommerce_rest_trash_not_supported")
    assert client("DELETE", f"customers/{id}?force=true").json()["id"] == id
    assert client("GET", f"customers/{id}").status_code == 404


def test_a_batch_is_200_with_an_error_for_each_bad_item(shop: WooCommerceSandbox, client: Client) -> None:
    first, second = register(shop, "a", "b")
    body = {
        "create": [{"email": "a@x.example"}, {"email": "new@x.example"}],
        "update": [{"id": first, "first_name": "Z"}, {"id": 999, "first_name": "Q"}],
        "delete": [0, second],
    }
    answer = client("POST", "customers/batch", json=body)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["create"][0]["id"], found["create"][0]["error"]["code"]) == (0, "registration-error-email-exists")
    assert found["create"][1]["email"] == "new@x.example"
    assert (found["update"][1]["id"], found["update"][1]["error"]["code"]) == (999, "woocommerce_rest_invalid_id")
    assert [item["id"] for item in found["delete"]] == [second], "an id of 0 has no result"
    many = client("POST", "customers/batch", json={"delete": list(range(1, 102))})
    assert (many.status_code, many.json()["code"]) == (413, "woocommerce_rest_request_entity_too_large")
    shop.switches.partial_every = 1
    locked = client("POST", "customers/batch", json={"update": [{"id": first}]}).json()
    assert "error" in locked["update"][0]
    assert "create" not in locked


def test_orders_are_filtered_by_the_time_of_change(shop: WooCommerceSandbox, client: Client) -> None:
    guest = shop.user.create("orders", {"customer_id": 0, "billing": {"email": "G@x.example"}, "total": "5.00"})
    shop.clock.advance(60)
    (customer,) = register(shop, "a")
    second = shop.user.create("orders", {"customer_id": customer})
    utc = "dates_are_gmt=true&orderby=modified&order=asc"
    assert [o["id"] for o in client("GET", f"orders?modified_after=2026-01-05T09:59:59&{utc}").json()] == [
        guest,
        second,
    ]
    assert [o["id"] for o in client("GET", f"orders?modified_after=2026-01-05T10:00:00&{utc}").json()] == [second]
    assert len(client("GET", "orders?modified_after=2026-01-05T11:00:59").json()) == 1, "local times at first"
    shop.switches.strict_after = False
    assert len(client("GET", f"orders?modified_after=2026-01-05T10:00:00&{utc}").json()) == 2
    assert [o["id"] for o in client("GET", f"orders?customer={customer}").json()] == [second]
    shown = client("GET", f"orders/{guest}").json()
    assert (shown["customer_id"], shown["billing"]["email"], shown["total"]) == (0, "G@x.example", "5.00")
    assert client("POST", "orders", json={"customer_id": 99}).json()["code"] == "woocommerce_rest_invalid_customer_id"
    assert client("GET", "orders/1").json()["code"] == "woocommerce_rest_shop_order_invalid_id"
    assert client("DELETE", f"orders/{guest}").json()["status"] == "trash"
    assert client("DELETE", f"orders/{guest}").status_code == 410
    assert [o["id"] for o in client("GET", "orders?status=trash").json()] == [guest]


def test_who_may_do_what(shop: WooCommerceSandbox, client: Client) -> None:
    wrong = client("GET", "customers", auth=("ck_nobody", "x"))
    assert (wrong.status_code, wrong.json()["code"]) == (401, "woocommerce_rest_authentication_error")
    given = shop.credentials()
    assert requests.get(f"{shop.api}/customers", params=dict(given), timeout=10).status_code == 200
    shop.switches.no_permission = ("customers.edit",)
    refused = client("PUT", "customers/1", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "woocommerce_rest_cannot_edit")
    shop.switches.hidden_fields = ("customers.billing",)
    register(shop, "a")
    assert "billing" not in client("GET", "customers").json()[0]
    shop.switches.https = False
    plain = client("GET", "customers")
    assert (plain.status_code, plain.json()["code"]) == (401, "woocommerce_rest_cannot_view")
    assert client("GET", "nowhere").json()["code"] == "rest_no_route"


class Listener(BaseHTTPRequestHandler):
    """Takes webhooks and answers with the status of the class."""

    seen: list[tuple[dict[str, str], bytes]]
    status = 200

    def do_POST(self) -> None:
        self.seen.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Any]:
    handler = type("Handler", (Listener,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    handler.url = f"http://127.0.0.1:{server.server_port}/hook"  # type: ignore[attr-defined]
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


def hook(client: Client, listener: Any, topic: str) -> int:
    body = {"topic": topic, "delivery_url": listener.url, "secret": "a&amp;b", "name": "hub"}
    return int(client("POST", "webhooks", json=body).json()["id"])


def test_webhooks_ping_sign_and_tell_only_the_id_of_the_deleted(
    shop: WooCommerceSandbox, client: Client, listener: Any
) -> None:
    ping = hook(client, listener, "customer.updated")
    hook(client, listener, "customer.deleted")
    (id,) = register(shop, "a")
    shop.user.edit("customers", id, {"first_name": "b"})
    shown = shop.user.get("customers", id)
    shop.user.delete("customers", id)
    stranger = shop.user.add_user("sub@x.example")
    shop.user.delete("customers", stranger)
    shop.deliveries.settle()
    first, _, updated, deleted = listener.seen
    assert first[1] == f"webhook_id={ping}".encode()
    assert "X-WC-Webhook-Signature" not in first[0]
    headers, body = updated
    made = base64.b64encode(hmac.new(b"a&b", body, hashlib.sha256).digest()).decode()
    assert len(headers.pop("X-WC-Webhook-Delivery-ID")) == 32
    told = {name: value for name, value in headers.items() if name.startswith("X-WC")}
    assert told == {
        "X-WC-Webhook-Source": f"{shop.url}/",
        "X-WC-Webhook-Topic": "customer.updated",
        "X-WC-Webhook-Resource": "customer",
        "X-WC-Webhook-Event": "updated",
        "X-WC-Webhook-Signature": made,
        "X-WC-Webhook-ID": str(ping),
    }
    assert (headers["Content-Type"], headers["User-Agent"]) == (
        "application/json",
        "WooCommerce/10.0.0 Hookshot (WordPress/6.8)",
    )
    assert json.loads(body) == {**shown, "first_name": "b"}
    assert deleted[1] == f'{{"id":{id}}}'.encode()


def test_the_documented_vector_of_a_signature() -> None:
    made = base64.b64encode(hmac.new(b"s3cret", b'{"id":1}', hashlib.sha256).digest()).decode()
    assert made == "Y92rNNpYOOODVF6ckLQPdKTj2qvF3ZqNSaUYda1LJBg="


def test_a_webhook_is_disabled_after_more_than_five_failures(
    shop: WooCommerceSandbox, client: Client, listener: Any
) -> None:
    id = hook(client, listener, "customer.created")
    shown = client("GET", f"webhooks/{id}").json()
    assert (shown["resource"], shown["event"], shown["hooks"]) == ("customer", "created", [])
    assert (shown["topic"], shown["delivery_url"], shown["name"]) == ("customer.created", listener.url, "hub")
    listener.status = 500
    register(shop, *"abcde")
    shop.deliveries.settle()
    assert client("GET", f"webhooks/{id}").json()["status"] == "active"
    register(shop, "f")
    shop.deliveries.settle()
    assert client("GET", f"webhooks/{id}").json()["status"] == "disabled"
    assert client("PUT", f"webhooks/{id}", json={"status": "active"}).json()["status"] == "active"
    register(shop, *"ghijk")
    shop.deliveries.settle()
    assert client("GET", f"webhooks/{id}").json()["status"] == "active", "failures were counted anew"
    for good, names in ((302, "mnopq"), (200, "uvwxy")):
        listener.status = good
        register(shop, f"good{good}")
        shop.deliveries.settle()
        listener.status = 303
        register(shop, *names)
        shop.deliveries.settle()
        assert client("GET", f"webhooks/{id}").json()["status"] == "active", "a good answer forgets the bad ones"
    register(shop, "z")
    shop.deliveries.settle()
    assert client("GET", f"webhooks/{id}").json()["status"] == "disabled"
    assert client("DELETE", f"webhooks/{id}?force=true").status_code == 200
    assert client("GET", "webhooks").json() == []
    assert client("POST", "webhooks", json={"topic": "moon.rise"}).status_code == 400


def test_seeding(shop: WooCommerceSandbox) -> None:
    shop.seed(60)
    assert len(shop.user.find("customers")) + len(shop.user.find("orders")) == 60
    assert len(shop.user.find("orders")) >= 6


def test_orders_are_searched_by_what_stands_in_the_bill(shop: WooCommerceSandbox, client: Client) -> None:
    ids = [
        shop.user.create("orders", {"billing": {"email": f"{name}@x.example", "city": "Wien"}})
        for name in ("Li", "lina", "bo")
    ]
    found = client("GET", "orders?search=li@x.example&orderby=id&order=asc").json()
    assert [item["id"] for item in found] == ids[:1]
    assert len(client("GET", "orders?search=wien").json()) == 3
