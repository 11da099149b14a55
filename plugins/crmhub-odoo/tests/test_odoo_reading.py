"""What the connector reads: which rows are customers, what a version covers, what polls and searches find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crmhub_odoo.connector import OdooConnector
from crmhub_odoo.refusals import refusal
from crmhub_odoo.sandbox import OdooSandbox
from hub import plugin

Connect = Callable[..., OdooConnector]


def made(sandbox: OdooSandbox, **values: Any) -> str:
    return str(sandbox.user.create("res.partner", {"name": "Anna", **values}))


def poll(connector: OdooConnector, cursor: Any = None) -> tuple[dict[str, plugin.Record], Any]:
    pages = list(connector.changes("partners", cursor))
    return {item.id: item for page in pages for item in page.records}, pages[-1].cursor


def data(connector: OdooConnector, id_: str) -> dict[str, Any]:
    (found,) = connector.fetch("partners", [id_])
    return dict(found.data or {})


def test_addresses_belong_to_the_record_above_them(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    acme = made(sandbox, name="Acme", is_company=True, city="Wien")
    person = made(sandbox, parent_id=int(acme))
    ramp = made(sandbox, name="Ramp", parent_id=int(acme), type="delivery", city="Graz")
    made(sandbox, name="Later", parent_id=int(acme), type="delivery", city="Linz")
    found, _ = poll(connector)
    assert set(found) == {acme, person}
    read = dict(found[acme].data or {})
    assert (read["delivery"]["id"], read["delivery"]["name"], read["delivery"]["city"]) == (ramp, "Ramp", "Graz")
    assert read["invoice"] is False
    assert (found[person].data or {})["commercial_partner_id"] == acme
    assert list(connector.fetch("partners", [ramp])) == []


def test_an_edit_of_an_address_is_an_edit_of_its_record(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    acme = made(sandbox, name="Acme", is_company=True)
    ramp = made(sandbox, parent_id=int(acme), type="delivery", city="Graz")
    sandbox.clock.advance(600)
    before, cursor = poll(connector)
    sandbox.clock.advance(600)
    sandbox.user.edit("res.partner", int(ramp), {"city": "Linz"})
    after, _ = poll(connector, cursor)
    assert set(after) == {acme}
    assert after[acme].version != before[acme].version
    listed = {item.id: item.version for page in connector.listing("partners") for item in page.records}
    assert listed == {acme: after[acme].version}


def test_users_and_the_own_company_are_no_customers_unless_wanted(connect: Connect, sandbox: OdooSandbox) -> None:
    anna = made(sandbox)
    assert set(poll(connect())[0]) == {anna}
    assert len(poll(connect(staff=True))[0]) == 5


def test_archived_partners_are_read_as_such(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    anna = made(sandbox)
    sandbox.user.archive("res.partner", int(anna))
    assert poll(connector)[0][anna].data["active"] is False  # type: ignore[index]  # a whole record


def test_two_edits_within_one_second_have_two_versions(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    sandbox.clock.freeze()
    anna = made(sandbox)
    found, cursor = poll(connector)
    sandbox.user.edit("res.partner", int(anna), {"phone": "1"})
    again, _ = poll(connector, cursor)
    assert again[anna].version != found[anna].version


def test_a_transaction_that_shows_late_is_found_within_the_overlap(
    connector: OdooConnector, sandbox: OdooSandbox
) -> None:
    _, cursor = poll(connector)
    sandbox.clock.advance(-200)  # it began before the poll, and is seen only now
    anna = made(sandbox)
    sandbox.clock.advance(260)
    assert anna in poll(connector, cursor)[0]


def test_references_are_words(connector: OdooConnector, sandbox: OdooSandbox) -> None:
    tables = {name: sandbox.state.collection(name).values() for name in ("res.country", "res.country.state")}
    germany = next(row["id"] for row in tables["res.country"] if row["code"] == "DE")
    berlin = next(row["id"] for row in tables["res.country.state"] if row["name"] == "Berlin")
    tag = sandbox.user.create("res.partner.category", {"name": "vip"})
    anna = made(sandbox, country_id=germany, state_id=berlin, category_id=[[4, tag, 0]], user_id=6, title=1, vat="/")
    read = data(connector, anna)
    assert (read["country_id"], read["state_id"], read["title"]) == ("DE", "DE-BE", "Dr.")
    assert read["category_id"] == [{"id": str(tag), "name": "vip"}]
    assert (read["user_id"], read["vat"]) == ("hub", False)
    states = next(item for item in connector.fields("partners") if item.path == "delivery.state_id")
    assert states.values is not None
    assert "DE-BE" in states.values


@pytest.mark.parametrize("version", ["16.0", "19.0"])
def test_fields_are_those_of_the_version(connector: OdooConnector, version: str) -> None:
    paths = {item.path for item in connector.fields("partners")}
    assert ("mobile" in paths) is (version == "16.0")
    assert {"name", "category_id.name", "delivery.street", "commercial_partner_id"} <= paths


def test_more_fields_can_be_read_and_a_wrong_one_is_named(connect: Connect, sandbox: OdooSandbox) -> None:
    assert data(connect(fields=("barcode",)), made(sandbox, barcode="B1"))["barcode"] == "B1"
    with pytest.raises(plugin.ConfigError, match="x_no_such"):
        connect(fields=("x_no_such",)).check()


@pytest.mark.parametrize(
    ("key", "value"),
    [("email", "b_o@X.example"), ("phone", "+49 (30) 12-34"), ("tax_id", "ATU 123"), ("email", " x@y.example ")],
)
def test_searches_find_what_is_meant_and_nothing_else(
    connector: OdooConnector, sandbox: OdooSandbox, key: str, value: str
) -> None:
    anna = made(sandbox, email="x@y.example, b_o@x.example", phone="+493012 34", vat="atu123")
    made(sandbox, name="Bo", email="bxo@x.example", phone="+4930123499", vat="ATU1234")
    assert [item.id for item in connector.find("partners", key, [value])] == [anna]


def test_rights_that_are_missing_are_named(connect: Connect, sandbox: OdooSandbox) -> None:
    sandbox.switches.no_permission = ("res.partner.delete",)
    account = connect().check()
    assert account.missing == ["unlink res.partner"]
    assert (account.version, account.name) == ("18.0", "hub")


@pytest.mark.parametrize("version", ["19.0"])
@pytest.mark.parametrize(("wanted", "used"), [("auto", "json2"), ("json2", "json2"), ("jsonrpc", "jsonrpc")])
def test_19_is_called_either_way(connect: Connect, sandbox: OdooSandbox, wanted: str, used: str) -> None:
    connector = connect(transport=wanted)
    assert used in connector.check().server
    anna = made(sandbox)
    assert set(poll(connector)[0]) == {anna}


def test_json_2_before_19_is_a_wrong_setting(connect: Connect) -> None:
    with pytest.raises(plugin.ConfigError, match="no JSON-2"):
        connect(transport="json2").check()


@pytest.mark.parametrize(
    ("name", "reading", "writing"),
    [
        ("odoo.exceptions.AccessDenied", plugin.AuthError, plugin.AuthError),
        ("odoo.http.SessionExpiredException", plugin.AuthError, plugin.AuthError),
        ("odoo.exceptions.AccessError", plugin.ConfigError, plugin.Rejected),
        ("odoo.exceptions.MissingError", plugin.NotFound, plugin.NotFound),
        ("odoo.exceptions.ValidationError", plugin.Unavailable, plugin.Rejected),
        ("odoo.exceptions.UserError", plugin.Unavailable, plugin.Rejected),
        ("psycopg2.errors.SerializationFailure", plugin.Unavailable, plugin.Unavailable),
        ("psycopg2.errors.NotNullViolation", plugin.Unavailable, plugin.Rejected),
        ("werkzeug.exceptions.NotFound", plugin.ConfigError, plugin.Rejected),
        ("", plugin.Unavailable, plugin.Rejected),
    ],
)
def test_what_an_exception_of_the_server_means(
    name: str, reading: type[plugin.ConnectorError], writing: type[plugin.ConnectorError]
) -> None:
    told = {"name": name, "message": "no\n  way", "debug": "Traceback"}
    assert type(refusal(told, "res.partner.read", safe=True)) is reading
    error = refusal(told, "res.partner.write", safe=False)
    assert type(error) is writing
    assert error.remote_text == "no way"
