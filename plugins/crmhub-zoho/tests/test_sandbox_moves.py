"""Leads that become contacts, records that become one, tags, and what calls cost in the Zoho sandbox."""

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


def body(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"data": list(rows), "trigger": [], **more}


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
