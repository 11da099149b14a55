"""What the WooCommerce sandbox answers on customers and orders, whole: records, lists, refusals, batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
import requests

from crmhub_woocommerce.sandbox import WooCommerceSandbox

Client = Callable[..., requests.Response]
NOW, LOCAL = "2026-01-05T10:00:00", "2026-01-05T11:00:00"
PLACE = ("first_name", "last_name", "company", "address_1", "address_2", "city", "postcode", "country", "state")
EMPTY_BILL = {**dict.fromkeys(PLACE, ""), "email": "", "phone": ""}
EMPTY_PARCEL = {**dict.fromkeys(PLACE, ""), "phone": ""}


def error(status: int, code: str, message: str, **data: Any) -> tuple[int, Any]:
    return status, {"code": code, "message": message, "data": {"status": status, **data}}


def invalid(**params: str) -> tuple[int, Any]:
    message = f"Invalid parameter(s): {', '.join(params)}"
    return error(400, "rest_invalid_param", message, params=params, details={})


def test_a_customer_is_shown_whole(shop: WooCommerceSandbox, client: Client) -> None:
    body = {
        "email": "Li@x.example",
        "first_name": " Wei ",
        "username": "wei",
        "billing": {"city": "Wien", "phone": 4312345, "email": "office@x.example"},
        "shipping": {"country": "AT", "email": "not a field of a parcel"},
        "meta_data": [{"key": "crmhub", "value": "k1"}, {"key": "nothing", "value": None}],
    }
    made = client("POST", "customers", json=body)
    digest = hashlib.sha256(b"li@x.example").hexdigest()
    assert (made.status_code, made.headers["Content-Type"]) == (201, "application/json;charset=utf-8")
    assert made.json() == {
        "id": 2,
        "date_created": LOCAL,
        "date_created_gmt": NOW,
        "date_modified": LOCAL,
        "date_modified_gmt": NOW,
        "email": "Li@x.example",
        "first_name": "Wei",
        "last_name": "",
        "role": "customer",
        "username": "wei",
        "billing": {**EMPTY_BILL, "city": "Wien", "phone": "4312345", "email": "office@x.example"},
        "shipping": {**EMPTY_PARCEL, "country": "AT"},
        "is_paying_customer": False,
        "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
        "meta_data": [{"id": 1, "key": "crmhub", "value": "k1"}],
        "_links": {"self": [{"href": f"{shop.api}/customers/2"}]},
    }
    shown = client("GET", "customers/2")
    assert (shown.status_code, shown.json()) == (200, made.json())
    assert client("GET", "customers/2?_fields=id, email").json() == {"id": 2, "email": "Li@x.example"}
    shop.switches.hidden_fields = ("customers.email", "orders.id")
    assert client("GET", "customers/2?_fields=id,email").json() == {"id": 2}


def test_an_order_is_shown_whole(client: Client) -> None:
    body = {
        "customer_id": 0,
        "billing": {"email": "g@x.example", "phone": 1, "fax": "2"},
        "shipping": {"city": "Graz"},
        "customer_note": "ring twice",
        "total": 5.5,
        "meta_data": [{"key": "crmhub", "value": "k1"}],
    }
    made = client("POST", "orders", json=body)
    assert (made.status_code, made.headers["Location"].rpartition("/wp-json")[2]) == (201, "/wc/v3/orders/501")
    assert made.json() == {
        "id": 501,
        "parent_id": 0,
        "number": "501",
        "order_key": "wc_order_501",
        "created_via": "checkout",
        "version": "10.0.0",
        "status": "pending",
        "currency": "EUR",
        "customer_note": "ring twice",
        **dict.fromkeys(("payment_method", "payment_method_title", "transaction_id"), ""),
        "date_created": LOCAL,
        "date_created_gmt": NOW,
        "date_modified": LOCAL,
        "date_modified_gmt": NOW,
        **dict.fromkeys(("discount_total", "discount_tax", "shipping_total", "shipping_tax"), "0.00"),
        **dict.fromkeys(("cart_tax", "total_tax"), "0.00"),
        "total": "5.5",
        "prices_include_tax": False,
        "customer_id": 0,
        "billing": {**EMPTY_BILL, "email": "g@x.example", "phone": "1"},
        "shipping": {**EMPTY_PARCEL, "city": "Graz"},
        **dict.fromkeys(("date_paid", "date_paid_gmt", "date_completed", "date_completed_gmt")),
        "meta_data": [{"id": 1, "key": "crmhub", "value": "k1"}],
        **{name: [] for name in ("line_items", "tax_lines", "shipping_lines", "fee_lines", "coupon_lines", "refunds")},
    }
    assert client("POST", "orders", json={}).json()["total"] == "0.00"


def customers(shop: WooCommerceSandbox) -> None:
    """2: Berta, 3: Anton, 4: without a name, each a minute after the other; 5: no customer."""
    for email, more in (
        ("berta@x.example", {"first_name": "Berta", "last_name": "Adler", "username": "zz"}),
        ("anton@y.example", {"first_name": "Anton", "last_name": "Zorn"}),
        ("nameless@x.example", {}),
    ):
        shop.user.create("customers", {"email": email, **more})
        shop.clock.advance(60)
    shop.user.add_user("sub@x.example")


@pytest.mark.parametrize(
    ("query", "ids", "total"),
    [
        ("", [3, 2, 4], 3),
        ("order=desc", [4, 2, 3], 3),
        ("orderby=id", [2, 3, 4], 3),
        ("orderby=include&include=2,4", [2, 4], 2),
        ("orderby=registered_date", [2, 3, 4], 3),
        ("orderby=registered_date&order=desc", [4, 3, 2], 3),
        ("role=subscriber", [5], 1),
        ("role=all&orderby=id", [2, 3, 4, 5], 4),
        ("email=BERTA@x.example", [2], 1),
        ("email=nobody@x.example", [], 0),
        ("search=Y.example", [3], 1),
        ("search=zz", [2], 1),
        ("search=adler", [2], 1),
        ("search=ANT", [3], 1),
        ("include[]=2&include[]=3&orderby=id", [2, 3], 2),
        ("include=,x,3", [3], 1),
        ("exclude=2&orderby=id", [3, 4], 2),
        ("exclude[]=2,3", [4], 1),
        ("orderby=id&per_page=2", [2, 3], 3),
        ("orderby=id&per_page=2&page=2", [4], 3),
        ("orderby=id&per_page=1&page=3", [4], 3),
        ("orderby=id&per_page=1&page=4", [], 3),
        ("orderby=id&offset=1", [3, 4], 3),
        ("orderby=id&per_page=2&page=2&offset=0", [2, 3], 3),
    ],
)
def test_customers_are_listed(shop: WooCommerceSandbox, client: Client, query: str, ids: list[int], total: int) -> None:
    customers(shop)
    answer = client("GET", f"customers?{query}")
    assert (answer.status_code, answer.headers["X-WP-Total"]) == (200, str(total))
    assert [row["id"] for row in answer.json()] == ids


def test_the_neighbours_of_a_page_are_named(shop: WooCommerceSandbox, client: Client) -> None:
    customers(shop)
    address = f"{shop.api}/customers?orderby=id&per_page=1"

    def link(page: int) -> str | None:
        answer = client("GET", f"customers?orderby=id&per_page=1&page={page}&oauth_nonce=n")
        assert answer.headers["X-WP-TotalPages"] == "3"
        return answer.headers.get("Link")

    assert link(1) == f'<{address}&page=2>; rel="next"'
    assert link(2) == f'<{address}&page=1>; rel="prev", <{address}&page=3>; rel="next"'
    assert link(3) == f'<{address}&page=2>; rel="prev"'
    assert link(5) is None
    assert "Link" not in client("GET", "orders").headers


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [504, 503, 502]),
        ("order=asc", [502, 503, 504]),
        ("orderby=id", [504, 503, 502]),
        ("orderby=modified", [502, 504, 503]),
        ("orderby=modified&order=asc", [503, 504, 502]),
        ("orderby=include&include=502", [502]),
        ("include[]=502&include[]=504&order=asc", [502, 504]),
        ("include=501", []),
        ("exclude=502", [504, 503]),
        ("status=any", [504, 503, 502]),
        ("status=trash", [501]),
        ("status=completed,trash", [503, 501]),
        ("status=completed&status=trash", [503, 501]),
        ("customer=2", [503]),
        ("customer=0", [504, 502]),
        ("search=WIEN", [502]),
        ("search=504", [504]),
        ("after=2026-01-05T11:02:00", [504]),
        ("after=2026-01-05T10:02:00Z", [504]),
        ("after=2026-01-05T10:02:00&dates_are_gmt=true", [504]),
        ("after=2026-01-05T10:02:00&dates_are_gmt=1", [504]),
        ("after=2026-01-05T10:02:00&dates_are_gmt=false", [504, 503, 502]),
        ("before=2026-01-05T11:02:00", [502]),
        ("modified_after=2026-01-05T11:03:00", [502]),
        ("modified_before=2026-01-05T11:03:00", [503]),
    ],
)
def test_orders_are_listed(shop: WooCommerceSandbox, client: Client, query: str, ids: list[int]) -> None:
    """501 is in the trash; the others were placed one, two and three minutes later, and 502 was changed after that."""
    shop.user.create("customers", {"email": "li@x.example"})
    for body in (
        {"customer_id": 0},
        {"customer_id": 0, "billing": {"city": "Wien"}},
        {"customer_id": 2, "status": "completed"},
        {"customer_id": 0},
    ):
        shop.user.create("orders", body)
        shop.clock.advance(60)
    shop.user.delete("orders", 501)
    shop.user.edit("orders", 502, {"customer_note": "soon"})
    answer = client("GET", f"orders?{query}")
    assert [row["id"] for row in answer.json()] == ids


PAGE_OF_10 = {"per_page": "per_page must be between 1 (inclusive) and 100 (inclusive)"}
WRONG_ID = error(400, "woocommerce_rest_invalid_id", "Invalid resource ID.")
NO_TRASH = "woocommerce_rest_trash_not_supported"
ORDER_STATUSES = "pending, processing, on-hold, completed, cancelled, refunded, failed, trash"


@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("GET", "customers?per_page=0", None, invalid(**PAGE_OF_10)),
        ("GET", "customers?per_page=101", None, invalid(**PAGE_OF_10)),
        ("GET", "customers?per_page=x", None, invalid(**PAGE_OF_10)),
        ("GET", "customers?page=0", None, invalid(page="page must be between 1 (inclusive) and 1000000 (inclusive)")),
        (
            "GET",
            "customers?offset=-1",
            None,
            invalid(offset="offset must be between 0 (inclusive) and 1000000000 (inclusive)"),
        ),
        (
            "GET",
            "customers?orderby=email",
            None,
            invalid(orderby="orderby is not one of id, include, name, and registered_date."),
        ),
        ("GET", "orders?orderby=total", None, invalid(orderby="orderby is not one of date, id, modified, include.")),
        ("GET", "orders?after=today", None, invalid(after="Invalid date.")),
        ("GET", "customers/9", None, error(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")),
        ("PUT", "customers/9", {}, WRONG_ID),
        ("DELETE", "customers/9?force=true", None, WRONG_ID),
        ("GET", "orders/9", None, error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")),
        ("PUT", "orders/9", {}, error(400, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")),
        ("DELETE", "orders/9", None, error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")),
        (
            "POST",
            "customers",
            {"id": 1},
            error(400, "woocommerce_rest_customer_exists", "Cannot create existing resource."),
        ),
        (
            "POST",
            "customers",
            {},
            error(400, "rest_missing_callback_param", "Missing parameter(s): email", params=["email"]),
        ),
        ("POST", "customers", {"email": "none"}, invalid(email="Invalid email address.")),
        ("POST", "customers", {"email": "a@x.e"}, invalid(email="Invalid email address.")),
        ("POST", "customers", {"email": None}, invalid(email="email is not of type string.")),
        (
            "POST",
            "customers",
            {"email": "a@x.example", "first_name": 1, "last_name": None, "username": 2, "password": 3},
            invalid(**{n: f"{n} is not of type string." for n in ("username", "password", "first_name", "last_name")}),
        ),
        (
            "POST",
            "customers",
            {"email": "a@x.example", "billing": []},
            invalid(billing="billing is not of type object."),
        ),
        (
            "POST",
            "customers",
            {"email": "a@x.example", "shipping": {"city": None}},
            invalid(shipping="shipping has a value that is not of type string."),
        ),
        (
            "POST",
            "customers",
            {"email": "a@x.example", "billing": {"email": "x"}},
            invalid(billing="billing[email] is not a valid email address."),
        ),
        (
            "POST",
            "customers",
            {"email": "a@x.example", "meta_data": {}},
            invalid(meta_data="meta_data is not of type array."),
        ),
        (
            "POST",
            "customers",
            {"email": "LI@x.example"},
            error(
                400,
                "registration-error-email-exists",
                "An account is already registered with LI@x.example. Please log in or use a different email address.",
            ),
        ),
        (
            "POST",
            "customers",
            {"email": "a@x.example", "username": "wei"},
            error(
                400,
                "registration-error-username-exists",
                "An account is already registered with that username. Please choose another.",
            ),
        ),
        (
            "PUT",
            "customers/3",
            {"email": "li@X.example"},
            error(400, "woocommerce_rest_customer_invalid_email", "Email address is invalid."),
        ),
        (
            "PUT",
            "customers/3",
            {"username": "new"},
            error(400, "woocommerce_rest_customer_invalid_argument", "Username isn't editable."),
        ),
        ("DELETE", "customers/2", None, error(501, NO_TRASH, "Customers do not support trashing.")),
        ("DELETE", "customers/2?force=no", None, error(501, NO_TRASH, "Customers do not support trashing.")),
        ("POST", "orders", {"status": "lost"}, invalid(status=f"status is not one of {ORDER_STATUSES}.")),
        (
            "POST",
            "orders",
            {"customer_id": 9},
            error(400, "woocommerce_rest_invalid_customer_id", "Customer ID is invalid."),
        ),
        (
            "POST",
            "customers/batch",
            {"create": [{}] * 50, "update": [{}] * 50, "delete": [1]},
            error(
                413,
                "woocommerce_rest_request_entity_too_large",
                "Unable to accept more than 100 items for this request.",
            ),
        ),
        (
            "GET",
            "nothing",
            None,
            error(404, "rest_no_route", "No route was found matching the URL and request method."),
        ),
        (
            "PATCH",
            "customers",
            {},
            error(404, "rest_no_route", "No route was found matching the URL and request method."),
        ),
        ("GET", "webhooks/9", None, error(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")),
        (
            "POST",
            "webhooks",
            {"topic": "customer.seen", "delivery_url": "https://x.example"},
            error(400, "woocommerce_rest_invalid_webhook_topic", "Webhook topic is required and must be valid."),
        ),
        (
            "POST",
            "webhooks",
            {"topic": "customer.created", "delivery_url": "x.example"},
            error(
                400,
                "woocommerce_rest_invalid_webhook_delivery_url",
                "Webhook delivery URL must be a valid URL starting with http:// or https://.",
            ),
        ),
        ("GET", "webhooks?per_page=101", None, invalid(**PAGE_OF_10)),
        ("GET", "webhooks?page=0", None, invalid(page="page must be between 1 (inclusive) and 1000000 (inclusive)")),
    ],
)
def test_what_is_refused(
    shop: WooCommerceSandbox, client: Client, method: str, path: str, body: Any, answer: tuple[int, Any]
) -> None:
    shop.user.create("customers", {"email": "li@x.example", "username": "wei"})
    shop.user.create("customers", {"email": "bo@x.example"})
    before = shop.user.find("customers")
    found = client(method, path, json=body)
    assert (found.status_code, found.json()) == answer
    assert shop.user.find("customers") == before, "what is refused changes nothing"


def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    found = client("POST", "customers", data=b"{")
    message = "Invalid JSON body passed."
    assert (found.status_code, found.json()) == error(400, "rest_invalid_json", message, json_error_code=4)
    assert client("POST", "customers", json=[]).json()["code"] == "rest_missing_callback_param", "no object, no values"


def test_addresses_may_keep_their_own_case_and_be_given_again(shop: WooCommerceSandbox, client: Client) -> None:
    shop.user.create("customers", {"email": "li@x.example", "username": "wei"})
    own = client("PUT", "customers/2", json={"email": "LI@x.example", "username": "wei"})
    assert (own.status_code, own.json()["email"]) == (200, "LI@x.example")
    client("PUT", "customers/2", json={"email": "new@x.example"})
    assert client("POST", "customers", json={"email": "li@x.example"}).status_code == 201, "the old one is free"
    client("DELETE", "customers/2?force=1")
    freed = client("POST", "customers", json={"email": "new@x.example"})
    assert (freed.status_code, freed.json()["username"]) == (201, "new-4"), "no number is given twice"


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_records_are_changed_by_each_method(shop: WooCommerceSandbox, client: Client, method: str) -> None:
    shop.user.create("customers", {"email": "li@x.example"})
    shop.user.create("orders", {"customer_id": 0, "billing": {"city": "Wien"}})
    shop.clock.advance(60)
    assert client(method, "customers/2", json={"last_name": "Li"}).json()["last_name"] == "Li"
    changed = client(method, "orders/501", json={"customer_id": 2, "billing": {"postcode": "1010"}, "status": "failed"})
    bill = changed.json()["billing"]
    assert (changed.status_code, changed.json()["customer_id"], changed.json()["status"]) == (200, 2, "failed")
    assert (bill["city"], bill["postcode"]) == ("Wien", "1010")
    assert (changed.json()["date_created_gmt"], changed.json()["date_modified_gmt"]) == (NOW, "2026-01-05T10:01:00")


def test_an_order_goes_to_the_trash_once_and_then_for_good(shop: WooCommerceSandbox, client: Client) -> None:
    shop.user.create("orders", {"customer_id": 0})
    shop.clock.advance(60)
    first = client("DELETE", "orders/501?force=false").json()
    assert (first["status"], first["date_modified_gmt"]) == ("trash", "2026-01-05T10:01:00")
    again = client("DELETE", "orders/501")
    message = "The Order has already been deleted."
    assert (again.status_code, again.json()) == error(410, "woocommerce_rest_already_trashed", message)
    assert client("DELETE", "orders/501?force=true").status_code == 200
    assert client("GET", "orders/501").status_code == 404


def test_a_batch_has_a_result_for_each_item_in_order(shop: WooCommerceSandbox, client: Client) -> None:
    shop.user.create("customers", {"email": "li@x.example"})
    shop.user.create("customers", {"email": "bo@x.example"})
    body = {
        "create": [{"email": "li@x.example"}, {"email": "new@x.example"}],
        "update": [{"id": 2, "first_name": "Z"}, {"id": 9}, {"first_name": "nobody"}],
        "delete": [0, "3", 9],
    }
    answer = client("PUT", "customers/batch", json=body)
    assert (answer.status_code, list(answer.json())) == (200, ["create", "update", "delete"])
    rows = {name: [row.get("error", row) for row in found] for name, found in answer.json().items()}
    assert [row["id"] for row in answer.json()["update"]] == [2, 9, 0]
    assert [row["id"] for row in answer.json()["delete"]] == [3, 9], "an id of 0 has no result"
    assert rows["create"][0]["code"] == "registration-error-email-exists"
    assert (rows["create"][1]["email"], rows["update"][0]["first_name"]) == ("new@x.example", "Z")
    assert rows["update"][1:] == [WRONG_ID[1]] * 2
    assert rows["delete"][1] == WRONG_ID[1]
    assert client("POST", "customers/batch", json={"create": [], "update": None}).json() == {}
    assert client("POST", "customers/batch", json={"delete": [0] * 100}).json() == {"delete": []}


def test_every_nth_of_a_batch_is_locked_where_a_switch_says_so(shop: WooCommerceSandbox, client: Client) -> None:
    shop.user.create("customers", {"email": "li@x.example"})
    shop.switches.partial_every = 2
    rows = client("POST", "customers/batch", json={"update": [{"id": 2}] * 4}).json()["update"]
    assert ["error" in row for row in rows] == [False, True, False, True]
    assert rows[1] == {"id": 2, "error": error(500, "woocommerce_rest_locked", "The record is locked.")[1]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([{"id": 1, "value": "x"}], {1: ("a", "x"), 2: ("b", "2")}),
        ([{"id": 1, "key": "c"}], {1: ("c", "1"), 2: ("b", "2")}),
        ([{"id": 2, "value": None}], {1: ("a", "1")}),
        ([{"key": "b", "value": "x"}], {1: ("a", "1"), 2: ("b", "x")}),
        ([{"key": "b", "value": None}], {1: ("a", "1")}),
        ([{"key": "c", "value": 0}], {1: ("a", "1"), 2: ("b", "2"), 3: ("c", 0)}),
        ([{"key": "c", "value": None}], {1: ("a", "1"), 2: ("b", "2")}),
        ([{"id": 9, "key": "a", "value": "x"}], {1: ("a", "1"), 2: ("b", "2"), 3: ("a", "x")}),
        ([], {1: ("a", "1"), 2: ("b", "2")}),
    ],
)
@pytest.mark.parametrize("kind", ["customers", "orders"])
def test_rows_of_meta_data(
    shop: WooCommerceSandbox, client: Client, kind: str, given: Any, kept: dict[int, tuple[str, Any]]
) -> None:
    rows = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    id = shop.user.create(kind, {"email": "li@x.example", "meta_data": rows})
    found = client("PUT", f"{kind}/{id}", json={"meta_data": given}).json()["meta_data"]
    assert {row["id"]: (row["key"], row["value"]) for row in found} == kept


@pytest.mark.parametrize(
    ("taken", "method", "path", "code", "word"),
    [
        ("customers.read", "GET", "customers", "woocommerce_rest_cannot_view", "list"),
        ("customers.read", "GET", "customers/2", "woocommerce_rest_cannot_view", "list"),
        ("customers.create", "POST", "customers", "woocommerce_rest_cannot_create", "create"),
        ("customers.edit", "PATCH", "customers/2", "woocommerce_rest_cannot_edit", "edit"),
        ("customers.edit", "POST", "customers/batch", "woocommerce_rest_cannot_edit", "edit"),
        ("customers.delete", "DELETE", "customers/2", "woocommerce_rest_cannot_delete", "delete"),
        ("orders.read", "GET", "orders", "woocommerce_rest_cannot_view", "list"),
    ],
)
def test_permissions_taken_away_are_403(
    shop: WooCommerceSandbox, client: Client, taken: str, method: str, path: str, code: str, word: str
) -> None:
    shop.switches.no_permission = (taken,)
    found = client(method, path, json={})
    assert (found.status_code, found.json()) == error(403, code, f"Sorry, you are not allowed to {word} resources.")
    other = "orders" if taken.startswith("customers") else "customers"
    assert client("GET", other).status_code == 200


@pytest.mark.parametrize(
    ("switch", "status", "kind", "text"),
    [
        ({"throttle_every": 1}, 429, "text/html", "<html><body><h1>Too Many Requests</h1></body></html>"),
        ({"fail_every": 1}, 503, "text/html", "<html><body><h1>Unavailable</h1></body></html>"),
        (
            {"fail_every": 1, "fail_status": 500},
            500,
            "application/json",
            '{"code": "internal_server_error", "message": "There has been a critical error on this website.", '
            '"data": {"status": 500}}',
        ),
        (
            {"error_body_every": 1},
            200,
            "text/html",
            "<br />\n<b>Warning</b>: something in plugin.php on line 1<br />\n[]",
        ),
    ],
)
def test_faults_look_as_those_of_a_web_host(
    shop: WooCommerceSandbox, client: Client, switch: dict[str, int], status: int, kind: str, text: str
) -> None:
    for name, value in switch.items():
        setattr(shop.switches, name, value)
    found = client("GET", "customers")
    assert (found.status_code, found.headers["Content-Type"].partition(";")[0], found.text) == (status, kind, text)
