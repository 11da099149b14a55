"""What the name of an exception on the server means.  Its text is translated and shown to people, never looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import plugin

_LOGIN = frozenset({"AccessDenied", "SessionExpiredException", "SessionExpired", "Unauthorized"})
_AGAIN = frozenset({"SerializationFailure", "DeadlockDetected", "LockNotAvailable", "TooManyRequests", "PoolError"})
"""The transaction was rolled back and may go again."""
_NO_SUCH_THING = frozenset({"NotFound", "AttributeError", "KeyError"})


def refusal(data: Mapping[str, Any], what: str, *, safe: bool) -> plugin.ConnectorError:
    """The contract's error for an exception.  data: name, message; whatever it is, the transaction was rolled back."""
    name = str(data.get("name") or "")
    kind, text = name.rpartition(".")[2], " ".join(str(data.get("message") or "").split())[:300]
    told = {"remote_code": name, "remote_text": text}
    if kind in _LOGIN:
        return plugin.AuthError(f"Odoo does not accept who we are ({what})", **told)
    if kind == "MissingError":
        return plugin.NotFound("Odoo has no such record any more", **told)
    if kind in _AGAIN:
        return plugin.Unavailable(f"Odoo could not carry out {what} beside other transactions", **told)
    if safe and kind == "AccessError":
        hint = "Give the user the right to read this, see the plugin's README"
        return plugin.ConfigError(f"Odoo refuses {what}: {text}", hint=hint, **told)
    if safe and kind in _NO_SUCH_THING:
        return plugin.ConfigError(f"Odoo does not know {what}: {text}", hint="Check url and database", **told)
    if safe:
        return plugin.Unavailable(f"Odoo fails on {what}: {text}", **told)
    return plugin.Rejected(f"Odoo refuses: {text or name}", **told)
