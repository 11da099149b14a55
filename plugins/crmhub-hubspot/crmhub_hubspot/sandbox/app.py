"""HubSpot, CRM API v3 with associations v4: one application on one address.

Facts come from the vendor's client libraries and documentation; where these are silent, a comment or a switch says so.
The dated paths of 2026 (/crm/objects/2026-03/contacts) answer the same calls.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from crmhub_hubspot.sandbox.associations import Associations
from crmhub_hubspot.sandbox.batches import Batches
from crmhub_hubspot.sandbox.hooks import APP_ID, CLIENT_SECRET, Hooks
from crmhub_hubspot.sandbox.metadata import Metadata
from crmhub_hubspot.sandbox.objects import Objects
from crmhub_hubspot.sandbox.properties import STANDARD
from crmhub_hubspot.sandbox.records import Document, Records
from crmhub_hubspot.sandbox.search import Search
from crmhub_hubspot.sandbox.seeds import fill
from crmhub_hubspot.sandbox.shapes import Json, problem, refuse
from crmhub_hubspot.sandbox.switches import HubSpotSwitches
from crmhub_hubspot.sandbox.user import HubSpotUser
from hub.testing.sandbox import Call, Clock, Endpoint, Quota, Refused, Sandbox, reply

TOKEN = "pat-na1-crmhub-sandbox"  # noqa: S105  # made up, public
CLIENT_ID, REFRESH_TOKEN = "crmhub-sandbox-app", "na1-crmhub-sandbox-refresh"  # the same
OWN_KEY = "crmhub_id"
_ROOTS = ("/crm/v3/objects", "/crm/objects/{version}")
_ACTIONS = {"read": "read", "create": "write", "edit": "write", "delete": "write"}


class HubSpotSandbox(Sandbox):
    """HubSpot for tests and demos.  by_api: whether what happens now came by the API (webhooks tell it)."""

    name = "hubspot"
    title = "HubSpot, CRM API v3"
    switches_type = HubSpotSwitches
    switches: HubSpotSwitches

    def __init__(
        self, *, file: Path | None = None, clock: Clock | None = None, switches: HubSpotSwitches | None = None
    ) -> None:
        super().__init__(file=file, clock=clock, switches=switches)
        self.by_api = True
        self.quota = Quota()
        self._windows: dict[str, list[datetime]] = {"burst": [], "search": []}
        self._tokens = self.state.collection("tokens")
        self.hooks = Hooks(self)
        self.records = Records(self, lambda: self.switches, self.hooks.tell)
        self.associations = Associations(self, self.records)
        self.user = HubSpotUser(self, self.records)
        self._define_own_key()

    def routes(self) -> Sequence[Endpoint]:
        metadata = Metadata(self, self.records)
        link = "/crm/v4/objects/{object}/{id}/associations"
        many = "/crm/v4/associations/{object}/{to}/batch"
        return [
            Endpoint("POST", "/oauth/v1/token", self.token),
            *self.hooks.endpoints(),
            Endpoint("GET", "/account-info/v3/details", metadata.account),
            Endpoint("GET", "/crm/v3/owners", metadata.owners),
            Endpoint("GET", "/crm/v3/properties/{object}", metadata.properties),
            Endpoint("POST", "/crm/v3/properties/{object}", metadata.define),
            Endpoint("GET", "/crm/v3/properties/{object}/{name}", metadata.one),
            Endpoint("GET", f"{link}/{{to}}", self.associations.listing),
            Endpoint("PUT", f"{link}/default/{{to}}/{{other}}", self.associations.put_default),
            Endpoint("PUT", f"{link}/{{to}}/{{other}}", self.associations.put),
            Endpoint("DELETE", f"{link}/{{to}}/{{other}}", self.associations.delete),
            Endpoint("POST", f"{many}/read", self.associations.batch_read),
            Endpoint("POST", f"{many}/create", self.associations.batch_create),
            Endpoint("POST", f"{many}/archive", self.associations.batch_archive),
            *(endpoint for root in _ROOTS for endpoint in self._object_routes(f"{root}/{{object}}")),
        ]

    def _object_routes(self, root: str) -> list[Endpoint]:
        objects, batches = Objects(self, self.records), Batches(self, self.records)
        return [
            Endpoint("POST", f"{root}/search", Search(self, self.records).answer),
            Endpoint("POST", f"{root}/merge", objects.merge),
            Endpoint("POST", f"{root}/gdpr-delete", objects.forget),
            *(
                Endpoint("POST", f"{root}/batch/{name}", getattr(batches, name))
                for name in ("read", "create", "update", "upsert", "archive")
            ),
            Endpoint("GET", root, objects.listing),
            Endpoint("POST", root, objects.create),
            Endpoint("GET", f"{root}/{{id}}", objects.one),
            Endpoint("PATCH", f"{root}/{{id}}", objects.update),
            Endpoint("DELETE", f"{root}/{{id}}", objects.archive),
        ]

    def credentials(self) -> Mapping[str, str]:
        return {"token": TOKEN}

    def settings(self) -> Mapping[str, Any]:
        return {"base_url": self.url}

    def seed(self, customers: int) -> None:
        with self.turn():
            fill(self.records, self.associations, customers)

    def is_filled(self) -> bool:
        return any(len(self.state.collection(kind)) for kind in STANDARD)

    def token(self, call: Call) -> Response:
        """OAuth for apps: the refresh token is known, codes are not offered here."""
        given = dict(parse_qsl(call.body.decode("utf-8", "replace")))
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return reply(400, {"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"})
        if given.get("grant_type") != "refresh_token" or given.get("refresh_token") != REFRESH_TOKEN:
            return reply(400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"})
        seconds = min(self.switches.token_seconds, 1800)
        token = f"na1-{secrets.token_hex(16)}"
        self._tokens[token] = {"expires": (self.now() + timedelta(seconds=seconds)).isoformat()}
        body = {"access_token": token, "refresh_token": REFRESH_TOKEN, "expires_in": seconds, "token_type": "bearer"}
        return reply(200, body)

    def merge(self, kind: str, primary: Document, other: Document) -> Document:
        """Merge two records with all that belongs to them."""
        merged = self.records.merge(kind, primary, other)
        self.associations.follow(kind, {primary["id"], other["id"]} - {merged["id"]}, merged["id"])
        return merged

    # who may do what

    def enter(self, call: Call, *actions: str) -> str:
        """Check token, limits, object and permissions; returns the object.  Raises Refused."""
        kind = self.kind_of(call.params["object"])
        for action in actions:
            self._permit(call, kind, action)
        self._count(call)
        return kind

    def sign_in(self, call: Call, kind: str, action: str) -> None:
        """The same where the path names no object of records."""
        self._permit(call, kind, action)
        self._count(call)

    def kind_of(self, name: str) -> str:
        found = {"contact": "contacts", "company": "companies", "0-1": "contacts", "0-2": "companies"}.get(name, name)
        if found not in STANDARD:
            raise refuse(400, "VALIDATION_ERROR", f"Unable to infer object type from: {name}")
        return found

    def _permit(self, call: Call, kind: str, action: str) -> None:
        kind_of_token, _, token = call.headers.get("authorization", "").partition(" ")
        if kind_of_token.lower() != "bearer" or (token != TOKEN and token not in self._tokens):
            message = "Authentication credentials not found. This API supports OAuth 2.0 authentication"
            raise refuse(401, "INVALID_AUTHENTICATION", message)
        if token != TOKEN and datetime.fromisoformat(self._tokens[token]["expires"]) <= self.now():
            raise refuse(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")
        if f"{kind}.{action}" in self.switches.no_permission:
            scope = f"crm.objects.{kind}.{_ACTIONS[action]}"
            errors = [
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": [scope]},
                }
            ]
            message = "This app hasn't been granted all required scopes to make this call."
            raise refuse(403, "MISSING_SCOPES", message, errors=errors)

    def _count(self, call: Call) -> None:
        """Limits: 10 seconds for the app, a second for searches, a day for the account.  Raises Refused."""
        if call.route.endswith("/search"):
            self._window("search", 1, self.switches.search_burst, "SECONDLY", "You have reached your secondly limit.")
        else:
            message = "You have reached your ten_secondly_rolling limit."
            self._window("burst", 10, self.switches.burst, "TEN_SECONDLY_ROLLING", message)
        if not self.quota.take(self.now(), 1, self.switches.quota):
            raise Refused(reply(429, self._limit("DAILY", "You have reached your daily limit.")))

    def _window(self, name: str, seconds: int, limit: int | None, policy: str, message: str) -> None:
        start = self.now() - timedelta(seconds=seconds)
        recent = self._windows[name] = [time for time in self._windows[name] if time > start]
        if limit is not None and len(recent) >= limit:
            raise Refused(reply(429, self._limit(policy, message)))
        recent.append(self.now())

    def _limit(self, policy: str, message: str) -> Json:
        return problem("RATE_LIMITS", message, errorType="RATE_LIMIT", policyName=policy)

    def finish(self, call: Call, answer: Response) -> Response:
        """Every answer but those of searches tells how much is left."""
        if call.path.startswith("/crm") and not call.path.endswith("/search"):
            switches = self.switches
            if switches.burst is not None:
                answer.headers["X-HubSpot-RateLimit-Max"] = str(switches.burst)
                answer.headers["X-HubSpot-RateLimit-Remaining"] = str(switches.burst - len(self._windows["burst"]))
                answer.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = "10000"
            if switches.quota is not None:
                answer.headers["X-HubSpot-RateLimit-Daily"] = str(switches.quota)
                left = max(0, switches.quota - self.quota.spent(self.now()))
                answer.headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(left)
        return answer

    # how errors look

    def throttled(self) -> Response:
        return reply(429, self._limit("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."))

    def failed(self, status: int) -> Response:
        if status in (502, 504):
            return Response(b"<html><body>Bad Gateway</body></html>", status, media_type="text/html")
        return reply(status, problem("INTERNAL_ERROR", "internal error"))

    def error_under_200(self) -> Response:
        return reply(200, problem("INTERNAL_ERROR", "internal error"))

    def unknown(self, call: Call) -> Response:
        return reply(404, problem("OBJECT_NOT_FOUND", f"No route was found for {call.path}"))

    def _define_own_key(self) -> None:
        """The unique property that an admin makes once for the hub's key."""
        for kind, group in (("contacts", "contactinformation"), ("companies", "companyinformation")):
            text = {"name": OWN_KEY, "label": "CRM Hub", "type": "string", "fieldType": "text"}
            found = self.state.collection(f"properties {kind}")
            found.setdefault(OWN_KEY, {**text, "groupName": group, "hasUniqueValue": True})

    def app(self) -> Mapping[str, Any]:
        """What an app needs for OAuth and webhooks beside a private token."""
        return {
            "app_id": APP_ID,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
        }
