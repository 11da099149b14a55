"""What the Zoho sandbox answers on writes, whole: values, results, guards, upserts, duplicates."""

from __future__ import annotations

from typing import Any

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
