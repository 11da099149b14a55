"""What the ``errors`` of a GraphQL answer mean.

Vendure answers 200 to nearly everything.  What went wrong in business is a member of the result's union (``errorCode``);
what was refused or failed stands in ``errors``, with a code or, when the database refused, without one.  Texts are
translated, so only codes are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub import plugin

FORBIDDEN = "FORBIDDEN"
_OUR_REQUEST = frozenset({"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_REQUEST"})
_LONGEST = 300


class Forbidden(Exception):
    """Nobody is signed in (any more), or who is signed in may not do this; Vendure does not tell which."""


class TooMuch(plugin.Rejected):
    """The shop's limit for one request (rows of a list, complexity, bytes) is smaller than this request."""


def code_of(error: Mapping[str, Any]) -> str:
    """The code of an error; "" where a resolver or the database failed."""
    extensions = error.get("extensions")
    code = extensions.get("code") if isinstance(extensions, Mapping) else None
    return "" if code is None or code == "INTERNAL_SERVER_ERROR" else str(code)


def text_of(error: Mapping[str, Any]) -> str:
    """The error's own words, on one line and not too long."""
    words = " ".join(str(error.get("message") or "no reason given").split())
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "…"


def position_of(error: Mapping[str, Any]) -> int | None:
    """Which mutation of a request failed (``m3`` is the fourth); None where the request as a whole was refused."""
    path = error.get("path")
    name = str(path[0]) if isinstance(path, list) and path else ""
    return int(name[1:]) if name[:1] == "m" and name[1:].isdecimal() else None


def refused_write(error: Mapping[str, Any], *, where: str) -> plugin.ConnectorError:
    """The error of one mutation.  A mutation that fails is one transaction that is rolled back.

    Raises Forbidden.
    """
    code, text = code_of(error), text_of(error)
    if code == FORBIDDEN:
        raise Forbidden(text)
    if code == "ENTITY_NOT_FOUND":
        return plugin.NotFound(f"Vendure says: {text}", where=where, remote_code=code, remote_text=text)
    return plugin.Rejected(f"Vendure refuses: {text}", where=where, remote_code=code or "database", remote_text=text)


def refused_read(error: Mapping[str, Any], *, where: str) -> plugin.ConnectorError:
    """The error of a query.  Raises Forbidden."""
    code, text = code_of(error), text_of(error)
    if code == FORBIDDEN:
        raise Forbidden(text)
    if code in _OUR_REQUEST:
        return plugin.ConfigError(
            f"Vendure does not understand the request: {text}",
            where=where,
            hint="Check that url leads to the admin API of Vendure 3, and key_field to a custom field of Customer",
            remote_code=code,
            remote_text=text,
        )
    if code == "CHANNEL_NOT_FOUND":
        return no_channel(where)
    if code == "USER_INPUT_ERROR" or is_too_complex(error):
        return TooMuch(f"Vendure refuses to list so much: {text}", where=where, remote_code=code, remote_text=text)
    return plugin.Unavailable(f"Vendure fails: {text}", where=where, remote_text=text)


def no_channel(where: str) -> plugin.ConfigError:
    """The error of a channel's token that the shop does not know."""
    hint = "Copy the channel's token from Settings, Channels, or leave channel out"
    return plugin.ConfigError("The shop has no channel with this token", where=where, hint=hint)


def is_too_complex(error: Mapping[str, Any]) -> bool:
    """Whether the plugin that limits the complexity of queries (HardenPlugin) refused before anything was done."""
    return "path" not in error and "complex" in text_of(error).casefold()
