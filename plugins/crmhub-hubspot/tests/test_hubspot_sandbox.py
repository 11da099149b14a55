"""The HubSpot sandbox answers as the documentation says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from crmhub_hubspot.sandbox import HubSpotSandbox
from hub.testing.sandbox import Clock, running

START = datetime(2026, 1, 5, 10, 0, 0, 250_000, tzinfo=UTC)
CONTACTS = "crm/v3/objects/contacts"


class Client:
    """Sends requests as an application does."""

    def __init__(self, sandbox: HubSpotSandbox) -> None:
        self.url = sandbox.url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {sandbox.credentials()['token']}"

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}/{path}", timeout=10, **options)


@pytest.fixture
def hubspot() -> Iterator[HubSpotSandbox]:
    with running(HubSpotSandbox(clock=Clock(START))) as sandbox:
        yield sandbox


@pytest.fixture
def client(hubspot: HubSpotSandbox) -> Iterator[Client]:
    client = Client(hubspot)
    with client.session:
        yield client


def create(client: Any, **properties: Any) -> Any:
    return client("POST", CONTACTS, json={"properties": properties})


def test_all_values_are_texts_and_addresses_are_lower_case(client: Any) -> None:
    answer = create(client, email="Li@X.example", firstname="Wei")
    assert answer.status_code == 201
    record = client("GET", f"{CONTACTS}/{answer.json()['id']}").json()
    assert record["properties"] == {
        "createdate": "2026-01-05T10:00:00.250Z",
        "email": "li@x.example",
        "firstname": "Wei",
        "hs_object_id": record["id"],
        "lastmodifieddate": "2026-01-05T10:00:00.250Z",
        "lastname": None,
    }
    assert (record["createdAt"], record["archived"]) == ("2026-01-05T10:00:00.250Z", False)


def test_ten_are_on_a_page_unless_more_are_asked_for(hubspot: HubSpotSandbox, client: Any) -> None:
    for number in range(12):
        hubspot.user.create("contacts", {"lastname": f"N{number}"})
    assert len(client("GET", CONTACTS).json()["results"]) == 10
    assert len(client("GET", f"{CONTACTS}?limit=100").json()["results"]) == 12


def test_lists_go_on_after_the_last_id(hubspot: HubSpotSandbox, client: Any) -> None:
    ids = [hubspot.user.create("contacts", {"lastname": f"N{number}"}) for number in range(5)]
    first = client("GET", f"{CONTACTS}?limit=3&properties=lastname,nonsense").json()
    assert [item["id"] for item in first["results"]] == ids[:3]
    assert "nonsense" not in first["results"][0]["properties"]
    second = client("GET", f"{CONTACTS}?limit=3&after={first['paging']['next']['after']}").json()
    assert [item["id"] for item in second["results"]] == ids[3:]
    assert "paging" not in second
    assert client("GET", f"{CONTACTS}?limit=101").status_code == 400


def test_a_taken_address_is_409_and_names_the_record(hubspot: HubSpotSandbox, client: Any) -> None:
    id = hubspot.user.create("contacts", {"email": "li@x.example", "hs_additional_emails": "second@x.example"})
    for email in ("LI@x.example", "second@x.example"):
        answer = create(client, email=email)
        assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
        assert answer.json()["message"] == f"Contact already exists. Existing ID: {id}"
    assert client("PATCH", f"{CONTACTS}/{id}", json={"properties": {"email": "li@x.example"}}).status_code == 200
    other = hubspot.user.create("contacts", {"lastname": "Wu"})
    taken = client("PATCH", f"{CONTACTS}/{other}", json={"properties": {"email": "li@x.example"}})
    assert (taken.status_code, taken.json()["category"]) == (409, "CONFLICT")
    assert create(client, firstname="nobody").status_code == 201, "an address is not needed"


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("email", "no address", "INVALID_EMAIL"),
        ("nonsense", "1", "PROPERTY_DOESNT_EXIST"),
        ("hs_lead_status", "SLEEPING", "INVALID_OPTION"),
        ("createdate", "1", "READ_ONLY_VALUE"),
    ],
)
def test_values_that_do_not_fit(client: Any, name: str, value: str, error: str) -> None:
    answer = create(client, **{name: value})
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert f'"error": "{error}"' in answer.json()["message"]


def test_empty_text_clears_and_null_as_the_switch_says(hubspot: HubSpotSandbox, client: Any) -> None:
    id = hubspot.user.create("contacts", {"firstname": "Wei", "lastname": "Li"})
    client("PATCH", f"{CONTACTS}/{id}", json={"properties": {"firstname": ""}})
    assert hubspot.user.get("contacts", id)["firstname"] is None
    hubspot.switches.null_clears = False
    client("PATCH", f"{CONTACTS}/{id}", json={"properties": {"lastname": None}})
    assert hubspot.user.get("contacts", id)["lastname"] == "Li"
    hubspot.switches.null_clears = True
    client("PATCH", f"{CONTACTS}/{id}", json={"properties": {"lastname": None}})
    assert hubspot.user.get("contacts", id)["lastname"] is None


def test_the_life_cycle_goes_forward_unless_it_is_cleared(hubspot: HubSpotSandbox, client: Any) -> None:
    id = hubspot.user.create("contacts", {"lifecyclestage": "customer"})
    path = f"{CONTACTS}/{id}"
    client("PATCH", path, json={"properties": {"lifecyclestage": "lead"}})
    assert hubspot.user.get("contacts", id)["lifecyclestage"] == "customer"
    client("PATCH", path, json={"properties": {"lifecyclestage": ""}})
    client("PATCH", path, json={"properties": {"lifecyclestage": "lead"}})
    assert hubspot.user.get("contacts", id)["lifecyclestage"] == "lead"


def test_records_are_found_by_unique_properties(hubspot: HubSpotSandbox, client: Any) -> None:
    id = hubspot.user.create("contacts", {"email": "li@x.example", "crmhub_id": "k1"})
    assert client("GET", f"{CONTACTS}/k1?idProperty=crmhub_id").json()["id"] == id
    assert (
        client("PATCH", f"{CONTACTS}/li@x.example?idProperty=email", json={"properties": {"city": "Wien"}}).json()["id"]
        == id
    )
    assert client("GET", f"{CONTACTS}/Wien?idProperty=city").status_code == 400
    clash = create(client, crmhub_id="k1")
    assert "CONFLICTING_UNIQUE_VALUE" in clash.json()["message"]


def test_archived_records_are_listed_apart_and_come_back(hubspot: HubSpotSandbox, client: Any) -> None:
    id = create(client, email="li@x.example").json()["id"]
    assert client("DELETE", f"{CONTACTS}/{id}").status_code == 204
    assert client("GET", f"{CONTACTS}/{id}").status_code == 404
    (shown,) = client("GET", f"{CONTACTS}?archived=true").json()["results"]
    assert (shown["id"], shown["archived"], shown["archivedAt"]) == (id, True, "2026-01-05T10:00:00.250Z")
    assert create(client, email="li@x.example").status_code == 201, "the address is free again"
    hubspot.user.restore("contacts", id)
    assert client("GET", f"{CONTACTS}/{id}").status_code == 200
    assert client("POST", f"{CONTACTS}/gdpr-delete", json={"objectId": id}).status_code == 204
    assert client("GET", f"{CONTACTS}?archived=true").json()["results"] == []


def search(client: Any, *filters: dict[str, Any], **more: Any) -> Any:
    return client("POST", f"{CONTACTS}/search", json={"filterGroups": [{"filters": list(filters)}], **more})


def test_search_runs_behind_but_the_conflict_does_not(hubspot: HubSpotSandbox, client: Any) -> None:
    hubspot.switches.index_lag = 10
    create(client, email="li@x.example")
    wanted = {"propertyName": "email", "operator": "EQ", "value": "LI@x.example"}
    assert search(client, wanted).json() == {"total": 0, "results": []}
    assert create(client, email="li@x.example").status_code == 409
    hubspot.clock.advance(10)
    assert search(client, wanted).json()["total"] == 1


def test_search_by_time_goes_on_by_id(hubspot: HubSpotSandbox, client: Any) -> None:
    ids = [hubspot.user.create("contacts", {"lastname": f"N{number}"}) for number in range(5)]
    hubspot.clock.advance(60)
    hubspot.user.edit("contacts", ids[1], {"city": "Wien"})
    since = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1767607230000"}
    assert [item["id"] for item in search(client, since).json()["results"]] == [ids[1]]
    after = {"propertyName": "hs_object_id", "operator": "GT", "value": ids[2]}
    sort = [{"propertyName": "hs_object_id", "direction": "DESCENDING"}]
    page = search(client, after, sorts=sort, limit=1, properties=["city"]).json()
    assert ([item["id"] for item in page["results"]], page["paging"]["next"]["after"]) == ([ids[4]], "1")
    assert search(client, {"propertyName": "city", "operator": "IN", "values": ["wien"]}).json()["total"] == 1
    hubspot.clock.advance(1)
    assert search(client, {"propertyName": "city", "operator": "NOT_HAS_PROPERTY"}).json()["total"] == 4


@pytest.mark.parametrize(
    "body",
    [
        {"after": "9995", "limit": 10},
        {"limit": 201},
        {"sorts": ["city", "zip"]},
        {"filterGroups": [{"filters": []}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 7}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 5}] * 4},
        {"filterGroups": [{"filters": [{"propertyName": "nonsense", "operator": "HAS_PROPERTY"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "SOUNDS_LIKE", "value": "x"}]}]},
    ],
)
def test_search_has_limits(client: Any, body: dict[str, Any]) -> None:
    answer = client("POST", f"{CONTACTS}/search", json=body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_searches_have_a_limit_of_their_own(client: Any, hubspot: HubSpotSandbox) -> None:
    answers = [search(client, {"propertyName": "city", "operator": "HAS_PROPERTY"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].json()["message"] == "You have reached your secondly limit."
    assert "X-HubSpot-RateLimit-Max" not in answers[0].headers
    hubspot.clock.advance(1)
    assert search(client, {"propertyName": "city", "operator": "HAS_PROPERTY"}).status_code == 200


def test_ten_seconds_and_a_day_have_limits(client: Any, hubspot: HubSpotSandbox) -> None:
    hubspot.switches.burst, hubspot.switches.quota = 2, 3
    first = client("GET", CONTACTS)
    assert (first.headers["X-HubSpot-RateLimit-Remaining"], first.headers["X-HubSpot-RateLimit-Daily-Remaining"]) == (
        "1",
        "2",
    )
    client("GET", CONTACTS)
    third = client("GET", CONTACTS)
    assert (third.status_code, third.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    hubspot.clock.advance(10)
    assert client("GET", CONTACTS).status_code == 200
    assert client("GET", CONTACTS).json()["policyName"] == "DAILY"


def batch(client: Any, name: str, *inputs: Any, **more: Any) -> Any:
    return client("POST", f"{CONTACTS}/batch/{name}", json={"inputs": list(inputs), **more})


def test_a_batch_without_trace_ids_fails_as_a_whole(hubspot: HubSpotSandbox, client: Any) -> None:
    hubspot.user.create("contacts", {"email": "li@x.example"})
    rows = [{"properties": {"email": mail}} for mail in ("new@x.example", "li@x.example")]
    answer = batch(client, "create", *rows)
    assert (answer.status_code, len(hubspot.user.find("contacts"))) == (409, 1)
    traced = [{**row, "objectWriteTraceId": str(number)} for number, row in enumerate(rows)]
    answer = batch(client, "create", *traced)
    assert (answer.status_code, answer.json()["numErrors"]) == (207, 1)
    assert answer.json()["results"][0]["objectWriteTraceId"] == "0"
    assert answer.json()["errors"][0]["context"] == {"objectWriteTraceId": ["1"]}
    assert answer.json()["errors"][0]["category"] == "CONFLICT"


def test_batches_read_update_upsert_archive(hubspot: HubSpotSandbox, client: Any) -> None:
    first, second = (hubspot.user.create("contacts", {"lastname": name}) for name in "AB")
    answer = batch(client, "read", {"id": first}, {"id": second}, {"id": "9"}, properties=["lastname"])
    assert answer.status_code == 207
    assert [item["id"] for item in answer.json()["results"]] == [second, first], "not in the order of the inputs"
    assert answer.json()["errors"][0]["context"] == {"ids": ["9"]}
    change = {"properties": {"city": "Wien"}}
    answer = batch(client, "update", {"id": first, **change}, {"id": "9", **change})
    assert (answer.status_code, answer.json()["errors"][0]["category"]) == (207, "OBJECT_NOT_FOUND")
    rows = [{"idProperty": "crmhub_id", "id": key, "properties": {"city": "Graz"}} for key in ("k1", "k2")]
    assert [item["new"] for item in batch(client, "upsert", *rows).json()["results"]] == [True, True]
    assert [item["new"] for item in batch(client, "upsert", *rows).json()["results"]] == [False, False]
    assert batch(client, "archive", {"id": first}, {"id": "9"}).status_code == 204
    assert batch(client, "update", {"id": second, **change}, {"id": second, **change}).status_code == 400
    assert batch(client, "read", *[{"id": str(n)} for n in range(101)]).status_code == 400
    hubspot.switches.partial_every = 1
    assert batch(client, "update", {"id": second, **change}).json()["errors"][0]["category"] == "LOCKED"


def test_merging_keeps_what_the_other_had(hubspot: HubSpotSandbox, client: Any) -> None:
    one = hubspot.user.create("contacts", {"email": "a@x.example", "firstname": "Wei"})
    other = hubspot.user.create("contacts", {"email": "b@x.example", "lastname": "Li"})
    company = hubspot.user.create("companies", {"name": "Acme"})
    hubspot.user.associate(other, company)
    answer = client("POST", f"{CONTACTS}/merge", json={"primaryObjectId": one, "objectIdToMerge": other})
    assert answer.json()["id"] == one
    assert client("GET", f"{CONTACTS}/{other}").json()["id"] == one, "the old id leads to the merged record"
    kept = hubspot.user.get("contacts", one)
    assert (kept["lastname"], kept["hs_additional_emails"], kept["hs_merged_object_ids"]) == (
        "Li",
        "b@x.example",
        other,
    )
    assert client("GET", f"crm/v4/objects/contacts/{one}/associations/companies").json()["results"][0][
        "toObjectId"
    ] == int(company)
    second = hubspot.user.create("companies", {"name": "Acme 2"})
    merged = client(
        "POST", "crm/v3/objects/companies/merge", json={"primaryObjectId": company, "objectIdToMerge": second}
    ).json()
    assert merged["id"] not in (company, second)
    assert client("GET", f"crm/v3/objects/companies/{company}").json()["id"] == merged["id"]
    assert client("GET", f"{CONTACTS}?archived=true").json()["results"] == []


def test_associations(hubspot: HubSpotSandbox, client: Any) -> None:
    person = hubspot.user.create("contacts", {"lastname": "Li"})
    acme, shop = (hubspot.user.create("companies", {"name": name}) for name in ("Acme", "Shop"))
    path = f"crm/v4/objects/contacts/{person}/associations"
    body = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    made = client("PUT", f"{path}/companies/{acme}", json=body)
    assert (made.status_code, made.json()["labels"]) == (201, ["Primary"])
    assert made.json()["fromObjectId"] == int(person)
    assert made.json()["toObjectId"] == int(acme)
    assert client("PUT", f"{path}/default/companies/{shop}").status_code == 200
    rows = {
        row["toObjectId"]: [item["typeId"] for item in row["associationTypes"]]
        for row in client("GET", f"{path}/companies").json()["results"]
    }
    assert rows == {int(acme): [1, 279], int(shop): [279]}
    first = client("GET", f"{path}/companies?limit=1").json()
    assert len(first["results"]) == 1
    second = client("GET", f"{path}/companies?limit=1&after={first['paging']['next']['after']}").json()
    assert [row["toObjectId"] for row in (*first["results"], *second["results"])] == list(rows)
    assert "paging" not in second
    client("PUT", f"{path}/companies/{shop}", json=body)
    read = client(
        "POST", "crm/v4/associations/contacts/companies/batch/read", json={"inputs": [{"id": person}, {"id": "9"}]}
    )
    assert read.status_code == 207
    (row,) = read.json()["results"]
    assert [len(item["associationTypes"]) for item in row["to"]] == [1, 2], "there is one primary company"
    shown = client("GET", f"{CONTACTS}/{person}?associations=companies").json()["associations"]["companies"]["results"]
    assert {"id": shop, "type": "contact_to_company"} in shown
    back = client("GET", f"crm/v4/objects/companies/{shop}/associations/contacts").json()["results"]
    assert [item["typeId"] for item in back[0]["associationTypes"]] == [2, 280]
    assert client("DELETE", f"{path}/companies/{acme}").status_code == 204
    assert len(client("GET", f"{path}/companies").json()["results"]) == 1
    assert client("PUT", f"{path}/companies/{acme}", json=[{"associationTypeId": 4711}]).status_code == 400
    assert client("PUT", f"{path}/default/companies/9").status_code == 404


def test_properties_are_described_and_made(hubspot: HubSpotSandbox, client: Any) -> None:
    found = {item["name"]: item for item in client("GET", "crm/v3/properties/contacts").json()["results"]}
    assert found["createdate"]["modificationMetadata"]["readOnlyValue"]
    assert found["crmhub_id"]["hasUniqueValue"]
    new = {
        "name": "vip",
        "label": "VIP",
        "type": "bool",
        "fieldType": "booleancheckbox",
        "groupName": "contactinformation",
    }
    assert client("POST", "crm/v3/properties/contacts", json=new).status_code == 201
    assert client("POST", "crm/v3/properties/contacts", json=new).status_code == 409
    assert create(client, vip=True).status_code == 201
    assert client("GET", "crm/v3/properties/contacts/vip").json()["label"] == "VIP"
    hubspot.switches.hidden_fields = ("contacts.vip",)
    assert client("GET", "crm/v3/properties/contacts/vip").status_code == 404


def test_access(hubspot: HubSpotSandbox, client: Any) -> None:
    wrong = client("GET", CONTACTS, headers={"Authorization": "Bearer nobody"})
    assert (wrong.status_code, wrong.json()["category"]) == (401, "INVALID_AUTHENTICATION")
    app = hubspot.app()
    form = {
        "grant_type": "refresh_token",
        **{name: app[name] for name in ("client_id", "client_secret", "refresh_token")},
    }
    token = client("POST", "oauth/v1/token", data=form).json()
    header = {"Authorization": f"Bearer {token['access_token']}"}
    assert client("GET", CONTACTS, headers=header).status_code == 200
    hubspot.clock.advance(token["expires_in"])
    assert client("GET", CONTACTS, headers=header).json()["category"] == "EXPIRED_AUTHENTICATION"
    hubspot.switches.no_permission = ("contacts.edit",)
    answer = client("PATCH", f"{CONTACTS}/1", json={"properties": {}})
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert "crm.objects.contacts.write" in answer.text


def test_the_dated_paths_answer_the_same(hubspot: HubSpotSandbox, client: Any) -> None:
    id = hubspot.user.create("contacts", {"lastname": "Li"})
    assert client("GET", f"crm/objects/2026-03/contacts/{id}").json()["id"] == id
    assert client("GET", "crm/v3/objects/spaceships").status_code == 400
    assert client("GET", "nowhere").status_code == 404


def test_seeding(hubspot: HubSpotSandbox) -> None:
    hubspot.seed(40)
    assert len(hubspot.user.find("contacts")) + len(hubspot.user.find("companies")) == 40
