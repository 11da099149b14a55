"""Odoo's external API: call a method of a model by JSON-2 (from 19) or JSON-RPC, and say what went wrong.

Sources: odoo/documentation external_api.rst (JSON-2, deprecation of JSON-RPC), addons/rpc/controllers/json2.py and
odoo/http/dispatcher.py.  One call is one transaction.  JSON-RPC answers errors with HTTP 200, JSON-2 with a status; both
name the exception, and only that name decides here.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, cast

import requests

from crmhub_odoo.refusals import refusal
from hub import plugin

Transport = Literal["json2", "jsonrpc"]
_FIRST_JSON2 = 19
_STATUSES = frozenset({400, 401, 403, 404, 409, 415, 422, 500})
"""JSON-2 says what happened in the body of these."""


@dataclass(frozen=True, slots=True)
class Server:
    """Which server answers.  version: "18.0"; transport: how it is called."""

    version: str
    transport: Transport

    @property
    def number(self) -> int:
        """18 of "18.0" and "saas~18.2"."""
        digits = self.version.removeprefix("saas~").partition(".")[0]
        return int(digits) if digits.isdigit() else 0


class Rpc:
    """Calls methods as one user.  Thread-safe; asks for the version and signs in at the first call.

    server_time: the Date header of the newest answer, aware, whole seconds; None before the first.
    """

    def __init__(
        self,
        http: plugin.Http,
        *,
        url: str,
        database: str,
        login: str,
        key: str,
        transport: Literal["auto", "json2", "jsonrpc"],
        context: Mapping[str, Any],
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._database, self._login, self._key = database, login, key
        self._wanted = transport
        self._context = context
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._user: int | None = None
        self.server_time: datetime | None = None

    @property
    def server(self) -> Server:
        """The server's version and the way to call it.  Raises ConfigError where no Odoo answers."""
        with self._lock:
            if self._server is None:
                self._server = self._ask_version()
            return self._server

    def read(self, model: str, method: str, *, ids: list[int] | None = None, **named: Any) -> Any:
        """Call a method that changes nothing; it may be sent several times.

        Raises AuthError, ConfigError (no right to read this), NotFound (ids that are gone), Unavailable.
        """
        return self._call(model, method, ids, named, safe=True)

    def rows(self, model: str, domain: list[Any], fields: list[str], **named: Any) -> list[dict[str, Any]]:
        """search_read, also of archived records, references as ids.  Raises Unavailable for an answer without rows."""
        given = {"domain": domain, "fields": fields, "load": None, **named}
        found = self._call(model, "search_read", None, given, safe=True)
        if not isinstance(found, list) or not all(isinstance(row, dict) and "id" in row for row in found):
            raise plugin.Unavailable(f"The answer to {model}.search_read has no records", remote_text=str(found)[:120])
        return cast("list[dict[str, Any]]", found)

    def write(self, model: str, method: str, *, ids: list[int] | None = None, **named: Any) -> Any:
        """Call a method that changes something; it is sent once.

        Raises Rejected, NotFound (nothing was written), Unavailable (nothing was written), OutcomeUnknown.
        """
        return self._call(model, method, ids, named, safe=False)

    # one call

    def _call(self, model: str, method: str, ids: list[int] | None, named: Mapping[str, Any], *, safe: bool) -> Any:
        if self.server.transport == "json2":
            return self._json2(model, method, ids, named, safe=safe)
        return self._execute(model, method, ids, named, safe=safe)

    def _json2(self, model: str, method: str, ids: list[int] | None, named: Mapping[str, Any], *, safe: bool) -> Any:
        body: dict[str, Any] = {**named, "context": dict(self._context)}
        if ids is not None:
            body["ids"] = ids
        headers = {"Authorization": f"bearer {self._key}"}
        if self._database:
            headers["X-Odoo-Database"] = self._database
        url, what = f"{self._url}/json/2/{model}/{method}", f"{model}.{method}"
        response = self._post(url, body, headers, safe=safe)
        if response.status_code == 401:
            raise plugin.AuthError("Odoo does not accept this API key", hint=_KEY_HINT)
        answer = self._decoded(response, what, safe=safe)
        if response.ok:
            return answer
        if isinstance(answer, dict) and isinstance(answer.get("name"), str):
            raise refusal(answer, what, safe=safe)
        raise self._useless(answer, what, safe=safe)

    def _execute(self, model: str, method: str, ids: list[int] | None, named: Mapping[str, Any], *, safe: bool) -> Any:
        named = dict(named)
        # Creating takes its values by place: the server looks at the first argument to decide what to answer.
        given: list[Any] = [named.pop("vals_list")] if method == "create" else [ids] if ids is not None else []
        options = {**named, "context": dict(self._context)}
        credentials = [self._database, self._user_id(), self._key]
        return self._service(
            "object", "execute_kw", [*credentials, model, method, given, options], f"{model}.{method}", safe=safe
        )

    def _service(self, service: str, method: str, given: list[Any], what: str, *, safe: bool) -> Any:
        params = {"service": service, "method": method, "args": given}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        response = self._post(f"{self._url}/jsonrpc", body, {}, safe=safe)
        if response.status_code in (401, 403):
            raise plugin.AuthError(f"The server at {self._url} wants another sign-in ({response.status_code})")
        if response.status_code == 404:
            raise plugin.ConfigError(f"No Odoo answers at {self._url}", hint="Check the url; it has no path in it")
        answer = self._decoded(response, what, safe=safe)
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            raise refusal(answer["error"].get("data") or {}, what, safe=safe)
        if not isinstance(answer, dict) or "result" not in answer or not response.ok:
            raise self._useless(answer, what, safe=safe)
        return answer["result"]

    def _post(self, url: str, body: Any, headers: Mapping[str, str], *, safe: bool) -> requests.Response:
        response = self._http.request("POST", url, json=body, headers=headers, safe=safe, expect=_STATUSES)
        self.server_time = _date(response) or self.server_time
        return response

    def _decoded(self, response: requests.Response, what: str, *, safe: bool) -> Any:
        if not response.ok:
            try:
                return response.json()
            except ValueError:
                raise self._useless(f"status {response.status_code}", what, safe=safe) from None
        return self._http.decode(response, safe=safe)

    def _useless(self, answer: Any, what: str, *, safe: bool) -> plugin.ConnectorError:
        kind = plugin.Unavailable if safe else plugin.OutcomeUnknown
        return kind(f"The answer to {what} is not one of Odoo's", remote_text=str(answer)[:120])

    # who answers, and who we are

    def _ask_version(self) -> Server:
        if self._wanted != "jsonrpc":
            response = self._http.request("GET", f"{self._url}/web/version", expect={404})
            self.server_time = _date(response) or self.server_time
            if response.status_code == 200:
                version = self._version(self._http.decode(response, safe=True), "version")
                found = Server(version, "json2")
                return found if self._wanted == "json2" or found.number >= _FIRST_JSON2 else Server(version, "jsonrpc")
            if self._wanted == "json2":
                raise plugin.ConfigError(
                    f"The server at {self._url} has no JSON-2 (Odoo 19 or later)", hint='Set transport = "jsonrpc"'
                )
        version = self._version(self._service("common", "version", [], "common.version", safe=True), "server_version")
        return Server(version, "jsonrpc")

    def _version(self, answer: Any, name: str) -> str:
        if not isinstance(answer, dict) or not isinstance(answer.get(name), str):
            raise plugin.Unavailable(f"The server at {self._url} does not say its version as Odoo does")
        return str(answer[name])

    def _user_id(self) -> int:
        with self._lock:
            if self._user is None:
                if not self._login:
                    raise plugin.ConfigError("JSON-RPC needs the user's name", hint="Set login")
                given = [self._database, self._login, self._key, {}]
                found = self._service("common", "authenticate", given, "common.authenticate", safe=True)
                if not isinstance(found, int) or isinstance(found, bool):
                    raise plugin.AuthError(f"Odoo does not accept {self._login!r} with this key", hint=_KEY_HINT)
                self._user = found
            return self._user


_KEY_HINT = "Make a new key in Odoo: Preferences, Account Security, New API Key (from 19 on it ends after three months)"


def _date(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None
