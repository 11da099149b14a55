"""What the tests of this sandbox ask it by: calls whose whole answers are checked."""

from __future__ import annotations

from typing import Any

import requests

from crmhub_odoo.sandbox import OdooSandbox

KEY = "crmhub-sandbox-api-key"
PARTNER = "res.partner"
NOW = "2026-01-05 10:00:00"


def jsonrpc(sandbox: OdooSandbox, service: str, method: str, *args: Any) -> Any:
    """The whole answer of one call, without what all have in common."""
    params = {"service": service, "method": method, "args": list(args)}
    body = {"jsonrpc": "2.0", "method": "call", "id": 5, "params": params}
    answer = requests.post(f"{sandbox.url}/jsonrpc", json=body, timeout=10)
    found = answer.json()
    assert (answer.status_code, found.pop("jsonrpc"), found.pop("id")) == (200, "2.0", 5)
    assert len(found) == 1, "either a result or an error"
    return found


def refused(sandbox: OdooSandbox, model: str, method: str, *args: Any) -> tuple[str, str]:
    """(name, message) of an error whose form is checked."""
    error = jsonrpc(sandbox, "object", "execute_kw", "demo", 6, KEY, model, method, list(args))["error"]
    assert (error["code"], error["message"]) == (0 if sandbox.switches.is_new else 200, "Odoo Server Error")
    return shown(error["data"])


def shown(data: dict[str, Any], status: int | None = None) -> tuple[str, str]:
    """The data of an error: five names, the message once more as an argument, a traceback that ends with it."""
    name, message = data["name"], data["message"]
    assert data == {
        "name": name,
        "message": message,
        "arguments": [message] if status is None else [message, status],
        "context": {},
        "debug": f"Traceback (most recent call last):\n  ...\n{name}: {message}\n",
    }
    return name, message


def missing(model: str, key: int) -> tuple[str, str]:
    return (
        "odoo.exceptions.MissingError",
        f"Record does not exist or has been deleted.\n(Record: {model}({key},), User: 2)",
    )


def forbidden(word: str, model: str) -> tuple[str, str]:
    words = f"You are not allowed to {word} '{model}' ({model}) records."
    return ("odoo.exceptions.AccessError", f"{words}\n\nContact your administrator to request access if necessary.")


def invalid(message: str) -> tuple[str, str]:
    return ("odoo.exceptions.ValidationError", message)


def kept(odoo: OdooSandbox) -> dict[str, Any]:
    return {name: rows for name, rows in odoo.state.dump().items() if rows and name != "_numbers"}


NO_NAME = invalid("The operation cannot be completed: Contacts require a name")
