"""Signing in, permissions, and what goes wrong on the way: a real shop where it can be made to fail, else a mock."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses
from pydantic import SecretStr, ValidationError

from crmhub_vendure.bench import Person
from crmhub_vendure.connector import VendureConfig, VendureConnector
from crmhub_vendure.plugin import hub_connectors
from crmhub_vendure.refusals import Forbidden, TooMuch, refused_read, refused_write
from hub import plugin
from hub.testing.servers import RunningServer

URL = "https://shop.example/admin-api"
FORBIDDEN = {"message": "no", "path": ["customers"], "extensions": {"code": "FORBIDDEN"}}
LOGIN = {"data": {"login": {"__typename": "CurrentUser", "id": "1"}}}
NO_CUSTOM_FIELDS = {
    "data": {
        "activeChannel": {"token": "uk-channel"},
        "globalSettings": {"serverConfig": {"entityCustomFields": []}},
    }
}


@pytest.fixture
def mock() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as remote:
        yield remote


@pytest.fixture
def mocked(tmp_path: Path) -> VendureConnector:
    """A connector whose shop is a mock and whose session is known."""
    http = plugin.Http("shop", hosts=["shop.example"], sleep=lambda _: None)
    context = plugin.Context(connection="shop", make_http=lambda: http, folder=tmp_path)
    config = VendureConfig(url=URL, user="hub", password=SecretStr("geheim"))
    context.tokens.save(plugin.Token("known"))
    return VendureConnector(config, context)


def read(connector: VendureConnector) -> list[plugin.Record]:
    return [record for page in connector.changes("customers") for record in page.records]


def make_clerk(person: Person, name: str, *permissions: str) -> dict[str, Any]:
    """An administrator with these permissions; returns the settings to sign in with."""
    role = person.ask(
        "mutation ($input: CreateRoleInput!) { createRole(input: $input) { id } }",
        input={"code": name, "description": name, "permissions": list(permissions)},
    )
    person.ask(
        "mutation ($input: CreateAdministratorInput!) { createAdministrator(input: $input) { id } }",
        input={
            "firstName": name,
            "lastName": name,
            "emailAddress": f"{name}@shop.example",
            "password": "clerk-of-the-shop",
            "roleIds": [role["id"]],
        },
    )
    return {"user": f"{name}@shop.example", "password": SecretStr("clerk-of-the-shop")}


def test_describing_makes_no_call(mocked: VendureConnector) -> None:
    [resource] = mocked.resources()
    assert hub_connectors() == [VendureConnector]
    assert (resource.capabilities.create, "op_key" in resource.capabilities.find_by) == ("unique_key", False)
    assert "geheim" not in repr(mocked.config)
    mocked.close()
    assert mocked.context.http.calls == 0


@pytest.mark.parametrize("name", ["crmhub id", "a){b", "1st"])
def test_the_name_of_the_key_field_is_a_name(name: str) -> None:
    with pytest.raises(ValidationError):
        VendureConfig(url=URL, user="hub", password=SecretStr("x"), key_field=name)


def test_check_says_who_we_are_and_that_nothing_is_missing(connector: VendureConnector) -> None:
    account = connector.check()
    assert account.name == "admin"
    assert "channel __default_channel__" in account.server
    assert account.missing == []
    assert "custom field crmhubId" in account.granted
    assert account.clock is not None


def test_a_user_without_permissions_is_told_which_are_missing_and_which_are_needed(
    person: Person, connect: Any
) -> None:
    customer = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    person.adds_address(customer)
    connector = connect(**make_clerk(person, "reader", "ReadCustomer"))
    assert connector.check().missing == [
        "CreateCustomer",
        "UpdateCustomer",
        "DeleteCustomer",
        "ReadCountry or ReadSettings",
    ]
    assert [record.id for record in read(connector)] == [customer]
    with pytest.raises(plugin.ConfigError, match=r"does not allow reader@shop\.example .* permissions"):
        list(connector.write("customers", [plugin.Op("k", "update", customer, {"lastName": "C"})]))
    blind = connect(**make_clerk(person, "blind", "ReadProduct"))
    with pytest.raises(plugin.ConfigError, match="does not allow blind"):
        read(blind)


def test_the_permissions_of_the_readme_are_enough(person: Person, connect: Any) -> None:
    needed = ("ReadCustomer", "CreateCustomer", "UpdateCustomer", "DeleteCustomer", "ReadCountry")
    connector = connect(**make_clerk(person, "hub", *needed))
    assert connector.check().missing == []
    address = {"streetLine1": "Weg 1", "countryCode": "AT"}
    data = {"emailAddress": "a@x.example", "addresses": plugin.Parts(add=[address])}
    (made,) = connector.write("customers", [plugin.Op("k", "create", None, data)])
    assert made.error is None
    assert made.image is not None
    (home,) = (made.image.data or {})["addresses"]
    change = plugin.Parts(remove=[home["id"]])
    (changed,) = connector.write("customers", [plugin.Op("u", "update", made.id, {"addresses": change})])
    assert changed.error is None
    (gone,) = connector.write("customers", [plugin.Op("d", "delete", made.id, {})])
    assert gone.error is None
    assert list(connector.fields("customers"))


def test_a_missing_key_field_is_a_configuration_error(person: Person, connect: Any) -> None:
    for name in ("noSuchField", "newsletter", "score"):
        with pytest.raises(plugin.ConfigError, match=f"no custom field '{name}'"):
            connect(key_field=name).check()


def test_a_channel_that_the_shop_does_not_know_is_not_another_one(person: Person, connect: Any) -> None:
    """A shop with one channel would answer for that one, whatever the token."""
    for use in (lambda shop: shop.check(), read):
        with pytest.raises(plugin.ConfigError, match="no channel with this token"):
            use(connect(channel="no-such-channel"))


@pytest.mark.parametrize("kind", ["read", "write", "check"])
def test_a_session_that_ended_is_renewed_once(connector: VendureConnector, person: Person, kind: str) -> None:
    connector.check()
    before = connector.context.tokens.read()
    assert before is not None
    person.end(f"Bearer {before.access}")
    if kind == "read":
        assert read(connector) == []
    elif kind == "write":
        op = plugin.Op("k", "create", None, {"emailAddress": "a@x.example"})
        (receipt,) = connector._writer.write([op])
        assert receipt.error is None
    else:
        assert connector.check().name == "admin"
    after = connector.context.tokens.read()
    assert after is not None
    assert after.access != before.access


def test_a_write_in_a_session_that_ended_is_carried_out_once(connector: VendureConnector, person: Person) -> None:
    connector.check()
    list(connector.find("customers", "email", ["x@x.example"]))
    api = connector._api
    kept = connector.context.tokens.read()
    assert kept is not None
    real = api._send

    def end_before_the_write(query: str, *rest: Any, **named: Any) -> Any:
        if query.startswith("mutation Hub") and connector.context.tokens.read() is kept:
            person.end(f"Bearer {kept.access}")
        return real(query, *rest, **named)

    api._send = end_before_the_write  # type: ignore[method-assign]
    op = plugin.Op("k", "create", None, {"emailAddress": "a@x.example"})
    (receipt,) = connector.write("customers", [op])
    assert receipt.error is None
    assert len(person.customers()) == 1


def test_many_threads_share_one_sign_in(connector: VendureConnector, person: Person) -> None:
    connector.check()
    kept = connector.context.tokens.read()
    assert kept is not None
    person.end(f"Bearer {kept.access}")
    signed_in: list[str] = []
    real = connector._api._sign_in
    connector._api._sign_in = lambda: signed_in.append("x") or real()  # type: ignore[func-returns-value,method-assign]
    threads = [threading.Thread(target=read, args=(connector,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signed_in) == 1


def test_cookies_of_the_shop_are_not_sent_back(connector: VendureConnector, person: Person) -> None:
    """A cookie would win over the token, and a cookie of an older session would lock us out."""
    connector.check()
    (session,) = connector.context.http._sessions
    assert session.cookies, "the shop set one at sign-in"
    session.cookies.set("session", "nonsense")
    assert read(connector) == []


def test_a_server_that_dies_during_a_write_leaves_the_outcome_unknown_and_the_key_tells_it(
    stored_server: RunningServer, connect: Any
) -> None:
    connector: VendureConnector = connect(url=f"{stored_server.url}/admin-api")
    connector.check()
    read(connector)
    ops = [plugin.Op(f"k{at}", "create", None, {"emailAddress": f"a{at}@x.example"}) for at in range(25)]
    os.kill(stored_server.process.pid, signal.SIGSTOP)
    killer = threading.Timer(0.3, stored_server.kill)
    list_writes = iter(connector.write("customers", ops))
    killer.start()
    try:
        with pytest.raises((plugin.OutcomeUnknown, plugin.Unavailable)):
            list(list_writes)
    finally:
        killer.join()
    stored_server.restart()
    made = {(record.data or {})["crmhub"] for record in connector.find("customers", "op_key", [op.key for op in ops])}
    left = [op for op in ops if op.key not in made]
    assert [receipt.error for receipt in connector.write("customers", left) if receipt.error] == []
    assert len(read(connector)) == 25


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ({"status": 404, "json": {"message": "Cannot POST"}}, plugin.ConfigError, "admin API"),
        ({"status": 403, "json": {}}, plugin.AuthError, "403"),
        ({"status": 500, "json": {"statusCode": 500}}, plugin.Unavailable, "500"),
        ({"json": {"data": None}}, plugin.Unavailable, "not one of Vendure's"),
        ({"json": [1]}, plugin.Unavailable, "not one of Vendure's"),
        ({"json": {"errors": ["text"]}}, plugin.Unavailable, "not one of Vendure's"),
        ({"body": "<html><h1>Hotel Wi-Fi</h1>", "content_type": "text/html"}, plugin.Unavailable, "Hotel Wi-Fi"),
        (
            {
                "json": {"errors": [{"message": "x", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]},
                "status": 400,
            },
            plugin.ConfigError,
            "does not understand",
        ),
        ({"json": {"errors": [{"message": "pool exhausted"}], "data": None}}, plugin.Unavailable, "pool exhausted"),
    ],
)
def test_what_is_no_answer_is_an_error_of_reading(
    mock: responses.RequestsMock, mocked: VendureConnector, answer: dict[str, Any], kind: Any, words: str
) -> None:
    mock.post(URL, **answer)
    with pytest.raises(kind, match=words):
        read(mocked)


@pytest.mark.parametrize(
    "answer", [{"status": 500, "json": {}}, {"status": 502, "body": ""}, {"json": {"data": {"m1": {}}}}]
)
def test_what_is_no_answer_after_a_write_leaves_the_outcome_unknown(
    mock: responses.RequestsMock, mocked: VendureConnector, answer: dict[str, Any]
) -> None:
    mock.post(URL, json=NO_CUSTOM_FIELDS)
    mock.post(URL, json={"data": {"customers": {"totalItems": 0, "items": []}, "all": {"totalItems": 0}}})
    mock.post(URL, **answer)
    with pytest.raises(plugin.OutcomeUnknown):
        list(mocked.write("customers", [plugin.Op("k", "create", None, {"emailAddress": "a@x.example"})]))
    assert len(mock.calls) == 3


def test_a_shop_that_gives_no_token_is_told_what_to_configure(
    mock: responses.RequestsMock, mocked: VendureConnector
) -> None:
    mocked.context.tokens.save(plugin.Token("ended"))
    mock.post(URL, json={"errors": [FORBIDDEN], "data": None})
    mock.post(URL, json=LOGIN)
    with pytest.raises(plugin.ConfigError, match="tokenMethod"):
        read(mocked)


def test_a_channel_is_named_in_every_call(mock: responses.RequestsMock, tmp_path: Path) -> None:
    http = plugin.Http("shop", hosts=["shop.example"], sleep=lambda _: None)
    context = plugin.Context(connection="shop", make_http=lambda: http, folder=tmp_path)
    context.tokens.save(plugin.Token("known"))
    config = VendureConfig(url=URL, user="hub", password=SecretStr("x"), channel="uk-channel")
    mock.post(URL, json=NO_CUSTOM_FIELDS)
    mock.post(URL, json={"data": {"customers": {"totalItems": 0, "items": []}}})
    assert read(VendureConnector(config, context)) == []
    assert {call.request.headers["vendure-token"] for call in mock.calls} == {"uk-channel"}


def test_requests_that_the_shop_finds_too_complex_become_smaller(
    mock: responses.RequestsMock, mocked: VendureConnector
) -> None:
    mock.post(URL, json=NO_CUSTOM_FIELDS)
    for _ in range(2):
        mock.post(URL, json={"errors": [{"message": "Query is too complex"}]})
    mock.post(URL, json={"data": {"customers": {"totalItems": 0, "items": []}}})
    assert read(mocked) == []
    assert '"take": 25' in str(mock.calls[-1].request.body)


@pytest.mark.parametrize(
    ("error", "read_kind", "write_kind"),
    [
        ({"message": "m", "extensions": {"code": "ENTITY_NOT_FOUND"}}, plugin.Unavailable, plugin.NotFound),
        ({"message": "m", "extensions": {"code": "CHANNEL_NOT_FOUND"}}, plugin.ConfigError, plugin.Rejected),
        ({"message": "m", "extensions": {"code": "USER_INPUT_ERROR"}}, TooMuch, plugin.Rejected),
        ({"message": "m", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}, plugin.Unavailable, plugin.Rejected),
        ({"message": "m"}, plugin.Unavailable, plugin.Rejected),
        ({"message": "m", "extensions": None}, plugin.Unavailable, plugin.Rejected),
        ({}, plugin.Unavailable, plugin.Rejected),
    ],
)
def test_an_error_has_one_meaning(error: dict[str, Any], read_kind: type, write_kind: type) -> None:
    assert type(refused_read(error, where="shop")) is read_kind
    assert type(refused_write(error, where="shop")) is write_kind


def test_forbidden_is_for_the_session_to_judge() -> None:
    for meaning in (refused_read, refused_write):
        with pytest.raises(Forbidden):
            meaning(FORBIDDEN, where="shop")
