"""Reading a real BottleCRM in which people work."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from crmhub_bottlecrm.bench import Person
from crmhub_bottlecrm.connector import BottleConnector
from hub import plugin
from hub.testing.bottlecrm_server import session_token
from hub.testing.kit import Wire
from hub.testing.kit.wire import Answer
from hub.testing.servers import RunningServer

from .conftest import Connect

STRANGER = "4e6f2f4e-0000-4000-8000-000000000000"


def contact(number: int) -> dict[str, Any]:
    return {"first_name": f"F{number}", "last_name": f"L{number}", "email": f"p{number}@x.example"}


def account(number: int) -> dict[str, Any]:
    return {"name": f"Company {number}", "is_active": number % 3 > 0}


@pytest.mark.parametrize(("resource", "made"), [("contacts", contact), ("accounts", account)])
def test_who_stays_is_read_although_others_come_and_go_between_the_pages(
    resource: str, made: Any, person: Person, connect: Connect
) -> None:
    ids = [person.create(resource, made(number)) for number in range(12)]
    found: set[str] = set()
    gone: list[str] = []
    for number, page in enumerate(connect(page=4).changes(resource)):
        found.update(record.id for record in page.records)
        if number < 3:
            gone.append(ids.pop(-1 if number else 0))
            person.delete(resource, gone[-1])
            if number == 1:
                person.create(resource, made(100 + number))
    assert len(gone) == 3
    assert set(ids) <= found


@pytest.mark.parametrize(("resource", "made"), [("contacts", contact), ("accounts", account)])
def test_a_deletion_is_noticed_by_the_next_poll_and_proved_by_a_listing(
    resource: str, made: Any, person: Person, connector: BottleConnector
) -> None:
    ids = [person.create(resource, made(number)) for number in range(4)]
    first = list(connector.changes(resource))[-1]
    quiet = list(connector.changes(resource, json.loads(json.dumps(first.cursor))))[-1]
    assert (first.relist, quiet.relist, quiet.complete) == (False, False, True)
    person.create(resource, made(4))
    more = list(connector.changes(resource, quiet.cursor))[-1]
    assert more.relist is False, "a new record is no deletion"
    person.delete(resource, ids[1])
    new = person.create(resource, made(5))
    less = list(connector.changes(resource, more.cursor))[-1]
    assert less.relist is True, "one came and one went: the number is the same, the records are not"
    listed = [record for page in connector.listing(resource) for record in page.records]
    assert ids[1] not in {record.id for record in listed}
    assert new in {record.id for record in listed}
    assert list(connector.changes(resource, less.cursor))[-1].relist is False


def test_a_cursor_of_another_version_reads_everything_again(connector: BottleConnector) -> None:
    for cursor in ({"v": 0}, {"v": 1, "place": 7}, "old"):
        with pytest.raises(plugin.CursorExpired):
            list(connector.changes("contacts", cursor))


def test_only_the_apis_own_word_makes_a_record_missing(server: RunningServer, person: Person, connect: Connect) -> None:
    """A proxy's web page, or a login page with 200, would otherwise look like a deletion."""
    id_ = person.create("contacts", contact(1))
    with Wire(server.url) as wire:
        connector = connect(url=wire.url)
        assert [item.id for item in connector.fetch("contacts", [STRANGER, "not-an-id", id_])] == [id_]
        page = {"Content-Type": "text/html"}
        for answer, error in (
            (Answer(404, b"<html>no such site</html>", page), plugin.ConfigError),
            (Answer(404, b'{"detail": "off", "code": "module_off"}'), plugin.ConfigError),
            (Answer(200, b"<html>please log in</html>", page), plugin.Unavailable),
            (Answer(200, b"{}"), plugin.Unavailable),
        ):
            wire.meddle(lambda _, answer=answer: answer)  # type: ignore[misc]  # a meddler with a default
            with pytest.raises(error):
                list(connector.fetch("contacts", [id_]))


def test_tags_are_read_by_name_and_a_change_of_tags_alone_changes_the_version(
    person: Person, connector: BottleConnector
) -> None:
    """BottleCRM's own time of change stands still when tags are renamed, merged or archived."""
    tags = {row["name"]: row["id"] for row in person.call("GET", "tags/", include_archived="true")["tags"]}
    for name in ("Fair 2026", "Messe"):
        if name not in tags:
            tags[name] = person.call("POST", "tags/", {"name": name})["tag"]["id"]
        person.call("POST", f"tags/{tags[name]}/restore/")
    id_ = person.create("contacts", {**contact(1), "tags": [tags["Fair 2026"]]})
    before = one(connector, id_)
    person.call("POST", f"tags/{tags['Fair 2026']}/merge/", {"into": tags["Messe"]})
    list(connector.changes("contacts"))
    after = one(connector, id_)
    assert (data(before)["tags"], data(after)["tags"]) == (["Fair 2026"], ["Messe"])
    assert before.version != after.version
    assert before.modified_at == after.modified_at


def test_an_account_is_read_whether_it_is_open_or_closed(person: Person, connector: BottleConnector) -> None:
    ids = {person.create("accounts", account(number)) for number in range(3)}
    (page,) = connector.changes("accounts")
    assert {record.id for record in page.records} == ids
    assert sorted(data(record)["is_active"] for record in page.records) == [False, True, True]


def test_a_user_who_is_no_admin_is_told_what_he_cannot_see(
    server: RunningServer, person: Person, connect: Connect
) -> None:
    hidden = person.create("contacts", contact(1))
    member = connect(token=SecretStr(server.details["member"]["token"]))
    found = member.check()
    assert found.name == "member@acme.example"
    assert "role ADMIN (other users see only records of their own)" in found.missing
    assert [page.records for page in member.changes("contacts")] == [[]]
    assert connect().check().missing == []
    (record,) = member.fetch("contacts", [hidden])
    assert isinstance(record.error, plugin.Rejected)
    assert "it was deleted, or belongs to somebody else" in str(record.error)
    assert [page.complete for page in member.listing("contacts")] == [False], "it proves no deletion"
    assert [page.complete for page in connect().listing("contacts")] == [True]


def test_another_organisation_is_another_epoch_and_its_time_zone_is_no_deletion(
    server: RunningServer, person: Person, connector: BottleConnector
) -> None:
    for number in range(3):
        person.create("contacts", contact(number))
    (first,) = connector.changes("contacts")
    assert first.epoch == server.details["org"]
    try:
        person.call("PATCH", "org/settings/", {"timezone": "Asia/Kolkata"})
        assert "+05:30" in person.everything("contacts")[0]["created_at"]
        person.create("contacts", contact(3))
        (second,) = connector.changes("contacts", first.cursor)
    finally:
        person.call("PATCH", "org/settings/", {"timezone": "UTC"})
    assert second.relist is False


def test_a_token_that_is_taken_back_stops_the_connection(
    server: RunningServer, person: Person, connect: Connect
) -> None:
    """BottleCRM answers 403, as for a missing right: only the words differ."""
    signed_in = Person(server.url, session_token(server))
    made = signed_in.call("POST", "profile/tokens/", {"name": "hub", "scopes": ["contacts:read", "tags:read"]})
    connector = connect(token=SecretStr(made["token"]))
    assert list(connector.changes("contacts"))[-1].complete
    with pytest.raises(plugin.ConfigError, match="needs the accounts:read scope") as refused:
        list(connector.changes("accounts"))
    assert "scopes" in refused.value.hint
    with pytest.raises(plugin.ConfigError, match="needs the contacts:write scope"):
        list(connector.write("contacts", [plugin.Op("k", "update", STRANGER, {"title": "x"})]))
    signed_in.call("DELETE", f"profile/tokens/{made['id']}/")
    for work in (connector.check, lambda: list(connector.changes("contacts"))):
        with pytest.raises(plugin.AuthError, match="Organization context"):
            work()
    with pytest.raises(plugin.AuthError):
        list(connector.write("contacts", [plugin.Op("k", "update", STRANGER, {"title": "x"})]))


def test_fields_tell_lengths_and_what_this_organisation_allows(connector: BottleConnector) -> None:
    fields = {field.path: field for field in connector.fields("contacts")}
    assert fields["phone"].max_length == 25
    assert {"AT", "DE", "CN"} <= set(fields["country"].values or ())
    assert "campaign" in (fields["source"].values or ())
    assert fields["custom_fields.crmhub_id"].custom
    assert fields["assigned_to"].read_only
    accounts = {field.path: field for field in connector.fields("accounts")}
    assert "BANKING" in (accounts["industry"].values or ())
    assert "EUR" in (accounts["currency"].values or ())


def one(connector: BottleConnector, id_: str, resource: str = "contacts") -> plugin.Record:
    (found,) = connector.fetch(resource, [id_])
    return found


def data(record: plugin.Record) -> Any:
    assert record.data is not None
    return record.data
