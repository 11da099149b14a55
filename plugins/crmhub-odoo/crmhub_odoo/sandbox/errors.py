"""Errors as the server raises them; each way of calling shows them in its own form."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class OdooError(Exception):
    """name: the exception's full name; status: of JSON-2; fault: of XML-RPC (1 application, 2 warning, 3 denied, 4 access)."""

    name, status, fault = "odoo.exceptions.UserError", 422, 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def data(self) -> Json:
        """As JSON shows it."""
        debug = f"Traceback (most recent call last):\n  ...\n{self.name}: {self.message}\n"
        return {"name": self.name, "message": self.message, "arguments": [self.message], "context": {}, "debug": debug}


class UserError(OdooError):
    """The server's rules refuse what was asked for."""


class ValidationError(OdooError):
    name = "odoo.exceptions.ValidationError"


class MissingError(OdooError):
    name, status = "odoo.exceptions.MissingError", 404

    def __init__(self, model: str, ids: Any) -> None:
        super().__init__(f"Record does not exist or has been deleted.\n(Record: {model}({ids},), User: 2)")


class AccessError(OdooError):
    name, status, fault = "odoo.exceptions.AccessError", 403, 4


class AccessDenied(OdooError):
    name, status, fault = "odoo.exceptions.AccessDenied", 403, 3

    def __init__(self) -> None:
        super().__init__("Access Denied")


class PythonError(OdooError):
    """An exception of Python itself, such as ValueError for a field that does not exist."""

    status, fault = 500, 1

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.name = f"builtins.{kind}"


class Unfit(OdooError):
    """Arguments that the method does not take."""

    name, status, fault = "builtins.TypeError", 422, 1


class HttpError(OdooError):
    """Raised by the web server below: no route, no such model or method, no valid key."""

    fault = 1

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name = status, f"werkzeug.exceptions.{kind}"

    def data(self) -> Json:
        return {**super().data(), "arguments": [self.message, self.status]}
