"""HubSpot's own Python client (hubspot-api-client) talks to the HubSpot sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
from hubspot import HubSpot
from hubspot.crm.associations.v4 import AssociationSpec
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.utils.signature import Signature

from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_hubspot.sandbox.hooks import APP_ID, CLIENT_SECRET, DEVELOPER_KEY
from hub.testing.sandbox import running


@pytest.fixture
def sandbox() -> Iterator[HubSpotSandbox]:
    with running(HubSpotSandbox()) as found:
        yield found


def pointed(api: Any, sandbox: HubSpotSandbox) -> Any:
    """An API of the client that talks to the sandbox."""
    api.api_client.configuration.host = sandbox.url
    return api


@pytest.fixture
def client(sandbox: HubSpotSandbox) -> HubSpot:
    return HubSpot(access_token=sandbox.credentials()["token"])


@pytest.fixture
def contacts(client: HubSpot, sandbox: HubSpotSandbox) -> Any:
    return pointed(client.crm.contacts.basic_api, sandbox)


def new(**properties: str) -> Any:
    return SimplePublicObjectInputForCreate(properties=properties)


def test_it_reads_pages(sandbox: HubSpotSandbox, contacts: Any) -> None:
    ids = [sandbox.user.create("contacts", {"lastname": f"N{number}"}) for number in range(5)]
    first = contacts.get_page(limit=3, properties=["lastname"])
    assert [item.id for item in first.results] == ids[:3]
    assert first.results[0].properties["lastname"] == "N0"
    assert first.results[0].created_at.tzinfo is not None
    second = contacts.get_page(limit=3, after=first.paging.next.after)
    assert ([item.id for item in second.results], second.paging) == (ids[3:], None)


def test_it_writes_and_meets_a_conflict(sandbox: HubSpotSandbox, contacts: Any) -> None:
    made = contacts.create(simple_public_object_input_for_create=new(email="li@x.example", firstname="Wei"))
    with pytest.raises(ApiException) as caught:
        contacts.create(simple_public_object_input_for_create=new(email="li@x.example"))
    assert caught.value.status == 409
    assert json.loads(caught.value.body)["message"].endswith(f"Existing ID: {made.id}")
    change = SimplePublicObjectInput(properties={"firstname": ""})
    contacts.update(contact_id=made.id, simple_public_object_input=change)
    shown = contacts.get_by_id(contact_id="li@x.example", id_property="email")
    assert (shown.id, shown.properties["firstname"]) == (made.id, None)
    contacts.archive(contact_id=made.id)
    (gone,) = contacts.get_page(archived=True).results
    assert (gone.id, gone.archived, gone.archived_at is not None) == (made.id, True, True)


def test_it_searches(sandbox: HubSpotSandbox, client: HubSpot) -> None:
    id = sandbox.user.create("contacts", {"email": "li@x.example"})
    wanted = {"propertyName": "email", "operator": "EQ", "value": "li@x.example"}
    request = PublicObjectSearchRequest(filter_groups=[{"filters": [wanted]}], properties=["email"], limit=5)
    found = pointed(client.crm.contacts.search_api, sandbox).do_search(public_object_search_request=request)
    assert (found.total, [item.id for item in found.results]) == (1, [id])


def test_it_reads_results_of_batches(sandbox: HubSpotSandbox, client: HubSpot) -> None:
    api = pointed(client.crm.contacts.batch_api, sandbox)
    sandbox.user.create("contacts", {"email": "li@x.example"})
    rows = [{"properties": {"email": f"{name}@x.example"}, "objectWriteTraceId": name} for name in ("li", "wu")]
    made = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=rows))
    assert (made.num_errors, made.errors[0].category) == (1, "CONFLICT")
    assert made.errors[0].context["objectWriteTraceId"] == ["li"]
    id = made.results[0].id
    changes = [{"id": key, "properties": {"city": "Wien"}} for key in (id, "9")]
    changed = api.update(BatchInputSimplePublicObjectBatchInput(inputs=changes))
    assert [item.id for item in changed.results] == [id]
    puts = [{"id": "k1", "idProperty": "crmhub_id", "properties": {"city": "Graz"}}]
    put = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=puts))
    assert [item.new for item in put.results] == [True]
    wanted = [{"id": id}, {"id": put.results[0].id}]
    read = api.read(BatchReadInputSimplePublicObjectId(inputs=wanted, properties=["city"], properties_with_history=[]))
    assert {item.properties["city"] for item in read.results} == {"Wien", "Graz"}


def test_it_merges(sandbox: HubSpotSandbox, contacts: Any) -> None:
    one, other = (sandbox.user.create("contacts", {"lastname": name}) for name in "AB")
    merged = contacts.merge(public_merge_input=PublicMergeInput(primary_object_id=one, object_id_to_merge=other))
    assert (merged.id, contacts.get_by_id(contact_id=other).id) == (one, one)


def test_it_associates(sandbox: HubSpotSandbox, client: HubSpot, contacts: Any) -> None:
    person = sandbox.user.create("contacts", {"lastname": "Li"})
    company = sandbox.user.create("companies", {"name": "Acme"})
    api = pointed(client.crm.associations.v4.basic_api, sandbox)
    spec = AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=1)
    api.create("contacts", person, "companies", company, [spec])
    (row,) = api.get_page("contacts", person, "companies").results
    assert row.to_object_id in (company, int(company))
    assert [(item.type_id, item.label) for item in row.association_types] == [(1, "Primary"), (279, None)]
    shown = contacts.get_by_id(contact_id=person, associations=["companies"])
    assert {item.id for item in shown.associations["companies"].results} == {company}
    api.archive("contacts", person, "companies", company)
    assert api.get_page("contacts", person, "companies").results == []


def test_it_reads_properties_and_owners(sandbox: HubSpotSandbox, client: HubSpot) -> None:
    found = pointed(client.crm.properties.core_api, sandbox).get_all("contacts").results
    (own,) = [item for item in found if item.name == "crmhub_id"]
    assert (own.has_unique_value, own.modification_metadata.read_only_value) == (True, False)
    owners = pointed(client.crm.owners.owners_api, sandbox).get_page().results
    assert [item.email for item in owners] == ["mei@hubspot.example", "otto@hubspot.example"]


class Listener(BaseHTTPRequestHandler):
    """Takes webhooks; says 500 to the first."""

    seen: list[tuple[dict[str, str], str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((dict(self.headers), body))
        self.send_response(500 if len(self.seen) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_it_accepts_the_signature_of_webhooks(sandbox: HubSpotSandbox) -> None:
    handler = type("Handler", (Listener,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    target = f"http://127.0.0.1:{server.server_port}/hook"
    root, key = f"{sandbox.url}/webhooks/v3/{APP_ID}", {"hapikey": DEVELOPER_KEY}
    assert requests.put(f"{root}/settings", timeout=10, json={"targetUrl": target}).status_code == 401
    requests.put(f"{root}/settings", params=key, timeout=10, json={"targetUrl": target, "throttling": {}})
    for event in ({"eventType": "contact.creation"}, {"eventType": "contact.propertyChange", "propertyName": "city"}):
        made = requests.post(f"{root}/subscriptions", params=key, timeout=10, json={**event, "active": True})
        assert made.status_code == 201
    sandbox.switches.webhook_retries = 1
    id = sandbox.user.create("contacts", {"city": "Wien"})
    sandbox.deliveries.settle()
    signed = {"Authorization": f"Bearer {sandbox.credentials()['token']}"}
    place = f"{sandbox.url}/crm/v3/objects/contacts/{id}"
    requests.patch(place, headers=signed, timeout=10, json={"properties": {"city": "Graz"}})
    sandbox.deliveries.settle()
    server.shutdown()
    thread.join()
    server.server_close()
    (_, first), (headers, second), (_, third) = handler.seen
    assert json.loads(third)[0]["changeSource"] == "INTEGRATION", "our own change is told apart from a person's"
    assert [item["attemptNumber"] for item in json.loads(first)] == [0, 0]
    created, changed = json.loads(second)
    assert (created["objectId"], created["subscriptionType"], created["attemptNumber"]) == (
        int(id),
        "contact.creation",
        1,
    )
    assert (changed["propertyName"], changed["propertyValue"], changed["changeSource"]) == ("city", "Wien", "CRM_UI")
    given = {"signature_version": "v3", "http_uri": target, "timestamp": headers["X-HubSpot-Request-Timestamp"]}
    assert Signature.is_valid(headers["X-HubSpot-Signature-v3"], CLIENT_SECRET, second, **given)
    assert not Signature.is_valid(headers["X-HubSpot-Signature-v3"], CLIENT_SECRET, first, **given)
