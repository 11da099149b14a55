"""Writing on a real shop: every write is checked by what a person then sees in the administration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crmhub_vendure.bench import Person
from crmhub_vendure.connector import VendureConnector
from hub import plugin
from hub.plugin import Op, Parts, Receipt

FIELDS = """id title firstName lastName emailAddress phoneNumber customFields { crmhubId vatId newsletter }
addresses {
  id fullName streetLine1 streetLine2 city countryCode: country { code } defaultBillingAddress defaultShippingAddress
}"""
WEG = {"streetLine1": "Weg 1", "city": "Wien", "countryCode": "AT"}


def write(connector: VendureConnector, *ops: Op) -> list[Receipt]:
    return list(connector.write("customers", ops))


def write_one(connector: VendureConnector, op: Op) -> Receipt:
    (receipt,) = write(connector, op)
    return receipt


def update(id_: str | None, key: str = "u", version: str | None = None, **data: Any) -> Op:
    return Op(key, "update", id_, data, version)


def create(key: str, email: str | None = None, **data: Any) -> Op:
    return Op(
        key, "create", None, {"firstName": "A", "lastName": "B", "emailAddress": email or f"{key}@x.example", **data}
    )


def shown(person: Person) -> dict[str, dict[str, Any]]:
    return {row["emailAddress"]: row for row in person.customers(FIELDS)}


def addresses(person: Person) -> list[dict[str, Any]]:
    (row,) = person.customers(FIELDS)
    return sorted(row["addresses"], key=lambda item: int(item["id"]))


def test_a_create_makes_customer_and_addresses_and_names_what_was_made(
    connector: VendureConnector, person: Person
) -> None:
    two = [{**WEG, "uses": ["billing"]}, {"streetLine1": "Kai 2", "countryCode": "DE", "uses": ["shipping"]}]
    receipt = write_one(
        connector,
        create("k1", " Eva@X.example", title=None, addresses=Parts(add=two), customFields={"vatId": "ATU1"}),
    )
    assert receipt.error is None
    row = shown(person)["eva@x.example"]
    assert (row["id"], row["customFields"]["crmhubId"], row["customFields"]["vatId"]) == (receipt.id, "k1", "ATU1")
    assert [(item["streetLine1"], item["countryCode"]["code"]) for item in addresses(person)] == [
        ("Weg 1", "AT"),
        ("Kai 2", "DE"),
    ]
    assert receipt.image is not None
    assert receipt.image.data is not None
    assert [item["uses"] for item in receipt.image.data["addresses"]] == [["billing"], ["shipping"]]
    (fetched,) = connector.fetch("customers", [str(receipt.id)])
    assert fetched.version == receipt.version


def test_fields_are_cleared_as_their_columns_allow(connector: VendureConnector, person: Person) -> None:
    id_ = person.creates(title="Dr.", firstName="A", lastName="B", emailAddress="a@x.example", phoneNumber="1")
    person.edits(id_, customFields={"vatId": "ATU1", "newsletter": True})
    home = person.adds_address(id_, city="Wien", fullName="A B", streetLine2="Hof")
    nothing: dict[str, Any] = {"city": None, "fullName": "", "streetLine2": None}
    receipt = write_one(
        connector,
        update(
            id_,
            title=None,
            firstName=None,
            phoneNumber="",
            customFields={"vatId": None, "newsletter": None},
            addresses=Parts(set={home: nothing}),
        ),
    )
    assert receipt.error is None
    row = shown(person)["a@x.example"]
    assert (row["title"], row["firstName"], row["lastName"], row["phoneNumber"]) == (None, "", "B", "")
    assert (row["customFields"]["vatId"], row["customFields"]["newsletter"]) == (None, None)
    (address,) = addresses(person)
    assert (address["city"], address["fullName"], address["streetLine2"]) == ("", "", "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"vatId": "ATU1", "tier": "gold", "newsletter": False, "points": "12"}, ("ATU1", "gold", False, 12)),
        ({"vatId": "", "tier": "", "newsletter": "", "points": ""}, (None, None, None, None)),
        ({"vatId": None, "tier": None, "newsletter": None, "points": None}, (None, None, None, None)),
        ({"points": -3, "score": None}, ("old", "silver", True, -3)),
    ],
)
def test_custom_fields_are_written_in_their_own_types(
    connector: VendureConnector, person: Person, given: dict[str, Any], kept: tuple[Any, ...]
) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    person.edits(id_, customFields={"vatId": "old", "tier": "silver", "newsletter": True, "points": 7})
    receipt = write_one(connector, update(id_, customFields=given))
    assert receipt.error is None
    (row,) = person.customers("customFields { vatId tier newsletter points }")
    assert tuple(row["customFields"].values()) == kept


def test_addresses_are_added_edited_and_removed_by_their_ids(connector: VendureConnector, person: Person) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    first, second = person.adds_address(id_, city="Wien"), person.adds_address(id_, city="Graz")
    change = Parts(add=[{**WEG, "city": "Linz"}], set={first: {"city": "Bonn", "countryCode": "DE"}}, remove=[second])
    receipt = write_one(connector, update(id_, lastName="C", addresses=change))
    assert receipt.error is None
    assert [(item["city"], item["countryCode"]["code"]) for item in addresses(person)] == [
        ("Bonn", "DE"),
        ("Linz", "AT"),
    ]
    assert addresses(person)[0]["id"] == first
    assert shown(person)["a@x.example"]["lastName"] == "C"


def test_a_default_moves_to_the_address_that_is_given_it_and_the_image_shows_both(
    connector: VendureConnector, person: Person
) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    first = person.adds_address(id_, defaultBillingAddress=True, defaultShippingAddress=True)
    second = person.adds_address(id_)
    receipt = write_one(connector, update(id_, addresses=Parts(set={second: {"uses": ["billing"]}})))
    assert receipt.image is not None
    assert receipt.image.data is not None
    assert {item["id"]: item["uses"] for item in receipt.image.data["addresses"]} == {
        first: ["shipping"],
        second: ["billing"],
    }
    receipt = write_one(connector, update(id_, addresses=Parts(remove=[second])))
    assert receipt.image is not None
    assert receipt.image.data is not None
    (left,) = receipt.image.data["addresses"]
    assert left["uses"] == ["billing", "shipping"], "the shop hands a removed default to another address"
    receipt = write_one(connector, update(id_, addresses=Parts(set={first: {"uses": []}})))
    assert receipt.error is None
    assert not addresses(person)[0]["defaultBillingAddress"]


def test_nothing_to_change_is_no_write(connector: VendureConnector, person: Person) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    home = person.adds_address(id_, city="Wien")
    connector.check()
    before = connector.context.http.calls
    same = update(id_, lastName="B", addresses=Parts(set={home: {"city": "Wien", "uses": []}}), customFields={})
    assert write_one(connector, same).error is None
    assert connector.context.http.calls - before == 2, "one read before and one after"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"emailAddress": None}, "emailAddress"),
        ({"emailAddress": " "}, "emailAddress"),
        ({"addresses": Parts(add=[{**WEG, "countryCode": "XX"}])}, "addresses.countryCode"),
        ({"addresses": Parts(add=[{**WEG, "countryCode": None}])}, "addresses.countryCode"),
        ({"addresses": Parts(add=[{**WEG, "uses": ["holidays"]}])}, "addresses.uses"),
        ({"addresses": Parts(add=[{**WEG, "state": "Wien"}])}, "addresses.state"),
        ({"addresses": [WEG]}, "addresses"),
        ({"customFields": {"score": 7}}, "customFields.score"),
        ({"customFields": {"unknown": 7}}, "customFields.unknown"),
        ({"customFields": {"points": "1.5"}}, "customFields.points"),
        ({"groups": [{"name": "VIP"}]}, "groups"),
        ({"vatId": "ATU1"}, "vatId"),
        ({"lastName": "half \ud83d of a pair"}, "lastName"),
    ],
)
def test_what_the_shop_cannot_keep_is_refused_with_the_field_and_nothing_else_is_written(
    connector: VendureConnector, person: Person, data: dict[str, Any], field: str
) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    other = person.creates(firstName="O", lastName="O", emailAddress="o@x.example")
    before = shown(person)["a@x.example"]
    bad, good = write(
        connector, update(id_, "bad", **{"firstName": "New", **data}), update(other, "good", firstName="P")
    )
    assert isinstance(bad.error, plugin.Rejected)
    assert bad.error.field == field
    assert good.error is None
    assert shown(person)["a@x.example"] == before
    assert shown(person)["o@x.example"]["firstName"] == "P"


def test_what_only_the_shop_can_refuse_comes_with_its_words_and_the_others_go_on(
    connector: VendureConnector, person: Person
) -> None:
    ids = [person.creates(firstName="A", lastName="B", emailAddress=f"a{at}@x.example") for at in range(5)]
    ops = [update(id_, f"k{at}", lastName=f"written {at}") for at, id_ in enumerate(ids)]
    ops[2] = update(ids[2], "k2", customFields={"newsletter": "no truth value"})
    receipts = {receipt.key: receipt for receipt in write(connector, *ops)}
    assert [key for key, receipt in receipts.items() if receipt.error] == ["k2"]
    assert "Boolean" in str(receipts["k2"].error)
    assert [row["lastName"] for row in person.customers()] == ["written 0", "written 1", "B", "written 3", "written 4"]


def test_an_exception_in_the_middle_of_a_request_ends_one_write_only(
    connector: VendureConnector, person: Person
) -> None:
    taken = person.creates(firstName="T", lastName="T", emailAddress="t@x.example", customFields={"crmhubId": "k2"})
    receipts = write(connector, *(create(f"k{at}") for at in range(5)))
    errors = {receipt.key: receipt.error for receipt in receipts if receipt.error is not None}
    assert list(errors) == ["k2"]
    assert isinstance(errors["k2"], plugin.Duplicate)
    assert errors["k2"].existing_id == taken
    found = shown(person)
    assert sorted(found) == ["k0@x.example", "k1@x.example", "k3@x.example", "k4@x.example", "t@x.example"]
    assert {r.key: r.id for r in receipts if r.error is None} == {
        key: found[f"{key}@x.example"]["id"] for key in ("k0", "k1", "k3", "k4")
    }, "those before the exception are known although their answers were lost"


def test_a_customer_who_was_deleted_can_be_made_again(connector: VendureConnector, person: Person) -> None:
    first = write_one(connector, create("k1"))
    assert write_one(connector, Op("d", "delete", first.id, {})).error is None
    again = write_one(connector, create("k1"))
    assert again.error is None, "the deleted row keeps the unique key, but nobody sees it"
    assert again.id != first.id
    assert shown(person)["k1@x.example"]["customFields"]["crmhubId"] is None


@pytest.mark.parametrize("keyed", [True, False])
def test_a_taken_address_names_who_has_it(person: Person, connect: Any, keyed: bool) -> None:
    connector = connect(**({} if keyed else {"key_field": ""}))
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    other = person.creates(firstName="O", lastName="O", emailAddress="o@x.example")
    ops = [
        create("k1", "A@x.example"),
        update(other, "k2", emailAddress="a@X.example", addresses=Parts(add=[WEG])),
        create("k3"),
    ]
    errors = {receipt.key: receipt.error for receipt in write(connector, *ops)}
    assert isinstance(errors["k1"], plugin.Duplicate)
    assert errors["k1"].existing_id == id_
    assert isinstance(errors["k2"], plugin.Rejected), "an update cannot mean another customer"
    assert f"belongs to the customer {id_}" in str(errors["k2"])
    assert errors["k3"] is None
    assert shown(person)["o@x.example"]["addresses"] == [], "nothing of a refused write is carried out"


def test_a_refusal_whose_answer_was_lost_is_not_taken_for_a_create(person: Person, connect: Any) -> None:
    """The first create is refused as taken, the second ends the request: both answers are lost."""
    connector = connect()
    person.creates(firstName="T", lastName="T", emailAddress="t@x.example", customFields={"crmhubId": "k2"})
    connector._writer._refuse_taken = lambda jobs: person.creates(  # somebody registers in this very moment
        firstName="S", lastName="S", emailAddress="k1@x.example"
    )
    errors = {receipt.key: receipt.error for receipt in write(connector, create("k1"), create("k2"))}
    assert [type(error) for error in errors.values()] == [plugin.Duplicate, plugin.Duplicate]
    assert shown(person)["k1@x.example"]["firstName"] == "S"


def test_an_update_that_was_refused_beside_an_exception_is_told_as_refused(
    connector: VendureConnector, person: Person
) -> None:
    one, two = (person.creates(firstName="A", lastName="B", emailAddress=f"a{at}@x.example") for at in range(2))
    person.creates(firstName="T", lastName="T", emailAddress="t@x.example", customFields={"crmhubId": "k9"})
    ops = [update(one, "1", emailAddress="t@x.example"), update(two, "2", crmhub="k9")]
    errors = {receipt.key: receipt.error for receipt in write(connector, *ops)}
    assert "belongs to the customer" in str(errors["1"])
    assert isinstance(errors["2"], plugin.Rejected)
    assert "UNIQUE" in str(errors["2"])


@pytest.mark.parametrize(("keyed", "error"), [(True, plugin.Rejected), (False, plugin.Duplicate)])
def test_two_creates_with_one_address_are_one_customer_and_the_key_says_that_two_were_meant(
    person: Person, connect: Any, keyed: bool, error: type
) -> None:
    connector = connect(**({} if keyed else {"key_field": ""}))
    receipts = write(connector, create("one", "a@x.example"), create("two", "A@x.example"))
    assert [type(receipt.error) for receipt in receipts] == [type(None), error]
    assert len(shown(person)) == 1


def test_a_customer_without_an_address_is_refused_at_once(connector: VendureConnector, person: Person) -> None:
    receipt = write_one(connector, Op("k", "create", None, {"firstName": "A", "lastName": "B"}))
    assert isinstance(receipt.error, plugin.Rejected)
    assert receipt.error.field == "emailAddress"
    assert shown(person) == {}


@pytest.mark.parametrize("edit", ["customer", "address", "new address"])
def test_a_customer_who_was_changed_meanwhile_is_a_conflict_and_keeps_the_change(
    connector: VendureConnector, person: Person, edit: str
) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    home = person.adds_address(id_, city="Wien")
    (read,) = connector.fetch("customers", [id_])
    if edit == "customer":
        person.edits(id_, lastName="a person was faster")
    elif edit == "address":
        person.edits_address(home, city="Graz")
    else:
        person.adds_address(id_, city="Linz")
    before = shown(person)
    receipt = write_one(connector, update(id_, version=read.version, lastName="ours"))
    assert isinstance(receipt.error, plugin.Conflict)
    assert shown(person) == before


def test_an_address_that_is_not_there_any_more_is_a_conflict(connector: VendureConnector, person: Person) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    receipt = write_one(connector, update(id_, addresses=Parts(set={"99999": {"city": "Wien"}})))
    assert isinstance(receipt.error, plugin.Conflict)


def test_an_address_of_somebody_else_is_never_touched(connector: VendureConnector, person: Person) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    other = person.creates(firstName="O", lastName="O", emailAddress="o@x.example")
    theirs = person.adds_address(other, city="Wien")
    receipt = write_one(connector, update(id_, addresses=Parts(remove=[theirs])))
    assert receipt.error is None
    assert len(shown(person)["o@x.example"]["addresses"]) == 1


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_a_customer_who_is_gone_is_not_found(connector: VendureConnector, person: Person, kind: Any) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    person.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { result } }", id=id_)
    receipt = write_one(connector, Op("k", kind, id_, {"lastName": "C"} if kind == "update" else {}))
    assert isinstance(receipt.error, plugin.NotFound)


def test_many_creates_take_few_requests(connector: VendureConnector, person: Person) -> None:
    connector.check()
    before = connector.context.http.calls
    ops = [create(f"many{at}", addresses=Parts(add=[WEG, WEG])) for at in range(25)]
    receipts = write(connector, *ops)
    calls = connector.context.http.calls - before
    assert [receipt.error for receipt in receipts if receipt.error] == []
    assert sum(len(row["addresses"]) for row in shown(person).values()) == 50
    assert calls == 5, "who is there already, countries, 25 customers, 50 addresses, images"


@pytest.mark.parametrize("size", [30_000, 95_000, 200_000])
def test_texts_of_any_size_are_kept_or_refused_alone(connector: VendureConnector, person: Person, size: int) -> None:
    ids = [person.creates(firstName="A", lastName="B", emailAddress=f"a{at}@x.example") for at in range(6)]
    ops = [update(id_, f"k{at}", lastName="x" * size if at % 2 else "short") for at, id_ in enumerate(ids)]
    receipts = write(connector, *ops)
    errors = [type(receipt.error) for receipt in receipts]
    assert errors == [type(None), plugin.Rejected if size > 90_000 else type(None)] * 3
    lengths = [len(row["lastName"]) for row in person.customers()]
    assert lengths == [5, 1 if size > 90_000 else size] * 3


def test_an_unknown_resource_is_a_configuration_error(connector: VendureConnector) -> None:
    with pytest.raises(plugin.ConfigError, match="orders"):
        list(connector.write("orders", []))


def test_receipts_come_in_full(connector: VendureConnector, person: Person) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress="a@x.example")
    ops: Sequence[Op] = [update(id_, "1", lastName="one"), update(id_, "2", lastName="two"), Op("3", "delete", id_, {})]
    receipts = write(connector, *ops)
    assert [(receipt.key, receipt.error) for receipt in receipts] == [("1", None), ("2", None), ("3", None)]
    assert shown(person) == {}
