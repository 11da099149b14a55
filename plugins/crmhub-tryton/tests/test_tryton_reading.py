"""Reading parties from a real Tryton server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmhub_tryton.connector import TrytonConnector
from crmhub_tryton.rpc import Rpc
from hub import plugin

CREATE, WRITE, DELETE = (f"model.party.party.{verb}" for verb in ("create", "write", "delete"))

RICH = {
    "name": "Bäckerei 张伟 😀",
    "contact_mechanisms": [
        ["create", [{"type": "email", "value": "info@baeckerei.example"}, {"type": "phone", "value": "+49 30 901820"}]]
    ],
    "addresses": [["create", [{"street": "Hauptstr. 1", "postal_code": "10115", "city": "Berlin"}]]],
    "identifiers": [["create", [{"type": "eu_vat", "code": "DE136695976"}]]],
}


def read(connector: TrytonConnector, cursor: plugin.Json = None) -> tuple[list[plugin.Record], plugin.Page]:
    """One pass, its cursors through JSON as the engine keeps them."""
    pages = list(connector.changes("party", cursor))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    json.dumps([page.cursor for page in pages])
    return [record for page in pages for record in page.records], pages[-1]


def names(records: Sequence[plugin.Record]) -> list[str]:
    return sorted(record.data["name"] for record in records if record.data)


def people(count: int) -> list[dict[str, Any]]:
    return [{"name": f"P{number:03}"} for number in range(count)]


def test_a_party_is_read_as_one_document(rpc: Rpc, connector: TrytonConnector) -> None:
    [party] = rpc.write(CREATE, [RICH])
    [record], page = read(connector)
    assert record.id == str(party)
    assert record.data is not None
    parts = {key: [{**row, "id": None} for row in record.data[key]] for key in ("contact_mechanisms", "identifiers")}
    assert record.data["name"] == RICH["name"]
    assert record.data["active"] is True
    assert record.data["lang"] is None
    assert parts["contact_mechanisms"] == [
        {"id": None, "type": "email", "value": "info@baeckerei.example", "name": None, "active": True},
        {"id": None, "type": "phone", "value": "+49 30 901820", "name": None, "active": True},
    ]
    assert parts["identifiers"] == [{"id": None, "type": "eu_vat", "code": "DE136695976"}]
    assert record.data["addresses"][0]["street"] == "Hauptstr. 1"
    assert record.data["addresses"][0]["country"] is None
    assert all(isinstance(row["id"], str) for row in record.data["addresses"])
    assert record.modified_at is not None
    assert abs(record.modified_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert page.complete


def test_a_full_read_gives_every_party_once_also_archived_ones(rpc: Rpc, connect: Any) -> None:
    ids = rpc.write(CREATE, people(25))
    rpc.write(WRITE, ids[:3], {"active": False})
    records, _ = read(connect(page=10))
    assert names(records) == [f"P{number:03}" for number in range(25)]
    assert sum(not record.data["active"] for record in records if record.data) == 3


def test_a_pass_resumes_after_each_page(rpc: Rpc, connect: Any) -> None:
    rpc.write(CREATE, people(25))
    pages = list(connect(page=10).changes("party"))
    for done, page in enumerate(pages[:-1], start=1):
        before = [record for earlier in pages[:done] for record in earlier.records]
        rest, last = read(connect(page=10), page.cursor)
        assert names([*before, *rest]) == [f"P{number:03}" for number in range(25)]
        assert read(connect(), last.cursor)[0] == []


def test_an_empty_database_is_read_and_then_filled(rpc: Rpc, connector: TrytonConnector) -> None:
    records, page = read(connector)
    assert records == []
    rpc.write(CREATE, people(2))
    assert names(read(connector, page.cursor)[0]) == ["P000", "P001"]


@pytest.mark.parametrize("overlap", [0.0, 120.0])
def test_a_poll_without_changes_gives_nothing_and_takes_the_declared_calls(
    rpc: Rpc, connect: Any, overlap: float
) -> None:
    connector: TrytonConnector = connect(overlap=overlap)
    rpc.write(CREATE, people(5))
    _, page = read(connector)
    for _ in range(3):
        before = connector.context.http.calls
        records, page = read(connector, page.cursor)
        assert records == []
        assert not page.relist
        assert connector.context.http.calls - before == connector.resources()[0].capabilities.poll_calls


@pytest.mark.parametrize(
    ("part", "edit"),
    [
        ("contact_mechanisms", {"value": "new@baeckerei.example"}),
        ("contact_mechanisms", {"active": False}),
        ("addresses", {"city": "Potsdam"}),
        ("identifiers", {"code": "DE811128135"}),
    ],
)
def test_an_edit_of_a_part_by_itself_is_found_and_changes_the_version(
    rpc: Rpc, connector: TrytonConnector, part: str, edit: dict[str, Any]
) -> None:
    rpc.write(CREATE, [RICH, {"name": "Other"}])
    records, page = read(connector)
    [before] = [record for record in records if record.data and record.data["name"] == RICH["name"]]
    assert before.data is not None
    model = {"contact_mechanisms": "contact_mechanism", "addresses": "address", "identifiers": "identifier"}[part]
    rpc.write(f"model.party.{model}.write", [int(before.data[part][0]["id"])], edit)
    [after], _ = read(connector, page.cursor)
    assert after.id == before.id
    assert after.version != before.version


def test_a_part_created_by_itself_is_found(rpc: Rpc, connector: TrytonConnector) -> None:
    party, _ = rpc.write(CREATE, people(2))
    _, page = read(connector)
    rpc.write("model.party.contact_mechanism.create", [{"party": party, "type": "email", "value": "x@y.example"}])
    assert names(read(connector, page.cursor)[0]) == ["P000"]


def test_a_deleted_party_asks_for_a_listing_once(rpc: Rpc, connector: TrytonConnector) -> None:
    ids = rpc.write(CREATE, people(3))
    _, page = read(connector)
    rpc.write(DELETE, ids[:1])
    records, page = read(connector, page.cursor)
    assert records == []
    assert page.relist
    assert not read(connector, page.cursor)[1].relist
    listed = [record.id for page in connector.listing("party") for record in page.records]
    assert listed == [str(id) for id in ids[1:]]


def test_a_part_deleted_by_itself_asks_for_a_listing_which_shows_another_version(
    rpc: Rpc, connector: TrytonConnector
) -> None:
    rpc.write(CREATE, [RICH])
    [before], page = read(connector)
    assert before.data is not None
    rpc.write("model.party.address.delete", [int(before.data["addresses"][0]["id"])])
    _, page = read(connector, page.cursor)
    assert page.relist
    [listed] = [record for page in connector.listing("party") for record in page.records]
    assert listed.version != before.version
    [after] = connector.fetch("party", [before.id])
    assert after.data is not None
    assert after.data["addresses"] == []
    assert after.version == listed.version


def test_a_part_removed_through_its_party_needs_no_listing(rpc: Rpc, connector: TrytonConnector) -> None:
    [party] = rpc.write(CREATE, [RICH])
    [before], page = read(connector)
    assert before.data is not None
    rpc.write(WRITE, [party], {"addresses": [["delete", [int(before.data["addresses"][0]["id"])]]]})
    [after], page = read(connector, page.cursor)
    assert after.data is not None
    assert after.data["addresses"] == []
    assert not page.relist


def test_a_listing_has_the_versions_of_the_documents(rpc: Rpc, connect: Any) -> None:
    rpc.write(CREATE, [RICH, *people(7)])
    connector: TrytonConnector = connect(listing_page=3)
    records, _ = read(connector)
    pages = list(connector.listing("party"))
    assert [page.complete for page in pages] == [False, False, True]
    listed = {record.id: record.version for page in pages for record in page.records}
    assert listed == {record.id: record.version for record in records}
    assert all(record.data is None for page in pages for record in page.records)


def test_an_edit_made_while_the_pass_runs_is_not_lost(rpc: Rpc, connect: Any) -> None:
    ids = rpc.write(CREATE, people(25))
    connector: TrytonConnector = connect(page=10)
    pages = connector.changes("party")
    next(pages)
    rpc.write(WRITE, [ids[0]], {"name": "edited behind the pass"})
    rpc.write(WRITE, [ids[24]], {"name": "edited before the pass"})
    *_, last = pages
    assert "edited behind the pass" in names(read(connector, last.cursor)[0])


def test_fetch_leaves_out_what_does_not_exist(rpc: Rpc, connector: TrytonConnector) -> None:
    [party] = rpc.write(CREATE, [{"name": "A"}])
    rpc.write(WRITE, [party], {"active": False})
    records = list(connector.fetch("party", [str(party), "999999", "not a number", "", "²"]))
    assert [record.id for record in records] == [str(party)]


def test_parties_are_found_by_their_keys(rpc: Rpc, connector: TrytonConnector) -> None:
    marked = {"identifiers": [["create", [{"type": None, "code": "crmhub:K1"}]]], "name": "Marked"}
    rpc.write(CREATE, [RICH, marked, {"name": "Other"}])

    def found(key: str, *values: str) -> list[str]:
        return names(list(connector.find("party", key, values)))

    assert found("op_key", "K1", "K2") == ["Marked"]
    assert found("own_key", "crmhub:K1") == ["Marked"]
    assert found("email", "INFO@baeckerei.example", "%") == [RICH["name"]]
    assert found("email", "inf_@baeckerei.example") == []
    assert found("phone", "+4930901820") == [RICH["name"]]
    assert found("phone", "+49 (30) 90 18 20") == [RICH["name"]]
    assert found("phone", "", "1") == []
    assert found("tax_id", "DE136695976") == [RICH["name"]]
    with pytest.raises(NotImplementedError):
        list(connector.find("party", "shoe_size", ["42"]))


def test_a_merged_party_names_its_survivor(rpc: Rpc, connector: TrytonConnector) -> None:
    gone, survivor = rpc.write(CREATE, [{"name": "Twin"}, {"name": "Twin"}])
    # What the wizard "Replace" of module party does at its end (party/party.py, PartyReplace.transition_replace).
    wizard, *_ = rpc.write("wizard.party.replace.create")
    context = {"active_model": "party.party", "active_id": gone, "active_ids": [gone]}
    values = {"ask": {"source": gone, "destination": survivor}}
    rpc.write("wizard.party.replace.execute", wizard, values, "replace", context=context)
    merged = {record.id: record.merged_into for record in read(connector)[0]}
    assert merged == {str(gone): str(survivor), str(survivor): None}
    listed = {record.id: record.merged_into for page in connector.listing("party") for record in page.records}
    assert listed == merged


def test_a_cursor_of_another_version_is_refused(connector: TrytonConnector) -> None:
    with pytest.raises(plugin.CursorExpired):
        list(connector.changes("party", {"format": 0}))


def test_fields_list_what_the_database_allows(rpc: Rpc, connector: TrytonConnector) -> None:
    fields = {field.path: field for field in connector.fields("party")}
    assert {"de", "fr", "zh_CN", "en"} <= set(fields["lang"].values or ())
    assert fields["addresses.country"].values == ["AT", "CH", "CN", "DE", "FR", "GB", "US"]
    assert "DE-BY" in (fields["addresses.subdivision"].values or ())
    assert "eu_vat" in (fields["identifiers.type"].values or ())
    assert "email" in (fields["contact_mechanisms.type"].values or ())
