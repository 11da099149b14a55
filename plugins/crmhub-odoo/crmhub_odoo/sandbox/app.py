"""Odoo's external APIs over res.partner and what belongs to it: one application on one address.

Facts come from the server's own code and documentation and from a server of version 16 that was watched; where these are
silent, a comment or a switch says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.responses import Response

from crmhub_odoo.sandbox.errors import AccessDenied, HttpError
from crmhub_odoo.sandbox.orm import ADMIN, API_USER, Orm
from crmhub_odoo.sandbox.rpc import Rpc
from crmhub_odoo.sandbox.seeds import fill, install
from crmhub_odoo.sandbox.switches import OdooSwitches
from crmhub_odoo.sandbox.user import OdooUser
from hub.testing.sandbox import Call, Clock, Endpoint, Sandbox, reply

DATABASE, LOGIN, KEY = "demo", "hub", "crmhub-sandbox-api-key"  # made up, public
ADMIN_LOGIN, ADMIN_PASSWORD = "admin", "admin"  # the same


class OdooSandbox(Sandbox):
    """Odoo 16 to 19 for tests and demos; the version is a switch.  database: the name of the only one."""

    name = "odoo"
    title = "Odoo 16 to 19, external APIs"
    switches_type = OdooSwitches
    switches: OdooSwitches
    database = DATABASE

    def __init__(
        self, *, file: Path | None = None, clock: Clock | None = None, switches: OdooSwitches | None = None
    ) -> None:
        super().__init__(file=file, clock=clock, switches=switches)
        self.orm = Orm(self)
        self.user = OdooUser(self)
        if not self.state.collection("res.users"):
            with self.turn():
                install(self.orm)

    def routes(self) -> Sequence[Endpoint]:
        return Rpc(self).endpoints()

    def credentials(self) -> Mapping[str, str]:
        return {"login": LOGIN, "api_key": KEY}

    def settings(self) -> Mapping[str, Any]:
        return {"url": self.url, "database": DATABASE}

    def seed(self, customers: int) -> None:
        with self.turn():
            fill(self.orm, customers)

    def is_filled(self) -> bool:
        return len(self.state.collection("res.partner")) > 4  # the company and three users are always there

    # who calls

    def user_of(self, database: str, login: str, password: str) -> int | None:
        """The user's id, or None for a wrong password; an API key stands for a password."""
        if database != DATABASE:
            return None
        known = {(LOGIN, KEY): API_USER, (ADMIN_LOGIN, ADMIN_PASSWORD): ADMIN}
        return known.get((login, password))

    def sign_in(self, database: Any, user: Any, password: Any) -> None:
        """Raises AccessDenied."""
        if database != DATABASE or (user, password) not in ((API_USER, KEY), (ADMIN, ADMIN_PASSWORD)):
            raise AccessDenied

    def user_of_key(self, call: Call) -> int:
        """The user of a bearer key.  Raises HttpError."""
        kind, _, key = call.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or key != KEY:
            raise HttpError(401, "Unauthorized", "Invalid apikey")
        if call.headers.get("x-odoo-database", DATABASE) != DATABASE:
            raise HttpError(404, "NotFound", "the database does not exist")
        return API_USER

    # how errors look: Odoo has no limits of its own, what stands before it answers in HTML

    def throttled(self) -> Response:
        return Response(b"<html><body><h1>429 Too Many Requests</h1></body></html>", 429, media_type="text/html")

    def failed(self, status: int) -> Response:
        return Response(b"<html><body><h1>Server Error</h1></body></html>", status, media_type="text/html")

    def error_under_200(self) -> Response:
        data = {
            "name": "psycopg2.errors.SerializationFailure", "message": "could not serialize access due to concurrent update",
            "arguments": [], "context": {}, "debug": "Traceback",
        }  # fmt: skip
        return reply(
            200, {"jsonrpc": "2.0", "id": None, "error": {"code": 200, "message": "Odoo Server Error", "data": data}}
        )

    def unknown(self, call: Call) -> Response:
        if call.path.startswith("/json/2"):
            message = "Did you mean POST /json/2/<model>/<method>?"
            return reply(404, HttpError(404, "NotFound", message).data())
        return Response(b"<!doctype html><title>404 Not Found</title><h1>Not Found</h1>", 404, media_type="text/html")
