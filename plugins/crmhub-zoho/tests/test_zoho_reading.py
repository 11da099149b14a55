"""Reading Zoho CRM: pages, polls, deletions, converted leads, logins and limits, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from crmhub_zoho.connector import ZohoConfig, ZohoConnector
from crmhub_zoho.sandbox import ZohoSandbox
from hub import plugin

Connect = Callable[..., ZohoConnector]


def read(connector: ZohoConnector, cursor: Any = None, module: str = "Contacts") -> tuple[list[plugin.Record], Any]:
    pages = list(connector.changes(module, cursor))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return [record for page in pages for record in page.records], pages[-1].cursor


def calls(sandbox: ZohoSandbox) -> int:
    return sum(number for name, number in sandbox.calls.items() if "oauth" not in name)


def people(sandbox: ZohoSandbox, number: int) -> list[str]:
    return [sandbox.user.create("Contacts", {"Last_Name": f"N{item}"}) for item in range(number)]


def test_describing_makes_no_call(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    assert [item.name for item in connector.resources()] == ["Contacts"]
    able = connector.resources()[0].capabilities
    assert (able.conditional_write, able.create, able.deletes, able.per_call) == (True, "upsert_key", "feed", 100)
    assert able.batch == 5 * 100, "five calls at a time"
    assert able.poll_calls == 2
    assert not sandbox.calls


def test_check_says_who_and_what_is_missing(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    account = connector.check()
    assert "enterprise" in account.name
    assert account.clock is not None


def test_a_full_read_and_a_quiet_poll(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    ids = people(sandbox, 5)
    sandbox.clock.advance(600)
    found, cursor = read(connector)
    assert sorted(record.id for record in found) == sorted(ids)
    sandbox.user.create("Contacts", {"Last_Name": "late"})
    sandbox.clock.advance(600)
    _, cursor = read(connector, cursor)
    before = calls(sandbox)
    quiet, _ = read(connector, cursor)
    assert calls(sandbox) - before == 2
    assert [record.data["Last_Name"] for record in quiet if record.data] == ["late"]


def test_what_a_bulk_load_wrote_last_is_not_read_by_every_later_poll(
    connector: ZohoConnector, sandbox: ZohoSandbox
) -> None:
    people(sandbox, 250)
    _, cursor = read(connector)
    sandbox.clock.advance(1800)
    again, cursor = read(connector, cursor)
    assert len(again) == 250, "shortly after, all is looked back at"
    before = calls(sandbox)
    quiet, cursor = read(connector, cursor)
    assert (quiet, calls(sandbox) - before) == ([], 2)
    late = sandbox.user.create("Contacts", {"Last_Name": "late"})
    found, _ = read(connector, cursor)
    assert [record.id for record in found] == [late]


def test_more_than_a_page_and_a_cut_in_the_middle(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    ids = people(sandbox, 450)
    pages = connector.changes("Contacts")
    first = next(pages)
    rest, _ = read(connector, json.loads(json.dumps(first.cursor)))
    assert len(first.records) == 200
    assert sorted(record.id for record in [*first.records, *rest]) == sorted(ids)


def test_a_page_token_that_expired_starts_over(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    people(sandbox, 250)
    cursor = next(connector.changes("Contacts")).cursor
    sandbox.clock.advance(25 * 3600)
    with pytest.raises(plugin.CursorExpired):
        list(connector.changes("Contacts", cursor))


def test_edits_and_deletions_are_polled(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    first, second, third = people(sandbox, 3)
    sandbox.clock.advance(600)
    before, cursor = read(connector)
    sandbox.user.edit("Contacts", first, {"Title": "CEO"})
    sandbox.user.delete("Contacts", second)
    found, _ = read(connector, cursor)
    seen = {record.id: record for record in found}
    assert seen[second].deleted
    assert seen[first].data is not None
    assert seen[first].data["Title"] == "CEO"
    assert seen[first].version != next(item.version for item in before if item.id == first)
    assert third in seen or len(seen) == 2
    assert list(connector.fetch("Contacts", [second])) == []


def test_two_edits_in_one_second_are_two_versions(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    sandbox.clock.freeze()
    (id_,) = people(sandbox, 1)
    versions = set()
    for title in ("A", "B"):
        sandbox.user.edit("Contacts", id_, {"Title": title})
        versions.add(next(connector.fetch("Contacts", [id_])).version)
    assert len(versions) == 2


def test_the_offset_of_the_users_time_zone_is_no_change(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    (id_,) = people(sandbox, 1)
    before = next(connector.fetch("Contacts", [id_])).version
    sandbox.switches.time_zone = "Europe/Berlin"
    assert next(connector.fetch("Contacts", [id_])).version == before


def test_a_renamed_account_is_no_change_of_its_contacts(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    account = sandbox.user.create("Accounts", {"Account_Name": "Old"})
    id_ = sandbox.user.create("Contacts", {"Last_Name": "A", "Account_Name": account})
    before = next(connector.fetch("Contacts", [id_])).version
    sandbox.user.edit("Accounts", account, {"Account_Name": "New"})
    assert next(connector.fetch("Contacts", [id_])).version == before


def test_a_converted_lead_is_still_there_and_says_so(connect: Connect, sandbox: ZohoSandbox) -> None:
    connector = connect(modules=("Contacts", "Leads"))
    lead = sandbox.user.create("Leads", {"Last_Name": "A", "Email": "a@x.example"})
    contact = sandbox.user.convert(lead)
    (found,), _ = read(connector, module="Leads")
    assert found.data is not None
    assert found.data["Converted__s"] is True
    assert found.data["Converted_Contact"]["id"] == contact
    assert not found.deleted


@pytest.mark.parametrize("missing", [204, 400])
def test_missing_ids_are_absent(connector: ZohoConnector, sandbox: ZohoSandbox, missing: Any) -> None:
    sandbox.switches.missing_status = missing
    (id_,) = people(sandbox, 1)
    assert [record.id for record in connector.fetch("Contacts", [id_, "5000000000000999999"])] == [id_]
    assert list(connector.fetch("Contacts", ["5000000000000999999"])) == []


def test_records_are_found_at_once_although_the_search_lags(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    sandbox.switches.index_lag = 60.0
    id_ = sandbox.user.create("Contacts", {"Last_Name": "O'Neil", "Email": "O'neil@x.example", "CRMHub_ID": "k-1"})
    assert [item.id for item in connector.find("Contacts", "op_key", ["k-1", "k-2"])] == [id_]
    assert [item.id for item in connector.find("Contacts", "email", ["o'neil@X.example"])] == [id_]
    assert list(connector.find("Contacts", "op_key", ["k"])) == []


def test_fields_are_discovered_with_custom_ones(connector: ZohoConnector) -> None:
    fields = {item.path: item for item in connector.fields("Contacts")}
    assert fields["CRMHub_ID"].custom
    assert fields["Full_Name"].read_only
    assert fields["Last_Name"].required
    assert fields["Last_Name"].max_length == 80
    assert fields["Account_Name"].type == "reference"


def test_without_the_field_for_our_key_nothing_is_created(connect: Connect, sandbox: ZohoSandbox) -> None:
    sandbox.switches.hidden_fields = ("Contacts.CRMHub_ID",)
    with pytest.raises(plugin.ConfigError, match="CRMHub_ID"):
        connect().fields("Contacts")
    careful = connect(create=False)
    assert careful.fields("Contacts")
    assert "create" not in careful.resources()[0].capabilities.writes


def test_one_token_serves_many_calls_and_is_renewed_in_time(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    for _ in range(12):
        connector.check()
    sandbox.clock.advance(3600 - 30)
    connector.check()
    tokens = [number for name, number in sandbox.calls.items() if "token" in name]
    assert sum(tokens) == 2


def test_a_login_that_was_withdrawn_needs_a_person(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    sandbox.user.revoke(sandbox.credentials()["refresh_token"])
    with pytest.raises(plugin.AuthError, match="crmhub connect login crm"):
        connector.check()


def test_a_wrong_client_is_an_auth_error_although_zoho_answers_200(connect: Connect) -> None:
    with pytest.raises(plugin.AuthError, match="invalid_client"):
        connect(client_secret=SecretStr("wrong")).check()


def test_a_throttled_token_endpoint_is_a_limit(connect: Connect, sandbox: ZohoSandbox) -> None:
    for _ in range(10):
        connect().check()
    with pytest.raises(plugin.RateLimited) as caught:
        connect().check()
    assert caught.value.retry_after == 600


def test_reads_survive_faults_of_the_wire(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    ids = people(sandbox, 30)
    for switch in ("fail_every", "html_every", "truncate_every", "drop_before_every", "throttle_every"):
        connector.check()
        sandbox.switches.match = "Contacts"
        setattr(sandbox.switches, switch, 2)
        found, _ = read(connector)
        assert sorted(record.id for record in found) == sorted(ids), switch
        setattr(sandbox.switches, switch, 0)


def test_settings_are_strict_and_secrets_hidden() -> None:
    with pytest.raises(ValidationError):
        ZohoConfig(client_id="a", client_secret=SecretStr("b"), region="eu")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="at most"):
        ZohoConfig(client_id="a", client_secret=SecretStr("b"), fields=tuple(f"F{number}" for number in range(30)))
    assert "hidden" not in repr(ZohoConfig(client_id="a", client_secret=SecretStr("hidden")))


def test_a_notification_is_verified_and_only_names_records(connect: Connect) -> None:
    connector = connect(webhook_token=SecretStr("t-1"))
    body = {"module": "Contacts", "ids": ["7"], "operation": "update", "token": "t-1", "channel_id": "1"}
    assert connector.parse_webhook({}, json.dumps(body).encode()) == [plugin.Hint("Contacts", ["7"])]
    for wrong in ({**body, "token": "t-2"}, {**body, "token": None}):
        with pytest.raises(plugin.AuthError):
            connector.parse_webhook({}, json.dumps(wrong).encode())
    with pytest.raises(plugin.Rejected):
        connector.parse_webhook({}, b"[]")
    with pytest.raises(plugin.AuthError):
        connect().parse_webhook({}, json.dumps({**body, "token": ""}).encode())


URL = "http://127.0.0.1:9/hooks/crm"  # nobody listens there


def test_a_channel_is_made_renewed_every_day_and_made_again_when_it_has_ended(
    connect: Connect, sandbox: ZohoSandbox
) -> None:
    connector = connect(webhook_token=SecretStr("t-1"), modules=("Contacts", "Leads"))
    assert connector.subscriptions(URL) == []
    (made,) = connector.subscribe(URL)
    assert (made.topic, made.active, made.mended) == ("Contacts.all Leads.all", True, "made")
    assert made.expires is not None
    assert 6.9 < (made.expires - sandbox.now()).total_seconds() / 86400 < 7, "the longest that Zoho grants"
    (same,) = connector.subscribe(URL)
    assert (same.mended, same.expires) == ("", made.expires)
    sandbox.clock.advance(25 * 3600)
    (renewed,) = connector.subscribe(URL)
    assert (renewed.mended, renewed.id) == ("renewed", made.id)
    assert renewed.expires is not None
    assert renewed.expires > made.expires
    sandbox.clock.advance(8 * 86400)
    assert connector.subscriptions(URL) == []
    (again,) = connector.subscribe(URL)
    assert again.mended == "made"
    assert connector.subscriptions("http://127.0.0.1:9/hooks/other") == []
    assert connector.unsubscribe(URL) == 1
    assert connector.subscriptions(URL) == []
    assert connector.unsubscribe(URL) == 0


def test_a_channel_for_other_modules_is_changed(connect: Connect) -> None:
    connect(webhook_token=SecretStr("t-1")).subscribe(URL)
    (changed,) = connect(webhook_token=SecretStr("t-1"), modules=("Contacts", "Accounts")).subscribe(URL)
    assert (changed.topic, changed.mended) == ("Accounts.all Contacts.all", "renewed")


def test_what_zoho_refuses_about_a_channel_is_said(connect: Connect) -> None:
    with pytest.raises(plugin.Rejected, match="making a channel"):
        connect(webhook_token=SecretStr("t" * 51)).subscribe(URL)
    with pytest.raises(plugin.ConfigError, match="Set webhook_token"):
        connect().subscribe(URL)
