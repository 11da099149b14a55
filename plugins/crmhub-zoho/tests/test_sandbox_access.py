"""The Zoho sandbox's accounts server, permissions, limits and notifications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox

LIST = "Contacts?fields=Last_Name"


def test_errors_of_the_token_come_with_http_200(zoho: ZohoSandbox, client: Any) -> None:
    for given, error in (
        ({"refresh_token": "1000.nobody"}, "invalid_code"),
        ({"client_id": "1000.NOBODY"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client_secret"),
    ):
        answer = client.token(**given)
        assert (answer.status_code, answer.json()) == (200, {"error": error})


def test_parameters_are_taken_from_the_query_too_and_the_domain_is_told(zoho: ZohoSandbox) -> None:
    query = {**zoho.credentials(), "grant_type": "refresh_token"}
    answer = requests.post(f"{zoho.url}/oauth/v2/token", params=query, timeout=10).json()
    assert (answer["api_domain"], answer["token_type"], answer["expires_in"]) == (zoho.url, "Bearer", 3600)
    assert "refresh_token" not in answer


def test_eleven_tokens_within_ten_minutes_are_too_many(zoho: ZohoSandbox, client: Any) -> None:
    for _ in range(9):
        assert "access_token" in client.token().json()
    throttled = client.token()
    assert (throttled.status_code, "access_token" in throttled.json()) == (200, False)
    zoho.clock.advance(600)
    assert "access_token" in client.token().json()


def test_the_sixteenth_token_ends_the_oldest(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.token_seconds = 100_000
    client.sign_in()
    zoho.clock.advance(601)
    for _ in range(10):
        client.token()
    zoho.clock.advance(601)
    for _ in range(4):
        client.token()
    assert client("GET", LIST).status_code == 204
    client.token()
    assert client("GET", LIST).json()["code"] == "INVALID_TOKEN"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "AUTHENTICATION_FAILURE"),
        ("Bearer 1000.x", "AUTHENTICATION_FAILURE"),
        ("Zoho-oauthtoken x", "INVALID_TOKEN"),
    ],
)
def test_calls_without_a_token_are_refused(client: Any, header: str | None, code: str) -> None:
    client.session.headers.pop("Authorization")
    answer = client("GET", LIST, headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_tokens_expire(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.token_seconds = 60
    client.sign_in()
    zoho.clock.advance(60)
    answer = client("GET", LIST)
    assert (answer.status_code, answer.json()) == (
        401,
        {"code": "INVALID_TOKEN", "details": {}, "message": "invalid oauth token", "status": "error"},
    )


def test_a_code_is_good_once_and_for_three_minutes(zoho: ZohoSandbox, client: Any) -> None:
    code = zoho.user.make_grant("ZohoCRM.modules.contacts.READ")
    first = client.token(grant_type="authorization_code", code=code).json()
    assert client.token(grant_type="authorization_code", code=code).json() == {"error": "invalid_code"}
    headers = {"Authorization": f"Zoho-oauthtoken {first['access_token']}"}
    assert client("GET", LIST, headers=headers).status_code == 204
    refused = client("POST", "Contacts", json={"data": [{"Last_Name": "A"}]}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "OAUTH_SCOPE_MISMATCH")
    assert client("GET", "org", headers=headers).json()["code"] == "OAUTH_SCOPE_MISMATCH"
    assert "access_token" in client.token(refresh_token=first["refresh_token"]).json()
    zoho.user.revoke(first["refresh_token"])
    assert client.token(refresh_token=first["refresh_token"]).json() == {"error": "invalid_code"}
    assert client("GET", LIST, headers=headers).json()["code"] == "INVALID_TOKEN"
    late = zoho.user.make_grant()
    zoho.clock.advance(180)
    assert client.token(grant_type="authorization_code", code=late).json() == {"error": "invalid_code"}


def test_consent_in_the_browser(zoho: ZohoSandbox, client: Any) -> None:
    query = {
        "response_type": "code",
        "client_id": zoho.credentials()["client_id"],
        "scope": "ZohoCRM.modules.ALL",
        "redirect_uri": "http://127.0.0.1:1/back",
        "access_type": "offline",
        "state": "s1",
    }
    answer = client.session.get(f"{zoho.url}/oauth/v2/auth", params=query, allow_redirects=False, timeout=10)
    place = requests.models.PreparedRequest()
    place.prepare_url(answer.headers["Location"], None)
    assert answer.status_code == 302
    assert "state=s1" in answer.headers["Location"]
    assert "accounts-server=" in answer.headers["Location"]
    code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
    wrong = client.token(grant_type="authorization_code", code=code, redirect_uri="http://127.0.0.1:1/other")
    assert wrong.json() == {"error": "invalid_redirect_uri"}


def test_a_permission_and_a_field_can_be_taken_away(zoho: ZohoSandbox, client: Any) -> None:
    id = zoho.user.create("Contacts", {"Last_Name": "A", "Phone": "1"})
    zoho.switches.no_permission = ("Contacts.edit",)
    answer = client("PUT", f"Contacts/{id}", json={"data": [{"Phone": "2"}]})
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_PERMISSION")
    assert answer.json()["details"]["permissions"] == ["Crm_Implied_Edit_Contacts"]
    zoho.switches.hidden_fields = ("Contacts.Phone",)
    assert "Phone" not in client("GET", f"Contacts/{id}").json()["data"][0]
    shown = client("GET", "settings/fields?module=Contacts").json()["fields"]
    assert "Phone" not in [item["api_name"] for item in shown]


def test_credits_are_counted_and_told_when_half_are_spent(zoho: ZohoSandbox, client: Any) -> None:
    zoho.switches.quota = 10
    for _ in range(4):
        assert "X-API-CREDITS-REMAINING" not in client("GET", LIST).headers
    assert client("GET", LIST).headers["X-API-CREDITS-REMAINING"] == "5"
    client("POST", "Contacts", json={"data": [{"Last_Name": "A"}] * 40})
    assert client("GET", LIST).headers["X-API-CREDITS-REMAINING"] == "0"
    answer = client("GET", LIST)
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert "Retry-After" not in answer.headers
    zoho.clock.advance(24 * 3600)
    client.sign_in()
    assert client("GET", LIST).status_code == 200


class Listener:
    """An address that takes callbacks."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.bodies.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?from=zoho"


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    thread = Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def watch(client: Any, listener: Listener, **more: Any) -> Any:
    channel = {"channel_id": "1000000068001", "events": ["Contacts.all"], "notify_url": listener.url, "token": "secret"}
    return client("POST", "actions/watch", json={"watch": [{**channel, **more}]})


def test_a_channel_tells_who_changed(zoho: ZohoSandbox, client: Any, listener: Listener) -> None:
    answer = watch(client, listener, channel_expiry="2026-01-07T10:00:00+00:00")
    assert answer.status_code == 201
    (event,) = answer.json()["watch"][0]["details"]["events"]
    assert (event["resource_name"], event["channel_expiry"]) == ("Contacts", "2026-01-07T18:00:00+08:00")
    id = zoho.user.create("Contacts", {"Last_Name": "A"})
    zoho.user.edit("Contacts", id, {"Phone": "1"})
    zoho.user.delete("Contacts", id)
    zoho.user.create("Leads", {"Last_Name": "A"})
    zoho.deliveries.settle()
    assert [(item["operation"], item["ids"]) for item in listener.bodies] == [
        ("insert", [id]),
        ("update", [id]),
        ("delete", [id]),
    ]
    first = listener.bodies[0]
    assert (first["token"], first["channel_id"], first["query_params"]) == ("secret", "1000000068001", {"from": "zoho"})
    assert "affected_values" not in first


def test_a_channel_without_an_end_lives_for_one_hour(zoho: ZohoSandbox, client: Any, listener: Listener) -> None:
    for wished in (None, "2026-03-01T10:00:00+00:00"):
        (event,) = watch(client, listener, channel_expiry=wished).json()["watch"][0]["details"]["events"]
        assert event["channel_expiry"] == "2026-01-05T19:00:00+08:00"
    zoho.clock.advance(3600)
    zoho.user.create("Contacts", {"Last_Name": "A"})
    zoho.deliveries.settle()
    assert listener.bodies == []
    client.sign_in()
    assert client("GET", "actions/watch").status_code == 204


def test_callbacks_are_lost_repeated_or_only_of_others(zoho: ZohoSandbox, client: Any, listener: Listener) -> None:
    watch(client, listener)
    zoho.switches.lose_every = 2
    for name in "ABC":
        zoho.user.create("Contacts", {"Last_Name": name})
    zoho.deliveries.settle()
    assert len(listener.bodies) == 2
    zoho.switches.lose_every, zoho.switches.repeat_every = 0, 1
    zoho.user.create("Contacts", {"Last_Name": "D"})
    zoho.deliveries.settle()
    assert listener.bodies[2] == listener.bodies[3]
    zoho.switches.notify_own_changes = False
    client("POST", "Contacts", json={"data": [{"Last_Name": "E"}]})
    zoho.deliveries.settle()
    assert len(listener.bodies) == 4


def test_channels_are_changed_and_ended(zoho: ZohoSandbox, client: Any, listener: Listener) -> None:
    watch(client, listener)
    change = {"watch": [{"channel_id": "1000000068001", "events": ["Leads.create"]}]}
    assert client("PATCH", "actions/watch", json=change).status_code == 200
    (shown,) = client("GET", "actions/watch").json()["watch"]
    assert (shown["events"], shown["notify_url"]) == (["Leads.create"], listener.url)
    assert client("DELETE", "actions/watch?channel_ids=1000000068001").status_code == 200
    zoho.user.create("Leads", {"Last_Name": "A"})
    zoho.deliveries.settle()
    assert listener.bodies == []
    assert watch(client, listener, token="x" * 51).status_code == 400
    assert watch(client, listener, events=["Nothing.all"]).status_code == 400
