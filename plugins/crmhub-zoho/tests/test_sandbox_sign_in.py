"""Who may call the Zoho sandbox: tokens, scopes, permissions, credits; how its faults look."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from crmhub_zoho.sandbox import ZohoSandbox


def said(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


def problem(code: str, message: str, **details: Any) -> dict[str, Any]:
    return {"code": code, "details": details, "message": message, "status": "error"}


def error(status: int, code: str, message: str, **details: Any) -> tuple[int, Any]:
    return status, problem(code, message, **details)


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
