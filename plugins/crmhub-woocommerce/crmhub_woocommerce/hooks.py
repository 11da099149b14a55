"""Webhooks of a shop: signed over the raw body (class-wc-webhook.php); a ping is not signed and says nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hub import plugin

if TYPE_CHECKING:
    from crmhub_woocommerce.connector import WooCommerceConnector

PAGE = 100
_NAME = "CRM Hub"
_LIST = plugin.Call(path="/webhooks", params={"per_page": PAGE, "page": "{page}", "orderby": "id", "status": "all"})
_MAKE = plugin.Call(method="POST", path="/webhooks", body="{webhook}")
_WAKE = plugin.Call(method="PUT", path="/webhooks/{id}", body={"status": "active", "secret": "{secret}"})
_REMOVE = plugin.Call(method="DELETE", path="/webhooks/{id}", params={"force": "true"})

_PING = re.compile(rb"webhook_id=\d+")


def hints(headers: Mapping[str, str], body: bytes, secret: str | None, *, where: str) -> Sequence[plugin.Hint]:
    """Which customers and guests to read again.

    Raises AuthError for a wrong or missing signature, Rejected for what is no webhook.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if _PING.fullmatch(body.strip()):
        return []  # sent once when the webhook is made; must be answered by 200
    if secret is None:
        hint = "Set webhook_secret to the secret of the shop's webhook"
        raise plugin.AuthError("webhooks cannot be verified without a secret", where=where, hint=hint)
    digest = hmac.new(html.unescape(secret).encode(), body, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest), given.get("x-wc-webhook-signature", "").encode()):
        raise plugin.AuthError("the webhook is not signed with our secret", where=where)
    try:
        content = json.loads(body)
        key = str(content["id"])
    except (ValueError, KeyError, TypeError):
        raise plugin.Rejected("this is no webhook of WooCommerce", where=where) from None
    kind = given.get("x-wc-webhook-resource")
    delivery = given.get("x-wc-webhook-delivery-id", "")
    event = f"{delivery}/{hashlib.sha256(body).hexdigest()}" if delivery else ""  # the id is not signed, the body is
    if kind == "customer":
        return [plugin.Hint("customers", [key], event)]
    billing = content.get("billing")
    if kind == "order" and content.get("customer_id") == 0 and isinstance(billing, dict) and billing.get("email"):
        return [plugin.Hint("guests", [str(billing["email"]).strip().lower()], event)]
    return []


class Subscriptions:
    """The webhooks that a shop sends to an address (REST API v3, Webhooks).

    A shop disables a webhook for good after more than five failures in a row, and repeats nothing.  One that a person has
    paused stays as it is.
    """

    def __init__(self, connector: WooCommerceConnector, *, guests: bool) -> None:
        self._connector = connector
        kinds = ("customer", "order") if guests else ("customer",)
        self._topics = [f"{kind}.{event}" for kind in kinds for event in ("created", "updated", "deleted")]

    def all(self, url: str) -> list[plugin.Subscription]:
        found, page = list[plugin.Subscription](), 1
        while True:
            answer = self._connector.call(_LIST, {"page": page}, doing="read", what="listing the webhooks")
            rows = answer.data if isinstance(answer.data, list) else []
            found += [_shown(row) for row in rows if row.get("delivery_url") == url]
            if len(rows) < PAGE:
                return found
            page += 1

    def mend(self, url: str, secret: str) -> list[plugin.Subscription]:
        known = self.all(url)
        found = [self._wake(item, secret) if item.detail == "disabled" else item for item in known]
        for topic in self._topics:
            if all(item.topic != topic for item in known):
                content = {"name": _NAME, "topic": topic, "delivery_url": url, "secret": secret, "status": "active"}
                answer = self._connector.call(
                    _MAKE, {"webhook": content}, doing="write", what=f"making the webhook {topic}"
                )
                found.append(replace(_shown(answer.data), mended="made"))
        return found

    def remove(self, url: str) -> int:
        known = self.all(url)
        for item in known:
            self._connector.call(_REMOVE, {"id": item.id}, doing="write", what=f"removing the webhook {item.topic}")
        return len(known)

    def _wake(self, item: plugin.Subscription, secret: str) -> plugin.Subscription:
        values = {"id": item.id, "secret": secret}
        answer = self._connector.call(_WAKE, values, doing="write", what=f"waking the webhook {item.topic}")
        return replace(_shown(answer.data), mended="woken")


def _shown(row: Mapping[str, Any]) -> plugin.Subscription:
    status = str(row.get("status"))
    return plugin.Subscription(
        str(row.get("id")),
        str(row.get("topic")),
        str(row.get("delivery_url")),
        status == "active",
        detail="" if status == "active" else status,
    )
