"""Webhooks of a shop: signed over the raw body (class-wc-webhook.php); a ping is not signed and says nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
from collections.abc import Mapping, Sequence

from hub import plugin

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
    if kind == "customer":
        return [plugin.Hint("customers", [key])]
    billing = content.get("billing")
    if kind == "order" and content.get("customer_id") == 0 and isinstance(billing, dict) and billing.get("email"):
        return [plugin.Hint("guests", [str(billing["email"]).strip().lower()])]
    return []
