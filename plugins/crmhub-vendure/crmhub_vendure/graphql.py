"""The admin API: sign in, ask, and say in the contract's words what went wrong.

Sources: Vendure 3.5 (core, ``api/common/extract-session-token``, ``api/resolvers/base/base-auth.resolver``) and a real
3.5.7.  ``login`` gives a session's token in the header ``vendure-auth-token``; a session that ended answers as one without
rights does: HTTP 200 with the code FORBIDDEN.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from crmhub_vendure.refusals import FORBIDDEN, Forbidden, TooMuch, code_of, position_of, refused_read, text_of
from hub import plugin

_LOGIN = """
mutation SignIn($user: String!, $password: String!) {
  login(username: $user, password: $password) {
    __typename
    ... on CurrentUser { id }
    ... on ErrorResult { errorCode message }
  }
}
"""
_TOKEN = "vendure-auth-token"  # noqa: S105  # a header's name
_LEFT_TO_US = frozenset({400, 403, 404, 405, 413, 422})
LARGEST_REQUEST = 90_000
"""Bytes of one request; the body parser of a stock Vendure takes 100 kB and answers more with a bare 500."""


@dataclass(frozen=True, slots=True)
class Answer:
    """data: None where a mutation failed, whatever the others of the request gave; errors: what went wrong."""

    data: Mapping[str, Any] | None
    errors: tuple[Mapping[str, Any], ...]


class GraphQL:
    """A signed-in client of the admin API.  Thread-safe; signs in when needed and again when the session has ended.

    server_time: the Date header of the newest answer, aware, whole seconds; None before the first.
    """

    def __init__(
        self, http: plugin.Http, tokens: plugin.Tokens, *, url: str, user: str, password: str, channel: str, where: str
    ) -> None:
        self._http = http
        self._tokens = tokens
        self.url = url
        self._user = user
        self._password = password
        self._channel = channel
        self._where = where
        self.server_time: datetime | None = None

    def read(self, query: str, **variables: Any) -> Mapping[str, Any]:
        """Ask something; it may be sent several times.

        Raises ConfigError (a missing permission, a request that this Vendure does not understand), TooMuch, Unavailable.
        """
        token = self._token()
        for last in (False, True):
            answer = self._post(query, variables, token, safe=True)
            if not answer.errors and answer.data is not None:
                return answer.data
            error = answer.errors[0] if answer.errors else {"message": "an answer without data"}
            try:
                raise refused_read(error, where=self._where)
            except Forbidden as forbidden:
                if last:
                    raise self.not_allowed(str(forbidden)) from None
                token = self._token(ended=token)
        raise AssertionError("the loop returns or raises")

    def write(self, query: str, variables: Mapping[str, Any]) -> Answer:
        """Send mutations, once.  Only an answer that says that nobody is signed in sends them again: nothing was done.

        Raises ConfigError (a missing permission), TooMuch (nothing was done), Unavailable, OutcomeUnknown.
        """
        token = self._token()
        answer = self._post(query, variables, token, safe=False)
        if _is_forbidden_at_once(answer) and self._ended(token):
            answer = self._post(query, variables, self._token(ended=token), safe=False)
        return answer

    def not_allowed(self, text: str) -> plugin.ConfigError:
        """The error of a user who lacks a permission."""
        return plugin.ConfigError(
            f"Vendure does not allow {self._user} to do this: {text}",
            where=self._where,
            hint="Give the administrator a role with the permissions that the plugin's README lists",
            remote_code=FORBIDDEN,
            remote_text=text,
        )

    # one exchange

    def _post(self, query: str, variables: Mapping[str, Any], token: str | None, *, safe: bool) -> Answer:
        return self._answer(self._send(query, variables, token, safe=safe), safe=safe)

    def _send(self, query: str, variables: Mapping[str, Any], token: str | None, *, safe: bool) -> requests.Response:
        # A cookie of an older session would win over the token (extract-session-token), so none is sent back.
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Cookie": ""}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if self._channel:
            headers["vendure-token"] = self._channel
        response = self._http.request(
            "POST",
            self.url,
            data=body_of(query, variables),
            headers=headers,
            safe=safe,
            expect=_LEFT_TO_US,
            expect_json=True,
        )
        self.server_time = _date(response) or self.server_time
        return response

    def _answer(self, response: requests.Response, *, safe: bool) -> Answer:
        status, where = response.status_code, self._where
        unusable = plugin.Unavailable if safe else plugin.OutcomeUnknown
        if status in (404, 405):
            hint = "url is the address of the admin API, usually https://SHOP/admin-api"
            raise plugin.ConfigError(f"No Vendure answers at {self.url} ({status})", where=where, hint=hint)
        if status == 413:
            raise TooMuch("The shop takes no request of this size", where=where, remote_code="413")
        if status == 403:
            raise plugin.AuthError(f"{self.url} lets us not in (403)", where=where, remote_code="403")
        if status >= 500:
            raise unusable(f"Vendure answers {status}", where=where, remote_code=str(status))
        found = self._http.decode(response, safe=safe)
        errors = found.get("errors") if isinstance(found, dict) else None
        data = found.get("data") if isinstance(found, dict) else None
        if not (isinstance(data, dict) or errors) or not _are_errors(errors):
            raise unusable(f"The answer of {self.url} is not one of Vendure's", where=where)
        return Answer(data if isinstance(data, dict) else None, tuple(errors or ()))

    # the session

    def _ended(self, token: str) -> bool:
        """Whether the session of a token has ended: then the FORBIDDEN was about that, and nothing was done."""
        answer = self._post("{ me { id } }", {}, token, safe=True)
        return any(code_of(error) == FORBIDDEN for error in answer.errors)

    def _token(self, *, ended: str | None = None) -> str:
        """A session's token: the kept one, unless there is none or it is the one that ended."""
        kept = self._tokens.read()
        if kept is not None and kept.access != ended:
            return kept.access
        with self._tokens.locked():
            kept = self._tokens.read()
            if kept is None or kept.access == ended:
                kept = plugin.Token(self._sign_in())
                self._tokens.save(kept)
            return kept.access

    def _sign_in(self) -> str:
        response = self._send(_LOGIN, {"user": self._user, "password": self._password}, None, safe=True)
        answer = self._answer(response, safe=True)
        if answer.errors:
            raise refused_read(answer.errors[0], where=self._where)
        outcome = (answer.data or {}).get("login")
        if not isinstance(outcome, Mapping):
            raise plugin.Unavailable(f"The answer of {self.url} is not one of Vendure's", where=self._where)
        if "errorCode" in outcome:
            raise plugin.AuthError(
                f"Vendure does not accept the administrator {self._user} with this password",
                where=self._where,
                hint="Check user and password of this connection",
                remote_code=str(outcome["errorCode"]),
                remote_text=text_of(outcome),
            )
        token = response.headers.get(_TOKEN, "")
        if not token:
            hint = "Add 'bearer' to authOptions.tokenMethod in the configuration of the shop"
            raise plugin.ConfigError("The shop gives no token at sign-in", where=self._where, hint=hint)
        return token


def body_of(query: str, variables: Mapping[str, Any]) -> bytes:
    """A request's body.  Raises UnicodeEncodeError for half of a surrogate pair, which no server can keep."""
    return json.dumps({"query": query, "variables": variables}, ensure_ascii=False, allow_nan=False).encode()


def _is_forbidden_at_once(answer: Answer) -> bool:
    """Whether the first mutation was forbidden, so that none was carried out."""
    return any(code_of(error) == FORBIDDEN and position_of(error) == 0 for error in answer.errors)


def _are_errors(errors: Any) -> bool:
    return errors is None or (isinstance(errors, list) and all(isinstance(error, dict) for error in errors))


def _date(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return None  # a proxy may drop or break it; reading then relies on the stamps alone
