"""Drives auth flows: sends what they yield and hands them the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests.auth import AuthBase

from hub.contract.errors import OutcomeUnknown, Unavailable
from hub.http.auth import AuthFlow, Flow, Incoming, Outgoing
from hub.http.oauth2 import OAuth2
from hub.http.session import Http

_LEFT_TO_US = frozenset({401})
RefusedWait = Callable[[requests.Response], float | None]


class _EachTime(AuthBase):
    """Puts fresh headers on every attempt, also on those that ``Http.request`` makes by itself."""

    def __init__(self, headers: Callable[[], Mapping[str, str]]) -> None:
        self._headers = headers

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers.update(self._headers())
        return prepared


def send_signed(
    http: Http,
    auth: AuthFlow,
    method: str,
    url: str,
    *,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    safe: bool = True,
    refused_wait: RefusedWait | None = None,
) -> requests.Response:
    """Send one request of a connector, signed.  A 401 is returned like any other 4xx; the rest is as ``Http.request``
    says.  Raises also AuthError and RateLimited of the flow."""
    request = Outgoing(method, url, params or {}, headers or {}, json)
    answer = drive(http, auth.flow(request), safe=safe, refused_wait=refused_wait)
    if answer is None:
        raise AssertionError("an auth flow ended without sending the request")
    return answer


def access_token(http: Http, auth: OAuth2) -> str:
    """A valid access token, for a login that is no HTTP request (XOAUTH2).  Raises AuthError, RateLimited, Unavailable."""
    drive(http, auth.ready())
    token = auth.tokens.read()
    return "" if token is None else token.access


def drive(
    http: Http, flow: Flow, *, safe: bool = True, refused_wait: RefusedWait | None = None
) -> requests.Response | None:
    """Send what a flow yields until it ends; returns the last answer."""
    response: requests.Response | None = None
    try:
        outgoing = next(flow)
        while True:
            response = _send(http, outgoing, safe, refused_wait)
            outgoing = flow.send(Incoming(response.status_code, _json(response)))
    except StopIteration:
        return response
    finally:
        flow.close()  # gives its lock back, whatever happened


def _send(http: Http, item: Outgoing, safe: bool, refused_wait: RefusedWait | None) -> requests.Response:
    if not item.login:
        return http.request(
            item.method,
            item.url,
            params=item.params or None,
            headers=item.headers,
            auth=None if item.each_time is None else _EachTime(item.each_time),
            json=item.json,
            safe=safe,
            expect=_LEFT_TO_US,
            retry_refused=True,
            refused_wait=refused_wait,
        )
    try:
        return http.request(item.method, item.url, headers=item.headers, data=item.data, safe=False, expect={401, 429})
    except OutcomeUnknown as error:  # a token may have been made, but nothing of the connector's was sent
        raise Unavailable(
            f"{http.connection}: no answer from the token endpoint", remote_text=error.remote_text
        ) from None


def _json(response: requests.Response) -> Any:
    try:
        return response.json() if response.content else None
    except ValueError:
        return None
