"""Who may call the HubSpot sandbox, and how often; how its faults look."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from crmhub_hubspot.asking import LINKS, Client, error, limit, problem, said
from crmhub_hubspot.sandbox import HubSpotSandbox
from crmhub_hubspot.sandbox.hooks import CLIENT_SECRET

CONTACTS, COMPANIES = "crm/v3/objects/contacts", "crm/v3/objects/companies"


@pytest.mark.parametrize(
    ("taken", "method", "path", "scope"),
    [
        ("contacts.read", "GET", CONTACTS, "contacts.read"),
        ("contacts.read", "POST", f"{CONTACTS}/search", "contacts.read"),
        ("contacts.read", "GET", f"{CONTACTS}/1", "contacts.read"),
        ("contacts.read", "POST", f"{CONTACTS}/batch/read", "contacts.read"),
        ("contacts.create", "POST", CONTACTS, "contacts.write"),
        ("contacts.create", "POST", f"{CONTACTS}/batch/create", "contacts.write"),
        ("contacts.create", "POST", f"{CONTACTS}/batch/upsert", "contacts.write"),
        ("contacts.edit", "POST", f"{CONTACTS}/batch/upsert", "contacts.write"),
        ("contacts.edit", "POST", f"{CONTACTS}/batch/update", "contacts.write"),
        ("contacts.edit", "PATCH", f"{CONTACTS}/1", "contacts.write"),
        ("contacts.edit", "POST", f"{CONTACTS}/merge", "contacts.write"),
        ("contacts.delete", "POST", f"{CONTACTS}/merge", "contacts.write"),
        ("contacts.delete", "DELETE", f"{CONTACTS}/1", "contacts.write"),
        ("contacts.delete", "POST", f"{CONTACTS}/batch/archive", "contacts.write"),
        ("contacts.delete", "POST", f"{CONTACTS}/gdpr-delete", "contacts.write"),
        ("contacts.read", "GET", "crm/v3/properties/contacts", "contacts.read"),
        ("contacts.read", "GET", "crm/v3/properties/contacts/city", "contacts.read"),
        ("contacts.edit", "POST", "crm/v3/properties/contacts", "contacts.write"),
        ("owners.read", "GET", "crm/v3/owners", "owners.read"),
        ("contacts.read", "GET", "crm/v4/objects/contacts/1/associations/companies", "contacts.read"),
        ("contacts.read", "POST", f"{LINKS}/read", "contacts.read"),
        ("contacts.edit", "POST", f"{LINKS}/create", "contacts.write"),
        ("contacts.edit", "POST", f"{LINKS}/archive", "contacts.write"),
        ("contacts.edit", "PUT", "crm/v4/objects/contacts/1/associations/companies/1", "contacts.write"),
        ("contacts.edit", "PUT", "crm/v4/objects/contacts/1/associations/default/companies/1", "contacts.write"),
        ("contacts.edit", "DELETE", "crm/v4/objects/contacts/1/associations/companies/1", "contacts.write"),
        ("companies.read", "GET", COMPANIES, "companies.read"),
    ],
)
def test_scopes_that_are_missing_are_named(
    hubspot: HubSpotSandbox, client: Client, taken: str, method: str, path: str, scope: str
) -> None:
    hubspot.switches.no_permission = (taken,)
    row = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [f"crm.objects.{scope}"]},
    }
    message = "This app hasn't been granted all required scopes to make this call."
    assert said(client(method, path, json={})) == error(403, "MISSING_SCOPES", message, errors=[row])


NO_TOKEN = "Authentication credentials not found. This API supports OAuth 2.0 authentication"


@pytest.mark.parametrize("header", ["", "Basic pat-na1-crmhub-sandbox", "Bearer wrong", "Bearer"])
def test_without_a_known_token_nothing_is_answered(client: Client, header: str) -> None:
    for path in (CONTACTS, "crm/v3/owners", "account-info/v3/details", "crm/v3/properties/contacts"):
        found = client("GET", path, headers={"Authorization": header})
        assert said(found) == error(401, "INVALID_AUTHENTICATION", NO_TOKEN)
    assert client("GET", CONTACTS, headers={"Authorization": "bearer pat-na1-crmhub-sandbox"}).status_code == 200


APP = {
    "grant_type": "refresh_token",
    "client_id": "crmhub-sandbox-app",
    "client_secret": CLIENT_SECRET,
    "refresh_token": "na1-crmhub-sandbox-refresh",
}
BAD_CLIENT = {"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"}
BAD_TOKEN = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({"client_id": "x"}, BAD_CLIENT),
        ({"client_secret": "x"}, BAD_CLIENT),
        ({"grant_type": "authorization_code"}, BAD_TOKEN),
        ({"refresh_token": "x"}, BAD_TOKEN),
    ],
)
def test_a_token_is_refused(client: Client, given: dict[str, str], answer: Any) -> None:
    assert said(client("POST", "oauth/v1/token", data={**APP, **given})) == (400, answer)


def test_a_token_lasts_half_an_hour_or_less(hubspot: HubSpotSandbox, client: Client) -> None:
    for wanted, seconds in ((3600, 1800), (60, 60)):
        hubspot.switches.token_seconds = wanted
        status, token = said(client("POST", "oauth/v1/token", data=APP))
        header = {"Authorization": f"Bearer {token.pop('access_token')}"}
        shown = {"refresh_token": APP["refresh_token"], "expires_in": seconds, "token_type": "bearer"}
        assert (status, token) == (200, shown)
        hubspot.clock.advance(seconds - 1)
        assert client("GET", CONTACTS, headers=header).status_code == 200
        hubspot.clock.advance(1)
        ended = client("GET", CONTACTS, headers=header)
        message = "The OAuth token used to make this call expired."
        assert said(ended) == error(401, "EXPIRED_AUTHENTICATION", message)


TEN_SECONDS = limit("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")


def left(answer: requests.Response) -> dict[str, str]:
    """What the headers tell about limits."""
    start = "x-hubspot-ratelimit-"
    return {name.lower()[len(start) :]: v for name, v in answer.headers.items() if name.lower().startswith(start)}


def test_ten_seconds_are_limited_for_the_app(hubspot: HubSpotSandbox, client: Client) -> None:
    hubspot.switches.burst, hubspot.switches.quota = 2, 100
    client("GET", CONTACTS)
    hubspot.clock.advance(5)
    second = client("GET", "crm/v3/owners")
    assert left(second) == {
        "max": "2",
        "remaining": "0",
        "interval-milliseconds": "10000",
        "daily": "100",
        "daily-remaining": "98",
    }
    assert said(client("GET", CONTACTS)) == TEN_SECONDS
    assert client("POST", f"{CONTACTS}/search", json={}).status_code == 200, "searches have a limit of their own"
    hubspot.clock.advance(4)
    assert client("GET", CONTACTS).status_code == 429
    hubspot.clock.advance(1)
    assert client("GET", CONTACTS).status_code == 200
    assert client("GET", CONTACTS).status_code == 429, "the window rolls"
    hubspot.switches.burst = hubspot.switches.quota = None
    free = client("GET", CONTACTS)
    assert (free.status_code, left(free)) == (200, {})


def test_searches_and_days_are_limited(hubspot: HubSpotSandbox, client: Client) -> None:
    answers = [client("POST", f"{CONTACTS}/search", json={}) for _ in range(6)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert said(answers[5]) == limit("SECONDLY", "You have reached your secondly limit.")
    assert left(answers[0]) == {}
    hubspot.clock.advance(1)
    hubspot.switches.quota = 6
    assert client("POST", f"{CONTACTS}/search", json={}).status_code == 200
    day = client("GET", CONTACTS)
    assert said(day) == limit("DAILY", "You have reached your daily limit.")
    assert day.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    hubspot.clock.advance(24 * 3600)
    assert client("GET", CONTACTS).status_code == 200


def test_the_limits_of_a_professional_account_are_the_usual_ones(client: Client) -> None:
    headers = client("GET", CONTACTS).headers
    assert (headers["X-HubSpot-RateLimit-Max"], headers["X-HubSpot-RateLimit-Daily"]) == ("190", "250000")


BROKEN = problem("INTERNAL_ERROR", "internal error")
GATEWAY = "<html><body>Bad Gateway</body></html>"


@pytest.mark.parametrize(
    ("switch", "answer"),
    [
        ({"throttle_every": 1}, TEN_SECONDS),
        ({"fail_every": 1, "fail_status": 500}, (500, BROKEN)),
        ({"fail_every": 1, "fail_status": 503}, (503, BROKEN)),
        ({"fail_every": 1, "fail_status": 502}, (502, GATEWAY)),
        ({"fail_every": 1, "fail_status": 504}, (504, GATEWAY)),
        ({"error_body_every": 1}, (200, BROKEN)),
    ],
)
def test_faults_look_as_hubspots_do(
    hubspot: HubSpotSandbox, client: Client, switch: dict[str, int], answer: tuple[int, Any]
) -> None:
    for name, value in switch.items():
        setattr(hubspot.switches, name, value)
    found = client("GET", CONTACTS)
    if isinstance(answer[1], str):
        assert (found.status_code, found.text, found.headers["Content-Type"].partition(";")[0]) == (
            *answer,
            "text/html",
        )
    else:
        assert said(found) == answer
