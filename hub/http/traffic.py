"""What went over the wire, for `crmhub connect test --http`: without secrets and without bodies of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from hub.http.answers import bare_url

_SHOWN: Final = frozenset(
    {"accept", "content-type", "content-length", "date", "etag", "if-match", "if-modified-since", "if-unmodified-since"}
    | {"link", "location", "retry-after", "user-agent", "x-external", "x-request-id"}
)
_PARTS: Final = ("ratelimit", "rate-limit", "credits", "correlation")
_PLAIN_PARAMS: Final = frozenset({"page", "per_page", "limit", "offset", "sort_by", "sort_order", "fields", "type"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.  query: names with the values of harmless parameters; milliseconds: its time."""

    method: str
    url: str
    query: Mapping[str, str]
    sent: Mapping[str, str]
    status: int | None
    received: Mapping[str, str]
    size: int
    milliseconds: float

    def __str__(self) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        address = f"{self.url}?{query}" if query else self.url
        told = "; ".join(f"{name}: {value}" for name, value in {**self.sent, **self.received}.items())
        status = "no answer" if self.status is None else str(self.status)
        return f"{self.method} {address} -> {status}, {self.size} bytes, {self.milliseconds:.0f} ms [{told}]"


@dataclass(slots=True)
class Traffic:
    """Collects exchanges; give it to ``Http.traffic``."""

    exchanges: list[Exchange] = field(default_factory=list)

    def add(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any],
        status: int | None,
        received: Mapping[str, str],
        size: int,
        milliseconds: float,
    ) -> None:
        """Keep one exchange.  Only what is known to be harmless is kept."""
        pairs = [*parse_qsl(urlsplit(url).query, keep_blank_values=True), *(body.get("params") or {}).items()]
        query = {str(name): str(value) if name in _PLAIN_PARAMS else "***" for name, value in pairs}
        sent = _harmless(body.get("headers") or {})
        self.exchanges.append(
            Exchange(method, bare_url(url), query, sent, status, _harmless(received), size, milliseconds)
        )


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that may be shown; others only by name."""
    found = {}
    for name, value in headers.items():
        low = name.lower()
        plain = low in _SHOWN or any(part in low for part in _PARTS)
        if low == "location":
            value = bare_url(value)
        found[name] = value if plain else "***"
    return found
