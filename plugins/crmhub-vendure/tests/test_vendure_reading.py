"""Reading on a real shop: documents, polls, what polls cannot see, pages that nobody falls out of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmhub_vendure.bench import Person
from crmhub_vendure.connector import VendureConnector
from crmhub_vendure.cursor import Pass
from hub import plugin

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def fill(person: Person, number: int) -> list[str]:
    return [
        person.creates(firstName="P", lastName=f"Person {at}", emailAddress=f"p{at}@x.example") for at in range(number)
    ]


def poll(connector: VendureConnector, cursor: Any = None) -> tuple[dict[str, plugin.Record], plugin.Page]:
    pages = list(connector.changes("customers", cursor))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return {record.id: record for page in pages for record in page.records}, pages[-1]


def one(connector: VendureConnector, id_: str) -> plugin.Record:
    (record,) = connector.fetch("customers", [id_])
    return record


def test_a_customer_is_a_document_with_addresses_groups_and_custom_fields(
    connector: VendureConnector, person: Person
) -> None:
    id_ = person.creates(
        title="Dr.",
        firstName="Eva",
        lastName="Roth",
        emailAddress=" Eva@ACME.example",
        phoneNumber="+43 1",
        customFields={"vatId": "ATU1", "newsletter": True},
    )
    home = person.adds_address(id_, streetLine1="Weg 1", city="Wien", countryCode="AT", defaultBillingAddress=True)
    person.ask(
        "mutation ($input: CreateCustomerGroupInput!) { createCustomerGroup(input: $input) { id } }",
        input={"name": "Wholesale", "customerIds": [id_]},
    )
    record = one(connector, id_)
    assert record.data is not None
    (group,) = record.data["groups"]
    assert group["name"] == "Wholesale"
    assert {**record.data, "groups": []} == {
        "title": "Dr.",
        "firstName": "Eva",
        "lastName": "Roth",
        "emailAddress": "eva@acme.example",
        "phoneNumber": "+43 1",
        "crmhub": None,
        "customFields": {"vatId": "ATU1", "tier": None, "newsletter": True, "score": None, "points": None},
        "groups": [],
        "addresses": [
            {
                "id": home,
                "fullName": "",
                "company": "",
                "streetLine1": "Weg 1",
                "streetLine2": "",
                "city": "Wien",
                "province": "",
                "postalCode": "",
                "phoneNumber": "",
                "countryCode": "AT",
                "uses": ["billing"],
            }
        ],
    }
    assert record.created_at is not None
    assert abs(record.created_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_the_boundary_second_loses_nobody(connector: VendureConnector, person: Person) -> None:
    fill(person, 2)
    given, page = poll(connector)
    assert len(given) == 2
    for number in range(3, 8):  # most of these polls and edits share a second, which Vendure's own filter leaves out
        new = person.creates(firstName="P", lastName="Q", emailAddress=f"q{number}@x.example")
        found, page = poll(connector, page.cursor)
        assert list(found) == [new]
    assert poll(connector, page.cursor)[0] == {}


def test_two_edits_of_one_second_are_two_versions(connector: VendureConnector, person: Person) -> None:
    (id_,) = fill(person, 1)
    versions = set()
    for number in range(5):
        person.edits(id_, lastName=f"edit {number}")
        versions.add(one(connector, id_).version)
    assert len(versions) == 5


def test_an_edited_address_is_missed_by_the_poll_and_found_by_the_listing_that_it_asks_for(
    connector: VendureConnector, person: Person
) -> None:
    (id_,) = fill(person, 1)
    address = person.adds_address(id_, city="Berlin")
    given, page = poll(connector)
    person.edits_address(address, city="Bonn")
    _, page = poll(connector, page.cursor)
    assert page.relist
    (listed,) = [record for page in connector.listing("customers") for record in page.records]
    assert listed.data is not None
    assert listed.data["addresses"][0]["city"] == "Bonn"
    assert listed.version != given[id_].version


def test_listings_are_asked_for_as_often_as_the_setting_says(person: Person, connect: Any) -> None:
    fill(person, 1)
    connector = connect(scan_every=3600)
    now = NOW
    object.__setattr__(connector, "context", plugin_context(connector, lambda: now))
    cursor = poll(connector)[1].cursor
    asked = []
    for minutes in (1, 59, 61, 62, 130):
        now = NOW + timedelta(minutes=minutes)
        _, page = poll(connector, cursor)
        cursor = page.cursor
        asked.append(page.relist)
    assert asked == [False, False, True, False, True]


def plugin_context(connector: VendureConnector, clock: Any) -> plugin.Context:
    old = connector.context
    return plugin.Context(old.connection, old.make_http, old.folder, clock=clock, tokens=old.tokens)


def test_a_deletion_is_noticed_by_the_number_of_customers(person: Person, connect: Any) -> None:
    ids = fill(person, 3)
    connector = connect(scan_every=86_400)
    cursor = poll(connector)[1].cursor
    new = person.creates(firstName="N", lastName="N", emailAddress="n@x.example")
    found, page = poll(connector, cursor)
    assert (list(found), page.relist) == ([new], False), "a new customer is no reason to look for deletions"
    person.ask("mutation ($id: ID!) { deleteCustomer(id: $id) { result } }", id=ids[1])
    person.creates(firstName="N", lastName="N", emailAddress="n2@x.example")
    _, page = poll(connector, page.cursor)
    assert page.relist, "one came and one went: the number alone says nothing"
    listed = {record.id for page in connector.listing("customers") for record in page.records}
    assert ids[1] not in listed
    assert not poll(connector, page.cursor)[1].relist
    assert list(connector.fetch("customers", [ids[1]])) == []


def test_a_deletion_between_two_pages_hides_nobody(person: Person, connect: Any) -> None:
    ids = fill(person, 9)
    pages: Iterator[plugin.Page] = connect(page=3).listing("customers")
    seen = [record.id for record in next(pages).records]
    person.ask("mutation ($ids: [ID!]!) { deleteCustomers(ids: $ids) { result } }", ids=ids[:3])
    seen += [record.id for page in pages for record in page.records]
    assert set(ids) <= set(seen)


@pytest.mark.parametrize("gone", [slice(0, 1), slice(2, 3), slice(1, 3), slice(0, 6), slice(3, 9)])
def test_a_pass_that_goes_on_after_deletions_reads_all_that_is_left(person: Person, connect: Any, gone: slice) -> None:
    ids = fill(person, 9)
    first = next(iter(connect(page=3).changes("customers", None)))
    lost = ids[gone]
    person.ask("mutation ($ids: [ID!]!) { deleteCustomers(ids: $ids) { result } }", ids=lost)
    rest, _ = poll(connect(page=3), first.cursor)
    assert set(ids) - set(lost) <= {record.id for record in first.records} | set(rest)


def test_more_than_the_shop_gives_in_one_call_is_asked_for_in_smaller_pages(person: Person, connect: Any) -> None:
    ids = fill(person, 5)
    connector = connect(page=1000)
    connector._reader._page = 1200  # the shop gives 1000
    found, _ = poll(connector)
    assert set(found) == set(ids)
    assert connector._reader._page == 600


@pytest.mark.parametrize(
    ("key", "values", "found"),
    [
        ("email", ["P1@x.example ", "nobody@x.example", ""], ["p1@x.example"]),
        ("email", ["p0@x.example", "p2@x.example", "p0@x.example"], ["p0@x.example", "p2@x.example"]),
        ("op_key", ["key-of-2", "key-of-none"], ["p2@x.example"]),
        ("own_key", ["key-of-2"], ["p2@x.example"]),
        ("own_key", [], []),
    ],
)
def test_customers_are_found(
    connector: VendureConnector, person: Person, key: str, values: Sequence[str], found: Sequence[str]
) -> None:
    ids = fill(person, 3)
    person.edits(ids[2], customFields={"crmhubId": "key-of-2"})
    shown = [(record.data or {})["emailAddress"] for record in connector.find("customers", key, values)]
    assert sorted(shown) == list(found)


@pytest.mark.parametrize("email", ["Not An Address", "TRUE", "  A@B.example ", "x" * 990 + "@x.example"])
def test_customers_are_found_by_whatever_the_shop_took_for_an_address(
    connector: VendureConnector, person: Person, email: str
) -> None:
    id_ = person.creates(firstName="A", lastName="B", emailAddress=email)
    assert [record.id for record in connector.find("customers", "email", [email])] == [id_]


def test_a_search_for_long_values_goes_in_requests_that_the_shop_takes(
    connector: VendureConnector, person: Person
) -> None:
    (id_,) = fill(person, 1)
    values = [f"{'x' * 9_000}{number}@x.example" for number in range(30)]
    found = connector.find("customers", "email", [*values, "y" * 80_000, "p0@x.example"])
    assert [record.id for record in found] == [id_]


def test_fields_are_those_of_the_shop_with_its_countries_and_custom_fields(connector: VendureConnector) -> None:
    fields = {field.path: field for field in connector.fields("customers")}
    assert fields["addresses.countryCode"].values == ["AT", "CH", "CN", "DE", "FR", "GB", "US"]
    assert fields["customFields.vatId"].max_length == 20
    assert fields["customFields.score"].read_only
    assert (fields["customFields.tier"].type, fields["customFields.tier"].values) == ("enum", ("gold", "silver"))
    assert fields["customFields.newsletter"].type == "bool"
    assert "customFields.crmhubId" not in fields
    assert fields["crmhub"].custom


# The cursor by itself

T0 = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
OVERLAP = timedelta(seconds=120)


def after(current: Pass, **known: Any) -> Pass:
    return current.next(OVERLAP, **{"single": True, "total": 1, "listed": None, **known})


@pytest.mark.parametrize(
    ("started", "latest", "single", "since"),
    [
        (T0, T0 - timedelta(hours=1), True, T0 - timedelta(hours=1)),  # quiet: asks from the newest, inclusive
        (T0, T0 - timedelta(seconds=5), True, T0 - OVERLAP),  # busy: looks back
        (T0, T0 + timedelta(minutes=9), False, T0 - OVERLAP),  # a long pass trusts nothing younger than its start
        (None, T0, True, T0 - OVERLAP),  # no Date header: a snapshot can do without
        (None, T0, False, None),  # no Date header and several pages: everything again
    ],
)
def test_the_next_pass_starts_where_nothing_can_have_been_missed(
    started: datetime | None, latest: datetime, single: bool, since: datetime | None
) -> None:
    current = Pass(started=started)
    assert current.take("1", "v", latest, latest)
    following = after(current, single=single)
    assert following.since == since
    assert following.seen == ({"1": "v"} if since is not None else {})


def test_the_filter_leaves_out_the_moment_itself_so_it_asks_from_one_second_before() -> None:
    assert Pass(since=T0.replace(microsecond=900)).filter() == {"updatedAt": {"after": "2026-05-01T11:59:59.000Z"}}
    assert Pass().filter() is None


def test_a_cursor_stays_small_during_a_long_first_pass() -> None:
    current = Pass(started=T0)
    for number in range(500):
        current.take(str(number), "v", T0 - timedelta(days=500 - number), T0)
        current.dump(OVERLAP)
    assert len(current.dump(OVERLAP)["fresh"]) == 1


@pytest.mark.parametrize("cursor", [{"format": 0}, "text", 7])
def test_a_cursor_of_another_version_is_not_guessed_at(connector: VendureConnector, cursor: Any) -> None:
    with pytest.raises(plugin.CursorExpired):
        next(iter(connector.changes("customers", cursor)))
