"""Writing parties to a real Tryton server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from crmhub_tryton.connector import TrytonConnector
from crmhub_tryton.rpc import Rpc
from hub import plugin
from hub.plugin import Op, Parts

FULL: Mapping[str, Any] = {
    "name": "Müller & 张伟 😀",
    "lang": "de",
    "categories": [{"name": "VIP"}],
    "contact_mechanisms": [
        {"type": "email", "value": "mueller@firma.example", "name": "office"},
        {"type": "mobile", "value": "+49 1512 3456789"},
    ],
    "addresses": [
        {
            "street": "Hauptstr. 1\nHof",
            "postal_code": "80331",
            "city": "München",
            "country": "DE",
            "subdivision": "DE-BY",
        }
    ],
    "identifiers": [{"type": "eu_vat", "code": "DE136695976"}],
}


def write(connector: TrytonConnector, *ops: Op) -> list[plugin.Receipt]:
    receipts = list(connector.write("party", ops))
    assert sorted(receipt.key for receipt in receipts) == sorted(op.key for op in ops)
    by_key = {receipt.key: receipt for receipt in receipts}
    return [by_key[op.key] for op in ops]


def create(connector: TrytonConnector, data: Mapping[str, Any] = FULL, key: str = "K1") -> plugin.Record:
    [receipt] = write(connector, Op(key, "create", None, data))
    assert receipt.error is None
    assert receipt.image is not None
    return receipt.image


def update(record: plugin.Record, conditional: bool = True, **data: Any) -> Op:
    return Op(f"edit {record.id}", "update", record.id, data, record.version if conditional else None)


def data_of(record: plugin.Record | None) -> Mapping[str, Any]:
    assert record is not None
    assert record.data is not None
    return record.data


def without_ids(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]


def test_a_created_party_reads_back_as_written(connector: TrytonConnector) -> None:
    record = create(connector)
    data = data_of(record)
    assert data["name"] == FULL["name"]
    assert data["lang"] == "de"
    assert [row["name"] for row in data["categories"]] == ["VIP"]
    assert without_ids(data["contact_mechanisms"]) == [
        {"name": None, "active": True} | dict(row) for row in FULL["contact_mechanisms"]
    ]
    assert without_ids(data["addresses"]) == [{"party_name": None, "attn": None} | FULL["addresses"][0]]
    assert without_ids(data["identifiers"]) == [*FULL["identifiers"], {"type": None, "code": "crmhub:K1"}]
    [fetched] = connector.fetch("party", [record.id])
    assert fetched == record


def test_a_batch_with_one_bad_row_creates_the_others(connector: TrytonConnector) -> None:
    bad = {"name": "bad", "identifiers": [{"type": "eu_vat", "code": "DE123"}]}
    ops = [Op(f"K{number}", "create", None, bad if number == 13 else {"name": f"P{number}"}) for number in range(50)]
    before = connector.context.http.calls
    receipts = write(connector, *ops)
    assert [receipt.key for receipt in receipts if receipt.error] == ["K13"]
    [error] = [receipt.error for receipt in receipts if receipt.error]
    assert isinstance(error, plugin.Rejected)
    assert "DE123" in str(error)
    assert len({receipt.id for receipt in receipts if receipt.id}) == 49
    assert connector.context.http.calls - before <= 16
    assert len(list(connector.find("party", "op_key", [op.key for op in ops]))) == 49


def test_a_create_repeated_after_a_lost_answer_is_seen_by_its_key(connector: TrytonConnector) -> None:
    first = create(connector, {"name": "A"}, "K7")
    [found] = connector.find("party", "op_key", ["K7"])
    assert found == first
    second = create(connector, {"name": "A"}, "K7")
    assert {record.id for record in connector.find("party", "op_key", ["K7"])} == {first.id, second.id}


def test_a_create_that_committed_before_its_answer_was_lost_is_found(
    connector: TrytonConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Rpc.write

    def commit_and_lose(self: Rpc, method: str, *params: Any, **options: Any) -> Any:
        send(self, method, *params, **options)
        raise plugin.OutcomeUnknown("the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(Rpc, "write", commit_and_lose)
        receipts = connector.write("party", [Op("K8", "create", None, {"name": FULL["name"]})])
        with pytest.raises(plugin.OutcomeUnknown):
            next(receipts)
    [found] = connector.find("party", "op_key", ["K8"])
    assert data_of(found)["name"] == FULL["name"]


def test_the_marker_is_not_doubled_when_the_data_carries_it(connector: TrytonConnector) -> None:
    record = create(connector, {"name": "A", "identifiers": [{"type": "", "code": "crmhub:K1"}]})
    assert without_ids(data_of(record)["identifiers"]) == [{"type": None, "code": "crmhub:K1"}]


def test_many_updates_are_one_write(connector: TrytonConnector) -> None:
    created = write(connector, *(Op(f"K{number}", "create", None, {"name": "old"}) for number in range(40)))
    images = [receipt.image for receipt in created if receipt.image]
    before = connector.context.http.calls
    receipts = write(connector, *(update(image, name=f"new {image.id}") for image in images))
    assert connector.context.http.calls - before == 3  # read, write, read
    assert [data_of(receipt.image)["name"] for receipt in receipts] == [f"new {image.id}" for image in images]
    assert all(
        receipt.version and receipt.version != image.version for receipt, image in zip(receipts, images, strict=True)
    )


def test_absent_keys_stay_and_none_clears(connector: TrytonConnector) -> None:
    record = create(connector)
    [receipt] = write(connector, update(record, lang=None, name=None))
    data = data_of(receipt.image)
    assert data["lang"] is None
    assert data["name"] is None
    for key in ("contact_mechanisms", "addresses", "identifiers", "categories", "code"):
        assert data[key] == data_of(record)[key]


def test_parts_are_added_changed_and_removed_by_id(connector: TrytonConnector) -> None:
    record = create(connector)
    mail, mobile = data_of(record)["contact_mechanisms"]
    change = Parts(
        add=[{"type": "website", "value": "https://firma.example"}],
        set={mail["id"]: {"value": "neu@firma.example"}},
        remove=[mobile["id"], "424242"],
    )
    address = data_of(record)["addresses"][0]
    moved = Parts(set={address["id"]: {"street": "Neue Str. 2", "country": "AT", "subdivision": "AT-9"}})
    [receipt] = write(connector, update(record, contact_mechanisms=change, addresses=moved))
    assert receipt.error is None
    data = data_of(receipt.image)
    assert [(row["id"] == mail["id"], row["value"]) for row in data["contact_mechanisms"]] == [
        (True, "neu@firma.example"),
        (False, "https://firma.example"),
    ]
    assert data["addresses"] == [address | {"street": "Neue Str. 2", "country": "AT", "subdivision": "AT-9"}]


def test_an_order_is_kept_and_new_rows_do_not_jump_ahead(connector: TrytonConnector) -> None:
    record = create(connector)
    mail, mobile = (row["id"] for row in data_of(record)["contact_mechanisms"])
    new = {"id": "new", "type": "email", "value": "first@firma.example"}
    [receipt] = write(connector, update(record, contact_mechanisms=Parts(add=[new], order=["new", mobile, mail])))
    rows = data_of(receipt.image)["contact_mechanisms"]
    assert [row["value"] for row in rows] == ["first@firma.example", "+49 1512 3456789", "mueller@firma.example"]
    assert receipt.image is not None
    last = Parts(add=[{"type": "email", "value": "last@firma.example"}])
    [receipt] = write(connector, update(receipt.image, contact_mechanisms=last))
    assert data_of(receipt.image)["contact_mechanisms"][-1]["value"] == "last@firma.example"


def test_clearing_the_identifiers_keeps_our_key(connector: TrytonConnector) -> None:
    record = create(connector)
    [receipt] = write(connector, update(record, identifiers=None, contact_mechanisms=None))
    data = data_of(receipt.image)
    assert without_ids(data["identifiers"]) == [{"type": None, "code": "crmhub:K1"}]
    assert data["contact_mechanisms"] == []


def test_categories_are_a_whole_set_and_made_when_missing(connector: TrytonConnector) -> None:
    record = create(connector)
    [vip] = data_of(record)["categories"]
    [receipt] = write(connector, update(record, categories=[vip, {"name": "Newsletter"}, {"name": "Newsletter"}]))
    assert sorted(row["name"] for row in data_of(receipt.image)["categories"]) == ["Newsletter", "VIP"]
    assert receipt.image is not None
    [receipt] = write(connector, update(receipt.image, categories=[{"name": "Newsletter"}]))
    assert [row["name"] for row in data_of(receipt.image)["categories"]] == ["Newsletter"]


def test_a_write_that_changes_nothing_is_not_sent(connector: TrytonConnector) -> None:
    record = create(connector)
    before = connector.context.http.calls
    [receipt] = write(connector, update(record, name=FULL["name"], lang="de", active=True))
    assert (receipt.error, receipt.version, receipt.image) == (None, record.version, record)
    assert connector.context.http.calls - before == 1


@pytest.mark.parametrize("touched", ["party", "part"])
def test_a_stale_version_is_a_conflict_and_nothing_is_written(
    rpc: Rpc, connector: TrytonConnector, touched: str
) -> None:
    record, other = create(connector), create(connector, {"name": "Other"}, "K2")
    if touched == "party":
        rpc.write("model.party.party.write", [int(record.id)], {"name": "by a person"})
    else:
        row = int(data_of(record)["contact_mechanisms"][0]["id"])
        rpc.write("model.party.contact_mechanism.write", [row], {"value": "person@firma.example"})
    stale, fine = write(connector, update(record, name="by the hub"), update(other, name="edited"))
    assert isinstance(stale.error, plugin.Conflict)
    assert fine.error is None
    [now] = connector.fetch("party", [record.id])
    assert data_of(now)["name"] != "by the hub"


@pytest.mark.parametrize("touched", ["party", "part"])
@pytest.mark.parametrize("kind", ["update", "delete"])
def test_an_edit_between_our_read_and_our_write_is_a_conflict(
    rpc: Rpc, connector: TrytonConnector, monkeypatch: pytest.MonkeyPatch, touched: str, kind: Any
) -> None:
    record, other = create(connector), create(connector, {"name": "Other"}, "K2")
    mail = data_of(record)["contact_mechanisms"][0]["id"]
    change = {"contact_mechanisms": Parts(set={mail: {"value": "hub@firma.example"}})}
    op = Op("mine", kind, record.id, {} if kind == "delete" else change, record.version)
    send, edits = Rpc.write, 0

    def person_first(self: Rpc, method: str, *params: Any, **options: Any) -> Any:
        nonlocal edits
        if self is not rpc and not edits:
            edits = 1
            if touched == "party":
                send(rpc, "model.party.party.write", [int(record.id)], {"name": "by a person"})
            else:
                send(rpc, "model.party.contact_mechanism.write", [int(mail)], {"value": "person@firma.example"})
        return send(self, method, *params, **options)

    monkeypatch.setattr(Rpc, "write", person_first)
    mine, fine = write(connector, op, update(other, name="edited"))
    assert isinstance(mine.error, plugin.Conflict)
    assert fine.error is None
    [now] = connector.fetch("party", [record.id])
    assert "hub@firma.example" not in str(now.data)


def test_without_a_version_the_write_is_unconditional(rpc: Rpc, connector: TrytonConnector) -> None:
    record = create(connector)
    rpc.write("model.party.party.write", [int(record.id)], {"name": "by a person"})
    [receipt] = write(connector, update(record, conditional=False, name="by the hub"))
    assert data_of(receipt.image)["name"] == "by the hub"


def test_a_part_that_is_gone_is_a_conflict(connector: TrytonConnector) -> None:
    record = create(connector)
    [receipt] = write(connector, update(record, addresses=Parts(set={"424242": {"city": "X"}})))
    assert isinstance(receipt.error, plugin.Conflict)


def test_archived_parties_are_activated_edited_and_archived_again(connector: TrytonConnector) -> None:
    record = create(connector, {**FULL, "active": False})
    assert data_of(record)["active"] is False
    mail = data_of(record)["contact_mechanisms"][0]["id"]
    change = Parts(set={mail: {"value": "neu@firma.example"}})
    [receipt] = write(connector, update(record, name="edited", contact_mechanisms=change))
    data = data_of(receipt.image)
    assert (data["name"], data["active"]) == ("edited", False)
    assert data["contact_mechanisms"][0]["value"] == "neu@firma.example"
    assert receipt.image is not None
    [receipt] = write(connector, update(receipt.image, name="awake", active=True))
    assert (data_of(receipt.image)["name"], data_of(receipt.image)["active"]) == ("awake", True)
    assert receipt.image is not None
    [receipt] = write(connector, update(receipt.image, name="asleep", active=False))
    assert (data_of(receipt.image)["name"], data_of(receipt.image)["active"]) == ("asleep", False)


def test_an_archived_party_stays_archived_when_its_edit_is_refused(connector: TrytonConnector) -> None:
    record = create(connector, {"name": "A", "active": False})
    bad = Parts(add=[{"type": "eu_vat", "code": "DE123"}])
    [receipt] = write(connector, update(record, identifiers=bad, active=True))
    assert isinstance(receipt.error, plugin.Rejected)
    [now] = connector.fetch("party", [record.id])
    assert data_of(now)["active"] is False


def test_a_deleted_party_is_gone_and_deleting_it_again_says_so(connector: TrytonConnector) -> None:
    record, archived = create(connector), create(connector, {"name": "B", "active": False}, "K2")
    ops = [Op(f"D{item.id}", "delete", item.id, {}, item.version) for item in (record, archived)]
    assert [(receipt.error, receipt.id) for receipt in write(connector, *ops)] == [
        (None, record.id),
        (None, archived.id),
    ]
    assert list(connector.fetch("party", [record.id, archived.id])) == []
    assert all(isinstance(receipt.error, plugin.NotFound) for receipt in write(connector, *ops))


@pytest.mark.parametrize("kind", ["update", "delete"])
@pytest.mark.parametrize("unknown", ["999999", "abc", "", "-1", "99999999999999999999999"])
def test_an_unknown_id_is_not_found(connector: TrytonConnector, kind: Any, unknown: str) -> None:
    [receipt] = write(connector, Op("K", kind, unknown, {"name": "x"} if kind == "update" else {}))
    assert isinstance(receipt.error, plugin.NotFound)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": "half a \ud83d pair"}, "name"),
        ({"contact_mechanisms": [{"type": "email", "value": "a\udc00@b.example"}]}, "contact_mechanisms.value"),
        ({"lang": "xx"}, "lang"),
        ({"addresses": [{"country": "ZZ"}]}, "addresses.country"),
        ({"addresses": [{"country": "DE", "subdivision": "DE-ZZ"}]}, "addresses.subdivision"),
        ({"shoe_size": 42}, "shoe_size"),
        ({"addresses": [{"planet": "Mars"}]}, "addresses.planet"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_field(
    connector: TrytonConnector, data: Mapping[str, Any], field: str
) -> None:
    bad, good = write(connector, Op("K1", "create", None, data), Op("K2", "create", None, {"name": "good"}))
    assert isinstance(bad.error, plugin.Rejected)
    assert bad.error.field == field
    assert good.error is None


def test_a_region_of_another_country_is_refused_in_the_servers_words(connector: TrytonConnector) -> None:
    data = {"addresses": [{"country": "DE", "subdivision": "US-CA"}]}
    [receipt] = write(connector, Op("K1", "create", None, data))
    assert isinstance(receipt.error, plugin.Rejected)
    assert "Subdivision" in (receipt.error.remote_text or "")


def test_ten_megabytes_are_kept(connector: TrytonConnector) -> None:
    long = "größe 😀" * 1_000_000
    record = create(connector, {"name": long})
    assert data_of(record)["name"] == long


@pytest.mark.parametrize(
    "text", ["😀👩‍👩‍👧", "张伟", "\u202eright to left", "<script>alert(1)</script>", "=1+1", "{{x}}", "%s", " "]
)
def test_odd_names_read_back_unchanged(connector: TrytonConnector, text: str) -> None:
    assert data_of(create(connector, {"name": text}))["name"] == text


@pytest.mark.parametrize("text", ["a\tb", "a\nb", "a\r\nb"])
def test_a_control_character_in_a_line_is_refused_by_the_server(connector: TrytonConnector, text: str) -> None:
    [receipt] = write(connector, Op("K1", "create", None, {"name": text}))
    assert isinstance(receipt.error, plugin.Rejected)
    assert "invalid chars" in str(receipt.error)


def test_two_ops_on_one_party_are_carried_out_in_order(connector: TrytonConnector) -> None:
    record = create(connector)
    first, second, third = write(
        connector,
        Op("1", "update", record.id, {"name": "one"}, record.version),
        Op("2", "update", record.id, {"name": "two"}, record.version),
        Op("3", "delete", record.id, {}),
    )
    assert first.error is None
    assert isinstance(second.error, plugin.Conflict)
    assert third.error is None


def test_an_empty_batch_is_no_call(connector: TrytonConnector) -> None:
    assert write(connector) == []
    assert connector.context.http.calls == 0
