"""Notices as signed JSON to an address: for chat rooms, pagers and what a firm has built itself."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator

from hub.plugin import AuthError, ConnectorConfig, Notice, Notifier, OutcomeUnknown, Rejected, Unavailable

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class WebhookConfig(ConnectorConfig):
    """Settings of a way to an address; the README explains each."""

    url: str
    secret: SecretStr
    insecure: bool = False

    @model_validator(mode="after")
    def _sound(self) -> WebhookConfig:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must be an address such as https://alerts.firm.example/crmhub")
        if parts.username or parts.password:
            raise ValueError("url must not hold a user name or a password")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not self.insecure:
            raise ValueError("url must begin with https, or add insecure = true: notices would go in the open")
        if len(self.secret.get_secret_value()) < 16:
            raise ValueError("secret is too short: at least 16 characters")
        return self


class Webhook(Notifier[WebhookConfig]):
    """Posts each notice as JSON, signed over its raw body and the time."""

    name: ClassVar[str] = "webhook"
    Config = WebhookConfig

    def send(self, notice: Notice) -> Mapping[str, str]:
        """Raises Unavailable (not reached, or 503), RateLimited, OutcomeUnknown (5xx, or no answer), AuthError (401, 403)
        and Rejected (any other 4xx)."""
        now = self.context.clock()
        body = json.dumps(
            {
                "type": "notice",
                "key": notice.key,
                "severity": notice.severity,
                "subject": notice.subject,
                "text": notice.text,
                "at": now.isoformat(timespec="seconds"),
            },
            separators=(",", ":"),
        ).encode()
        seconds = int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "X-CRMHub-Signature": signature(self.config.secret.get_secret_value(), seconds, body),
        }
        answer = self.context.http.request("POST", self.config.url, data=body, headers=headers, expect={503})
        host = str(urlsplit(self.config.url).hostname)
        self._judge(answer.status_code, host)
        return {"server": host, "status": str(answer.status_code)}

    def _judge(self, status: int, host: str) -> None:
        where = self.context.connection
        if 200 <= status < 300:
            return
        if status == 503:
            raise Unavailable(f"{host} says that it is not available (503)", where=where)
        if status == 403:
            raise AuthError(f"{host} does not let us in (403)", where=where, hint="Check the address and its secret")
        if status >= 500:
            raise OutcomeUnknown(f"{host} failed with {status}", where=where)
        raise Rejected(f"{host} does not take the notice ({status})", where=where, hint="Check the address")


def signature(secret: str, seconds: int, body: bytes) -> str:
    """ "t=SECONDS,v1=HEX": HMAC-SHA256 over "SECONDS." and the raw body."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
