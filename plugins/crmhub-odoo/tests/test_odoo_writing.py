"""What the connector writes, and what it says when Odoo refuses or an answer is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhub_odoo.connector import OdooConnector
from crmhub_odoo.sandbox import OdooSandbox
from hub import plugin

KEY = "01a20f36-411e-7b92-a707-033f0fab6492"


def create(connector: OdooConnector, key: str = KEY, **data: Any) -> plugin.Receipt:
    (receipt,) = connector.write("partners", [plugin.Op(key, "create", None, {"name": "Anna", **data})])
    return receipt


def update(connector: OdooConnector, id_: str, **data: Any) -> plugin.Receipt:
    (receipt,) = connector.write("partners", [plugin.Op("k", "update", id_, data)])
    return receipt


def partners(sandbox: OdooSandbox) -> list[dict[str, Any]]:
    return [item for item in sandbox.user.find("res.partner") if item["id"] > 4]


@pytest.mark.parametrize("version", ["16.0", "19.0"])
def test_a_create_brings_addresses_and_tags_and_may_be_repeated(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    data = {
        "is_company": True,
        "country_id": "DE",
        "delivery": {"name": "Ramp", "city": "Graz", "country_id": "AT"},
        "category_id": [{"name": "hub:vip"}],
    }
    first, again = create(connector, **data), create(connector, **data)
    assert first.error is None
    assert again.id == first.id
    assert again.version == first.version
    root, ramp = partners(sandbox)
    assert (root["is_company"], ramp["parent_id"], ramp["type"], ramp["name"]) == (True, root["id"], "delivery", "Ramp")
    assert first.image is not None
    assert (first.image.data or {})["category_id"][0]["name"] == "hub:vip"
    assert [item.id for item in connector.find("partners", "op_key", [KEY])] == [first.id]


@pytest.mark.parametrize("version", ["16.0", "19.0"])
def test_an_employee_gets_no_address_that_would_change_the_company(
    connector: OdooConnector, sandbox: OdooSandbox
) -> None:
    acme = sandbox.user.create("res.partner", {"name": "Acme", "is_company": True, "city": "Wien", "vat": "ATU1"})
    made = create(connector, commercial_partner_id=str(acme), city="Graz", vat="DE9")
    assert made.error is None
    assert update(connector, made.id or "", city="Linz", function="Buyer").error is None
    company, person = partners(sandbox)
    assert (company["city"], company["vat"]) == ("Wien", "ATU1")
    assert (person["type"], person["city"], person["function"]) == ("contact", "Wien", "Buyer")


def test_an_emptied_address_is_archived_and_others_are_edited(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    made = create(connector, delivery={"name": "Ramp", "city": "Graz"})
    assert made.image is not None
    delivery = (made.image.data or {})["delivery"]
    edited = update(connector, made.id or "", delivery={**delivery, "city": "Linz"})
    assert edited.image is not None
    assert (edited.image.data or {})["delivery"] == {**delivery, "city": "Linz"}
    gone = update(connector, made.id or "", delivery={"id": delivery["id"], "name": None, "city": False})
    assert gone.image is not None
    assert (gone.image.data or {})["delivery"] is False
    assert sandbox.user.get("res.partner", int(delivery["id"]))["active"] is False
    assert update(connector, made.id or "", invoice={"name": "Desk", "city": "Wien"}).error is None
    assert [item["type"] for item in partners(sandbox)] == ["contact", "delivery", "invoice"]


def test_tags_that_somebody_added_meanwhile_stay(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    made = create(connector, category_id=[{"name": "hub:a"}])
    assert made.image is not None
    tags = (made.image.data or {})["category_id"]
    assert update(connector, made.id or "", category_id=[*tags, {"name": "hub:b"}]).error is None
    (partner,) = partners(sandbox)
    assert len(partner["category_id"]) == 2
    assert update(connector, made.id or "", category_id=None).error is None
    assert partners(sandbox)[0]["category_id"] == []


def test_one_refused_row_of_an_import_does_not_stop_the_others(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    sandbox.user.create("res.partner", {"name": "Has it", "barcode": "B1"})
    rows = [("a", "B0"), ("b", "B1"), ("c", "B2")]
    ops = [plugin.Op(key, "create", None, {"name": key, "barcode": code}) for key, code in rows]
    receipts = {item.key: item.error for item in connector.write("partners", ops)}
    assert receipts["a"] is receipts["c"] is None
    assert isinstance(receipts["b"], plugin.Rejected)
    assert "barcode" in str(receipts["b"])
    assert [item["name"] for item in partners(sandbox)] == ["Has it", "a", "c"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"function": "a\x00b"}, "function"),
        ({"function": "a\ud800b"}, "function"),
        ({"country_id": "XX"}, "country_id"),
        ({"delivery": {"city": "a\x00"}}, "delivery.city"),
        ({"no_such": "x"}, "no_such"),
        ({"parent_id": "seven"}, "parent_id"),
    ],
)
def test_what_odoo_cannot_keep_is_refused_before_it_is_sent(
    connector: OdooConnector, sandbox: OdooSandbox, data: dict[str, Any], field: str
) -> None:
    receipt = create(connector, **data)
    assert isinstance(receipt.error, plugin.Rejected)
    assert receipt.error.field == field
    assert partners(sandbox) == []


def test_a_delete_takes_the_addresses_along_and_a_refused_one_says_why(
    connector: OdooConnector, sandbox: OdooSandbox
) -> None:
    made = create(connector, delivery={"name": "Ramp", "city": "Graz"})
    user = str(sandbox.state.collection("res.users")["2"]["partner_id"])
    gone, refused = connector.write(
        "partners", [plugin.Op("d", "delete", made.id, {}), plugin.Op("e", "delete", user, {})]
    )
    if gone.key != "d":
        gone, refused = refused, gone
    assert gone.error is None
    assert isinstance(refused.error, plugin.Rejected)
    assert "active user" in (refused.error.remote_text or "")
    assert partners(sandbox) == []


def test_a_version_that_is_given_is_compared_just_before(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    made = create(connector)
    sandbox.user.edit("res.partner", int(made.id or ""), {"function": "by a person"})
    op = plugin.Op("k", "update", made.id, {"function": "ours"}, if_version=made.version)
    (receipt,) = connector.write("partners", [op])
    assert isinstance(receipt.error, plugin.Conflict)
    assert partners(sandbox)[0]["function"] == "by a person"


@pytest.mark.parametrize("version", ["19.0"])
@pytest.mark.parametrize(
    ("call", "done"), [("res.partner/load", True), ("res.partner/write", True), ("res.partner/load", False)]
)
def test_a_lost_answer_of_a_write_is_unknown_and_not_sent_again(
    connect: Callable[..., OdooConnector], sandbox: OdooSandbox, call: str, done: bool
) -> None:
    connector = connect()
    made = create(connector, key="other")
    sandbox.switches.match = call
    sandbox.switches.drop_after_every, sandbox.switches.drop_before_every = (1, 0) if done else (0, 1)
    ops = {
        "load": plugin.Op(KEY, "create", None, {"name": "Cy"}),
        "write": plugin.Op("k", "update", made.id, {"function": "written"}),
    }
    with pytest.raises((plugin.OutcomeUnknown, plugin.Unavailable)) as caught:
        list(connector.write("partners", [ops[call.partition("/")[2]]]))
    assert not done or isinstance(caught.value, plugin.OutcomeUnknown)
    names = [(item["name"], item["function"]) for item in partners(sandbox)]
    assert names.count(("Cy", False)) == (1 if done and call.endswith("load") else 0)
    assert names.count(("Anna", "written")) == (1 if call.endswith("write") else 0)


@pytest.mark.parametrize("version", ["19.0"])
def test_a_create_that_is_half_done_is_unknown_and_can_be_finished(
    connector: OdooConnector, sandbox: OdooSandbox
) -> None:
    connector.check()
    sandbox.switches.match = "res.partner/write"
    sandbox.switches.drop_before_every = 1
    with pytest.raises(plugin.OutcomeUnknown, match="without its tags"):
        create(connector, category_id=[{"name": "hub:vip"}])
    sandbox.switches.drop_before_every = 0
    (found,) = connector.find("partners", "op_key", [KEY])
    assert (found.data or {})["category_id"] == []
    assert update(connector, found.id, category_id=[{"name": "hub:vip"}]).error is None


def test_a_serialization_failure_was_not_carried_out(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    made = create(connector)
    sandbox.switches.error_body_every = 1
    with pytest.raises(plugin.Unavailable, match="beside other transactions"):
        update(connector, made.id or "", function="x")


def test_the_sandbox_imports_booleans_as_words(sandbox: OdooSandbox) -> None:
    with sandbox.turn():
        sandbox.orm.begin(2, None)
        (id_,) = sandbox.orm.load("res.partner", ["name", "is_company"], [["Acme", "true"]])["ids"]
        assert sandbox.orm.load("res.partner", ["name", "is_company"], [["Acme", True]])["ids"] is False
    assert sandbox.user.get("res.partner", id_)["is_company"] is True
