"""How requests prove who we are, as generators: no network, no clock of their own, testable with plain values.

A flow gets the request that a connector wants to send and yields the requests that are really sent, each already
signed; it is sent the answer of each.  The answer of the last one is the result.  ``hub.http.signing`` drives it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request.

    login:     it asks for a token and is not the one that the connector wants to send.
    each_time: headers that are made anew whenever it is sent, for signatures that a server takes only once.
    """

    method: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    data: Mapping[str, str] | None = None
    login: bool = False
    each_time: Callable[[], Mapping[str, str]] | None = None

    def with_header(self, name: str, value: str) -> Outgoing:
        """The same request with one more header."""
        return replace(self, headers={**self.headers, name: value})

    def with_param(self, name: str, value: str) -> Outgoing:
        """The same request with one more query parameter."""
        return replace(self, params={**self.params, name: value})


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer.  data: its JSON, None if it is none."""

    status: int
    data: Any = None


Flow = Generator[Outgoing, Incoming, None]


class AuthFlow(Protocol):
    """Signs requests."""

    def flow(self, request: Outgoing) -> Flow:
        """Yield what is sent for a request."""


@dataclass(frozen=True, slots=True)
class NoAuth:
    """Requests go as they are."""

    def flow(self, request: Outgoing) -> Flow:
        """The request itself."""
        yield request


@dataclass(frozen=True, slots=True, repr=False)
class TokenAuth:
    """A fixed token in a header ("Authorization: Bearer TOKEN") or, if ``param`` is given, in the query."""

    token: str
    header: str = "Authorization"
    scheme: str = "Bearer"
    param: str = ""

    def flow(self, request: Outgoing) -> Flow:
        """The request with the token."""
        if self.param:
            yield request.with_param(self.param, self.token)
        else:
            yield request.with_header(self.header, f"{self.scheme} {self.token}".strip())


@dataclass(frozen=True, slots=True, repr=False)
class BasicAuth:
    """User and password (RFC 7617, in UTF-8)."""

    user: str
    password: str

    def flow(self, request: Outgoing) -> Flow:
        """The request with user and password."""
        yield request.with_header("Authorization", basic(self.user, self.password))


def basic(user: str, password: str) -> str:
    """The value of the header Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
