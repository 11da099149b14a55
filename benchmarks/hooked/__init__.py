"""The connector of the stub API with webhooks: signed, one record each."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub import plugin

_PLAIN = Path(__file__).parent.with_name("plugin")
_Described: Any = plugin.load_manifest(_PLAIN / "connector.toml", module=__name__)


class Hooked(_Described):  # type: ignore[misc]  # the class is made from the description
    """People of the stub API, which tells what has changed."""

    name = "bench"
    mappings = _PLAIN / "mappings"

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[plugin.Hint]:
        """{event, id}, signed with the token."""
        secret = self.config.token.get_secret_value().encode()
        wanted = hmac.new(secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted.encode(), headers.get("x-signature", "").encode()):
            raise plugin.AuthError("not signed with our token", where=self.context.connection)
        content = json.loads(body)
        return [plugin.Hint("people", [str(content["id"])], str(content["event"]))]


@plugin.hookimpl
def hub_connectors() -> Sequence[type[plugin.Connector[Any]]]:
    """The connector."""
    return [Hooked]
