"""The accounts server: OAuth 2 as Zoho does it.  Errors arrive with HTTP 200 and without an access token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import RedirectResponse, Response

from crmhub_zoho.sandbox.records import API_USER
from crmhub_zoho.sandbox.shapes import refuse
from hub.testing.sandbox import Call, Endpoint, Refused, Sandbox, reply

CLIENT_ID, CLIENT_SECRET = "1000.CRMHUBSANDBOX", "crmhub-sandbox-secret"  # made up, public
REFRESH_TOKEN = "1000.crmhub.sandbox"  # noqa: S105  # the same
SCOPES = (
    "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.READ,ZohoCRM.org.READ,"
    "ZohoSearch.securesearch.READ,ZohoCRM.coql.READ,ZohoCRM.notifications.ALL"
)
_GRANT_LIFE = timedelta(minutes=3)
_WINDOW = timedelta(minutes=10)
_PER_WINDOW, _ACTIVE, _REFRESH_TOKENS = 10, 15, 20


class Accounts:
    """Grant, refresh and access tokens, with the documented limits (10 per 10 minutes, 15 and 20 alive)."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._grants = sandbox.state.collection("grant_tokens")
        self._refresh = sandbox.state.collection("refresh_tokens")
        self._access = sandbox.state.collection("access_tokens")
        if REFRESH_TOKEN not in self._refresh:
            self._refresh[REFRESH_TOKEN] = {"scope": SCOPES, "user": API_USER, "issued": []}

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("GET", "/oauth/v2/auth", self.authorise),
            Endpoint("POST", "/oauth/v2/token", self.token),
            Endpoint("POST", "/oauth/v2/token/revoke", self.revoke),
        ]

    def make_grant(self, scope: str = SCOPES, *, offline: bool = True, redirect: str = "") -> str:
        """A one-time code, as the API console of a self client shows it; it lives for 3 minutes."""
        code = f"1000.grant.{secrets.token_hex(8)}"
        expires = (self._sandbox.now() + _GRANT_LIFE).isoformat()
        self._grants[code] = {"scope": scope, "expires": expires, "offline": offline, "redirect": redirect}
        return code

    def user_of(self, call: Call) -> tuple[str, str]:
        """(user, scopes) of the token that a call carries.  Raises Refused."""
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        if kind.lower() != "zoho-oauthtoken" or not token:
            raise refuse(401, "AUTHENTICATION_FAILURE", "Authentication failed")
        found = self._access.get(token.strip())
        if found is None or datetime.fromisoformat(found["expires"]) <= self._sandbox.now():
            raise refuse(401, "INVALID_TOKEN", "invalid oauth token")
        return found["user"], found["scope"]

    # routes

    def authorise(self, call: Call) -> Response:
        """The page on which a person consents; here the person always does."""
        redirect, scope = call.query.get("redirect_uri", ""), call.query.get("scope", "")
        if call.query.get("client_id") != CLIENT_ID or call.query.get("response_type") != "code" or not redirect:
            return reply(400, {"error": "invalid_client"})
        code = self.make_grant(scope, offline=call.query.get("access_type") == "offline", redirect=redirect)
        back = {"code": code, "location": "us", "accounts-server": self._sandbox.url}
        if "state" in call.query:
            back["state"] = call.query["state"]
        return RedirectResponse(f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(back)}", 302)

    def token(self, call: Call) -> Response:
        """Parameters are accepted in the form and in the query string."""
        given = {**dict(call.query), **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
        if given.get("client_id") != CLIENT_ID:
            return reply(200, {"error": "invalid_client"})
        if given.get("client_secret") != CLIENT_SECRET:
            return reply(200, {"error": "invalid_client_secret"})
        kinds: dict[str, Callable[[dict[str, str]], Response]] = {
            "refresh_token": self._by_refresh_token,
            "authorization_code": self._by_code,
            "client_credentials": self._by_client,
        }
        answer = kinds.get(given.get("grant_type", ""))
        return answer(given) if answer is not None else reply(200, {"error": "unsupported_grant_type"})

    def revoke(self, call: Call) -> Response:
        given = {**dict(call.query), **dict(parse_qsl(call.body.decode("utf-8", "replace")))}
        token = given.get("token", "")
        if token not in self._refresh:
            return reply(200, {"error": "invalid_code"})
        self.forget(token)
        return reply(200, {"status": "success"})

    def forget(self, refresh_token: str) -> None:
        """Revoke a refresh token and all access tokens made from it."""
        del self._refresh[refresh_token]
        for token in [key for key, item in self._access.items() if item["refresh"] == refresh_token]:
            del self._access[token]

    # kinds of grants

    def _by_refresh_token(self, given: dict[str, str]) -> Response:
        token = given.get("refresh_token", "")
        if token not in self._refresh:
            return reply(200, {"error": "invalid_code"})
        return reply(200, self._issue(token))

    def _by_code(self, given: dict[str, str]) -> Response:
        grant = self._grants.pop(given.get("code", ""), None)
        if grant is None or datetime.fromisoformat(grant["expires"]) <= self._sandbox.now():
            return reply(200, {"error": "invalid_code"})
        if grant["redirect"] and grant["redirect"] != given.get("redirect_uri"):
            return reply(200, {"error": "invalid_redirect_uri"})
        token = f"1000.refresh.{secrets.token_hex(8)}"
        self._refresh[token] = {"scope": grant["scope"], "user": API_USER, "issued": []}
        while len(self._refresh) > _REFRESH_TOKENS:
            self.forget(next(iter(self._refresh)))
        answer = self._issue(token)
        return reply(200, {**answer, "refresh_token": token} if grant["offline"] else answer)

    def _by_client(self, given: dict[str, str]) -> Response:
        if not given.get("soid"):
            return reply(200, {"error": "missing_org_info"})
        token = f"client {given.get('scope', '')}"
        if token not in self._refresh:
            self._refresh[token] = {"scope": given.get("scope", ""), "user": API_USER, "issued": []}
        return reply(200, self._issue(token))

    def _issue(self, refresh_token: str) -> dict[str, Any]:
        """An access token.  Raises Refused at the eleventh within 10 minutes; the sixteenth ends the oldest."""
        now = self._sandbox.now()
        owner = self._refresh[refresh_token]
        issued = [time for time in owner["issued"] if datetime.fromisoformat(time) > now - _WINDOW]
        if len(issued) >= _PER_WINDOW:
            # HTTP 200 is documented, the exact body is not: clients must look for the missing access_token.
            raise Refused(reply(200, {"error": "Access Denied"}))
        self._refresh[refresh_token] = {**owner, "issued": [*issued, now.isoformat()]}
        lifetime = self._sandbox.switches.token_seconds
        token = f"1000.{secrets.token_hex(16)}.{secrets.token_hex(16)}"
        expires = (now + timedelta(seconds=lifetime)).isoformat()
        self._access[token] = {
            "refresh": refresh_token,
            "user": owner["user"],
            "scope": owner["scope"],
            "expires": expires,
        }
        mine = [key for key, item in self._access.items() if item["refresh"] == refresh_token]
        for old in mine[:-_ACTIVE]:
            del self._access[old]
        return {
            "access_token": token,
            "scope": owner["scope"].replace(",", " "),
            "api_domain": self._sandbox.url,
            "token_type": "Bearer",
            "expires_in": lifetime,
        }


def allows(scopes: str, family: str, action: str) -> bool:
    """Whether scopes cover an action on a family, e.g. ("modules.contacts", "READ") or ("settings.fields", "READ")."""
    area, _, part = family.partition(".")
    actions = {"ALL", action} | ({"WRITE"} if action in ("CREATE", "UPDATE", "DELETE") else set())
    given = set(scopes.split(","))
    prefix = "ZohoSearch" if area == "securesearch" else "ZohoCRM"
    names = {f"{prefix}.{area}.{part}.{item}" for item in actions} if part else set()
    return bool(given & (names | {f"{prefix}.{area}.{item}" for item in actions}))
