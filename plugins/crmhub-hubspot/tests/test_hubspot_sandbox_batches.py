"""What the HubSpot sandbox answers on up to 100 records at once, whole."""

from __future__ import annotations

from typing import Any

from crmhub_hubspot.asking import NOW, Client, contact, problem, said
from crmhub_hubspot.sandbox import HubSpotSandbox

CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"


NOBODY: dict[str, Any] = {"email": None, "firstname": None, "lastname": None}
TIMES = {"requestedAt": NOW, "startedAt": NOW, "completedAt": NOW}


def complete(*results: Any, **more: Any) -> dict[str, Any]:
    return {"status": "COMPLETE", "results": list(results), **TIMES, **more}


def test_results_of_batches_are_whole(hubspot: HubSpotSandbox, client: Client) -> None:
    def batch(name: str, *inputs: Any, **more: Any) -> tuple[int, Any]:
        return said(client("POST", f"{CONTACTS}/batch/{name}", json={"inputs": inputs, **more}))

    rows = [{"properties": {"email": f"{name}@x.example"}} for name in ("li", "wu")]
    li, wu = contact("1001", email="li@x.example"), contact("1002", email="wu@x.example")
    assert batch("create", *rows) == (201, complete(wu, li))
    taken = problem("CONFLICT", "Contact already exists. Existing ID: 1001", context={"objectWriteTraceId": ["a"]})
    traced = batch("create", {**rows[0], "objectWriteTraceId": "a"}, {"properties": {}, "objectWriteTraceId": "b"})
    nobody = {**contact("1003", **NOBODY), "objectWriteTraceId": "b"}
    assert traced == (207, complete(nobody, numErrors=1, errors=[taken]))
    twice = [{"properties": {"email": "li@x.example"}, "objectWriteTraceId": "a"}] * 2
    assert batch("create", *twice)[0] == 409, "trace ids that come twice are none"
    missing = problem(
        "OBJECT_NOT_FOUND",
        "Could not get some CONTACTS objects, they may be deleted or not exist. Check that ids are valid.",
        context={"ids": ["8", "9"]},
    )
    read = batch("read", {"id": "1001"}, {"id": "8"}, {"id": "9"}, properties=["email"])
    assert read == (207, complete(li, numErrors=1, errors=[missing]))
    assert batch("read", {"id": "li@x.example"}, idProperty="email", properties=["email"]) == (200, complete(li))
    unknown = problem("OBJECT_NOT_FOUND", "resource not found", context={"ids": ["9"]})
    change = {"properties": {"city": "Wien"}}
    by_email = {"id": "wu@x.example", "idProperty": "email", **change}
    changed = contact("1001", city="Wien"), contact("1002", city="Wien")
    assert batch("update", {"id": "1001", **change}, {"id": "9", **change}, by_email) == (
        207,
        complete(*changed[::-1], numErrors=1, errors=[unknown]),
    )
    assert batch("update", {"id": "1001"}) == (200, complete(contact("1001", **{**NOBODY, "email": "li@x.example"})))
    wrong_value = {"id": "1001", "properties": {"email": "none"}}
    status, body = batch("update", wrong_value)
    assert (status, body["errors"][0]["category"], body["results"]) == (207, "VALIDATION_ERROR", [])
    put = {"id": "k1", "idProperty": "crmhub_id", **change}
    own = contact("1004", crmhub_id="k1", city="Wien")
    assert batch("upsert", put) == (200, complete({**own, "new": True}))
    assert batch("upsert", put) == (200, complete({**own, "new": False}))
    assert batch("archive", {"id": "1001"}, {"id": "9"}) == (204, None)
    assert [row["id"] for row in hubspot.user.find("contacts")] == ["1002", "1003", "1004"]
    hubspot.switches.partial_every = 2
    hubspot.user.create("contacts", {})
    locked = batch("update", {"id": "1002", **change}, {"id": "1003", **change})
    error = problem("LOCKED", "the object is locked by another operation")
    assert locked[0] == 207
    (found,) = locked[1]["errors"]
    assert {name: value for name, value in found.items() if name != "context"} == error
    assert found["context"]["ids"] != [locked[1]["results"][0]["id"]]


def test_an_upsert_is_all_or_nothing(hubspot: HubSpotSandbox, client: Client) -> None:
    rows = [{"id": "a@x.example", "idProperty": "email"}, {"id": "none", "idProperty": "email"}]
    assert client("POST", f"{CONTACTS}/batch/upsert", json={"inputs": rows}).status_code == 400
    assert hubspot.user.find("contacts") == []
    hubspot.switches.partial_every = 1
    assert client("POST", f"{CONTACTS}/batch/upsert", json={"inputs": rows[:1]}).status_code == 200


def test_100_go_in_one_batch(client: Client) -> None:
    rows = [{"properties": {"lastname": f"N{number}"}} for number in range(100)]
    made = client("POST", f"{CONTACTS}/batch/create", json={"inputs": rows}).json()["results"]
    assert [item["properties"]["lastname"] for item in made] == [f"N{number}" for number in range(99, -1, -1)]
