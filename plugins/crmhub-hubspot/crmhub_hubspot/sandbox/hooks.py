"""Webhooks of an app: an array of events, signed in version 3 (Webhooks API v3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_hubspot.sandbox.objects import json_object
from crmhub_hubspot.sandbox.shapes import Json, not_found, refuse
from hub.testing.sandbox import Call, Endpoint, reply

if TYPE_CHECKING:
    from crmhub_hubspot.sandbox.app import HubSpotSandbox

APP_ID, PORTAL_ID = 4711, 12345678
DEVELOPER_KEY, CLIENT_SECRET = "crmhub-sandbox-developer", "crmhub-sandbox-app-secret"  # made up, public
_SINGULAR = {"contacts": "contact", "companies": "company"}


class Hooks:
    """Subscriptions of the one app, and what it is told."""

    def __init__(self, sandbox: HubSpotSandbox) -> None:
        self._sandbox = sandbox
        self._settings = sandbox.state.collection("webhook settings")
        self._subscriptions = sandbox.state.collection("webhook subscriptions")

    def endpoints(self) -> list[Endpoint]:
        root = "/webhooks/v3/{app}"
        return [
            Endpoint("GET", f"{root}/settings", self.settings),
            Endpoint("PUT", f"{root}/settings", self.configure),
            Endpoint("GET", f"{root}/subscriptions", self.listing),
            Endpoint("POST", f"{root}/subscriptions", self.subscribe),
            Endpoint("DELETE", f"{root}/subscriptions/{{id}}", self.unsubscribe),
        ]

    def settings(self, call: Call) -> Response:
        self._enter(call)
        if "app" not in self._settings:
            raise not_found()
        return reply(200, self._settings["app"])

    def configure(self, call: Call) -> Response:
        self._enter(call)
        body = json_object(call)
        if not body.get("targetUrl"):
            raise refuse(400, "VALIDATION_ERROR", "targetUrl is needed")
        self._settings["app"] = {"targetUrl": body["targetUrl"], "throttling": body.get("throttling")}
        return reply(200, self._settings["app"])

    def listing(self, call: Call) -> Response:
        self._enter(call)
        return reply(200, {"results": list(self._subscriptions.values())})

    def subscribe(self, call: Call) -> Response:
        self._enter(call)
        body = json_object(call)
        kind, _, event = str(body.get("eventType", "")).partition(".")
        if kind not in _SINGULAR.values() or not event:
            raise refuse(400, "VALIDATION_ERROR", "eventType is not valid")
        if event == "propertyChange" and not body.get("propertyName"):
            raise refuse(400, "VALIDATION_ERROR", "propertyName is needed")
        key = str(self._sandbox.state.next_number("subscription", 25))
        wanted = {"id": key, "eventType": body["eventType"], "active": bool(body.get("active"))}
        self._subscriptions[key] = {**wanted, "propertyName": body.get("propertyName")}
        return reply(201, self._subscriptions[key])

    def unsubscribe(self, call: Call) -> Response:
        self._enter(call)
        if self._subscriptions.pop(call.params["id"], None) is None:
            raise not_found()
        return reply(204)

    def tell(self, kind: str, operation: str, document: Json, changed: Mapping[str, str | None]) -> None:
        """Tell the app about a change."""
        if "app" not in self._settings:
            return
        events = []
        for key, item in self._subscriptions.items():
            if not item["active"]:
                continue
            of, _, event = str(item["eventType"]).partition(".")
            names = [name for name in changed if name == item["propertyName"]]
            if of != _SINGULAR[kind]:
                continue
            # a new record tells each of its values as a change, too (unverified)
            if event == "propertyChange" and operation in ("propertyChange", "creation"):
                events += [self._event(key, item, document, propertyName=n, propertyValue=changed[n]) for n in names]
            elif event == operation:
                more = self._merged(document, changed) if event == "merge" else {}
                events.append(self._event(key, item, document, **more))
        if events:
            self._send(events, 0)

    def _event(self, key: str, item: Json, document: Json, **more: Any) -> Json:
        return {
            "objectId": int(document["id"]),
            "eventId": self._sandbox.state.next_number("event", 1_000_001),
            "subscriptionId": int(key),
            "portalId": PORTAL_ID,
            "appId": APP_ID,
            "occurredAt": int(self._sandbox.now().timestamp() * 1000),
            "subscriptionType": item["eventType"],
            "changeSource": "INTEGRATION" if self._sandbox.by_api else "CRM_UI",
            "sourceId": str(APP_ID) if self._sandbox.by_api else "userId:101",
            **more,
        }

    def _merged(self, document: Json, changed: Mapping[str, str | None]) -> Json:
        old = [int(key) for key in (changed["merged"] or "").split(";")]
        return {"primaryObjectId": old[0], "mergedObjectIds": old[1:], "newObjectId": int(document["id"])}

    def _send(self, events: list[Json], attempt: int) -> None:
        url = self._settings["app"]["targetUrl"]
        body = json.dumps([{**item, "attemptNumber": attempt} for item in events], separators=(",", ":"))
        stamp = str(int(self._sandbox.now().timestamp() * 1000))
        signature = hmac.new(CLIENT_SECRET.encode(), f"POST{url}{body}{stamp}".encode(), hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "X-HubSpot-Signature-v3": base64.b64encode(signature).decode(),
            "X-HubSpot-Request-Timestamp": stamp,
        }

        def done(status: int) -> None:
            if not 200 <= status < 300 and attempt < self._sandbox.switches.webhook_retries:
                self._send(events, attempt + 1)

        self._sandbox.deliveries.send(url, body.encode("ascii"), headers, done)

    def _enter(self, call: Call) -> None:
        if call.query.get("hapikey") != DEVELOPER_KEY or call.params["app"] != str(APP_ID):
            raise refuse(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
