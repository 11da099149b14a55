"""Webhooks of BottleCRM: X-BottleCRM-Signature is "t=SECONDS,v1=HMAC-SHA256" over "SECONDS.BODY" (webhooks/tasks.py)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from hub import plugin

WINDOW = 300.0
"""Seconds by which a signature may be older or newer than our clock; each attempt to deliver is signed anew."""

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")
_RESOURCES = {"contact": "contacts", "account": "accounts"}


def hints(
    headers: Mapping[str, str], body: bytes, secret: str | None, *, now: datetime, where: str
) -> Sequence[plugin.Hint]:
    """Which records to read again.  Raises AuthError for a signature that is wrong, missing or too old; Rejected."""
    if secret is None:
        hint = "Set webhook_secret to the secret that BottleCRM showed when the webhook was made"
        raise plugin.AuthError("webhooks cannot be verified without a secret", where=where, hint=hint)
    given = {name.lower(): value for name, value in headers.items()}
    found = _SIGNATURE.fullmatch(given.get("x-bottlecrm-signature", "").strip())
    if found is None:
        raise plugin.AuthError("the webhook is not signed", where=where)
    seconds, signature = found.groups()
    wanted = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, signature):
        raise plugin.AuthError("the webhook is not signed with our secret", where=where)
    if abs(now.timestamp() - int(seconds)) > WINDOW:
        raise plugin.AuthError("the webhook was signed too long ago: somebody may have sent it again", where=where)
    try:
        content = json.loads(body)
        event, data = str(content["event"]), content["data"]
        kind = event.partition(".")[0]
        # the signature covers the time: two changes that look the same are signed differently
        return [plugin.Hint(_RESOURCES[kind], [str(data["id"])], signature)] if kind in _RESOURCES else []
    except (ValueError, KeyError, TypeError):
        raise plugin.Rejected("this is no webhook of BottleCRM", where=where) from None
