"""What of HubSpot does not fit into ``connector.toml``: webhooks, which belong to an app (Webhooks API v3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub import plugin

WINDOW = 300.0
"""Seconds by which a signature may be older or newer than our clock (Validating requests)."""
_RESOURCES = {"contact": "contacts"}
_SETTINGS = plugin.Call(path="/webhooks/v3/{settings.app_id}/settings", params={"hapikey": "{settings.developer_key}"})
_LIST = plugin.Call(path="/webhooks/v3/{settings.app_id}/subscriptions", params={"hapikey": "{settings.developer_key}"})
_Described: Any = plugin.load_manifest(Path(__file__).with_name("connector.toml"), module=__name__)


class HubSpotConnector(_Described):  # type: ignore[misc]  # the class is made from the description
    """Contacts of HubSpot CRM (objects API v3)."""

    name = "hubspot"

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[plugin.Hint]:
        """Which contacts to read again; signed in version 3 over method, address, raw body and time."""
        where = self.context.connection
        secret = self.config.app_secret
        given = {name.lower(): value for name, value in headers.items()}
        stamp = given.get("x-hubspot-request-timestamp", "")
        text = f"{given.get(':method', 'POST')}{given.get(':url', '')}".encode() + body + stamp.encode()
        key = secret.get_secret_value() if secret is not None else ""
        wanted = base64.b64encode(hmac.new(key.encode(), text, hashlib.sha256).digest())
        same = hmac.compare_digest(wanted, given.get("x-hubspot-signature-v3", "").encode())
        if secret is None or not same:
            raise plugin.AuthError("the webhook is not signed with our app's secret", where=where)
        now = self.context.clock().timestamp()
        if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp[:16]) / 1000) > WINDOW:
            raise plugin.AuthError("the webhook was signed too long ago: somebody may have sent it again", where=where)
        try:
            return [hint for event in json.loads(body) if (hint := _hint(event)) is not None]
        except (ValueError, KeyError, TypeError):
            raise plugin.Rejected("this is no webhook of HubSpot", where=where) from None

    def subscriptions(self, url: str) -> Sequence[plugin.Subscription]:
        """What the app is told about contacts, at this address.  Its subscriptions are made in HubSpot: they belong to the
        app, not to an account."""
        if not self.config.app_id or self.config.developer_key is None:
            hint = "Set app_id and developer_key, or look in HubSpot"
            raise plugin.ConfigError("the app's webhooks cannot be looked at", where=self.context.connection, hint=hint)
        try:
            target = self.call(_SETTINGS, {}, doing="read", what="asking where webhooks go").data
        except plugin.NotFound:
            return []
        if not isinstance(target, Mapping) or target.get("targetUrl") != url:
            return []
        answer = self.call(_LIST, {}, doing="read", what="listing the subscriptions").data
        rows = answer.get("results", ()) if isinstance(answer, Mapping) else ()
        found = []
        for row in rows:
            kind = str(row.get("eventType"))
            if kind.partition(".")[0] not in _RESOURCES:
                continue
            topic = f"{kind}:{row['propertyName']}" if row.get("propertyName") else kind
            active = bool(row.get("active"))
            found.append(plugin.Subscription(str(row.get("id")), topic, url, active, "" if active else "paused"))
        return found


def _hint(event: Mapping[str, Any]) -> plugin.Hint | None:
    kind = str(event["subscriptionType"]).partition(".")[0]
    if kind not in _RESOURCES:
        return None
    ids = [event["objectId"]] if "objectId" in event else []
    ids += [*event.get("mergedObjectIds", ()), *([event["newObjectId"]] if event.get("newObjectId") else [])]
    return plugin.Hint(_RESOURCES[kind], [str(int(item)) for item in dict.fromkeys(ids)], str(event["eventId"]))
