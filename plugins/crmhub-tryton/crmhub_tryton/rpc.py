"""Tryton's JSON-RPC: sign in, call a method, and say in the contract's words what went wrong.

Sources: trytond/protocols/dispatcher.py and jsonrpc.py of 7.0 to 8.2.  The path is POST /<database>/rpc/ from 8.0 on
and POST /<database>/ before.  Application errors come as HTTP 200 with ``error``; one call is one transaction.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import requests

from crmhub_tryton.values import decode
from hub import plugin

_LEFT_TO_US = frozenset({400, 401, 403, 404, 405, 413, 422})
_LOGIN_PAUSE = 300.0  # seconds: trytond's session time-out, for which it refuses a login after too many failures

Params = tuple[Any, ...]


class TooMany(plugin.Rejected):
    """The server's records_limit is smaller than this call (HTTP 413)."""


class Rpc:
    """A signed-in JSON-RPC client.  Thread-safe; signs in at the first call and again when the session has expired.

    server_time: the Date header of the newest answer, aware, whole seconds; None before the first.
    """

    def __init__(self, http: plugin.Http, *, url: str, database: str, user: str, password: str, language: str) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._database = database
        self._user = user
        self._password = password
        self._language = language
        self._lock = threading.Lock()
        self._path = ""
        self._token: str | None = None
        self.user_id: int | None = None
        self.server_time: datetime | None = None

    @property
    def is_series_7(self) -> bool:
        """Whether the server answers on the path of 7.x.  Signs in when that is not known yet."""
        self._session()
        return not self._path.endswith("/rpc/")

    def read(self, method: str, *params: Any, context: Mapping[str, Any] | None = None) -> Any:
        """Call a method that changes nothing; it may be sent several times.

        Raises ConfigError when the server refuses it (access rights), Unavailable when it fails on it, TooMany.
        """
        try:
            return self._call(method, (*params, {**self._context(), **(context or {})}), safe=True)
        except TooMany:
            raise
        except plugin.Rejected as error:
            if error.remote_code != "UserError":
                raise plugin.Unavailable(
                    error.message, remote_code=error.remote_code, remote_text=error.remote_text
                ) from None
            raise plugin.ConfigError(
                f"Tryton refuses {method}: {error.remote_text}",
                hint=f"Give the user {self._user} the right to read this, see the plugin's README",
                remote_code=error.remote_code,
                remote_text=error.remote_text,
            ) from None

    def write(self, method: str, *params: Any, context: Mapping[str, Any] | None = None) -> Any:
        """Call a method that changes something, in one transaction; it is sent once.

        Raises Rejected (nothing was written), Conflict (a ``_timestamp`` did not agree, nothing was written),
        OutcomeUnknown.
        """
        return self._call(method, (*params, {**self._context(), **(context or {})}), safe=False)

    def root(self, method: str) -> Any:
        """Call a method of the server itself (no login): /rpc/ from 8.0 on, / before."""
        for path in ("/rpc/", "/"):
            response = self._post(path, method, (), None, safe=True)
            if response.ok:
                return self._result(response, method, safe=True)
        raise plugin.ConfigError(
            f"No Tryton server answers at {self._url}", hint="Check the url; it has no database name in it"
        )

    def sign_out(self) -> None:
        """End the session on the server, if there is one."""
        if self._token is not None:
            self._post(self._path, "common.db.logout", (), self._token, safe=False)
            self._token = None

    def _context(self) -> dict[str, Any]:
        return {"language": self._language}

    def _call(self, method: str, params: Params, *, safe: bool) -> Any:
        token = self._session()
        response = self._post(self._path, method, params, token, safe=safe)
        if response.status_code == 401:  # certainly not carried out, so even a write may go again
            response = self._post(self._path, method, params, self._session(expired=token), safe=safe)
        return self._result(response, method, safe=safe)

    def _post(
        self,
        path: str,
        method: str,
        params: Params,
        token: str | None,
        *,
        safe: bool,
        expect: frozenset[int] = _LEFT_TO_US,
    ) -> requests.Response:
        # The server uses the envelope with "result" and "error" only for exactly these three keys.
        body = {"id": 1, "method": method, "params": params}
        headers = {"Authorization": f"Session {token}"} if token else {}
        response = self._http.request("POST", self._url + path, json=body, headers=headers, safe=safe, expect=expect)
        self.server_time = _date(response) or self.server_time
        return response

    def _session(self, expired: str | None = None) -> str:
        """The session's token; signs in when there is none, or when the one that a caller used has expired."""
        with self._lock:
            if self._token is None or self._token == expired:
                self._token = self._sign_in()
            return self._token

    def _sign_in(self) -> str:
        database = quote(self._database, safe="")
        params = (self._user, {"password": self._password}, self._language)
        for path in (f"/{database}/rpc/", f"/{database}/"):
            response = self._post(path, "common.db.login", params, None, safe=True, expect=_LEFT_TO_US | {429})
            if response.status_code not in (404, 405):
                break
        else:
            raise plugin.ConfigError(
                f"The server at {self._url} has no database {self._database!r}",
                hint="Check url and database of this connection",
            )
        if response.status_code == 401:
            raise plugin.AuthError(f"Tryton does not accept the user {self._user} with this password")
        if response.status_code == 429:
            message = f"Tryton refuses logins of {self._user} for a while: too many attempts failed"
            raise plugin.RateLimited(message, retry_after=_LOGIN_PAUSE, scope="login")
        answer = self._result(response, "common.db.login", safe=True)
        self._path, self.user_id = path, int(answer[0])
        return base64.b64encode(f"{self._user}:{answer[0]}:{answer[1]}".encode()).decode("ascii")

    def _result(self, response: requests.Response, method: str, *, safe: bool) -> Any:
        if not response.ok:
            raise self._status_error(response, method)
        answer = self._http.decode(response, safe=safe, object_hook=decode)
        if not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
            kind = plugin.Unavailable if safe else plugin.OutcomeUnknown
            text = json.dumps(answer, default=str)[:120]
            raise kind(f"The answer to {method} is not one of Tryton's", remote_text=text)
        if "error" in answer:
            raise refusal(answer["error"], method)
        return answer["result"]

    def _status_error(self, response: requests.Response, method: str) -> plugin.ConnectorError:
        status = response.status_code
        if status == 413:
            return TooMany(f"Tryton's limit is smaller than one call of {method}", remote_code="413", remote_text="413")
        if status == 401:
            return plugin.AuthError(f"Tryton does not accept the session of {self._user}")
        if status in (404, 405):
            hint = "Check url and database of this connection"
            return plugin.ConfigError(f"No Tryton database answers {method} at {self._url}", hint=hint)
        text = response.text[:200] or response.reason
        return plugin.Rejected(f"Tryton refuses {method} ({status})", remote_code=str(status), remote_text=text)


def _date(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None  # a proxy may drop or break it; reading then relies on the stamps alone


def refusal(error: Any, method: str) -> plugin.ConnectorError:
    """What the ``error`` of an answer means.  Its texts are translated, so only its first word is looked at."""
    words = error if isinstance(error, list) and error else [str(error)]
    kind, rest = str(words[0]), words[1] if len(words) > 1 else ""
    if kind == "ConcurrencyException":
        return plugin.Conflict("The record was modified in the meanwhile", remote_code=kind, remote_text=str(rest))
    if kind == "LoginException":
        return plugin.AuthError(
            "Tryton asks for another way to sign in than the password",
            hint="Use a user without multi-factor login for this connection",
            remote_code=kind,
            remote_text=str(rest)[:200],
        )
    if kind == "UserError":
        text = _sentence(rest[:2] if isinstance(rest, list) else [rest])
        return plugin.Rejected(f"Tryton refuses: {text}", remote_code=kind, remote_text=text)
    if kind == "UserWarning":
        # A warning asks a person to confirm; the hub never confirms on its own.
        text = _sentence(rest[1:] if isinstance(rest, list) else [rest])
        return plugin.Rejected(
            f"Tryton asks for a confirmation: {text}",
            hint="Make this change in Tryton, or switch the warning off for the hub's user",
            remote_code=kind,
            remote_text=text,
        )
    # Any other exception of the server: its text, then a traceback that is nobody's business.
    return plugin.Rejected(f"Tryton fails on {method}: {kind[:200]}", remote_code="error", remote_text=kind[:200])


def _sentence(parts: list[Any]) -> str:
    """Message and description in one, without a full stop: our own text follows."""
    return " ".join(str(part).strip() for part in parts if part).removesuffix(".")
