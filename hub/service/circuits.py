"""Which connection is left alone for a while: exponential back-off with a circuit, as pure functions."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Literal

from hub.contract.errors import AuthError, ConnectorError, RateLimited

State = Literal["closed", "waiting", "needs_login"]

MOST = 24 * 3600.0
"""Seconds for which a system may ask us to stay away; after that it is tried once in any case."""
FAILING = 3
"""Failures in a row after which people are told."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """What the last runs met on a connection; stored.

    waiting: nothing is tried before ``until``, then once.  needs_login: nothing is tried until somebody signed in, changed
    the secret (``secret`` is a fingerprint of the refused one) or resumed the connection.
    failures: in a row;  since: when the first of them was;  code / message: of the last error.
    """

    connection: str
    state: State = "closed"
    failures: int = 0
    since: float | None = None
    until: float | None = None
    code: str = ""
    message: str = ""
    secret: str = ""


def failed(
    circuit: Circuit, error: ConnectorError, now: float, *, first: float, longest: float, secret: str = ""
) -> Circuit:
    """After an error that concerns the whole connection.

    first / longest: seconds of the first and the longest wait; what the system asked for itself is kept to, too.
    """
    failures = circuit.failures + 1
    since = now if circuit.since is None else circuit.since
    common = replace(circuit, failures=failures, since=since, code=error.code, message=str(error))
    if isinstance(error, AuthError):
        return replace(common, state="needs_login", until=None, secret=secret)
    asked = error.retry_after if isinstance(error, RateLimited) and error.retry_after is not None else 0.0
    wait = max(backoff(circuit.connection, failures, first, longest), min(max(asked, 0.0), MOST))
    return replace(common, state="waiting", until=now + wait, secret="")


def backoff(name: str, failures: int, first: float, longest: float) -> float:
    """Seconds to wait after so many failures in a row: doubled each time up to ``longest``, and up to a quarter less, so
    that connections that failed together do not come back together."""
    wait = min(longest, first * 2.0 ** min(failures - 1, 60))
    return wait * (1 - 0.25 * zlib.crc32(f"{name}#{failures}".encode()) / 2**32)


def succeeded(circuit: Circuit) -> Circuit:
    """After a run that the connection took part in without an error."""
    return Circuit(circuit.connection)


def admits(circuit: Circuit, now: float, secret: str) -> bool:
    """Whether a connection may be tried now.  secret: fingerprint of what it would sign in with, "" if unknown."""
    if circuit.state == "waiting":
        # a clock that was put back must not lock a connection out
        return circuit.until is None or now >= circuit.until or now < circuit.until - MOST
    if circuit.state == "needs_login":
        return bool(secret) and secret != circuit.secret
    return True
