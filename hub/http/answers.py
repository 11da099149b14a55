"""What an HTTP answer means: pure functions from a response to the contract's error tree."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from urllib.parse import urlsplit

import requests

from hub.contract.errors import AuthError, ConnectorError, OutcomeUnknown, RateLimited, Unavailable

_GATEWAY = frozenset({502, 503, 504})
_TAG = re.compile(r"<(script|style|title)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def bare_url(url: str) -> str:
    """The URL without user, password, query and fragment, which may hold secrets: safe for messages and logs."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def retry_after(response: requests.Response, now: datetime) -> float | None:
    """Seconds that the remote asks us to wait (RFC 9110 10.2.3: seconds or an HTTP date), None if it does not."""
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def first_words(response: requests.Response, most: int = 120) -> str:
    """The beginning of a page's visible text, to show a person which page came instead of an answer."""
    text = response.content[:20_000].decode("utf-8", "replace")
    words = " ".join(_TAG.sub(" ", text).split())
    return words if len(words) <= most else words[:most] + "…"


def looks_like_html(response: requests.Response) -> bool:
    """Whether the body is a web page, whatever its status says (a login page or a proxy's message)."""
    if "html" in response.headers.get("Content-Type", "").lower():
        return True
    return response.content[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def failure(
    response: requests.Response, *, where: str, safe: bool, expect: Collection[int], now: datetime
) -> ConnectorError | None:
    """The error that a status stands for, or None for every status that the caller handles itself.

    ``expect`` lists statuses that the caller wants to see even though they would be an error here.
    """
    status = response.status_code
    if status in expect:
        return None
    if status == 401:
        return AuthError(
            f"{where} does not accept the user, password or token (401)",
            hint="Check the credentials of this connection, then run `crmhub check`",
            remote_code="401",
        )
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        wait = retry_after(response, now)
        how_long = "" if wait is None else f" {ceil(wait)} s"
        return RateLimited(f"{where} asks us to wait{how_long} ({status})", retry_after=wait, scope=where)
    if status < 500 or (status not in _GATEWAY and safe):
        return None
    words = first_words(response)
    if safe:
        return Unavailable(f"{where} answers {status}", remote_code=str(status), remote_text=words)
    # A server that answers 500 may have committed first (seen on a stock CRM whose task queue was down).
    return OutcomeUnknown(f"{where} answers {status} to a write", remote_code=str(status), remote_text=words)
