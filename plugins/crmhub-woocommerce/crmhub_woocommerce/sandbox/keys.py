"""Who calls: consumer keys by OAuth 1.0a on plain HTTP, by Basic authentication or in the query on HTTPS."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from crmhub_woocommerce.sandbox.shapes import Wrong
from hub.testing.sandbox import Call

if TYPE_CHECKING:
    from crmhub_woocommerce.sandbox.app import WooCommerceSandbox

KEY, SECRET = "ck_crmhub_sandbox", "cs_crmhub_sandbox"  # made up, public
_WINDOW = 15 * 60
_NEEDED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")


class Keys:
    """Checks calls.  Raises Wrong."""

    def __init__(self, sandbox: WooCommerceSandbox) -> None:
        self._sandbox = sandbox
        self._nonces: dict[str, int] = {}

    def check(self, call: Call) -> None:
        """The caller must know the secret."""
        if self._sandbox.switches.https:
            if self._given(call) != (KEY, SECRET):
                raise _refusal("Consumer key or secret is incorrect.")
            return
        fields = {**_header(call), **dict(call.query)}
        if "oauth_consumer_key" not in fields:
            # Basic authentication on plain HTTP is as if nobody had signed in.
            raise Wrong(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        missing = [name for name in _NEEDED if not fields.get(name)]
        if missing:
            raise _refusal(f"Missing OAuth parameter {', '.join(missing)}")
        if fields["oauth_consumer_key"] != KEY:
            raise _refusal("Consumer key is invalid.")
        self._check_signature(call, fields)
        self._check_fresh(fields)

    def _given(self, call: Call) -> tuple[str, str]:
        kind, _, text = call.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
            except ValueError:
                return "", ""
            return user, password
        return call.query.get("consumer_key", ""), call.query.get("consumer_secret", "")

    def _check_signature(self, call: Call, fields: dict[str, str]) -> None:
        """Base string as the server's own code makes it: each name and value is encoded twice."""
        method = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}.get(fields["oauth_signature_method"])
        if method is None:
            raise _refusal("Invalid signature - signature method is invalid.")
        signature = fields.pop("oauth_signature")
        pairs = sorted((_twice(name), _twice(value)) for name, value in fields.items() if name != "realm")
        address = call.url.partition("?")[0]
        text = "&".join((call.method, quote(address, ""), "%26".join(f"{name}%3D{value}" for name, value in pairs)))
        made = base64.b64encode(hmac.new(f"{SECRET}&".encode(), text.encode(), method).digest()).decode()
        if not hmac.compare_digest(made, signature.replace(" ", "+")):
            raise _refusal("Invalid signature - provided signature does not match.")

    def _check_fresh(self, fields: dict[str, str]) -> None:
        now = int(self._sandbox.now().timestamp())
        time = fields["oauth_timestamp"]
        if not time.isdigit() or abs(now - int(time)) > _WINDOW:
            raise _refusal("Invalid timestamp.")
        if fields["oauth_nonce"] in self._nonces:
            raise _refusal("Invalid nonce - nonce has already been used.")
        self._nonces = {name: at for name, at in self._nonces.items() if at >= now - _WINDOW}
        self._nonces[fields["oauth_nonce"]] = int(time)


def _header(call: Call) -> dict[str, str]:
    """Parameters of the header "Authorization: OAuth a="1", ..."."""
    kind, _, text = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "oauth":
        return {}
    return {name: unquote(value) for name, value in re.findall(r'([\w.%-]+)="([^"]*)"', text)}


def _twice(text: str) -> str:
    return quote(unquote(text), safe="~").replace("%", "%25")


def _refusal(message: str) -> Wrong:
    return Wrong(401, "woocommerce_rest_authentication_error", message)
