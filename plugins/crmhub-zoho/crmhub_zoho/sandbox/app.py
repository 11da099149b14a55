"""Zoho CRM, REST API v8, with its accounts server: one application on one address.

Facts come from the vendor's documentation, OpenAPI description and Python SDK; where these are silent or contradict each
other, a comment or a switch says so.  An unknown route answers as the real server does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.routing import compile_path

from crmhub_zoho.sandbox.accounts import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Accounts, allows
from crmhub_zoho.sandbox.fields import MODULES
from crmhub_zoho.sandbox.moves import Moves
from crmhub_zoho.sandbox.query import Coql
from crmhub_zoho.sandbox.reading import Reading
from crmhub_zoho.sandbox.records import API_USER, Records
from crmhub_zoho.sandbox.search import Search
from crmhub_zoho.sandbox.seeds import fill
from crmhub_zoho.sandbox.settings import Settings
from crmhub_zoho.sandbox.shapes import error, refuse
from crmhub_zoho.sandbox.switches import ZohoSwitches
from crmhub_zoho.sandbox.user import ZohoUser
from crmhub_zoho.sandbox.watch import Watch
from crmhub_zoho.sandbox.writing import Writing
from hub.testing.sandbox import Call, Clock, Endpoint, Quota, Refused, Sandbox, reply

ROOT = "/crm/v8"
_SCOPES = {"read": "READ", "create": "CREATE", "edit": "UPDATE", "delete": "DELETE"}


class ZohoSandbox(Sandbox):
    """Zoho CRM for tests and demos.

    caller: the user of the token of the call being answered; quota: credits spent in the last 24 hours.
    """

    name = "zoho"
    title = "Zoho CRM, REST API v8"
    switches_type = ZohoSwitches
    switches: ZohoSwitches

    def __init__(
        self, *, file: Path | None = None, clock: Clock | None = None, switches: ZohoSwitches | None = None
    ) -> None:
        super().__init__(file=file, clock=clock, switches=switches)
        self.caller = API_USER
        self.quota = Quota()
        self.watch = Watch(self)
        self.records = Records(self, lambda: self.switches, self.watch.tell)
        self.accounts = Accounts(self)
        self.reading = Reading(self, self.records)
        self.search = Search(self, self.records)
        self.moves = Moves(self, self.records)
        self.user = ZohoUser(self, self.records)

    def routes(self) -> Sequence[Endpoint]:
        reading, writing, settings = self.reading, Writing(self, self.records), Settings(self, self.records)
        moves, watch, module, record = self.moves, self.watch, f"{ROOT}/{{module}}", f"{ROOT}/{{module}}/{{id}}"
        return [
            *self.accounts.endpoints(),
            Endpoint("GET", f"{ROOT}/org", settings.org),
            Endpoint("GET", f"{ROOT}/users", settings.users),
            Endpoint("GET", f"{ROOT}/settings/modules", settings.modules),
            Endpoint("GET", f"{ROOT}/settings/fields", settings.fields),
            Endpoint("POST", f"{ROOT}/coql", Coql(self, self.records).answer),
            Endpoint("POST", f"{ROOT}/actions/watch", watch.subscribe),
            Endpoint("PUT", f"{ROOT}/actions/watch", watch.subscribe),
            Endpoint("PATCH", f"{ROOT}/actions/watch", watch.change),
            Endpoint("GET", f"{ROOT}/actions/watch", watch.listing),
            Endpoint("DELETE", f"{ROOT}/actions/watch", watch.unsubscribe),
            Endpoint("POST", f"{ROOT}/Leads/{{id}}/actions/convert", moves.convert),
            Endpoint("POST", f"{record}/actions/merge", moves.merge),
            Endpoint("POST", f"{module}/actions/add_tags", moves.tag),
            Endpoint("POST", f"{module}/actions/remove_tags", moves.untag),
            Endpoint("GET", f"{module}/actions/count", reading.count),
            Endpoint("GET", f"{module}/deleted", reading.deletions),
            Endpoint("GET", f"{module}/search", self.search.answer),
            Endpoint("POST", f"{module}/upsert", writing.upsert),
            Endpoint("GET", module, reading.listing),
            Endpoint("POST", module, writing.insert),
            Endpoint("PUT", module, writing.update),
            Endpoint("DELETE", module, writing.delete),
            Endpoint("GET", record, reading.one),
            Endpoint("PUT", record, writing.update_one),
            Endpoint("DELETE", record, writing.delete_one),
        ]

    def credentials(self) -> Mapping[str, str]:
        return {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}

    def settings(self) -> Mapping[str, Any]:
        return {"accounts_url": self.url}

    def seed(self, customers: int) -> None:
        with self.turn():
            fill(self.records, customers)

    def is_filled(self) -> bool:
        return any(len(self.state.collection(module)) for module in MODULES)

    # who may do what

    def sign_in(self, call: Call, family: str, action: str) -> None:
        """Check token and scope; afterwards ``caller`` is known.  Raises Refused."""
        self.caller, scopes = self.accounts.user_of(call)
        if not allows(scopes, family, action):
            raise refuse(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL")

    def enter(self, call: Call, *actions: str, family: str = "") -> str:
        """Check token, scopes, module and permissions of a call on records; returns the module.  Raises Refused."""
        module = call.params["module"]
        for action in actions:
            self.sign_in(call, f"modules.{module.lower()}", _SCOPES[action])
        if family:
            self.sign_in(call, family, "READ")
        if module not in MODULES:
            raise refuse(400, "INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": 0})
        for action in actions:
            self.permit(module, action)
        return module

    def permit(self, module: str, action: str) -> None:
        """Raises Refused where the switches take the permission away."""
        if f"{module}.{action}" in self.switches.no_permission:
            # how the permissions are called in details is not known for certain
            permission = f"Crm_Implied_{'View' if action == 'read' else action.capitalize()}_{module}"
            raise refuse(403, "NO_PERMISSION", "permission denied", {"permissions": [permission]})

    def spend(self, credits: int) -> None:
        """Take credits.  Raises Refused when the day's are spent."""
        if not self.quota.take(self.now(), credits, self.switches.quota):
            raise Refused(self.throttled())

    # how errors look

    def throttled(self) -> Response:
        return reply(429, error("TOO_MANY_REQUESTS", "You have exceeded the maximum number of API calls"))

    def failed(self, status: int) -> Response:
        if status == 500:
            return reply(500, error("INTERNAL_ERROR", "Internal Server Error"))
        return Response(b"<html><body><h1>Service Unavailable</h1></body></html>", status, media_type="text/html")

    def error_under_200(self) -> Response:
        return reply(200, {"error": "Access Denied"})

    def unknown(self, call: Call) -> Response:
        if any(compile_path(item.path)[0].match(call.path) for item in self.routes()):
            return reply(400, error("INVALID_REQUEST_METHOD", "The http request method type is not a valid one"))
        return reply(404, error("INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one"))

    def finish(self, call: Call, answer: Response) -> Response:
        """The rest of the credits is told only when half of them are spent."""
        limit = self.switches.quota
        if limit and call.path.startswith(ROOT) and (spent := self.quota.spent(self.now())) * 2 >= limit:
            answer.headers["X-API-CREDITS-REMAINING"] = str(limit - spent)
        return answer
