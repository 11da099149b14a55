"""HubSpot by its description alone: reading, writing and what goes wrong, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from crmhub_hubspot.sandbox import HubSpotSandbox
from hub import plugin

Connector = plugin.RestConnector[Any]
Connect = Callable[..., Connector]


def read(connector: Connector, cursor: Any = None) -> tuple[dict[str, plugin.Record], Any]:
    pages = list(connector.changes("contacts", cursor))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return {record.id: record for page in pages for record in page.records}, pages[-1].cursor


def people(sandbox: HubSpotSandbox, number: int) -> list[str]:
    return [sandbox.user.create("contacts", {"lastname": f"N{item}"}) for item in range(number)]


def create(key: str, **data: object) -> plugin.Op:
    return plugin.Op(key, "create", None, data)


def test_reading_and_writing_have_no_code_of_their_own() -> None:
    from crmhub_hubspot.connector import HubSpotConnector

    own = {name for name, value in vars(HubSpotConnector).items() if callable(value)}
    assert own == {"parse_webhook", "subscriptions"}, "everything else is the description"


def test_describing_makes_no_call(connector: Connector, sandbox: HubSpotSandbox) -> None:
    able = connector.resources()[0].capabilities
    assert (able.conditional_write, able.create, able.deletes, able.batch, able.per_call) == (
        False,
        "marker",
        "listing",
        400,
        100,
    )
    assert not sandbox.calls


def test_a_full_read_by_list_then_polls_by_search(connector: Connector, sandbox: HubSpotSandbox) -> None:
    ids = people(sandbox, 230)
    sandbox.clock.advance(1000)
    found, cursor = read(connector)
    assert sorted(found) == sorted(ids)
    sandbox.user.edit("contacts", ids[7], {"jobtitle": "CEO"})
    sandbox.clock.advance(1000)
    found, cursor = read(connector, cursor)
    assert ids[7] in found
    assert found[ids[7]].data is not None
    assert found[ids[7]].data["jobtitle"] == "CEO"
    sandbox.clock.advance(1000)
    before = sum(sandbox.calls.values())
    found, _ = read(connector, cursor)
    assert found == {}, "the edit is old enough not to be looked back at"
    assert sum(sandbox.calls.values()) - before == 1


def test_an_edit_that_the_index_shows_late_is_still_found(connector: Connector, sandbox: HubSpotSandbox) -> None:
    first, second = people(sandbox, 2)
    sandbox.clock.advance(1000)
    _, cursor = read(connector)
    sandbox.switches.index_lag = 60.0
    sandbox.user.edit("contacts", first, {"jobtitle": "late"})
    sandbox.clock.advance(30)
    sandbox.switches.index_lag = 0.0
    sandbox.user.edit("contacts", second, {"jobtitle": "seen"})
    sandbox.switches.index_lag = 60.0
    _, cursor = read(connector, cursor)
    sandbox.clock.advance(90)
    found, _ = read(connector, cursor)
    assert {"late"} <= {str(record.data["jobtitle"]) for record in found.values() if record.data}


def test_a_pass_that_was_cut_goes_on(connector: Connector, sandbox: HubSpotSandbox) -> None:
    ids = people(sandbox, 150)
    first = next(connector.changes("contacts"))
    rest, _ = read(connector, first.cursor)
    assert sorted([*(record.id for record in first.records), *rest]) == sorted(ids)


def test_a_listing_has_ids_and_versions_and_no_archived_contacts(connector: Connector, sandbox: HubSpotSandbox) -> None:
    first, second = people(sandbox, 2)
    sandbox.user.delete("contacts", first)
    (page,) = connector.listing("contacts")
    assert [(record.id, record.data) for record in page.records] == [(second, None)]
    assert page.records[0].version == next(connector.fetch("contacts", [second])).version
    assert list(connector.fetch("contacts", [first, "999"])) == []


def test_creates_answer_one_by_one_in_any_order(connector: Connector, sandbox: HubSpotSandbox) -> None:
    there = sandbox.user.create("contacts", {"lastname": "Old", "email": "old@x.example"})
    ops = [
        create("k1", lastname="A", email="a@x.example", phone=None),
        create("k2", lastname="B", email="old@x.example"),
        create("k3", lastname="C", email="no address"),
    ]
    first, twin, bad = connector.write("contacts", ops)
    assert first.error is None
    assert isinstance(twin.error, plugin.Duplicate)
    assert twin.error.existing_id == there
    assert isinstance(bad.error, plugin.Rejected)
    assert [item.id for item in connector.find("contacts", "op_key", ["k1", "k9"])] == [first.id]
    assert [item.id for item in connector.find("contacts", "email", ["OLD@x.example"])] == [there]


def test_updates_are_partial_clear_by_an_empty_text_and_miss_nobody(
    connector: Connector, sandbox: HubSpotSandbox
) -> None:
    id_ = sandbox.user.create("contacts", {"lastname": "A", "jobtitle": "CEO", "phone": "1"})
    ops = [plugin.Op("a", "update", id_, {"phone": None}), plugin.Op("b", "update", "999", {"phone": "2"})]
    done, gone = connector.write("contacts", ops)
    assert done.error is None
    assert isinstance(gone.error, plugin.NotFound)
    (record,) = connector.fetch("contacts", [id_])
    assert record.data is not None
    assert (record.data["jobtitle"], record.data["phone"] or "") == ("CEO", "")


def test_deleting_archives(connector: Connector, sandbox: HubSpotSandbox) -> None:
    ids = people(sandbox, 3)
    receipts = list(connector.write("contacts", [plugin.Op(id_, "delete", id_, {}) for id_ in ids[:2]]))
    assert [item.error for item in receipts] == [None, None]
    assert [record.id for record in connector.fetch("contacts", ids)] == [ids[2]]


def test_a_lost_answer_is_unknown_and_the_contact_is_found_by_its_key(
    connector: Connector, sandbox: HubSpotSandbox
) -> None:
    sandbox.switches.match = "batch/create"
    sandbox.switches.drop_after_every = 1
    with pytest.raises(plugin.OutcomeUnknown):
        list(connector.write("contacts", [create("k-7", lastname="A")]))
    assert len(list(connector.find("contacts", "op_key", ["k-7"]))) == 1


def test_bursts_are_waited_for(connector: Connector, sandbox: HubSpotSandbox) -> None:
    sandbox.switches.burst = 3
    people(sandbox, 3)
    for _ in range(8):
        read(connector)


def test_a_wrong_token_and_a_missing_scope(connect: Connect, connector: Connector, sandbox: HubSpotSandbox) -> None:
    with pytest.raises(plugin.AuthError):
        connect(token=SecretStr("pat-wrong")).check()
    sandbox.switches.no_permission = ("contacts.read",)
    with pytest.raises(plugin.ConfigError, match=r"crm\.objects\.contacts"):
        read(connector)


def test_fields_are_discovered(connector: Connector) -> None:
    fields = {item.path: item for item in connector.fields("contacts")}
    assert fields["crmhub_id"].custom
    assert fields["hs_email_optout"].read_only
    assert fields["lifecyclestage"].values


def test_settings_are_strict_and_the_token_is_hidden(connect: Connect) -> None:
    with pytest.raises(ValidationError):
        connect(region="eu")
    with pytest.raises(ValidationError):
        connect(base_url="ftp://x.example")
    assert "pat-na1" not in repr(connect().config)


def test_text_of_every_script_reads_back(connector: Connector, sandbox: HubSpotSandbox) -> None:
    texts = ["Zoë 😀 王伟 יעל", "O'Brien & <b>", "a\tb", "नमस्ते"]
    receipts = list(connector.write("contacts", [create(f"k{n}", lastname=text) for n, text in enumerate(texts)]))
    found = {record.id: record.data for record in connector.fetch("contacts", [str(item.id) for item in receipts])}
    assert [(found[str(item.id)] or {})["lastname"] for item in receipts] == texts
    (bad,) = connector.write("contacts", [create("b", lastname="half \ud83d")])
    assert isinstance(bad.error, plugin.Rejected)


def test_reads_survive_faults_of_the_wire(connector: Connector, sandbox: HubSpotSandbox) -> None:
    ids = people(sandbox, 30)
    for switch in ("fail_every", "html_every", "truncate_every", "drop_before_every", "error_body_every"):
        setattr(sandbox.switches, switch, 2)
        for _ in range(2):
            found, _ = read(connector)
            assert sorted(found) == sorted(ids), switch
        setattr(sandbox.switches, switch, 0)
