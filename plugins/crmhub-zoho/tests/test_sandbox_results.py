"""What the Zoho sandbox answers when somebody writes or signs in, whole: results, moves, channels, tokens, as tables."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox

NOW, LATER = "2026-01-05T18:00:00+08:00", "2026-01-05T18:01:00+08:00"
FIRST, SECOND, THIRD, FOURTH = (f"500000000000010000{number}" for number in (1, 2, 3, 4))
HUB, MEI = {"name": "Hub", "id": "5000000000000300001"}, {"name": "Mei Chen", "id": "5000000000000300002"}
BAD_ID = "the id given seems to be invalid"


def said(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


def problem(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "details": details, "message": message, "status": "error"}


def error(status: int, code: str, message: str, **details: Any) -> tuple[int, Any]:
    return status, problem(code, message, **details)


def success(message: str, **details: Any) -> dict[str, Any]:
    return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}


def written(message: str, id: str, *, by: Any = HUB, at: str = NOW) -> dict[str, Any]:
    stamps = {"Modified_Time": at, "Modified_By": HUB, "Created_Time": NOW, "id": id, "Created_By": by}
    return success(message, **stamps, **{"$approval_state": "approved"})


def invalid(name: str, path: str, **details: Any) -> dict[str, Any]:
    return problem("INVALID_DATA", "invalid data", **details, api_name=name, json_path=path)


def required(name: str, path: str) -> dict[str, Any]:
    return problem("MANDATORY_NOT_FOUND", "required field not found", api_name=name, json_path=path)


def body(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"data": list(rows), "trigger": [], **more}


# one value


@pytest.mark.parametrize(
    ("module", "name", "given", "kept"),
    [
        ("Contacts", "Email", " a+b@x.example ", "a+b@x.example"),
        ("Contacts", "Email", "ü@x-y.example", "ü@x-y.example"),
        ("Contacts", "Email", "", None),
        ("Contacts", "Email", " ", None),
        ("Contacts", "Phone", "+49 (0) 30-1.2,3", "+49 (0) 30-1.2,3"),
        ("Contacts", "Salutation", "-None-", None),
        ("Contacts", "Salutation", "new ones are taken", "new ones are taken"),
        ("Contacts", "Title", "-None-", "-None-"),
        ("Contacts", "Title", "x" * 100, "x" * 100),
        ("Contacts", "Date_of_Birth", "1990-01-02", "1990-01-02"),
        ("Contacts", "Email_Opt_Out", True, True),
        ("Contacts", "Email_Opt_Out", None, False),
        ("Contacts", "Tag", [{"name": " b "}, {"name": "a"}, {"name": "b"}], ["b", "a"]),
        ("Contacts", "Tag", [], None),
        ("Leads", "No_of_Employees", 999_999_999, 999_999_999),
        ("Leads", "No_of_Employees", -999_999_999, -999_999_999),
        ("Leads", "Annual_Revenue", 1.5, 1.5),
        ("Leads", "Annual_Revenue", 7, 7),
        ("Leads", "Converted__s", True, False),
        ("Contacts", "Owner", {"id": MEI["id"]}, MEI["id"]),
        ("Contacts", "Reporting_To", {"id": 5000000000000100001}, FIRST),
    ],
)
def test_values_that_are_kept(zoho: ZohoSandbox, client: Any, module: str, name: str, given: Any, kept: Any) -> None:
    zoho.user.create("Contacts", {"Last_Name": "Boss"})
    made = client("POST", module, json=body({"Last_Name": "A", name: given}))
    assert said(made) == (201, {"data": [written("record added", SECOND)]})
    value = zoho.user.get(module, SECOND)[name]
    if isinstance(value, list):
        value = [tag["name"] for tag in value]
    assert (value["id"] if isinstance(value, dict) else value) == kept


TYPE = "expected_data_type"


@pytest.mark.parametrize(
    ("module", "name", "given", "details"),
    [
        ("Contacts", "Last_Name", "x" * 81, {"maximum_length": 80}),
        ("Contacts", "Description", "x" * 32_001, {"maximum_length": 32_000}),
        ("Contacts", "Last_Name", 7, {TYPE: "text"}),
        ("Contacts", "Email", "a@x", {TYPE: "email"}),
        ("Contacts", "Email", ".a@x.example", {TYPE: "email"}),
        ("Contacts", "Email", "a@x.e", {TYPE: "email"}),
        ("Contacts", "Phone", "a/b", {TYPE: "phone"}),
        ("Contacts", "Phone", "1" * 31, {"maximum_length": 30}),
        ("Contacts", "Date_of_Birth", "1990-1-2", {TYPE: "date"}),
        ("Contacts", "Date_of_Birth", "1990-13-01", {TYPE: "date"}),
        ("Contacts", "Date_of_Birth", 19900102, {TYPE: "date"}),
        ("Contacts", "Date_of_Birth", "19900102", {TYPE: "date"}),
        ("Contacts", "Email_Opt_Out", "true", {TYPE: "boolean"}),
        ("Contacts", "Email_Opt_Out", 1, {TYPE: "boolean"}),
        ("Contacts", "Tag", "vip", {TYPE: "tag"}),
        ("Contacts", "Tag", ["vip"], {TYPE: "tag"}),
        ("Contacts", "Tag", [{"id": "1"}], {TYPE: "tag"}),
        ("Leads", "No_of_Employees", 1_000_000_000, {TYPE: "integer"}),
        ("Leads", "No_of_Employees", "7", {TYPE: "integer"}),
        ("Leads", "No_of_Employees", True, {TYPE: "integer"}),
        ("Leads", "No_of_Employees", 1.5, {TYPE: "integer"}),
        ("Leads", "Annual_Revenue", "7", {TYPE: "currency"}),
        ("Leads", "Annual_Revenue", True, {TYPE: "currency"}),
        ("Contacts", "Account_Name", "Acme", {TYPE: "jsonobject"}),
        ("Contacts", "Account_Name", {"name": "Acme"}, {TYPE: "jsonobject"}),
        ("Contacts", "Account_Name", {"id": FIRST}, {}),
        ("Contacts", "Owner", {"id": "5000000000000300003"}, {}),
        ("Contacts", "Owner", {"id": "1"}, {}),
    ],
)
def test_values_that_are_refused(
    zoho: ZohoSandbox, client: Any, module: str, name: str, given: Any, details: dict[str, Any]
) -> None:
    path = f"$.data[1].{name}" + ("" if details else ".id")
    bad = invalid(name, path, **details)
    answer = client("POST", module, json=body({"Last_Name": "A"}, {"Last_Name": "B", name: given}))
    assert said(answer) == (207, {"data": [written("record added", FIRST), bad]})
    assert [row["Last_Name"] for row in zoho.user.find(module)] == ["A"]


# one call


@pytest.mark.parametrize(
    ("method", "path", "given", "answer"),
    [
        ("POST", "Contacts", [], error(400, "INVALID_DATA", "invalid data", expected_data_type="jsonobject")),
        ("POST", "Contacts", {}, (400, required("data", "$.data"))),
        ("PUT", "Contacts", {}, (400, required("data", "$.data"))),
        ("PUT", f"Contacts/{FIRST}", {}, (400, required("data", "$.data"))),
        ("POST", "Contacts/upsert", {}, (400, required("data", "$.data"))),
        ("POST", "Contacts", {"data": {}}, (400, invalid("data", "$.data", expected_data_type="jsonarray"))),
        ("POST", "Contacts", {"data": []}, (400, invalid("data", "$.data", expected_data_type="jsonarray"))),
        ("POST", "Contacts", {"data": [{}] * 101},
         error(400, "LIMIT_EXCEEDED", "the number of records exceeds the limit", limit=100)),
        ("POST", "Contacts", {"data": [{}], "trigger": ["x"]}, (400, invalid("trigger", "$.trigger"))),
        ("POST", "Contacts", {"data": [{}], "trigger": "workflow"}, (400, invalid("trigger", "$.trigger"))),
        ("POST", "Contacts", body("x"), (400, {"data": [invalid("data", "$.data[0]", expected_data_type="jsonobject")]})),
        ("POST", "Contacts", body({}), (400, {"data": [required("Last_Name", "$.data[0].Last_Name")]})),
        ("POST", "Accounts", body({"Last_Name": "x"}),
         (400, {"data": [required("Account_Name", "$.data[0].Account_Name")]})),
        ("PUT", "Contacts", body({}), (400, {"data": [required("id", "$.data[0].id")]})),
        ("PUT", "Contacts", body({"id": FIRST, "Last_Name": ""}),
         (400, {"data": [required("Last_Name", "$.data[0].Last_Name")]})),
        ("PUT", "Contacts", body("x"), (400, {"data": [invalid("data", "$.data[0]", expected_data_type="jsonobject")]})),
        ("PUT", "Contacts", body({"id": "9"}),
         (400, {"data": [problem("INVALID_DATA", BAD_ID, api_name="id", json_path="$.data[0].id")]})),
        ("PUT", "Contacts/9", body({}),
         (400, {"data": [problem("INVALID_DATA", BAD_ID, api_name="id", json_path="$.data[0].id")]})),
        ("POST", "Contacts/upsert", body("x"),
         (400, {"data": [invalid("data", "$.data[0]", expected_data_type="jsonobject")]})),
        ("POST", "Contacts/upsert", body({"id": "9", "Last_Name": "x"}),
         (400, {"data": [problem("INVALID_DATA", BAD_ID, api_name="id", json_path="$.data[0].id")]})),
        ("POST", "Contacts/upsert", body({}), (400, {"data": [required("Last_Name", "$.data[0].Last_Name")]})),
        ("POST", "Contacts/upsert", body({}, duplicate_check_fields=["Phone"]),
         (400, invalid("duplicate_check_fields", "$.duplicate_check_fields"))),
        ("POST", "Contacts/upsert", body({}, duplicate_check_fields="Email"),
         (400, invalid("duplicate_check_fields", "$.duplicate_check_fields"))),
        ("DELETE", "Contacts", None,
         error(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="ids")),
        ("DELETE", "Contacts?ids=,", None,
         error(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="ids")),
        ("DELETE", f"Contacts?ids={','.join('9' * 101)}", None,
         error(400, "LIMIT_EXCEEDED", "the number of records exceeds the limit", limit=100)),
        ("DELETE", "Contacts/9", None, (400, {"data": [problem("INVALID_DATA", "record not deleted", id="9")]})),
        ("POST", f"Contacts/{FIRST}/actions/merge", {}, (400, required("merge", "$.merge"))),
        ("POST", f"Contacts/{FIRST}/actions/merge", {"merge": ["x"]}, (400, required("merge", "$.merge"))),
        ("POST", f"Contacts/{FIRST}/actions/merge", {"merge": [{}]}, (400, invalid("data", "$.merge[0].data"))),
        ("POST", f"Contacts/{FIRST}/actions/merge", {"merge": [{"data": [{"id": FIRST}]}]},
         (400, invalid("data", "$.merge[0].data"))),
        ("POST", f"Contacts/{FIRST}/actions/merge", {"merge": [{"data": [{"id": "7"}, {"id": "8"}, {"id": "9"}]}]},
         (400, invalid("data", "$.merge[0].data"))),
        ("POST", f"Contacts/{FIRST}/actions/merge", {"merge": [{"data": [{"id": "7"}, {"id": "8"}]}]},
         error(400, "INVALID_DATA", BAD_ID, api_name="id", json_path="$.merge[0].data")),
        ("POST", "Leads/9/actions/convert", body({}), error(400, "INVALID_DATA", BAD_ID, resource_path_index=1)),
        ("POST", f"Leads/{SECOND}/actions/convert", {}, (400, required("data", "$.data"))),
        ("POST", f"Leads/{SECOND}/actions/convert", body({"Contacts": {"id": "9"}}),
         error(400, "INVALID_DATA", BAD_ID, api_name="Contacts", json_path="$.data[0].Contacts.id")),
        ("POST", f"Leads/{SECOND}/actions/convert", body({"Accounts": {"id": "9"}}),
         error(400, "INVALID_DATA", BAD_ID, api_name="Accounts", json_path="$.data[0].Accounts.id")),
        ("POST", "Contacts/actions/add_tags", {"tags": [{"name": "x"}], "ids": ["9"] * 501},
         error(400, "LIMIT_EXCEEDED", "the number of records exceeds the limit", limit=500)),
    ],
)  # fmt: skip
def test_what_is_refused(
    zoho: ZohoSandbox, client: Any, method: str, path: str, given: Any, answer: tuple[int, Any]
) -> None:
    zoho.user.create("Contacts", {"Last_Name": "A"})
    zoho.user.create("Leads", {"Last_Name": "B"})
    before = [zoho.user.find(module) for module in ("Contacts", "Leads", "Accounts")]
    assert said(client(method, path, json=given)) == answer
    assert [zoho.user.find(module) for module in ("Contacts", "Leads", "Accounts")] == before


def test_a_body_that_is_no_json_is_refused(client: Any) -> None:
    refused = error(400, "INVALID_DATA", "invalid data", expected_data_type="jsonobject")
    assert said(client("POST", "Contacts", data=b"{")) == refused


def test_updates_are_whole_and_one_by_one(zoho: ZohoSandbox, client: Any) -> None:
    zoho.user.create("Contacts", {"Last_Name": "A", "Phone": "1"})
    zoho.user.create("Contacts", {"Last_Name": "B"})
    zoho.clock.advance(60)
    changed = [written("record updated", id, by=MEI, at=LATER) for id in (FIRST, SECOND)]
    answer = client("PUT", "Contacts", json=body({"id": FIRST, "Phone": ""}, {"id": SECOND, "Title": "T"}))
    assert said(answer) == (200, {"data": changed})
    assert said(client("PUT", f"Contacts/{FIRST}", json=body({"Fax": "1"}))) == (200, {"data": changed[:1]})
    kept = zoho.user.get("Contacts", FIRST)
    assert (kept["Phone"], kept["Fax"], kept["Modified_By"]["name"]) == (None, "1", "Hub")
    gone = success("record deleted", id=FIRST), success("record deleted", id=SECOND)
    assert said(client("DELETE", f"Contacts?ids={FIRST}, {SECOND},")) == (200, {"data": list(gone)})
    assert zoho.user.find("Contacts") == []


def test_every_nth_record_is_locked_where_a_switch_says_so(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.partial_every = 2
    rows = [{"Last_Name": name} for name in "ABC"]
    locked = problem("RECORD_LOCKED", "record is locked", json_path="$.data[1]")
    added = [written("record added", id) for id in (FIRST, SECOND)]
    assert said(client("POST", "Contacts", json=body(*rows))) == (207, {"data": [added[0], locked, added[1]]})


@pytest.mark.parametrize(
    ("trigger", "triggers"),
    [
        ([], None),
        (None, ["approval", "blueprint", "orchestration", "pathfinder", "workflow"]),
        (["workflow"], ["workflow"]),
    ],
)
def test_automations_run(zoho: ZohoSandbox, client: Any, trigger: Any, triggers: Any) -> None:
    client("POST", "Contacts", json={"data": [{"Last_Name": "A"}, {}], "trigger": trigger})
    runs = list(zoho.state.collection("automations").values())
    assert runs == (
        [] if triggers is None else [{"call": "POST /crm/v8/Contacts", "triggers": triggers, "ids": [FIRST]}]
    )


UNMODIFIED = "Record updated time has already passed if-unmodified-since time"


@pytest.mark.parametrize(
    ("limit", "passes"),
    [
        (NOW, False),
        (LATER, True),
        ("2026-01-05T10:00:59+00:00", False),
        ("2026-01-05T10:01:00.900+00:00", True),
        ("2026-01-05T10:02:00+00:00", True),
        ("Mon, 05 Jan 2026 10:00:00 GMT", True),
        ("2026-01-05T00:00:00", True),
    ],
)
def test_writes_depend_on_the_time_of_the_last_change(zoho: ZohoSandbox, client: Any, limit: str, passes: bool) -> None:
    """Changed at 10:01 UTC; a header that cannot be read is ignored."""
    zoho.user.create("Contacts", {"Last_Name": "A", "Email": "a@x.example"})
    zoho.clock.advance(60)
    zoho.user.edit("Contacts", FIRST, {"Title": "T"})
    stamps = {"Modified_Time": LATER, "Modified_By": MEI, "Created_Time": NOW, "id": FIRST, "Created_By": MEI}
    stale = problem("ALREADY_MODIFIED", UNMODIFIED, **stamps, **{"$approval_state": "approved"})
    row = {"Last_Name": "B", "Email": "A@x.example"}
    for method, path, item in (
        ("PUT", f"Contacts/{FIRST}", row),
        ("PUT", "Contacts", {"id": FIRST, **row}),
        ("POST", "Contacts/upsert", row),
    ):
        answer = client(method, path, json=body(item), headers={"If-Unmodified-Since": limit})
        if not passes:
            assert said(answer) == (412, {"data": [stale]})
        else:
            assert answer.status_code == 200
    assert zoho.user.get("Contacts", FIRST)["Last_Name"] == ("B" if passes else "A")
    new = client("POST", "Contacts/upsert", json=body({"Last_Name": "N"}), headers={"If-Unmodified-Since": limit})
    assert new.status_code == 200, "there is nothing that could have been changed"


@pytest.mark.parametrize(
    ("row", "fields", "found"),
    [
        ({"Email": "A@x.example"}, None, (FIRST, "Email")),
        ({"Email": " a@x.example "}, None, (FIRST, "Email")),
        ({"Email": "new@x.example"}, None, None),
        ({"Email": " "}, None, None),
        ({"CRMHub_ID": "K2"}, None, (SECOND, "CRMHub_ID")),
        ({"Email": "a@x.example", "CRMHub_ID": "k2"}, ["CRMHub_ID"], (SECOND, "CRMHub_ID")),
        ({"Email": "new@x.example", "CRMHub_ID": "k2"}, ["Email"], (SECOND, "CRMHub_ID")),
        ({"Email": "a@x.example", "CRMHub_ID": "k9"}, ["CRMHub_ID"], None),
        ({"Email": "a@x.example"}, ["CRMHub_ID"], None),
        ({"Email": "twice@x.example"}, None, (THIRD, "Email")),
        ({"id": SECOND, "Email": "a@x.example"}, None, (SECOND, "id")),
    ],
)
def test_upserts_recognise_records(
    zoho: ZohoSandbox, client: Any, row: dict[str, Any], fields: Any, found: tuple[str, str] | None
) -> None:
    for values in (
        {"Email": "a@x.example"},
        {"CRMHub_ID": "k2"},
        {"Email": "twice@x.example"},
        {"Email": "Twice@x.example"},
    ):
        zoho.user.create("Contacts", {"Last_Name": "old", **values})
    given = body({"Last_Name": "new", **row}, **({"duplicate_check_fields": fields} if fields else {}))
    answer = client("POST", "Contacts/upsert", json=given)
    if found is None:
        new = {**written("record added", "5000000000000100005"), "duplicate_field": None, "action": "insert"}
        assert said(answer) == (200, {"data": [new]})
    else:
        id, by = found
        old = {**written("record updated", id, by=MEI), "duplicate_field": by, "action": "update"}
        assert said(answer) == (200, {"data": [old]})


def test_accounts_are_recognised_by_their_name(zoho: ZohoSandbox, client: Any) -> None:
    zoho.user.create("Accounts", {"Account_Name": "Acme"})
    answer = client("POST", "Accounts/upsert", json=body({"Account_Name": "ACME", "Phone": "1"})).json()
    assert (answer["data"][0]["action"], answer["data"][0]["duplicate_field"]) == ("update", "Account_Name")


def duplicate(name: str, id: str, path: str, *, whole: bool = True) -> dict[str, Any]:
    record = {"id": id, "Owner": MEI, "module": {"api_name": "Contacts", "id": "5000000000000002179"}}
    details = {"api_name": name, "json_path": f"{path}.{name}", "id": id}
    return problem("DUPLICATE_DATA", "duplicate data", **details, **({"duplicate_record": record} if whole else {}))


def test_duplicates_are_named(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.unique_fields = ("Contacts.Email", "Leads.Phone")
    zoho.user.create("Contacts", {"Last_Name": "A", "Email": "a@x.example", "CRMHub_ID": "k1"})
    zoho.user.create("Contacts", {"Last_Name": "B"})
    row = {"Last_Name": "C", "Email": "A@x.example"}

    def result(method: str, path: str, item: Any) -> Any:
        status, answer = said(client(method, path, json=body(item)))
        return (status, *answer["data"])

    assert result("POST", "Contacts", row) == (400, duplicate("Email", FIRST, "$.data[0]"))
    assert result("PUT", f"Contacts/{SECOND}", row) == (400, duplicate("Email", FIRST, "$.data[0]"))
    assert result("PUT", f"Contacts/{FIRST}", row)[0] == 200, "its own value"
    both = [duplicate(name, FIRST, "$.data[0]") for name in ("Email", "CRMHub_ID")]
    assert result("POST", "Contacts", {**row, "CRMHub_ID": "K1"}) == (
        400,
        problem("MULTIPLE_OR_MULTI_ERRORS", "multiple errors", errors=both),
    )
    zoho.switches.duplicates_are = "id"
    assert result("POST", "Contacts", row) == (400, duplicate("Email", FIRST, "$.data[0]", whole=False))
    assert result("PUT", f"Contacts/{FIRST}", {"Email": None, "CRMHub_ID": None})[0] == 200
    assert result("POST", "Contacts", row)[0] == 201, "the value is free"
    upsert = client("POST", "Contacts/upsert", json=body({"Last_Name": "B", "id": SECOND, "Email": "a@x.example"}))
    assert upsert.json()["data"][0]["code"] == "DUPLICATE_DATA"
    assert "action" not in upsert.json()["data"][0]


def test_values_of_the_recycle_bin_block_where_a_switch_says_so(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.recycled_values_block = True
    zoho.user.create("Contacts", {"Last_Name": "A", "CRMHub_ID": "k1"})
    zoho.user.delete("Contacts", FIRST)
    blocked = client("POST", "Contacts", json=body({"Last_Name": "B", "CRMHub_ID": "K1"}))
    assert said(blocked) == (400, {"data": [duplicate("CRMHub_ID", FIRST, "$.data[0]")]})
    assert client("POST", "Contacts", json=body({"Last_Name": "B", "CRMHub_ID": "k2"})).status_code == 201
    zoho.user.delete_for_good("Contacts", FIRST)
    assert client("POST", "Contacts", json=body({"Last_Name": "B", "CRMHub_ID": "K1"})).status_code == 201
    zoho.user.create("Contacts", {"Last_Name": "A", "CRMHub_ID": "k3"})
    with pytest.raises(KeyError):
        zoho.user.restore("Contacts", FIRST)


# moves

LEAD = {
    "Last_Name": "Li",
    "First_Name": "Wei",
    "Salutation": "Mr.",
    "Email": "li@x.example",
    "Phone": "1",
    "Fax": "2",
    "Secondary_Email": "b@x.example",
    "Mobile": "3",
    "Skype_ID": "s",
    "Twitter": "t",
    "Lead_Source": "Web",
    "Description": "d",
    "Email_Opt_Out": True,
    "Designation": "Boss",
    "Street": "A 1",
    "City": "Wien",
    "State": "W",
    "Zip_Code": "1010",
    "Country": "Austria",
    "Company": "Acme",
    "Tag": ["vip"],
}


def test_a_lead_becomes_a_contact_of_its_company(zoho: ZohoSandbox, client: Any) -> None:
    lead = zoho.user.create("Leads", LEAD)
    answer = client("POST", f"Leads/{lead}/actions/convert", json=body({}))
    made = {"Contacts": {"name": "Wei Li", "id": THIRD}, "Accounts": {"name": "Acme", "id": SECOND}, "Deals": None}
    assert said(answer) == (200, {"data": [success("The record has been converted successfully", **made)]})
    contact = zoho.user.get("Contacts", THIRD)
    renamed = {
        "Designation": "Title",
        "Street": "Mailing_Street",
        "City": "Mailing_City",
        "State": "Mailing_State",
        "Zip_Code": "Mailing_Zip",
        "Country": "Mailing_Country",
    }
    for name, value in LEAD.items():
        if name not in ("Company", "Tag"):
            assert contact[renamed.get(name, name)] == value, name
    assert [tag["name"] for tag in contact["Tag"]] == ["vip"]
    assert (contact["Account_Name"]["id"], contact["Owner"]["id"]) == (SECOND, MEI["id"])
    converted = zoho.user.get("Leads", lead)
    assert converted["Converted__s"] is True
    assert converted["Converted_Date_Time"] == NOW
    assert (converted["Converted_Account"], converted["Converted_Contact"]) == (
        {"name": "Acme", "id": SECOND},
        {"name": "Wei Li", "id": THIRD},
    )
    again = error(400, "ID_ALREADY_CONVERTED", "id already converted", id=lead)
    assert said(client("POST", f"Leads/{lead}/actions/convert", json=body({}))) == again
    change = client("PUT", f"Leads/{lead}", json=body({"Phone": "9"}))
    locked = problem("CONVERTED_RECORD", "can't update the converted record", id=lead)
    assert said(change) == (400, {"data": [locked]})
    alone = zoho.user.create("Leads", {"Last_Name": "Wu"})
    details = client("POST", f"Leads/{alone}/actions/convert", json=body({})).json()["data"][0]["details"]
    assert (details["Accounts"], details["Contacts"]["name"]) == (None, "Wu")
    assert zoho.user.get("Leads", alone)["Converted_Account"] is None
    assert zoho.user.get("Contacts", details["Contacts"]["id"])["Account_Name"] is None


@pytest.mark.parametrize("named", [False, True])
def test_a_lead_joins_what_is_there(zoho: ZohoSandbox, client: Any, named: bool) -> None:
    account = zoho.user.create("Accounts", {"Account_Name": "Other" if named else "ACME"})
    contact = zoho.user.create("Contacts", {"Last_Name": "Old", "Email": "x@x.example" if named else "LI@x.example"})
    lead = zoho.user.create("Leads", LEAD)
    given = {"Contacts": {"id": contact}, "Accounts": {"id": account}} if named else {}
    details = client("POST", f"Leads/{lead}/actions/convert", json=body(given)).json()["data"][0]["details"]
    assert (details["Contacts"]["id"], details["Accounts"]["id"]) == (contact, account)
    assert zoho.user.get("Contacts", contact)["Last_Name"] == "Old"
    assert len(zoho.user.find("Contacts")) == len(zoho.user.find("Accounts")) == 1


def test_three_records_become_one(zoho: ZohoSandbox, client: Any) -> None:
    master, second, third = (
        zoho.user.create("Accounts", values)
        for values in (
            {"Account_Name": "A", "Phone": "1"},
            {"Account_Name": "B", "Phone": "2", "Fax": "2", "CRMHub_ID": "k2"},
            {"Account_Name": "C", "Phone": "3", "Website": "c.example", "Ticker_Symbol": "C"},
        )
    )
    worker = zoho.user.create("Contacts", {"Last_Name": "W", "Account_Name": second})
    free = zoho.user.create("Contacts", {"Last_Name": "F", "Account_Name": master})
    daughter = zoho.user.create("Accounts", {"Account_Name": "D", "Parent_Account": third})
    zoho.clock.advance(60)
    children = [{"id": second}, {"id": third, "_fields": [{"api_name": "Phone"}, {"api_name": "Nonsense"}]}]
    answer = client("POST", f"Accounts/{master}/actions/merge", json={"merge": [{"data": children}]})
    assert said(answer) == (200, {"merge": [success("records merged successfully", id=master)]})
    kept = zoho.user.get("Accounts", master)
    assert (kept["Account_Name"], kept["Phone"], kept["Fax"], kept["Website"]) == ("A", "3", "2", "c.example")
    assert (kept["CRMHub_ID"], kept["Modified_Time"]) == (None, LATER)
    assert zoho.user.get("Contacts", worker)["Account_Name"]["id"] == master
    assert zoho.user.get("Accounts", daughter)["Parent_Account"]["id"] == master
    assert zoho.user.get("Contacts", free)["Modified_Time"] == NOW
    feed = client("GET", "Accounts/deleted").json()["data"]
    assert {row["id"]: row["type"] for row in feed} == {second: "permanent", third: "permanent"}


def test_tags_have_a_result_for_each_record(zoho: ZohoSandbox, client: Any) -> None:
    zoho.user.create("Contacts", {"Last_Name": "A", "Tag": ["old"]})

    def tags(action: str, *ids: str, names: str = "new", **more: Any) -> tuple[int, Any]:
        given = {"tags": [{"name": name} for name in names.split()], "ids": list(ids), **more}
        return said(client("POST", f"Contacts/actions/{action}", json=given))

    def answer(*results: Any, good: str) -> dict[str, Any]:
        return {"data": list(results), "wf_scheduler": None, "success_count": good, "locked_count": 0}

    def done(*names: str) -> dict[str, Any]:
        return success("tags updated successfully", id=FIRST, tags=list(names))

    lost = problem("INVALID_DATA", BAD_ID, id="9")
    assert tags("add_tags", FIRST, names="new old") == (200, answer(done("old", "new"), good="1"))
    assert tags("add_tags", FIRST, "9") == (207, answer(done("old", "new"), lost, good="1"))
    assert tags("add_tags", "9") == (400, answer(lost, good="0"))
    assert tags("add_tags", FIRST, over_write=True) == (200, answer(done("new"), good="1"))
    assert tags("remove_tags", FIRST, names="x") == (200, answer(done("new"), good="1"))
    assert tags("remove_tags", FIRST, over_write=True) == (200, answer(done(), good="1"))
    assert zoho.user.get("Contacts", FIRST)["Tag"] is None
    assert tags("remove_tags", FIRST) == (200, answer(done(), good="1"))


@pytest.mark.parametrize(
    ("method", "path", "given", "credits"),
    [
        ("GET", "Contacts?fields=id", None, 1),
        ("GET", "Contacts?fields=id&cvid=1", None, 3),
        ("GET", f"Contacts/{FIRST}", None, 1),
        ("GET", "Contacts/deleted", None, 2),
        ("GET", "Contacts/search?word=xx", None, 1),
        ("GET", "Contacts/actions/count", None, 1),
        ("GET", "org", None, 1),
        ("GET", "users", None, 1),
        ("GET", "settings/modules", None, 1),
        ("GET", "settings/fields?module=Leads", None, 1),
        ("GET", "actions/watch", None, 1),
        ("POST", "actions/watch", {"watch": [{}]}, 1),
        ("PATCH", "actions/watch", {"watch": [{}]}, 1),
        ("DELETE", "actions/watch?channel_ids=1", None, 1),
        ("POST", "coql", {"select_query": "select id from Leads where id > 1 limit 200"}, 1),
        ("POST", "coql", {"select_query": "select id from Leads where id > 1 limit 201"}, 2),
        ("POST", "coql", {"select_query": "select id from Leads where id > 1 limit 1000"}, 2),
        ("POST", "coql", {"select_query": "select id from Leads where id > 1 limit 1001"}, 3),
        ("POST", "Contacts", body({}), 1),
        ("POST", "Contacts", body(*[{}] * 10), 1),
        ("POST", "Contacts", body(*[{}] * 11), 2),
        ("PUT", "Contacts", body(*[{}] * 100), 10),
        ("POST", "Contacts/upsert", body(*[{}] * 20), 2),
        ("DELETE", "Contacts?ids=1,2,3", None, 1),
        ("DELETE", "Contacts/1", None, 1),
        ("POST", f"Contacts/{FIRST}/actions/merge", {"merge": [{}]}, 50),
        ("POST", "Leads/9/actions/convert", body({}), 5),
        ("POST", "Contacts/actions/add_tags", {"tags": [], "ids": ["9"] * 50}, 1),
        ("POST", "Contacts/actions/add_tags", {"tags": [], "ids": ["9"] * 51}, 2),
        ("POST", "Contacts/actions/remove_tags", {"tags": [], "ids": ["9"] * 500}, 10),
    ],
)
def test_what_calls_cost(zoho: ZohoSandbox, client: Any, method: str, path: str, given: Any, credits: int) -> None:
    zoho.switches.quota = credits
    answer = client(method, path, json=given)
    assert (answer.status_code != 429, answer.headers.get("X-API-CREDITS-REMAINING")) == (True, "0")
    spent = error(429, "TOO_MANY_REQUESTS", "You have exceeded the maximum number of API calls")
    assert said(client("GET", "org")) == spent


# channels

CHANNEL = {
    "channel_id": "1000000068001",
    "events": ["Contacts.create", "Leads.all", "Contacts.edit"],
    "notify_url": "http://127.0.0.1:9/hook?from=zoho",
    "token": "t" * 50,
}


def events(expiry: str, *modules: str, zoho: ZohoSandbox) -> list[dict[str, Any]]:
    ids = {"Contacts": "5000000000000002179", "Leads": "5000000000000002175"}
    return [
        {
            "channel_expiry": expiry,
            "resource_uri": f"{zoho.url}/crm/v8/{name}",
            "resource_id": ids[name],
            "resource_name": name,
            "channel_id": "1000000068001",
        }
        for name in modules
    ]


SUBSCRIBED = "Successfully subscribed for actions-watch of the given module"
HOUR = "2026-01-05T19:00:00+08:00"


@pytest.mark.parametrize(
    ("wished", "granted"),
    [
        (None, HOUR),
        ("soon", HOUR),
        ("2026-01-05T10:00:00+00:00", HOUR),
        ("2026-01-05T10:00:01+00:00", "2026-01-05T18:00:01+08:00"),
        ("2026-01-12T10:00:00+00:00", "2026-01-12T18:00:00+08:00"),
        ("2026-01-12T10:00:01+00:00", HOUR),
    ],
)
def test_a_channel_lives_for_an_hour_or_as_wished_up_to_a_week(
    zoho: ZohoSandbox, client: Any, wished: str | None, granted: str
) -> None:
    made = client("POST", "actions/watch", json={"watch": [{**CHANNEL, "channel_expiry": wished}]})
    done = success(SUBSCRIBED, events=events(granted, "Contacts", "Leads", zoho=zoho))
    assert said(made) == (201, {"watch": [done]})
    shown = {**CHANNEL, "channel_expiry": granted, "resource_name": "Contacts"}
    info = {"per_page": 200, "count": 1, "page": 1, "more_records": False}
    assert said(client("GET", "actions/watch")) == (200, {"watch": [shown], "info": info})


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"channel_id": ""}, required("channel_id", "$.watch[1].channel_id")),
        ({"events": []}, required("events", "$.watch[1].events")),
        ({"notify_url": None}, required("notify_url", "$.watch[1].notify_url")),
        ({"events": ["Nothing.all"]}, invalid("events", "$.watch[1].events")),
        ({"events": ["Contacts.all", "Nothing.all"]}, invalid("events", "$.watch[1].events")),
        ({"token": "t" * 51}, invalid("token", "$.watch[1].token", maximum_length=50)),
    ],
)
def test_channels_are_refused(zoho: ZohoSandbox, client: Any, change: dict[str, Any], result: Any) -> None:
    rows = [CHANNEL, {**CHANNEL, "channel_id": "2", **change}]
    done = success(SUBSCRIBED, events=events(HOUR, "Contacts", "Leads", zoho=zoho))
    assert said(client("POST", "actions/watch", json={"watch": rows})) == (207, {"watch": [done, result]})
    bad = {**result["details"], "json_path": result["details"]["json_path"].replace("[1]", "[0]")}
    answer = client("PUT", "actions/watch", json={"watch": rows[1:]})
    assert said(answer) == (400, {"watch": [{**result, "details": bad}]})


def test_channels_are_replaced_changed_and_ended(zoho: ZohoSandbox, client: Any) -> None:
    wrong: tuple[Any, ...] = ({}, [], {"watch": 7})
    for given in wrong:
        refused = client("POST", "actions/watch", json=given)
        assert said(refused) == (400, required("watch", "$.watch"))
    client("POST", "actions/watch", json={"watch": [CHANNEL]})
    put = {**CHANNEL, "events": ["Leads.all"], "token": None}
    done = success(SUBSCRIBED, events=events(HOUR, "Leads", zoho=zoho))
    assert said(client("PUT", "actions/watch", json={"watch": [put]})) == (200, {"watch": [done]})
    patch = {"channel_id": CHANNEL["channel_id"], "channel_expiry": "2026-01-06T10:00:00+00:00"}
    done = success(SUBSCRIBED, events=events("2026-01-06T18:00:00+08:00", "Leads", zoho=zoho))
    assert said(client("PATCH", "actions/watch", json={"watch": [patch]})) == (200, {"watch": [done]})
    unknown = client("PATCH", "actions/watch", json={"watch": [{"channel_id": "2"}]})
    assert said(unknown) == (400, {"watch": [required("events", "$.watch[0].events")]})
    assert client("GET", "actions/watch?channel_id=1000000068001").json()["watch"][0]["events"] == ["Leads.all"]
    assert said(client("GET", "actions/watch?channel_id=2")) == (204, None)
    missing = error(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing", param_name="channel_ids")
    assert said(client("DELETE", "actions/watch")) == missing
    place = {"resource_uri": f"{zoho.url}/crm/v8/actions/watch", "channel_id": "1000000068001"}
    ended = success("Successfully unsubscribed from actions-watch of the given channel", **place)
    lost = invalid("channel_ids", "$.channel_ids")
    assert said(client("DELETE", "actions/watch?channel_ids=1000000068001,2")) == (207, {"watch": [ended, lost]})
    assert said(client("DELETE", "actions/watch?channel_ids=1000000068001")) == (400, {"watch": [lost]})
    assert said(client("GET", "actions/watch")) == (204, None)


def test_callbacks_are_whole(zoho: ZohoSandbox, client: Any) -> None:
    told: list[Any] = []

    def take(url: str, content: bytes, headers: dict[str, str], done: Any = None) -> None:
        assert (url, headers) == (CHANNEL["notify_url"], {"Content-Type": "application/json"})
        told.append(json.loads(content))

    zoho.deliveries.send = take  # type: ignore[assignment,method-assign]  # nothing listens there
    client("POST", "actions/watch", json={"watch": [{**CHANNEL, "return_affected_field_values": True}]})

    def callback(module: str, operation: str, id: str, fields: list[str], values: dict[str, Any]) -> dict[str, Any]:
        return {
            "server_time": 1767607200000,
            "query_params": {"from": "zoho"},
            "module": module,
            "resource_uri": f"{zoho.url}/crm/v8/{module}",
            "ids": [id],
            "affected_fields": [{id: fields}] if operation == "update" else [],
            "operation": operation,
            "channel_id": "1000000068001",
            "token": "t" * 50,
            "affected_values": [{"record_id": id, "values": values}],
        }

    zoho.user.create("Contacts", {"Last_Name": "A", "Fax": "1"})
    zoho.user.edit("Contacts", FIRST, {"Title": None, "Fax": "2"})
    zoho.user.delete("Contacts", FIRST)
    zoho.user.create("Leads", {"Last_Name": "B"})
    zoho.user.delete("Leads", SECOND)
    zoho.user.restore("Leads", SECOND)
    zoho.user.create("Accounts", {"Account_Name": "C"})
    assert told == [
        callback("Contacts", "insert", FIRST, [], {"Last_Name": "A", "Fax": "1"}),
        callback("Contacts", "update", FIRST, ["Fax", "Title"], {"Fax": "2", "Title": None}),
        callback("Leads", "insert", SECOND, [], {"Last_Name": "B"}),
        callback("Leads", "delete", SECOND, [], {}),
        callback("Leads", "insert", SECOND, [], {}),
    ]
    told.clear()
    zoho.switches.notify_own_changes = False
    client("POST", "Leads", json=body({"Last_Name": "D"}))
    client("DELETE", f"Leads/{FOURTH}")
    assert told == []
    zoho.user.edit("Leads", SECOND, {"Fax": "1"})
    client("PATCH", "actions/watch", json={"watch": [{"channel_id": "1000000068001", "events": ["Leads.delete"]}]})
    zoho.user.edit("Leads", SECOND, {"Fax": "2"})
    zoho.user.delete("Leads", SECOND)
    assert [item["operation"] for item in told] == ["update", "delete"]


# who calls

SCOPE = "ZohoCRM.modules.ALL ZohoCRM.settings.ALL ZohoCRM.users.READ ZohoCRM.org.READ"
ALL_SCOPES = f"{SCOPE} ZohoSearch.securesearch.READ ZohoCRM.coql.READ ZohoCRM.notifications.ALL"
MISMATCH = error(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")


def test_tokens_are_given_whole(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.token_seconds = 60

    def plain(answer: requests.Response) -> Any:
        assert answer.status_code == 200
        found = answer.json()
        if "access_token" in found:
            assert len(found.pop("access_token")) == 5 + 32 + 1 + 32
        return found

    shown = {"scope": ALL_SCOPES, "api_domain": zoho.url, "token_type": "Bearer", "expires_in": 60}
    assert plain(client.token()) == shown
    assert plain(client.token(grant_type="password")) == {"error": "unsupported_grant_type"}
    assert plain(client.token(grant_type="client_credentials")) == {"error": "missing_org_info"}
    given = {"grant_type": "client_credentials", "soid": "ZohoCRM.1", "scope": "ZohoCRM.org.READ,ZohoCRM.users.READ"}
    own = {**shown, "scope": "ZohoCRM.org.READ ZohoCRM.users.READ"}
    assert plain(client.token(**given)) == own
    assert plain(client.token(**given)) == own
    code = zoho.accounts.make_grant("ZohoCRM.org.READ", offline=False)
    once = {**shown, "scope": "ZohoCRM.org.READ"}
    assert plain(client.token(grant_type="authorization_code", code=code)) == once, "without a refresh token"
    refresh = plain(client.token(grant_type="authorization_code", code=zoho.user.make_grant())).pop("refresh_token")
    revoked = client.session.post(f"{zoho.url}/oauth/v2/token/revoke", data={"token": refresh}, timeout=10)
    assert said(revoked) == (200, {"status": "success"})
    again = client.session.post(f"{zoho.url}/oauth/v2/token/revoke?token={refresh}", timeout=10)
    assert said(again) == (200, {"error": "invalid_code"})


def test_ten_tokens_are_given_in_ten_minutes(zoho: ZohoSandbox, client: Any) -> None:
    for _ in range(9):  # the first one was asked for when the client signed in
        client.token()
    assert said(client.token()) == (200, {"error": "Access Denied"})
    zoho.clock.advance(599)
    assert "error" in client.token().json()
    zoho.clock.advance(1)
    assert "access_token" in client.token().json()


def test_a_code_lives_for_three_minutes_and_the_twenty_first_login_ends_the_first(
    zoho: ZohoSandbox, client: Any
) -> None:
    code = zoho.user.make_grant()
    zoho.clock.advance(179)
    first = client.token(grant_type="authorization_code", code=code).json()["refresh_token"]
    late = zoho.user.make_grant()
    zoho.clock.advance(180)
    assert client.token(grant_type="authorization_code", code=late).json() == {"error": "invalid_code"}
    for _ in range(18):
        client.token(grant_type="authorization_code", code=zoho.user.make_grant())
    assert "access_token" in client.token().json(), "twenty live beside each other"
    client.token(grant_type="authorization_code", code=zoho.user.make_grant())
    assert client.token().json() == {"error": "invalid_code"}, "the oldest is the one that was always there"
    assert "access_token" in client.token(refresh_token=first).json()


AUTH = {
    "response_type": "code",
    "client_id": "1000.CRMHUBSANDBOX",
    "redirect_uri": "http://127.0.0.1:1/b",
    "scope": "s",
}


@pytest.mark.parametrize("change", [{"client_id": "x"}, {"response_type": "token"}, {"redirect_uri": None}])
def test_a_consent_is_refused(zoho: ZohoSandbox, change: dict[str, Any]) -> None:
    answer = requests.get(f"{zoho.url}/oauth/v2/auth", params={**AUTH, **change}, allow_redirects=False, timeout=10)
    assert said(answer) == (400, {"error": "invalid_client"})


def test_a_consent_leads_back(zoho: ZohoSandbox, client: Any) -> None:
    def back(**more: str) -> tuple[str, dict[str, str]]:
        query = {**AUTH, **more}
        answer = requests.get(f"{zoho.url}/oauth/v2/auth", params=query, allow_redirects=False, timeout=10)
        assert answer.status_code == 302
        place = urlsplit(answer.headers["Location"])
        return place.path, {name: value for name, (value,) in parse_qs(place.query).items()}

    path, given = back(access_type="offline", state="s1")
    code = given.pop("code")
    assert (path, given) == ("/b", {"location": "us", "accounts-server": zoho.url, "state": "s1"})
    fields = {"grant_type": "authorization_code", "code": code}
    answer = client.token(**fields, redirect_uri=AUTH["redirect_uri"]).json()
    assert (answer["scope"], "refresh_token" in answer) == ("s", True)
    _, other = back(redirect_uri="http://127.0.0.1:1/b?x=1")
    assert (other["x"], "state" in other) == ("1", False)
    fields = {"grant_type": "authorization_code", "code": other["code"]}
    assert client.token(**fields, redirect_uri=AUTH["redirect_uri"]).json() == {"error": "invalid_redirect_uri"}
    _, other = back()
    fields = {"grant_type": "authorization_code", "code": other["code"], "redirect_uri": AUTH["redirect_uri"]}
    assert "refresh_token" not in client.token(**fields).json(), "offline access was not asked for"


@pytest.mark.parametrize(
    ("scope", "method", "path", "allowed"),
    [
        ("ZohoCRM.modules.ALL", "GET", "Contacts?fields=id", True),
        ("ZohoCRM.modules.READ", "GET", "Contacts?fields=id", True),
        ("ZohoCRM.modules.contacts.READ", "GET", "Contacts?fields=id", True),
        ("ZohoCRM.modules.contacts.ALL", "GET", "Contacts?fields=id", True),
        ("ZohoCRM.modules.contacts.READ", "GET", "Leads?fields=id", False),
        ("ZohoCRM.modules.contacts.CREATE", "GET", "Contacts?fields=id", False),
        ("ZohoCRM.modules.contacts.WRITE", "GET", "Contacts?fields=id", False),
        ("ZohoCRM.modules.contacts.READ", "GET", "Contacts/1", True),
        ("ZohoCRM.modules.contacts.READ", "GET", "Contacts/deleted", True),
        ("ZohoCRM.modules.contacts.WRITE", "POST", "Contacts", True),
        ("ZohoCRM.modules.contacts.CREATE", "POST", "Contacts", True),
        ("ZohoCRM.modules.contacts.UPDATE", "POST", "Contacts", False),
        ("ZohoCRM.modules.contacts.UPDATE", "PUT", "Contacts", True),
        ("ZohoCRM.modules.contacts.WRITE", "PUT", "Contacts/1", True),
        ("ZohoCRM.modules.contacts.CREATE", "PUT", "Contacts/1", False),
        ("ZohoCRM.modules.contacts.CREATE", "POST", "Contacts/upsert", False),
        ("ZohoCRM.modules.contacts.UPDATE", "POST", "Contacts/upsert", False),
        ("ZohoCRM.modules.contacts.CREATE,ZohoCRM.modules.contacts.UPDATE", "POST", "Contacts/upsert", True),
        ("ZohoCRM.modules.contacts.DELETE", "DELETE", "Contacts?ids=1", True),
        ("ZohoCRM.modules.contacts.WRITE", "DELETE", "Contacts/1", True),
        ("ZohoCRM.modules.contacts.UPDATE", "DELETE", "Contacts/1", False),
        ("ZohoCRM.modules.contacts.UPDATE", "POST", "Contacts/1/actions/merge", False),
        ("ZohoCRM.modules.contacts.WRITE", "POST", "Contacts/1/actions/merge", True),
        ("ZohoCRM.modules.contacts.UPDATE", "POST", "Contacts/actions/add_tags", True),
        ("ZohoCRM.modules.contacts.READ", "POST", "Contacts/actions/remove_tags", False),
        ("ZohoCRM.modules.leads.UPDATE", "POST", "Leads/1/actions/convert", True),
        ("ZohoCRM.modules.leads.READ", "POST", "Leads/1/actions/convert", False),
        ("ZohoCRM.modules.contacts.READ", "GET", "Contacts/search?word=xx", False),
        ("ZohoSearch.securesearch.READ", "GET", "Contacts/search?word=xx", False),
        ("ZohoSearch.securesearch.READ,ZohoCRM.modules.ALL", "GET", "Contacts/search?word=xx", True),
        ("ZohoCRM.securesearch.READ,ZohoCRM.modules.ALL", "GET", "Contacts/actions/count", False),
        ("ZohoSearch.securesearch.READ,ZohoCRM.modules.ALL", "GET", "Contacts/actions/count", True),
        ("ZohoCRM.org.READ", "GET", "org", True),
        ("ZohoCRM.users.READ", "GET", "org", False),
        ("ZohoCRM.users.ALL", "GET", "users", True),
        ("ZohoCRM.org.READ", "GET", "users", False),
        ("ZohoCRM.settings.fields.READ", "GET", "settings/fields?module=Leads", True),
        ("ZohoCRM.settings.modules.READ", "GET", "settings/fields?module=Leads", False),
        ("ZohoCRM.settings.modules.READ", "GET", "settings/modules", True),
        ("ZohoCRM.settings.fields.READ", "GET", "settings/modules", False),
        ("ZohoCRM.coql.READ", "POST", "coql", True),
        ("ZohoCRM.modules.ALL", "POST", "coql", False),
        ("ZohoCRM.notifications.ALL", "GET", "actions/watch", True),
        ("ZohoCRM.notifications.READ", "GET", "actions/watch", False),
        ("ZohoCRM.notifications.READ", "POST", "actions/watch", False),
        ("ZohoCRM.notifications.READ", "PATCH", "actions/watch", False),
        ("ZohoCRM.notifications.READ", "DELETE", "actions/watch", False),
    ],
)
def test_scopes(client: Any, scope: str, method: str, path: str, allowed: bool) -> None:
    token = client.token(grant_type="client_credentials", soid="ZohoCRM.1", scope=scope).json()["access_token"]
    given: dict[str, Any] = {"data": [{}], "tags": [], "ids": [], "merge": [{}]}
    answer = client(method, path, json=given, headers={"Authorization": f"zoho-oauthtoken {token}"})
    assert (said(answer) == MISMATCH) is not allowed


@pytest.mark.parametrize(
    ("taken", "method", "path", "permission"),
    [
        ("Contacts.read", "GET", "Contacts?fields=id", "Crm_Implied_View_Contacts"),
        ("Contacts.read", "GET", "Contacts/1", "Crm_Implied_View_Contacts"),
        ("Contacts.read", "GET", "Contacts/deleted", "Crm_Implied_View_Contacts"),
        ("Contacts.read", "GET", "Contacts/search?word=xx", "Crm_Implied_View_Contacts"),
        ("Contacts.read", "GET", "Contacts/actions/count", "Crm_Implied_View_Contacts"),
        ("Contacts.read", "POST", "coql", "Crm_Implied_View_Contacts"),
        ("Contacts.create", "POST", "Contacts", "Crm_Implied_Create_Contacts"),
        ("Contacts.create", "POST", "Contacts/upsert", "Crm_Implied_Create_Contacts"),
        ("Contacts.edit", "POST", "Contacts/upsert", "Crm_Implied_Edit_Contacts"),
        ("Contacts.edit", "PUT", "Contacts", "Crm_Implied_Edit_Contacts"),
        ("Contacts.edit", "PUT", "Contacts/1", "Crm_Implied_Edit_Contacts"),
        ("Contacts.edit", "POST", "Contacts/actions/add_tags", "Crm_Implied_Edit_Contacts"),
        ("Contacts.delete", "DELETE", "Contacts?ids=1", "Crm_Implied_Delete_Contacts"),
        ("Contacts.delete", "DELETE", "Contacts/1", "Crm_Implied_Delete_Contacts"),
        ("Contacts.delete", "POST", "Contacts/1/actions/merge", "Crm_Implied_Delete_Contacts"),
    ],
)
def test_permissions_taken_away_are_403(
    zoho: ZohoSandbox, client: Any, taken: str, method: str, path: str, permission: str
) -> None:
    zoho.switches.no_permission = (taken,)
    given = {"data": [{}], "select_query": "select id from Contacts where id > 1"}
    refused = error(403, "NO_PERMISSION", "permission denied", permissions=[permission])
    assert said(client(method, path, json=given)) == refused
    assert client("GET", "Leads?fields=id").status_code == 204


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        ("", error(401, "AUTHENTICATION_FAILURE", "Authentication failed")),
        ("Bearer x", error(401, "AUTHENTICATION_FAILURE", "Authentication failed")),
        ("Zoho-oauthtoken", error(401, "AUTHENTICATION_FAILURE", "Authentication failed")),
        ("Zoho-oauthtoken x", error(401, "INVALID_TOKEN", "invalid oauth token")),
    ],
)
def test_without_a_good_token_nothing_is_answered(client: Any, header: str, answer: Any) -> None:
    for path in ("org", "users", "settings/modules", "settings/fields", "Contacts?fields=id", "actions/watch"):
        assert said(client("GET", path, headers={"Authorization": header})) == answer


def test_tokens_end_at_their_second(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.token_seconds = 60
    client.sign_in()
    zoho.clock.advance(59)
    assert client("GET", "org").status_code == 200
    zoho.clock.advance(1)
    assert said(client("GET", "org")) == error(401, "INVALID_TOKEN", "invalid oauth token")


BUSY = error(429, "TOO_MANY_REQUESTS", "You have exceeded the maximum number of API calls")


@pytest.mark.parametrize(
    ("switch", "answer"),
    [
        ({"throttle_every": 1}, BUSY),
        ({"concurrency": 0}, BUSY),
        ({"fail_every": 1, "fail_status": 500}, error(500, "INTERNAL_ERROR", "Internal Server Error")),
        ({"fail_every": 1}, (503, "<html><body><h1>Service Unavailable</h1></body></html>")),
        ({"error_body_every": 1}, (200, {"error": "Access Denied"})),
    ],
)
def test_faults_look_as_zohos_do(
    zoho: ZohoSandbox, client: Any, switch: dict[str, int], answer: tuple[int, Any]
) -> None:
    for name, value in switch.items():
        setattr(zoho.switches, name, value)
    found = client("GET", "org")
    if isinstance(answer[1], str):
        assert (found.status_code, found.text, found.headers["Content-Type"].partition(";")[0]) == (
            *answer,
            "text/html",
        )
    else:
        assert said(found) == answer


def test_half_of_the_credits_are_spent_without_a_word(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.quota = 5
    left = [client("GET", "org").headers.get("X-API-CREDITS-REMAINING") for _ in range(5)]
    assert left == [None, None, "2", "1", "0"]
    assert said(client("GET", "org")) == BUSY
    zoho.switches.quota = None
    assert "X-API-CREDITS-REMAINING" not in client("GET", "org").headers
    zoho.switches.quota = 5
    zoho.clock.advance(24 * 3600)
    client.sign_in()
    assert "X-API-CREDITS-REMAINING" not in client.token().headers, "of calls of the API only"
    assert client("GET", "org").status_code == 200


def test_what_a_person_needs_is_told(zoho: ZohoSandbox) -> None:
    about = requests.get(f"{zoho.url}/_sandbox", timeout=10).json()
    assert about == {
        "name": "zoho",
        "title": "Zoho CRM, REST API v8",
        "url": zoho.url,
        "settings": {"accounts_url": zoho.url},
        "credentials": zoho.credentials(),
    }
    assert zoho.is_filled() is False
    zoho.user.create("Accounts", {"Account_Name": "A"})
    assert zoho.is_filled() is True
