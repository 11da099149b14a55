"""What the connector reads and writes, and what it makes of refusals, lost answers, guests and webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from crmhub_woocommerce.certify import certified
from crmhub_woocommerce.connector import WooCommerceConnector
from crmhub_woocommerce.sandbox import WooCommerceSandbox
from hub import plugin

Connect = Callable[..., WooCommerceConnector]
SECRET = "s3cr&amp;t"  # made up; the shop decodes it before it signs


def made(sandbox: WooCommerceSandbox, name: str, **data: Any) -> str:
    return str(sandbox.user.create("customers", {"email": f"{name}@x.example", **data}))


def write(connector: WooCommerceConnector, *ops: plugin.Op) -> dict[str, plugin.Receipt]:
    return {item.key: item for item in connector.write("customers", ops)}


def one(connector: WooCommerceConnector, id_: str, resource: str = "customers") -> dict[str, Any]:
    (found,) = connector.fetch(resource, [id_])
    return dict(found.data or {})


def poll(connector: WooCommerceConnector, resource: str, cursor: Any = None) -> tuple[dict[str, Any], Any]:
    pages = list(connector.changes(resource, cursor))
    return {item.id: item.data for page in pages for item in page.records}, pages[-1].cursor


# signing in


def test_keys_travel_in_the_clear_to_this_machine_only(connect: Connect) -> None:
    assert connect().check().name
    with pytest.raises(ValidationError, match="in the clear"):
        connect(url="http://shop.example", sign_in="basic")


def test_behind_tls_the_keys_go_as_they_are(connect: Connect, sandbox: WooCommerceSandbox) -> None:
    sandbox.switches.https = True
    assert connect(sign_in="basic").check().name
    with pytest.raises(plugin.AuthError):
        connect().check()


# customers


def test_a_change_that_left_the_time_alone_changes_the_version(
    connector: WooCommerceConnector, sandbox: WooCommerceSandbox
) -> None:
    id_ = made(sandbox, "a")
    (before,) = connector.fetch("customers", [id_])
    sandbox.user.edit_quietly(int(id_), {"billing": {"city": "Graz"}})
    (after,) = connector.fetch("customers", [id_])
    assert after.version != before.version
    assert after.modified_at == before.modified_at


def test_of_meta_data_only_wanted_keys_are_read_and_written(connect: Connect, sandbox: WooCommerceSandbox) -> None:
    rows = [{"key": "vat", "value": "ATU1"}, {"key": "_session", "value": "x"}]
    id_ = made(sandbox, "a", meta_data=rows)
    connector = connect(meta=("vat",))
    assert one(connector, id_)["meta"] == {"vat": "ATU1"}
    receipt = write(connector, plugin.Op("k", "update", id_, {"meta": {"vat": "ATU2"}}))["k"]
    assert receipt.error is None
    kept = {row["key"]: row["value"] for row in sandbox.user.get("customers", int(id_))["meta_data"]}
    assert kept == {"vat": "ATU2", "_session": "x"}


def test_a_taken_address_names_who_has_it(connector: WooCommerceConnector, sandbox: WooCommerceSandbox) -> None:
    anna, bo = made(sandbox, "anna"), made(sandbox, "bo")
    found = write(
        connector,
        plugin.Op("a", "create", None, {"email": "ANNA@x.example", "first_name": "Other"}),
        plugin.Op("b", "create", None, {"email": "new@x.example"}),
        plugin.Op("c", "update", bo, {"email": "anna@x.example"}),
        plugin.Op("d", "update", anna, {"email": "no address"}),
    )
    assert found["b"].error is None
    for key in ("a", "c"):
        error = found[key].error
        assert isinstance(error, plugin.Duplicate)
        assert error.existing_id == anna
    assert isinstance(found["d"].error, plugin.Rejected)
    assert len(sandbox.user.find("customers")) == 3
    assert one(connector, found["b"].id or "")["meta"] == {"crmhub_id": "b"}, "our key, whatever the mapping says"


def test_more_customers_than_fit_in_one_call_each_get_a_receipt(
    connector: WooCommerceConnector, sandbox: WooCommerceSandbox
) -> None:
    sandbox.switches.partial_every = 7
    ops = [plugin.Op(f"k{number}", "create", None, {"email": f"p{number}@x.example"}) for number in range(60)]
    found = write(connector, *ops)
    failed = [item for item in found.values() if item.error is not None]
    assert len(found) == 60
    assert len(failed) == 60 // 7
    assert {type(item.error) for item in failed} == {plugin.Unavailable}
    assert len(sandbox.user.find("customers")) == 60 - len(failed)


def test_clearing_reaches_into_addresses_but_not_to_addresses_of_mail(
    connector: WooCommerceConnector, sandbox: WooCommerceSandbox
) -> None:
    billing = {"city": "Wien", "phone": "1", "email": "b@x.example"}
    id_ = made(sandbox, "a", first_name="Na", billing=billing)
    emptied = {"first_name": None, "billing": {"city": None, "phone": "2", "email": None}}
    found = write(connector, plugin.Op("k", "update", id_, emptied), plugin.Op("e", "update", id_, {"email": None}))
    assert found["k"].error is None
    assert isinstance(found["e"].error, plugin.Rejected)
    shown = sandbox.user.get("customers", int(id_))
    assert (shown["first_name"], shown["billing"]["city"], shown["billing"]["phone"]) == ("", "", "2")
    assert shown["billing"]["email"] == "b@x.example"


def test_staff_is_never_deleted_and_nobody_is_made_without_an_address(
    connector: WooCommerceConnector, sandbox: WooCommerceSandbox
) -> None:
    boss = str(sandbox.user.add_user("boss@x.example", role="shop_manager"))
    found = write(
        connector,
        plugin.Op("d", "delete", boss, {}),
        plugin.Op("c", "create", None, {"first_name": "Cy"}),
        plugin.Op("m", "delete", "999", {}),
    )
    assert isinstance(found["d"].error, plugin.Rejected)
    assert "shop_manager" in str(found["d"].error)
    assert isinstance(found["c"].error, plugin.Rejected)
    assert isinstance(found["m"].error, plugin.NotFound)
    assert len(sandbox.user.find("customers")) == 1


@pytest.mark.parametrize("fault", ["html_every", "error_body_every", "truncate_every"])
def test_what_stands_before_the_shop_is_never_an_empty_list(
    connector: WooCommerceConnector, sandbox: WooCommerceSandbox, fault: str
) -> None:
    made(sandbox, "a")
    setattr(sandbox.switches, fault, 1)
    with pytest.raises(plugin.Unavailable):
        list(connector.listing("customers"))


def test_a_listing_that_lost_a_row_between_two_pages_is_read_again() -> None:
    """Somebody is deleted after the first page: whoever stood at the head of the second one is in neither."""
    passes = [["1", "2", "4"], ["2", "3", "4"]]
    counts = iter([4, 3, 3, 3])

    def read() -> Iterator[plugin.Page]:
        yield plugin.Page([plugin.Record(id_, {}, "v") for id_ in passes.pop(0)], None, complete=True)

    (page,) = certified(read, lambda: next(counts))
    assert [item.id for item in page.records] == ["2", "3", "4"]
    assert page.complete


@pytest.mark.parametrize(("slow", "at_a_time"), [(0.05, 2), (0.0, 1)])
def test_pages_of_a_slow_shop_are_asked_for_two_at_a_time(
    connect: Connect, sandbox: WooCommerceSandbox, slow: float, at_a_time: int
) -> None:
    """The shop says how many customers there are; beside one that answers at once, threads would cost more than they save."""
    ids = [made(sandbox, f"p{number}") for number in range(450)]
    sandbox.switches.slow = slow
    sandbox.calls.clear()
    sandbox.faults.most_running = 0
    pages = list(connect(at_once=2).changes("customers"))
    assert [record.id for page in pages for record in page.records] == ids
    assert [len(page.records) for page in pages] == [100, 100, 100, 100, 50]
    assert [page.complete for page in pages] == [False, False, False, False, True]
    assert sum(sandbox.calls.values()) == 5, "no page is asked for twice, none beyond the last"
    assert sandbox.faults.most_running == at_a_time


def test_a_shop_that_never_stands_still_proves_nothing() -> None:
    counts = iter(range(100))

    def read() -> Iterator[plugin.Page]:
        yield plugin.Page([], None, complete=True)

    with pytest.raises(plugin.Unavailable, match="changed while"):
        list(certified(read, lambda: next(counts)))


# guests


def order(sandbox: WooCommerceSandbox, email: str, city: str, customer: int = 0) -> int:
    billing = {"email": email, "last_name": "Li", "city": city}
    return sandbox.user.create("orders", {"customer_id": customer, "billing": billing})


def test_a_guest_is_what_the_newest_order_says(connect: Connect, sandbox: WooCommerceSandbox) -> None:
    connector = connect(guests=True)
    old = order(sandbox, "Li@x.example", "Wien")
    order(sandbox, "li@x.example", "Graz")
    sandbox.clock.advance(600)
    found, cursor = poll(connector, "guests")
    assert {id_: data["billing"]["city"] for id_, data in found.items()} == {"li@x.example": "Graz"}
    sandbox.clock.advance(600)
    sandbox.user.edit("orders", old, {"status": "completed", "billing": {"city": "Linz"}})
    again, _ = poll(connector, "guests", cursor)
    assert again["li@x.example"]["billing"]["city"] == "Graz", "an old order that changed says nothing"
    assert one(connector, "li@x.example", "guests")["email"] == "li@x.example"


def test_who_has_an_account_is_no_guest(connect: Connect, sandbox: WooCommerceSandbox) -> None:
    connector = connect(guests=True)
    anna = made(sandbox, "anna")
    order(sandbox, "anna@x.example", "Wien")
    order(sandbox, "anna@x.example", "Wien", int(anna))
    for number in range(25):  # more than are looked up one by one
        order(sandbox, f"g{number}@x.example", "Wien")
    found, _ = poll(connector, "guests")
    assert len(found) == 25
    assert list(connector.fetch("guests", ["anna@x.example"])) == []


def test_guests_are_read_only_and_only_where_they_are_wanted(connect: Connect) -> None:
    assert [item.name for item in connect().resources()] == ["customers"]
    guests = connect(guests=True).resources()[1]
    assert (guests.name, guests.capabilities.writes) == ("guests", frozenset())


# webhooks


def signed(body: bytes, resource: str) -> dict[str, str]:
    digest = hmac.new(b"s3cr&t", body, hashlib.sha256).digest()
    return {"X-WC-Webhook-Signature": base64.b64encode(digest).decode(), "X-WC-Webhook-Resource": resource}


def test_a_webhook_says_whom_to_read_again(connect: Connect) -> None:
    connector = connect(webhook_secret=SECRET, guests=True)
    customer = json.dumps({"id": 6, "email": "x"}).encode()
    assert connector.parse_webhook(signed(customer, "customer"), customer) == [plugin.Hint("customers", ["6"])]
    bought = json.dumps({"id": 501, "customer_id": 0, "billing": {"email": "Li@x.example"}}).encode()
    assert connector.parse_webhook(signed(bought, "order"), bought) == [plugin.Hint("guests", ["li@x.example"])]
    assert connect(webhook_secret=SECRET).parse_webhook(signed(bought, "order"), bought) == []
    assert connector.parse_webhook({}, b"webhook_id=3") == [], "the ping is not signed"


def test_a_webhook_is_verified_over_its_raw_bytes(connect: Connect) -> None:
    body = b'{"id":6}'
    headers = signed(body, "customer")
    with pytest.raises(plugin.AuthError):
        connect(webhook_secret=SECRET).parse_webhook(headers, b'{"id": 6}')
    with pytest.raises(plugin.AuthError, match="without a secret"):
        connect().parse_webhook(headers, body)
    with pytest.raises(plugin.Rejected):
        connect(webhook_secret=SECRET).parse_webhook(signed(b"[]", "customer"), b"[]")


URL = "http://127.0.0.1:9/hooks/shop"  # nobody listens there


def test_subscriptions_are_made_once_and_removed(connect: Connect, sandbox: WooCommerceSandbox) -> None:
    connector = connect(webhook_secret=SECRET, guests=True)
    made = connector.subscribe(URL)
    assert sorted(item.topic for item in made) == [
        f"{kind}.{event}" for kind in ("customer", "order") for event in ("created", "deleted", "updated")
    ]
    assert {item.mended for item in made} == {"made"}
    again = connector.subscribe(URL)
    assert [(item.active, item.mended) for item in again] == [(True, "")] * 6
    assert connector.subscriptions("http://127.0.0.1:9/hooks/other") == []
    assert connector.unsubscribe(URL) == 6
    assert connector.subscriptions(URL) == []


def test_one_that_the_shop_disabled_is_woken_and_one_that_a_person_paused_is_left(
    connect: Connect, sandbox: WooCommerceSandbox
) -> None:
    connector = connect(webhook_secret=SECRET)
    topics = {item.topic: item.id for item in connector.subscribe(URL)}
    hooks = sandbox.state.collection("webhooks")
    for topic, status in (("customer.created", "disabled"), ("customer.updated", "paused")):
        hooks[topics[topic]] = {**hooks[topics[topic]], "status": status, "failures": 6}
    found = {item.topic: item for item in connector.subscriptions(URL)}
    assert (found["customer.created"].active, found["customer.created"].detail) == (False, "disabled")
    after = {item.topic: (item.active, item.mended) for item in connector.subscribe(URL)}
    assert after == {
        "customer.created": (True, "woken"),
        "customer.updated": (False, ""),
        "customer.deleted": (True, ""),
    }
    assert hooks[topics["customer.created"]]["failures"] == 0


def test_many_webhooks_of_others_are_read_page_by_page(connect: Connect, sandbox: WooCommerceSandbox) -> None:
    connector = connect(webhook_secret=SECRET)
    connector.subscribe(URL)
    hooks = sandbox.state.collection("webhooks")
    first = next(iter(hooks.values()))
    for number in range(1000, 1230):
        hooks[str(number)] = {**first, "id": number, "delivery_url": "http://127.0.0.1:9/else"}
    assert len(connector.subscriptions(URL)) == 3


def test_subscribing_needs_a_secret(connect: Connect) -> None:
    with pytest.raises(plugin.ConfigError, match="Set webhook_secret"):
        connect().subscribe(URL)
