"""Writing to Zoho CRM: batches, conditions, keys, and what every refusal means, against the sandbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crmhub_zoho.connector import ZohoConnector
from crmhub_zoho.sandbox import ZohoSandbox
from hub import plugin

Connect = Callable[..., ZohoConnector]


def create(key: str, **data: object) -> plugin.Op:
    return plugin.Op(key, "create", None, data)


def test_creates_go_in_one_call_and_a_repeated_one_makes_nothing_new(
    connector: ZohoConnector, sandbox: ZohoSandbox
) -> None:
    ops = [create(f"k{number}", Last_Name=f"N{number}", First_Name=None) for number in range(100)]
    receipts = list(connector.write("Contacts", ops))
    assert all(item.error is None for item in receipts)
    again = list(connector.write("Contacts", ops[:3]))
    assert [item.id for item in again] == [item.id for item in receipts[:3]]
    assert len(sandbox.user.find("Contacts")) == 100
    assert sum(number for name, number in sandbox.calls.items() if "upsert" in name) == 2


def test_bad_records_of_a_batch_do_not_stop_the_others(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    ops = [create("a", Last_Name="A"), create("b", First_Name="B"), create("c", Last_Name="C", Email="bad")]
    good, nameless, bad = connector.write("Contacts", ops)
    assert good.error is None
    assert isinstance(nameless.error, plugin.Rejected)
    assert nameless.error.field == "Last_Name"
    assert isinstance(bad.error, plugin.Rejected)
    assert bad.error.field == "Email"
    assert bad.error.remote_text == "invalid data"
    assert bad.error.message.endswith("invalid data (field Email)"), "Zoho's own words do not say what is invalid"


def test_all_records_of_a_batch_may_be_bad(connector: ZohoConnector) -> None:
    receipts = list(connector.write("Contacts", [create("a"), create("b")]))
    assert [type(item.error) for item in receipts] == [plugin.Rejected, plugin.Rejected]


@pytest.mark.parametrize("shape", ["id", "duplicate_record"])
def test_a_duplicate_names_the_other_record(connector: ZohoConnector, sandbox: ZohoSandbox, shape: str) -> None:
    sandbox.switches.unique_fields = ("Contacts.Email",)
    sandbox.switches.duplicates_are = shape  # type: ignore[assignment]
    there = sandbox.user.create("Contacts", {"Last_Name": "A", "Email": "a@x.example"})
    other = sandbox.user.create("Contacts", {"Last_Name": "B"})
    (receipt,) = connector.write("Contacts", [plugin.Op("k", "update", other, {"Email": "a@x.example"})])
    assert isinstance(receipt.error, plugin.Duplicate)
    assert receipt.error.existing_id == there


def test_an_update_writes_only_what_it_names_and_none_clears(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    id_ = sandbox.user.create("Contacts", {"Last_Name": "A", "Title": "CEO", "Phone": "1"})
    before = next(connector.fetch("Contacts", [id_]))
    (receipt,) = connector.write("Contacts", [plugin.Op("k", "update", id_, {"Phone": None}, before.version)])
    assert receipt.error is None
    shown = sandbox.user.get("Contacts", id_)
    assert (shown["Title"], shown["Phone"]) == ("CEO", None)


def test_an_edit_made_meanwhile_is_not_overwritten(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    id_ = sandbox.user.create("Contacts", {"Last_Name": "A"})
    before = next(connector.fetch("Contacts", [id_]))
    sandbox.clock.advance(5)
    sandbox.user.edit("Contacts", id_, {"Title": "CEO"})
    (receipt,) = connector.write("Contacts", [plugin.Op("k", "update", id_, {"Title": "CTO"}, before.version)])
    assert isinstance(receipt.error, plugin.Conflict)
    assert sandbox.user.get("Contacts", id_)["Title"] == "CEO"


def test_updates_without_a_condition_go_in_one_call(connect: Connect, sandbox: ZohoSandbox) -> None:
    connector = connect(conditional=False)
    assert not connector.resources()[0].capabilities.conditional_write
    ids = [sandbox.user.create("Contacts", {"Last_Name": "A"}) for _ in range(3)]
    before = sum(sandbox.calls.values())
    ops = [plugin.Op(id_, "update", id_, {"Title": "T"}, "x") for id_ in [*ids, "5000000000000999999"]]
    receipts = list(connector.write("Contacts", ops))
    assert [type(item.error).__name__ for item in receipts] == ["NoneType"] * 3 + ["NotFound"]
    assert sum(sandbox.calls.values()) - before <= 2
    assert {sandbox.user.get("Contacts", id_)["Title"] for id_ in ids} == {"T"}


def test_deletes_and_what_is_gone_already(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    id_ = sandbox.user.create("Contacts", {"Last_Name": "A"})
    ops = [plugin.Op("a", "delete", id_, {}), plugin.Op("b", "delete", "5000000000000999999", {})]
    done, gone = connector.write("Contacts", ops)
    assert done.error is None
    assert isinstance(gone.error, plugin.NotFound)
    (again,) = connector.write("Contacts", ops[:1])
    assert isinstance(again.error, plugin.NotFound)
    assert sandbox.user.find("Contacts") == []


@pytest.mark.parametrize("switch", ["drop_after_every", "truncate_every"])
def test_a_lost_answer_is_unknown_and_the_record_is_found_by_its_key(
    connector: ZohoConnector, sandbox: ZohoSandbox, switch: str
) -> None:
    connector.check()
    sandbox.switches.match = "upsert"
    setattr(sandbox.switches, switch, 1)
    with pytest.raises(plugin.OutcomeUnknown):
        list(connector.write("Contacts", [create("k-7", Last_Name="A")]))
    assert len(sandbox.user.find("Contacts")) == 1
    assert [item.data["Last_Name"] for item in connector.find("Contacts", "op_key", ["k-7"]) if item.data] == ["A"]


def test_a_locked_record_is_rejected_with_zohos_words(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    sandbox.switches.partial_every = 2
    first, second = connector.write("Contacts", [create("a", Last_Name="A"), create("b", Last_Name="B")])
    assert first.error is None
    assert isinstance(second.error, plugin.Rejected)
    assert second.error.remote_code == "RECORD_LOCKED"


def test_writes_start_no_workflows(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    spec = connector.spec.resources["Contacts"]
    for route in (spec.create, spec.update):
        assert route is not None
        assert route.body["trigger"] == []
    assert spec.delete is not None
    assert spec.delete.params["wf_trigger"] == "false"


def test_broken_text_is_refused_before_it_is_sent(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    (bad,) = connector.write("Contacts", [create("b", Last_Name="half \ud83d")])
    assert isinstance(bad.error, plugin.Rejected)
    assert not any("upsert" in name for name in sandbox.calls)
    text = "Z\u0308 😀 王伟 O'Brien & <b>"
    (good,) = connector.write("Contacts", [create("a", Last_Name=text)])
    assert sandbox.user.get("Contacts", good.id or "")["Last_Name"] == text


def test_tags_are_written_by_name_and_read_back(connector: ZohoConnector, sandbox: ZohoSandbox) -> None:
    (receipt,) = connector.write("Contacts", [create("a", Last_Name="A", Tag=["hub:vip", "own"])])
    assert receipt.error is None
    (record,) = connector.fetch("Contacts", [receipt.id or ""])
    assert record.data is not None
    assert record.data["Tag"] == ["hub:vip", "own"]
    (cleared,) = connector.write("Contacts", [plugin.Op("b", "update", receipt.id, {"Tag": []})])
    assert cleared.error is None
    (record,) = connector.fetch("Contacts", [receipt.id or ""])
    assert record.data is not None
    assert not record.data["Tag"]


def test_numbers_dates_and_lookups_of_the_mapping_are_taken(connect: Connect, sandbox: ZohoSandbox) -> None:
    connector = connect(modules=("Contacts", "Accounts"))
    (firm,) = connector.write(
        "Accounts", [create("a", Account_Name="ACME", Employees="12", Website="https://acme.example")]
    )
    assert firm.error is None
    assert sandbox.user.get("Accounts", firm.id or "")["Employees"] == 12
    contact = create("b", Last_Name="A", Account_Name={"id": firm.id}, Date_of_Birth="1980-04-12", Email_Opt_Out=True)
    (person,) = connector.write("Contacts", [contact])
    assert person.error is None
    shown = sandbox.user.get("Contacts", person.id or "")
    assert (shown["Account_Name"]["id"], shown["Date_of_Birth"]) == (firm.id, "1980-04-12")
