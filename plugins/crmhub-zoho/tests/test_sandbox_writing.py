"""The Zoho sandbox writes as the documentation says: results per record, duplicates, guards, moves, tokens, limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox
from hub.testing.sandbox import running


def results(answer: requests.Response) -> list[tuple[str, str]]:
    return [(item["code"], item["message"]) for item in answer.json()["data"]]


def insert(client: Any, *rows: dict[str, Any], module: str = "Contacts", **body: Any) -> requests.Response:
    answer: requests.Response = client("POST", module, json={"data": list(rows), "trigger": [], **body})
    return answer


def test_a_mixed_batch_is_207_with_one_result_each_in_order(zoho: ZohoSandbox, client: Any) -> None:
    answer = insert(
        client, {"Last_Name": "A", "Email": "a@x.example"}, {"Email": "b@x.example"}, {"Last_Name": "C", "Email": "bad"}
    )
    assert answer.status_code == 207
    first, second, third = answer.json()["data"]
    assert (first["code"], first["message"]) == ("SUCCESS", "record added")
    assert first["details"]["Modified_Time"] == "2026-01-05T18:00:00+08:00"
    assert first["details"]["$approval_state"] == "approved"
    assert second["code"] == "MANDATORY_NOT_FOUND"
    assert second["details"] == {"api_name": "Last_Name", "json_path": "$.data[1].Last_Name"}
    assert third["details"] == {"expected_data_type": "email", "api_name": "Email", "json_path": "$.data[2].Email"}
    zoho.switches.mixed_status = 200
    assert insert(client, {"Last_Name": "A"}, {}).status_code == 200


def test_all_good_is_201_and_all_bad_is_400(client: Any) -> None:
    assert insert(client, {"Last_Name": "A"}).status_code == 201
    assert insert(client, {}).status_code == 400


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("Last_Name", "x" * 81, {"maximum_length": 80}),
        ("Phone", "030/123456", {"expected_data_type": "phone"}),
        ("Phone", "1" * 31, {"maximum_length": 30}),
        ("Email", "two@@x.example", {"expected_data_type": "email"}),
        ("Date_of_Birth", "--12-24", {"expected_data_type": "date"}),
        ("Email_Opt_Out", "yes", {"expected_data_type": "boolean"}),
        ("Account_Name", "Acme", {"expected_data_type": "jsonobject"}),
        ("Account_Name", {"id": "1"}, {}),
        ("Owner", {"id": "5000000000000300003"}, {}),
    ],
)
def test_values_that_do_not_fit_are_refused_never_cut(
    client: Any, field: str, value: Any, detail: dict[str, Any]
) -> None:
    answer = insert(client, {"Last_Name": "A", field: value})
    (item,) = answer.json()["data"]
    assert (answer.status_code, item["code"]) == (400, "INVALID_DATA")
    assert item["details"].items() >= {**detail, "api_name": field}.items()


@pytest.mark.parametrize("phone", ["+49 30 1234567", "+49 (0) 30 123", "030-1234.567", "1234;12"])
def test_phones_are_kept_as_typed(client: Any, phone: str) -> None:
    id = insert(client, {"Last_Name": "A", "Phone": phone}).json()["data"][0]["details"]["id"]
    assert client("GET", f"Contacts/{id}").json()["data"][0]["Phone"] == phone


def test_texts_are_trimmed_unless_the_switch_says_no(zoho: ZohoSandbox, client: Any) -> None:
    for trims, kept in ((True, "A"), (False, " A ")):
        zoho.switches.trims = trims
        id = insert(client, {"Last_Name": " A "}).json()["data"][0]["details"]["id"]
        assert zoho.user.get("Contacts", id)["Last_Name"] == kept


def test_unknown_and_read_only_fields_are_ignored_without_a_word(zoho: ZohoSandbox, client: Any) -> None:
    answer = insert(client, {"Last_Name": "A", "Nonsense": 1, "Full_Name": "B"})
    assert answer.status_code == 201
    assert zoho.user.get("Contacts", answer.json()["data"][0]["details"]["id"])["Full_Name"] == "A"


def test_an_update_is_partial_and_null_clears(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A", "Phone": "1", "Title": "Boss"})
    zoho.clock.advance(5)
    answer = client("PUT", f"Contacts/{id}", json={"data": [{"Phone": None, "Department": "IT"}], "trigger": []})
    assert (answer.status_code, results(answer)) == (200, [("SUCCESS", "record updated")])
    record = zoho.user.get("Contacts", id)
    assert (record["Phone"], record["Title"], record["Department"]) == (None, "Boss", "IT")
    assert record["Modified_Time"] == "2026-01-05T18:00:05+08:00"
    assert record["Modified_By"]["name"] == "Hub"


def test_a_batch_update_names_bad_ids(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A"})
    answer = client("PUT", "Contacts", json={"data": [{"id": id, "Title": "T"}, {"id": "1"}, {"Title": "T"}]})
    assert (answer.status_code, [code for code, _ in results(answer)]) == (
        207,
        ["SUCCESS", "INVALID_DATA", "MANDATORY_NOT_FOUND"],
    )
    assert answer.json()["data"][1]["message"] == "the id given seems to be invalid"


def test_a_write_can_depend_on_the_time_of_the_last_change(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A"})
    read = {"If-Unmodified-Since": "2026-01-05T18:00:00+08:00"}
    body = {"data": [{"Title": "T"}], "trigger": []}
    assert client("PUT", f"Contacts/{id}", json=body, headers=read).status_code == 200, "the same second passes"
    zoho.clock.advance(1)
    zoho.user.edit("Contacts", id, {"Title": "U"})
    answer = client("PUT", f"Contacts/{id}", json=body, headers=read)
    assert (answer.status_code, answer.json()["data"][0]["code"]) == (412, "ALREADY_MODIFIED")
    assert answer.json()["data"][0]["details"]["id"] == id
    batch = client("PUT", "Contacts", json={"data": [{"id": id, "Title": "T"}]}, headers=read)
    assert batch.status_code == 412
    assert zoho.user.get("Contacts", id)["Title"] == "U"


def test_deleting_names_what_was_not_there(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A"})
    answer = client("DELETE", f"Contacts?ids={id},5")
    assert (answer.status_code, results(answer)) == (
        207,
        [("SUCCESS", "record deleted"), ("INVALID_DATA", "record not deleted")],
    )
    assert client("DELETE", f"Contacts/{id}").status_code == 400
    many = [zoho.user.create("Contacts", {"Last_Name": "B"}) for _ in range(101)]
    refused = client("DELETE", f"Contacts?ids={','.join(many)}")
    assert (refused.status_code, refused.json()["code"]) == (400, "LIMIT_EXCEEDED")
    assert client("DELETE", f"Contacts?ids={','.join(many[:100])}").status_code == 200


def test_upsert_recognises_by_the_fields_that_are_named(zoho: ZohoSandbox, client: Any) -> None:
    rows = [{"Last_Name": "A", "Email": "a@x.example", "CRMHub_ID": "k1"}, {"Last_Name": "B", "CRMHub_ID": "k2"}]
    made = client(
        "POST", "Contacts/upsert", json={"data": rows, "duplicate_check_fields": ["CRMHub_ID"], "trigger": []}
    )
    assert made.status_code == 200
    assert [(item["action"], item["duplicate_field"]) for item in made.json()["data"]] == [("insert", None)] * 2
    again = [{"Last_Name": "A2", "CRMHub_ID": "K1"}, {"Last_Name": "C", "Email": "A@x.example", "CRMHub_ID": "k3"}]
    answer = client(
        "POST", "Contacts/upsert", json={"data": again, "duplicate_check_fields": ["CRMHub_ID"], "trigger": []}
    )
    assert [(item["action"], item["duplicate_field"]) for item in answer.json()["data"]] == [
        ("update", "CRMHub_ID"),
        ("insert", None),
    ]
    by_mail = client(
        "POST", "Contacts/upsert", json={"data": [{"Last_Name": "D", "Email": "A@X.example"}], "trigger": []}
    )
    assert by_mail.json()["data"][0]["duplicate_field"] == "Email", "without a list the system's own field decides"
    refused = client(
        "POST", "Contacts/upsert", json={"data": [{"Last_Name": "D"}], "duplicate_check_fields": ["Phone"]}
    )
    assert refused.status_code == 400


def test_duplicates_of_unique_fields_name_the_other_record(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.unique_fields = ("Contacts.Email",)
    id = zoho.user.create("Contacts", {"Last_Name": "A", "Email": "a@x.example", "CRMHub_ID": "k1"})
    (item,) = insert(client, {"Last_Name": "B", "Email": "A@x.example"}).json()["data"]
    assert (item["code"], item["message"], item["details"]["id"]) == ("DUPLICATE_DATA", "duplicate data", id)
    assert item["details"]["duplicate_record"]["module"]["api_name"] == "Contacts"
    zoho.switches.duplicates_are = "id"
    (item,) = insert(client, {"Last_Name": "B", "Email": "A@x.example"}).json()["data"]
    assert "duplicate_record" not in item["details"]
    (item,) = insert(client, {"Last_Name": "B", "Email": "A@x.example", "CRMHub_ID": "K1"}).json()["data"]
    assert item["code"] == "MULTIPLE_OR_MULTI_ERRORS"
    assert [error["details"]["api_name"] for error in item["details"]["errors"]] == ["Email", "CRMHub_ID"]
    zoho.user.delete("Contacts", id)
    assert insert(client, {"Last_Name": "B", "Email": "a@x.example"}).status_code == 201


def test_a_record_is_reached_by_an_external_id(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A", "CRMHub_ID": "k-1"})
    header = {"X-EXTERNAL": "Contacts.CRMHub_ID"}
    assert client("GET", "Contacts/k-1", headers=header).json()["data"][0]["id"] == id
    assert client("GET", "Contacts?ids=k-1&fields=Last_Name", headers=header).json()["data"][0]["id"] == id
    assert client("PUT", "Contacts/k-1", json={"data": [{"Title": "T"}]}, headers=header).status_code == 200
    assert client("GET", "Contacts/k-1").status_code == 204


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"data": [{"Last_Name": "A"}] * 101}, "LIMIT_EXCEEDED"),
        ({}, "MANDATORY_NOT_FOUND"),
        ({"data": []}, "INVALID_DATA"),
        ({"data": [{"Last_Name": "A"}], "trigger": ["fireworks"]}, "INVALID_DATA"),
        ([], "INVALID_DATA"),
    ],
)
def test_requests_that_are_wrong_as_a_whole(client: Any, body: Any, code: str) -> None:
    answer = client("POST", "Contacts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_automations_run_unless_the_trigger_is_empty(zoho: ZohoSandbox, client: Any) -> None:
    insert(client, {"Last_Name": "A"})
    assert not zoho.state.collection("automations")
    insert(client, {"Last_Name": "B"}, trigger=None)
    (run,) = zoho.state.collection("automations").values()
    assert "workflow" in run["triggers"]


def test_every_second_record_of_a_batch_can_be_locked(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.partial_every = 2
    assert [code for code, _ in results(insert(client, {"Last_Name": "A"}, {"Last_Name": "B"}))] == [
        "SUCCESS",
        "RECORD_LOCKED",
    ]


def test_a_converted_lead_is_hidden_and_leads_to_its_contact(zoho: ZohoSandbox, client: Any) -> None:
    lead = zoho.user.create("Leads", {"Last_Name": "Li", "Email": "li@x.example", "Company": "Acme", "City": "Wien"})
    answer = client("POST", f"Leads/{lead}/actions/convert", json={"data": [{}]})
    contact = answer.json()["data"][0]["details"]["Contacts"]["id"]
    assert zoho.user.get("Contacts", contact)["Mailing_City"] == "Wien"
    assert zoho.user.get("Contacts", contact)["Account_Name"]["name"] == "Acme"
    assert client("GET", "Leads?fields=Last_Name").status_code == 204
    (shown,) = client("GET", "Leads?fields=Converted_Contact,Converted__s&converted=both").json()["data"]
    assert (shown["Converted_Contact"]["id"], shown["Converted__s"]) == (contact, True)
    again = client("POST", f"Leads/{lead}/actions/convert", json={"data": [{}]})
    assert again.json()["code"] == "ID_ALREADY_CONVERTED"
    update = client("PUT", f"Leads/{lead}", json={"data": [{"Phone": "1"}]})
    assert results(update) == [("CONVERTED_RECORD", "can't update the converted record")]


@pytest.mark.parametrize(("kind", "shown"), [("permanent", ["permanent"]), ("recycle", ["recycle"]), ("absent", [])])
def test_merging_keeps_the_master_and_fills_its_gaps(
    zoho: ZohoSandbox, client: Any, kind: Any, shown: list[str]
) -> None:
    zoho.switches.merged_away_as = kind
    boss = zoho.user.create("Contacts", {"Last_Name": "Boss"})
    double = zoho.user.create("Contacts", {"Last_Name": "Bosss", "Phone": "1", "Title": "CEO"})
    worker = zoho.user.create("Contacts", {"Last_Name": "W", "Reporting_To": double})
    body = {"merge": [{"data": [{"id": double, "_fields": [{"api_name": "Last_Name"}]}]}]}
    assert client("POST", f"Contacts/{boss}/actions/merge", json=body).status_code == 200
    record = zoho.user.get("Contacts", boss)
    assert (record["Last_Name"], record["Phone"]) == ("Bosss", "1")
    assert zoho.user.get("Contacts", worker)["Reporting_To"]["id"] == boss
    feed = client("GET", "Contacts/deleted")
    assert ([item["type"] for item in feed.json()["data"]] if feed.content else []) == shown
    assert client("GET", f"Contacts/{double}").status_code == 204


def test_tags_are_added_and_removed(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A", "Tag": ["old"]})
    client("POST", "Contacts/actions/add_tags", json={"tags": [{"name": "vip"}], "ids": [id], "over_write": False})
    assert [tag["name"] for tag in zoho.user.get("Contacts", id)["Tag"]] == ["old", "vip"]
    client("POST", "Contacts/actions/remove_tags", json={"tags": [{"name": "old"}], "ids": [id]})
    assert [tag["name"] for tag in zoho.user.get("Contacts", id)["Tag"]] == ["vip"]


def test_a_lookup_to_a_deleted_account_is_empty(zoho: ZohoSandbox) -> None:
    account = zoho.user.create("Accounts", {"Account_Name": "Acme"})
    id = zoho.user.create("Contacts", {"Last_Name": "A", "Account_Name": account})
    zoho.user.delete("Accounts", account)
    assert zoho.user.get("Contacts", id)["Account_Name"] is None


def test_everything_survives_a_restart_with_a_file(tmp_path: Path) -> None:
    file = tmp_path / "zoho.sqlite"
    with running(ZohoSandbox(file=file)) as first:
        id = first.user.create("Contacts", {"Last_Name": "A", "Email": "a@x.example"})
        gone = first.user.create("Contacts", {"Last_Name": "B"})
        first.user.delete("Contacts", gone)
    with running(ZohoSandbox(file=file)) as second:
        assert second.user.get("Contacts", id)["Email"] == "a@x.example"
        assert len(second.user.find("Contacts")) == 1
        assert second.user.create("Contacts", {"Last_Name": "C"}) > gone, "no id is given twice"


def test_a_deleted_records_key_is_free_unless_the_switch_says_no(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A", "CRMHub_ID": "k1"})
    zoho.user.delete("Contacts", id)
    zoho.switches.recycled_values_block = True
    (item,) = insert(client, {"Last_Name": "B", "CRMHub_ID": "K1"}).json()["data"]
    assert (item["code"], item["details"]["id"]) == ("DUPLICATE_DATA", id)
    zoho.switches.recycled_values_block = False
    assert insert(client, {"Last_Name": "B", "CRMHub_ID": "K1"}).status_code == 201


def test_an_upsert_by_an_id_that_is_not_there_is_refused(zoho: ZohoSandbox, client: Any) -> None:
    answer = client("POST", "Contacts/upsert", json={"data": [{"id": "5", "Last_Name": "A"}], "trigger": []})
    assert (answer.status_code, answer.json()["data"][0]["message"]) == (400, "the id given seems to be invalid")
    assert zoho.user.find("Contacts") == []
