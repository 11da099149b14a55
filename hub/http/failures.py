"""What a failed exchange means: from the exceptions of requests and urllib3 to the contract's error tree."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import requests
import urllib3.exceptions

from hub.contract.errors import ConfigError, ConnectorError, OutcomeUnknown, Rejected, Unavailable

TRANSPORT_ERRORS = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What one exchange may raise; every one is translated by ``transport_failure``."""

_NEVER_SENT = (
    requests.exceptions.ConnectTimeout,
    urllib3.exceptions.NewConnectionError,  # NameResolutionError is one of these
    urllib3.exceptions.ConnectTimeoutError,
)
_OUR_MISTAKE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it wraps: requests keeps causes in args, urllib3 in ``reason``, Python in the chain."""
    stack, seen = [error], set[int]()
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = [*current.args, getattr(current, "reason", None), current.__cause__, current.__context__]
        stack.extend(item for item in wrapped if isinstance(item, BaseException))


def transport_failure(error: BaseException, *, where: str, safe: bool) -> ConnectorError:
    """Say what a failed exchange means.

    ``safe`` False is a write: once it may have left, nobody knows whether it was carried out, so the answer is
    OutcomeUnknown; only failures that certainly came before sending are Unavailable or ConfigError.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return ConfigError(
            f"{where} shows a certificate that is not trusted",
            hint="If the server uses a company's own CA, give its file as ca_file; otherwise ask who answers there",
            remote_text=_short(causes),
        )
    if any(isinstance(cause, _OUR_MISTAKE) for cause in causes):
        return ConfigError(f"{where} is not a usable address or header", hint="Check the url of this connection")
    if any(isinstance(cause, requests.exceptions.InvalidJSONError) for cause in causes) and not isinstance(
        error, requests.exceptions.JSONDecodeError
    ):
        return Rejected(f"A value for {where} cannot be written as JSON (NaN or infinity)")
    if any(isinstance(cause, _NEVER_SENT) for cause in causes):
        return Unavailable(f"{where} cannot be reached", remote_text=_short(causes))
    if safe:
        return Unavailable(f"{where} did not answer properly", remote_text=_short(causes))
    return OutcomeUnknown(f"{where} did not answer a write, which may have happened", remote_text=_short(causes))


def _short(causes: list[BaseException]) -> str:
    """The innermost cause without addresses of objects and URLs (they may hold secrets)."""
    inner = causes[-1]
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    return type(inner).__name__
