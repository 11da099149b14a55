"""The three ways to call methods: JSON-RPC and XML-RPC (to 19), JSON-2 (from 19)."""

from __future__ import annotations

import inspect
import xmlrpc.client  # reads what clients on this machine send to a server for tests
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from crmhub_odoo.sandbox.errors import AccessError, HttpError, Json, OdooError, PythonError, Unfit, UserError
from crmhub_odoo.sandbox.schema import models
from hub.testing.sandbox import Call, Endpoint, reply

if TYPE_CHECKING:
    from crmhub_odoo.sandbox.app import OdooSandbox

_OF_RECORDS = frozenset({"read", "write", "unlink", "exists", "has_access"})
_OF_ONE_MODEL = {("res.users", "context_get"), ("ir.model.data", "check_object_reference")}
_OF_MODELS = frozenset(
    (
        "search",
        "search_count",
        "search_read",
        "create",
        "fields_get",
        "default_get",
        "name_search",
        "load",
        "check_access_rights",
    )
)


class Rpc:
    """Answers calls."""

    def __init__(self, sandbox: OdooSandbox) -> None:
        self._sandbox = sandbox

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("POST", "/jsonrpc", self.jsonrpc),
            Endpoint("POST", "/xmlrpc/2/{service}", self.xmlrpc),
            Endpoint("POST", "/web/webclient/version_info", self.version_info),
            Endpoint("GET", "/web/version", self.web_version),
            Endpoint("POST", "/json/2/{model}/{method}", self.json2),
        ]

    # ways

    def jsonrpc(self, call: Call) -> Response:
        """HTTP 200 also for errors; only data.name tells them apart."""
        body = call.json()
        params = body.get("params") or {}
        answer: Json = {"jsonrpc": "2.0", "id": body.get("id")}
        try:
            answer["result"] = self._serve(params.get("service"), params.get("method"), list(params.get("args") or ()))
        except OdooError as error:
            code = 0 if self._sandbox.switches.is_new else 200
            answer["error"] = {"code": code, "message": "Odoo Server Error", "data": error.data()}
        return reply(200, answer)

    def xmlrpc(self, call: Call) -> Response:
        arguments, method = xmlrpc.client.loads(call.body.decode())
        try:
            result = self._serve(call.params["service"], method, list(arguments))
            if result is None:
                raise PythonError("TypeError", "cannot marshal None unless allow_none is enabled")
            text = xmlrpc.client.dumps((result,), methodresponse=True)
        except OdooError as error:
            words = error.data()["debug"] if error.fault == 1 else error.message
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(error.fault, words))
        return Response(text.encode(), 200, media_type="text/xml")

    def json2(self, call: Call) -> Response:
        try:
            if not self._sandbox.switches.is_new:
                raise HttpError(404, "NotFound", "The requested URL was not found on the server.")
            return reply(200, self._json2(call))
        except OdooError as error:
            return reply(error.status, error.data())

    def version_info(self, call: Call) -> Response:
        """For clients of old; what odoorpc asks first."""
        return reply(200, {"jsonrpc": "2.0", "id": call.json().get("id"), "result": self._version()})

    def web_version(self, call: Call) -> Response:
        if not self._sandbox.switches.is_new:
            return self._sandbox.unknown(call)
        found = self._version()
        return reply(200, {"version_info": found["server_version_info"], "version": found["server_version"]})

    # services

    def _serve(self, service: Any, method: Any, arguments: list[Any]) -> Any:
        if service == "common":
            return self._common(method, arguments)
        if service == "db" and method in ("list", "db_exist"):
            return [self._sandbox.database] if method == "list" else arguments[0] == self._sandbox.database
        if service != "object" or method not in ("execute", "execute_kw"):
            raise PythonError("KeyError", str(service))
        database, user, password, model, name, *rest = arguments
        self._sandbox.sign_in(database, user, password)
        given, named = (rest, {}) if method == "execute" else (list(rest[0]), dict(rest[1]) if len(rest) > 1 else {})
        context = named.pop("context", None)
        return self._run(user, context, str(model), str(name), given, named)

    def _common(self, method: Any, arguments: list[Any]) -> Any:
        if method == "version":
            return self._version()
        if method in ("authenticate", "login"):
            return self._sandbox.user_of(*(str(item) for item in arguments[:3])) or False
        raise PythonError("AttributeError", f"common has no method {method}")

    def _run(
        self,
        user: int,
        context: Mapping[str, Any] | None,
        model: str,
        name: str,
        given: list[Any],
        named: dict[str, Any],
    ) -> Any:
        if model not in models(self._sandbox.switches.version):
            raise UserError(f"Object {model} doesn't exist")
        if name.startswith("_"):
            raise AccessError(f"Private methods (such as {model!r}.{name}) cannot be called remotely.")
        method = self._method(model, name)
        if method is None:
            raise PythonError("AttributeError", f"The method '{model}.{name}' does not exist")
        try:
            bound = inspect.signature(method).bind(model, *given, **named)
        except TypeError as error:
            raise PythonError("TypeError", str(error)) from None
        return self._transaction(user, context, method, bound)

    def _json2(self, call: Call) -> Any:
        user = self._sandbox.user_of_key(call)
        try:
            body = call.json()
        except ValueError:
            raise HttpError(400, "BadRequest", "Invalid JSON data") from None
        if not isinstance(body, dict):
            raise HttpError(400, "BadRequest", "Invalid JSON data: an object is expected")
        model, name = call.params["model"], call.params["method"]
        if model not in models(self._sandbox.switches.version):
            raise HttpError(404, "NotFound", f"the model {model!r} does not exist")
        method = self._method(model, name)
        if method is None or name.startswith("_"):
            raise HttpError(404, "NotFound", f"{model!r}.{name} is not a public method")
        context, ids = body.pop("context", None), body.pop("ids", [])
        if ids and name not in _OF_RECORDS:
            raise Unfit(f"cannot call {model}.{name} with ids")
        given = [ids] if name in _OF_RECORDS else []
        try:
            bound = inspect.signature(method).bind(model, *given, **body)
        except TypeError as error:
            raise Unfit(str(error)) from None
        result = self._transaction(user, context, method, bound)
        return [result] if name == "create" and isinstance(result, int) else result

    def _transaction(
        self, user: int, context: Mapping[str, Any] | None, method: Callable[..., Any], bound: inspect.BoundArguments
    ) -> Any:
        """All or nothing."""
        undo = self._sandbox.state.snapshot()
        self._sandbox.orm.begin(user, context)
        try:
            return method(*bound.args, **bound.kwargs)
        except OdooError:
            undo()
            raise

    def _method(self, model: str, name: str) -> Callable[..., Any] | None:
        if name in _OF_RECORDS | _OF_MODELS or (model, name) in _OF_ONE_MODEL:
            found: Callable[..., Any] = getattr(self._sandbox.orm, name)
            return found
        return None

    def _version(self) -> Json:
        version = self._sandbox.switches.version
        number = int(version.partition(".")[0])
        return {
            "server_version": version,
            "server_version_info": [number, 0, 0, "final", 0, ""],
            "server_serie": version,
            "protocol_version": 1,
        }
