"""OAuth 1.0a with HMAC-SHA1 or HMAC-SHA256 (RFC 5849): every request is signed with two secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets as random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit

from hub.http.auth import Flow, Outgoing


@dataclass(frozen=True, slots=True, repr=False)
class OAuth1:
    """Signs each request; ``clock`` (seconds) and ``nonce`` are for tests."""

    consumer_key: str
    consumer_secret: str
    token: str = ""
    token_secret: str = ""
    method: Literal["HMAC-SHA1", "HMAC-SHA256"] = "HMAC-SHA1"
    clock: Callable[[], float] = time.time
    nonce: Callable[[], str] = lambda: random.token_hex(16)

    def flow(self, request: Outgoing) -> Flow:
        """The request with its signature; sent again, it gets another one, since a nonce is taken only once."""
        signed = request.with_header("Authorization", self._header(request))
        yield replace(signed, each_time=lambda: {"Authorization": self._header(request)})

    def _header(self, request: Outgoing) -> str:
        fields = {
            "oauth_consumer_key": self.consumer_key,
            "oauth_nonce": self.nonce(),
            "oauth_signature_method": self.method,
            "oauth_timestamp": str(int(self.clock())),
            "oauth_version": "1.0",
        }
        if self.token:
            fields["oauth_token"] = self.token
        fields["oauth_signature"] = self._sign(request, fields)
        return "OAuth " + ", ".join(f'{_quote(name)}="{_quote(value)}"' for name, value in sorted(fields.items()))

    def _sign(self, request: Outgoing, fields: dict[str, str]) -> str:
        """RFC 5849 section 3.4."""
        key = f"{_quote(self.consumer_secret)}&{_quote(self.token_secret)}"
        digest = hashlib.sha1 if self.method == "HMAC-SHA1" else hashlib.sha256
        return base64.b64encode(hmac.new(key.encode(), base_string(request, fields).encode(), digest).digest()).decode()


def base_string(request: Outgoing, fields: dict[str, str]) -> str:
    """What is signed (RFC 5849 section 3.4.1): method, address, and all parameters of query, form and protocol."""
    parts = urlsplit(request.url)
    port = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    host = host if parts.port in (None, port) else f"{host}:{parts.port}"
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *fields.items()]
    for source in (request.params, request.data or {}):
        for name, value in source.items():
            values = value if isinstance(value, (list, tuple)) else [value]
            pairs += [(name, str(item)) for item in values if item is not None]
    query = "&".join(f"{name}={value}" for name, value in sorted((_quote(n), _quote(v)) for n, v in pairs))
    address = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    return "&".join((request.method.upper(), _quote(address), _quote(query)))


def _quote(text: str) -> str:
    return quote(text, safe="~")
