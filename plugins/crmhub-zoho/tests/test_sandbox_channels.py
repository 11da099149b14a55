"""Channels of the Zoho sandbox, whole: made, changed, ended; what they tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox

FIRST, SECOND, THIRD, FOURTH = (f"500000000000010000{number}" for number in (1, 2, 3, 4))


def said(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


def problem(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "details": details, "message": message, "status": "error"}


def error(status: int, code: str, message: str, **details: Any) -> tuple[int, Any]:
    return status, problem(code, message, **details)


def success(message: str, **details: Any) -> dict[str, Any]:
    return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}


def invalid(name: str, path: str, **details: Any) -> dict[str, Any]:
    return problem("INVALID_DATA", "invalid data", **details, api_name=name, json_path=path)


def required(name: str, path: str) -> dict[str, Any]:
    return problem("MANDATORY_NOT_FOUND", "required field not found", api_name=name, json_path=path)


def body(*rows: Any, **more: Any) -> dict[str, Any]:
    return {"data": list(rows), "trigger": [], **more}


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
