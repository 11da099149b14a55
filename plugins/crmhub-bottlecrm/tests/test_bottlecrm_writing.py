"""Writing to a real BottleCRM, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_bottlecrm.bench import CACHE, Person
from crmhub_bottlecrm.connector import BottleConnector
from hub import plugin
from hub.testing.bottlecrm_server import NO_BROKER, empty
from hub.testing.kit import Wire
from hub.testing.kit.wire import Answer
from hub.testing.servers import RunningServer, start_bottlecrm

from .conftest import Connect

KEY = "01a20f36-411e-7b92-a707-033f0fab6492"
STRANGER = "4e6f2f4e-0000-4000-8000-000000000000"
ANNA = {"first_name": "Anna", "last_name": "Berg", "email": "Anna@firm.example"}
FULL: dict[str, Any] = {
    **ANNA,
    "phone": "+49 30 123456",
    "source": "campaign",
    "organization": "Firm",
    "title": "CEO",
    "department": "Board",
    "address_line": "Weg 1, Hof 2",
    "city": "Berlin",
    "state": "Berlin",
    "postcode": "10115",
    "country": "DE",
    "description": "met at the fair\nin Vienna",
}


def create(connector: BottleConnector, data: dict[str, Any], *, resource: str = "contacts") -> str:
    receipt = write(connector, "create", None, data, resource=resource)
    assert receipt.error is None, receipt.error
    assert receipt.id
    return receipt.id


def write(
    connector: BottleConnector, kind: plugin.OpKind, id_: str | None, data: Any, *, resource: str = "contacts"
) -> plugin.Receipt:
    (receipt,) = connector.write(resource, [plugin.Op(KEY, kind, id_, data)])
    return receipt


def image(receipt: plugin.Receipt) -> Any:
    assert receipt.error is None, receipt.error
    assert receipt.image is not None
    assert receipt.image.data is not None
    return receipt.image.data


def refusal(receipt: plugin.Receipt) -> plugin.Rejected:
    assert isinstance(receipt.error, plugin.Rejected), receipt.error
    return receipt.error


def test_a_new_contact_is_what_was_sent_and_carries_our_key(person: Person, connector: BottleConnector) -> None:
    id_ = create(connector, FULL)
    (row,) = person.everything("contacts")
    assert {name: row[name] for name in FULL} == FULL
    assert (row["id"], row["custom_fields"]) == (id_, {"crmhub_id": KEY})
    assert [item.id for item in connector.find("contacts", "op_key", [KEY])] == [id_]
    assert list(connector.find("contacts", "op_key", ["another key"])) == []
    assert [item.id for item in connector.find("contacts", "email", ["anna@FIRM.example"])] == [id_]


@pytest.mark.parametrize("name", [name for name in FULL if name not in ("first_name", "last_name")])
def test_a_field_is_emptied_and_the_others_stay(name: str, person: Person, connector: BottleConnector) -> None:
    id_ = person.create("contacts", FULL)
    found = image(write(connector, "update", id_, {name: None}))
    assert not found[name]
    assert {key: found[key] for key in FULL if key != name} == {key: FULL[key] for key in FULL if key != name}


def test_an_update_leaves_tags_assignees_and_custom_fields_of_others_alone(
    server: RunningServer, person: Person, connector: BottleConnector
) -> None:
    """A PUT would take them away."""
    if not any(row["key"] == "loyalty" for row in person.call("GET", "custom-fields/")["definitions"]):
        field = {"target_model": "Contact", "key": "loyalty", "label": "Loyalty", "field_type": "text"}
        person.call("POST", "custom-fields/", field)
    me = person.call("GET", "profile/")["user_obj"]["id"]
    id_ = create(connector, {**ANNA, "tags": ["own"], "custom_fields": {"loyalty": "gold"}})
    person.edit("contacts", id_, {"assigned_to": [me]})
    found = image(write(connector, "update", id_, {"title": "CFO", "custom_fields": {"loyalty": "silver"}}))
    assert (found["tags"], found["assigned_to"]) == (["own"], ["person@acme.example"])
    assert found["custom_fields"] == {"crmhub_id": KEY, "loyalty": "silver"}
    found = image(write(connector, "update", id_, {"custom_fields": {"loyalty": None}}))
    assert found["custom_fields"] == {"crmhub_id": KEY}


def test_tags_are_made_when_they_are_missing_and_set_by_name(person: Person, connector: BottleConnector) -> None:
    id_ = create(connector, {**ANNA, "tags": ["hub:new here", "own"]})
    assert image(write(connector, "update", id_, {"tags": ["own", "hub:vip"]}))["tags"] == ["hub:vip", "own"]
    assert image(write(connector, "update", id_, {"tags": []}))["tags"] == []
    names = [row["name"] for row in person.call("GET", "tags/")["tags"]]
    assert {"hub:new here", "hub:vip", "own"} <= set(names)
    assert len(names) == len(set(names))


def test_two_threads_make_a_tag_once(person: Person, connector: BottleConnector) -> None:
    """Contacts and accounts are written at the same time."""
    known = {row["name"] for row in person.call("GET", "tags/")["tags"]}
    new = [f"hub:together {len(known)} {number}" for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda number: connector.tags.ids(new if number % 2 else new[::-1]), range(4)))
    assert {tuple(sorted(ids)) for ids in made} == {tuple(sorted(made[0]))}
    names = [row["name"] for row in person.call("GET", "tags/")["tags"]]
    assert [names.count(name) for name in new] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("HubVIP", "cannot tell the tag 'HubVIP' from 'hub:vip'"),
        ("❤️", "needs at least one letter or digit"),
        ("x" * 51, "at most 50 characters"),
        ("hub:retired", "is archived"),
    ],
)
def test_a_tag_that_cannot_be_kept_is_refused_with_the_reason(
    name: str, says: str, person: Person, connector: BottleConnector
) -> None:
    id_ = create(connector, {**ANNA, "tags": ["hub:vip"]})
    for row in person.call("GET", "tags/")["tags"]:
        if row["name"] == "hub:retired":
            person.call("DELETE", f"tags/{row['id']}/")
    if name == "hub:retired" and not any(
        row["name"] == name for row in person.call("GET", "tags/", include_archived="true")["tags"]
    ):
        person.call("DELETE", f"tags/{person.call('POST', 'tags/', {'name': name})['tag']['id']}/")
    error = refusal(write(connector, "update", id_, {"tags": ["hub:vip", name], "title": "CEO"}))
    assert error.field == "tags"
    assert says in str(error)
    (row,) = person.everything("contacts")
    assert row["title"] is None, "half of a refused change was written"


def test_a_contact_belongs_to_an_account_by_its_id(person: Person, connector: BottleConnector) -> None:
    acme = create(connector, {"name": "ACME", "website": "https://acme.example"}, resource="accounts")
    id_ = create(connector, {**ANNA, "account": acme})
    assert person.everything("contacts")[0]["account_detail"]["name"] == "ACME"
    assert image(write(connector, "update", id_, {"account": None}))["account"] is None
    error = refusal(write(connector, "update", id_, {"account": STRANGER}))
    assert (error.field, "No such account" in str(error)) == ("account", True)


def test_a_second_contact_of_an_address_names_the_first(person: Person, connector: BottleConnector) -> None:
    id_ = person.create("contacts", ANNA)
    receipt = write(connector, "create", None, {**ANNA, "email": "anna@FIRM.example"})
    assert isinstance(receipt.error, plugin.Duplicate)
    assert receipt.error.existing_id == id_
    assert len(person.everything("contacts")) == 1


def test_an_address_of_another_customer_of_the_hub_is_not_the_same_person(connector: BottleConnector) -> None:
    """Ann and Bob share an address, and somebody has said that they are two: the hub must not try for ever."""
    first = create(connector, ANNA)
    (receipt,) = connector.write("contacts", [plugin.Op("key-of-bob", "create", None, {**ANNA, "first_name": "Bob"})])
    assert isinstance(receipt.error, plugin.Duplicate)
    assert receipt.error.existing_id is None
    assert f"{first}, another customer of the hub, has it" in str(receipt.error)


def test_a_contact_does_not_become_another_one_by_its_address(person: Person, connector: BottleConnector) -> None:
    person.create("contacts", ANNA)
    bo = person.create("contacts", {**ANNA, "email": "bo@x.example"})
    receipt = write(connector, "update", bo, {"email": ANNA["email"]})
    assert isinstance(receipt.error, plugin.Duplicate)
    assert receipt.error.existing_id is None


def test_a_second_account_of_a_name_may_be_another_company(person: Person, connector: BottleConnector) -> None:
    id_ = person.create("accounts", {"name": "Acme GmbH"})
    receipt = write(connector, "create", None, {"name": "ACME gmbh"}, resource="accounts")
    assert isinstance(receipt.error, plugin.Duplicate)
    assert receipt.error.existing_id is None, "a name alone proves nothing"
    assert id_ in str(receipt.error)
    assert "give both the same e-mail address" in receipt.error.hint
    assert len(person.everything("accounts")) == 1


def test_a_name_is_not_changed_in_its_case_alone(person: Person, connector: BottleConnector) -> None:
    """BottleCRM takes the account itself for the one that has the name already."""
    id_ = person.create("accounts", {"name": "acme"})
    error = refusal(write(connector, "update", id_, {"name": "ACME"}, resource="accounts"))
    assert (error.field, "upper and lower case" in str(error)) == ("name", True)


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"phone": "030 12 ext. 5"}, "phone", "digits and separators only"),
        ({"phone": "12"}, "phone", "7-25 characters"),
        ({"country": "de"}, "country", "not a valid choice"),
        ({"email": "nobody"}, "email", "valid email"),
        ({"source": "hearsay"}, "source", "lead sources"),
        ({"title": "x" * 256}, "title", "no more than 255"),
        ({"title": "a\0b"}, "title", "Null characters"),
        ({"last_name": " "}, "last_name", "may not be blank"),
        ({"linkedin_url": "nowhere"}, "linkedin_url", "valid URL"),
        ({"title": "half a character \ud83d"}, None, "cannot be sent as JSON"),
    ],
)
def test_a_value_that_bottlecrm_refuses_stops_only_its_own_record(
    change: dict[str, Any], field: str | None, says: str, person: Person, connector: BottleConnector
) -> None:
    ids = [person.create("contacts", {**ANNA, "email": f"p{number}@x.example"}) for number in range(2)]
    ops = [plugin.Op("bad", "update", ids[0], change), plugin.Op("good", "update", ids[1], {"title": "CEO"})]
    receipts = {item.key: item for item in connector.write("contacts", ops)}
    error = refusal(receipts["bad"])
    assert error.field == field
    assert says in str(error)
    assert image(receipts["good"])["title"] == "CEO"


def test_a_deleted_contact_is_gone_and_a_missing_one_is_not_found(person: Person, connector: BottleConnector) -> None:
    id_ = person.create("contacts", ANNA)
    assert write(connector, "delete", id_, {}).error is None
    assert person.everything("contacts") == []
    for kind, data in (("delete", {}), ("update", {"title": "x"})):
        assert isinstance(write(connector, kind, id_, data).error, plugin.NotFound)  # type: ignore[arg-type]


def test_a_user_may_change_what_he_is_assigned_to_but_not_delete_it(
    server: RunningServer, person: Person, connect: Connect
) -> None:
    """The same status as for a wrong token: this one concerns a single record."""
    member = connect(token=SecretStr(server.details["member"]["token"]))
    with Person(server.url, server.details["member"]["token"]) as colleague:
        me = colleague.call("GET", "profile/")["user_obj"]["id"]
    id_ = person.create("contacts", {**ANNA, "assigned_to": [me]})
    assert image(write(member, "update", id_, {"title": "CEO"}))["title"] == "CEO"
    assert "permission" in str(refusal(write(member, "delete", id_, {})))
    assert "Only admins" in str(refusal(write(member, "update", id_, {"tags": ["a new one"]})))


def test_an_account_with_open_invoices_cannot_be_deleted(
    server: RunningServer, person: Person, connector: BottleConnector
) -> None:
    acme = person.create("accounts", {"name": "ACME"})
    anna = person.create("contacts", ANNA)
    bill = {"invoice_title": "1", "client_name": "ACME", "client_email": "a@x.example"}
    bill |= {"account_id": acme, "contact_id": anna}
    person.call("POST", "invoices/", bill)
    receipt = write(connector, "delete", acme, {}, resource="accounts")
    assert "invoices" in str(refusal(receipt))
    assert len(person.everything("accounts")) == 1
    empty(server, "invoice")  # nobody can delete one


def test_a_write_is_done_although_it_cannot_be_read_again(
    server: RunningServer, person: Person, connect: Connect
) -> None:
    id_ = person.create("contacts", ANNA)
    with Wire(server.url) as wire:
        connector = connect(url=wire.url)
        wire.meddle(lambda sent: Answer(503, b"busy") if sent.method == "GET" else None)
        receipt = write(connector, "update", id_, {"title": "CEO"})
    assert (receipt.error, receipt.id, receipt.image) == (None, id_, None)
    assert person.everything("contacts")[0]["title"] == "CEO"


@pytest.fixture(scope="module")
def without_broker(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """With its message broker down, BottleCRM carries a create out and answers 500."""
    with start_bottlecrm(tmp_path_factory.mktemp("no-broker"), cache=CACHE, broker=NO_BROKER) as running:
        yield running


@pytest.fixture
def broken(without_broker: RunningServer) -> RunningServer:
    """The same as when it was installed: no records, and nothing of ours is defined."""
    empty(without_broker)
    empty(without_broker, "custom_field_definition")
    return without_broker


@pytest.fixture
def colleague(broken: RunningServer) -> Iterator[Person]:
    with Person(broken.url, broken.details["person"]["token"]) as somebody:
        yield somebody


def test_nothing_is_created_where_our_key_cannot_be_kept(
    broken: RunningServer, colleague: Person, connect: Connect
) -> None:
    """Without a definition BottleCRM drops the key, and says that all went well."""
    member = connect(url=broken.url, token=SecretStr(broken.details["member"]["token"]))
    with pytest.raises(plugin.ConfigError, match="no custom field crmhub_id") as refused:
        write(member, "create", None, ANNA)
    assert "token of an admin" in refused.value.hint
    assert any("crmhub_id" in item for item in member.check().missing)
    assert colleague.everything("contacts") == []


@pytest.mark.parametrize("resource", ["contacts", "accounts"])
def test_a_create_that_was_answered_by_an_error_is_unknown_and_found_by_its_key(
    resource: str, broken: RunningServer, colleague: Person, connect: Connect
) -> None:
    connector = connect(url=broken.url, token=SecretStr(broken.details["admin"]["token"]))
    with pytest.raises(plugin.OutcomeUnknown, match="500"):
        write(connector, "create", None, ANNA if resource == "contacts" else {"name": "ACME"}, resource=resource)
    (row,) = colleague.everything(resource)
    (found,) = connector.find(resource, "op_key", [KEY])
    assert found.id == row["id"]


def test_a_custom_field_that_was_switched_off_is_not_switched_on_again(
    broken: RunningServer, colleague: Person, connect: Connect
) -> None:
    field = {"target_model": "Contact", "key": "crmhub_id", "label": "ID", "field_type": "text"}
    made = colleague.call("POST", "custom-fields/", field)
    colleague.call("DELETE", f"custom-fields/{made['id']}/")
    connector = connect(url=broken.url, token=SecretStr(broken.details["admin"]["token"]))
    with pytest.raises(plugin.ConfigError, match="switched off"):
        write(connector, "create", None, ANNA)
    assert colleague.everything("contacts") == []
