"""Webhooks: signed, sent once, and disabled after more than five failures in a row (class-wc-webhook.php)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import math
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.responses import Response

from crmhub_woocommerce.sandbox.keys import SECRET
from crmhub_woocommerce.sandbox.shapes import Json, Wrong, invalid, number, times
from hub.testing.sandbox import Call, Endpoint, Handler, reply

if TYPE_CHECKING:
    from crmhub_woocommerce.sandbox.app import WooCommerceSandbox
    from crmhub_woocommerce.sandbox.customers import Customers
    from crmhub_woocommerce.sandbox.orders import Orders

MOST_FAILURES = 5
_TOPICS = tuple(f"{kind}.{event}" for kind in ("customer", "order") for event in ("created", "updated", "deleted"))


class Hooks:
    """The webhooks of the shop.  Real ones go only to public addresses; these go to loopback."""

    def __init__(self, sandbox: WooCommerceSandbox) -> None:
        self._sandbox = sandbox
        self._kept = sandbox.state.collection("webhooks")

    def endpoints(self, root: str) -> list[Endpoint]:
        path = f"{root}/webhooks"
        return [
            Endpoint("GET", path, self._guarded(self.listing)),
            Endpoint("POST", path, self._guarded(self.create)),
            Endpoint("GET", f"{path}/{{id:int}}", self._guarded(lambda call: reply(200, self._show(self._get(call))))),
            Endpoint("PUT", f"{path}/{{id:int}}", self._guarded(self.update)),
            Endpoint("DELETE", f"{path}/{{id:int}}", self._guarded(self.delete)),
        ]

    def listing(self, call: Call) -> Response:
        """The newest first, ten on a page unless asked for more (class-wc-rest-webhooks-v1-controller.php)."""
        size, page = number(call, "per_page", 10, 1, 100), number(call, "page", 1, 1, 10**6)
        status, order = call.query.get("status", "all"), call.query.get("order", "desc")
        rows = [item for item in self._kept.values() if status in ("all", item["status"])]
        rows.sort(key=lambda item: int(item["id"]), reverse=order == "desc")
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(math.ceil(len(rows) / size))}
        return reply(200, [self._show(item) for item in rows[(page - 1) * size : page * size]], headers)

    def create(self, call: Call) -> Response:
        body = call.json()
        if body.get("topic") not in _TOPICS:
            message = "Webhook topic is required and must be valid."
            raise Wrong(400, "woocommerce_rest_invalid_webhook_topic", message)
        if not str(body.get("delivery_url", "")).startswith(("http://", "https://")):
            message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
            raise Wrong(400, "woocommerce_rest_invalid_webhook_delivery_url", message)
        item: Json = {
            "id": self._sandbox.state.next_number("webhook"),
            "name": body.get("name") or "Webhook created by the API",
            "status": body.get("status") or "active",
            "topic": body["topic"],
            "delivery_url": body["delivery_url"],
            # without a secret it is the key's owner's (unverified)
            "secret": body.get("secret") or SECRET,
            "failures": 0,
            "created": self._sandbox.now().isoformat(),
        }
        self._kept[str(item["id"])] = item
        ping = urlencode({"webhook_id": item["id"]}).encode("ascii")
        self._sandbox.deliveries.send(item["delivery_url"], ping, {"Content-Type": "application/x-www-form-urlencoded"})
        return reply(201, self._show(item))

    def update(self, call: Call) -> Response:
        item, body = self._get(call), call.json()
        if body.get("status", "active") not in ("active", "paused", "disabled"):
            raise invalid({"status": "status is not one of active, paused, and disabled."})
        changed = {name: body[name] for name in ("name", "status", "topic", "delivery_url", "secret") if name in body}
        reset = {"failures": 0} if body.get("status") == "active" else {}
        self._kept[str(item["id"])] = {**item, **changed, **reset}
        return reply(200, self._show(self._get(call)))

    def delete(self, call: Call) -> Response:
        item = self._get(call)
        if call.query.get("force", "").lower() not in ("true", "1"):
            raise Wrong(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
        del self._kept[str(item["id"])]
        return reply(200, self._show(item))

    def tell(self, kept: Customers | Orders, event: str, item: Json) -> None:
        """Tell all active webhooks of that topic."""
        for hook in list(self._kept.values()):
            if hook["status"] == "active" and hook["topic"] == f"{kept.topic}.{event}":
                content = {"id": item["id"]} if event == "deleted" else kept.show(item)
                self._send(hook, event, content)

    def _send(self, hook: Json, event: str, content: Json) -> None:
        body = json.dumps(content, separators=(",", ":")).encode("ascii")
        secret = html.unescape(hook["secret"]).encode()
        signature = base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
        kind = hook["topic"].partition(".")[0]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "WooCommerce/10.0.0 Hookshot (WordPress/6.8)",
            "X-WC-Webhook-Source": f"{self._sandbox.url}/",
            "X-WC-Webhook-Topic": hook["topic"],
            "X-WC-Webhook-Resource": kind,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": signature,
            "X-WC-Webhook-ID": str(hook["id"]),
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(16),
        }
        self._sandbox.deliveries.send(
            hook["delivery_url"], body, headers, lambda status: self._done(hook["id"], status)
        )

    def _done(self, id: int, status: int) -> None:
        with self._sandbox.turn():
            hook = self._kept.get(str(id))
            if hook is None:
                return
            failures = 0 if 200 <= status <= 302 else hook["failures"] + 1
            state = "disabled" if failures > MOST_FAILURES else hook["status"]
            self._kept[str(id)] = {**hook, "failures": failures, "status": state}

    def _get(self, call: Call) -> Json:
        found = self._kept.get(str(call.params["id"]))
        if found is None:
            raise Wrong(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
        return found

    def _show(self, item: Json) -> dict[str, Any]:
        resource, _, event = item["topic"].partition(".")
        names = ("id", "name", "status", "topic", "delivery_url")
        made = times("date_created", item["created"], self._sandbox.zone())
        return {**{name: item[name] for name in names}, "resource": resource, "event": event, "hooks": [], **made}

    def _guarded(self, handler: Callable[[Call], Response]) -> Handler:
        def guarded(call: Call) -> Response:
            try:
                self._sandbox.keys.check(call)
                return handler(call)
            except Wrong as wrong:
                raise wrong.refused() from None

        return guarded
