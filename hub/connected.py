"""One open connection: its connector, what its system said about itself, and what stands in for it when it is down."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from hub.config.model import Connection
from hub.config.settings import secret_fields
from hub.contract.connector import AnyConnector, Connector, ConnectorConfig
from hub.contract.errors import ConnectorError
from hub.contract.records import Account, Field, Json, Op, Page, Receipt, Record, Resource

if TYPE_CHECKING:
    from hub.http.limiter import Limiter
    from hub.http.session import Http


ASK_AGAIN = 24 * 3600.0
"""Seconds after which a system is asked anew for its version, clock and fields."""


@dataclass(slots=True)
class Connected:
    """A connection that is open: its connector, and how many API calls it has made."""

    connection: Connection
    connector: AnyConnector
    scope: str
    clients: list[Http] = field(default_factory=list)

    def calls(self) -> int:
        """API calls so far; 0 for a connector that uses no HTTP."""
        return sum(item.calls for item in self.clients)

    def close(self) -> None:
        """Sign out and close what is open.  Raises ConnectorError."""
        self.connector.close()
        for item in self.clients:
            item.close()


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a system said about itself when it was asked last; kept in the store so that commands without a network
    compile the same mapping, and a run without changes costs no call for it.

    offset: hub clock minus system clock in seconds, None if the system showed none.  at: when it was asked (seconds
    since the epoch); scope: hash of the settings with which it was asked.
    """

    version: str | None = None
    offset: float | None = None
    schema: Mapping[str, Sequence[Field]] = field(default_factory=dict)
    at: float = 0.0
    scope: str = ""

    def fresh(self, now: float, scope: str) -> bool:
        """Whether it need not be asked again."""
        return self.scope == scope and 0 <= now - self.at < ASK_AGAIN

    def fields(self, resource: str) -> dict[str, Field] | None:
        """native path -> field; None where the system cannot tell."""
        found = self.schema.get(resource)
        return {item.path: item for item in found} if found else None

    def to_json(self) -> str:
        """As stored."""
        schema = {name: [dataclasses.asdict(item) for item in fields] for name, fields in self.schema.items()}
        content = {
            "version": self.version,
            "offset": self.offset,
            "schema": schema,
            "at": self.at,
            "scope": self.scope,
        }
        return json.dumps(content, default=list)

    @classmethod
    def from_json(cls, text: str) -> Discovered:
        """From what was stored; "" is a system that was never asked."""
        raw = json.loads(text) if text else {}
        schema = {name: [Field(**item) for item in fields] for name, fields in raw.get("schema", {}).items()}
        return cls(raw.get("version"), raw.get("offset"), schema, raw.get("at", 0.0), raw.get("scope", ""))


class OnHold(ConnectorError):
    """A person has paused this connection: no run touches it."""

    code = "paused"


class Unreachable(Connector[ConnectorConfig]):
    """Stands in for a connector whose sign-in failed in this run, or that is left alone for now: the error that it met is
    raised again by every call, so that the engine pauses this system and nobody signs in a second time."""

    name = "unreachable"
    Config = ConnectorConfig

    def __init__(self, inner: AnyConnector, error: ConnectorError) -> None:
        super().__init__(inner.config, inner.context)
        self._inner, self._error = inner, error

    def check(self) -> Account:
        raise self._error

    def resources(self) -> Sequence[Resource]:
        return self._inner.resources()

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        raise self._error

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        raise self._error

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        raise self._error

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        raise self._error


def scope_of(settings: ConnectorConfig, kind: type[AnyConnector]) -> str:
    """A hash of the settings that may narrow what is read: texts, lists and tables, but no secrets, numbers or flags
    (those tune how it is read)."""
    values = settings.model_dump(mode="json", exclude=set(secret_fields(kind)))
    kept = {key: value for key, value in values.items() if isinstance(value, (str, list, dict))}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def addresses_of(settings: ConnectorConfig) -> list[str]:
    """The addresses among the settings."""
    return [value for value in settings.model_dump().values() if isinstance(value, str) and "://" in value]


def account_of(settings: ConnectorConfig, kind: type[AnyConnector]) -> str:
    """A hash that is the same for connections that use one account: same plugin, same secrets, same addresses."""
    secrets = {name: getattr(settings, name) for name in sorted(secret_fields(kind))}
    known = [item.get_secret_value() if isinstance(item, SecretStr) else "" for item in secrets.values()]
    return hashlib.sha256(json.dumps([kind.name, known, sorted(addresses_of(settings))]).encode()).hexdigest()[:16]


def make_limiter(connection: Connection, settings: ConnectorConfig, kind: type[AnyConnector], folder: Path) -> Limiter:
    """The limiter of an account; its count of the day is kept in the folder."""
    from hub.http.limiter import Limiter, Quota

    quota = None
    if kind.limits.daily is not None:
        quota = Quota(kind.limits.daily, folder / f"quota-{account_of(settings, kind)}.json")
    return Limiter(kind.limits, f"{connection.name} ({connection.plugin})", quota)


def open_http(
    connection: Connection,
    settings: ConnectorConfig,
    *,
    hosts: Collection[str] = (),
    limiter: Limiter | None = None,
    at_once: int = 1,
) -> Http:
    """The HTTP client of a connection; it may call only the hosts of the settings, those that the connector names and
    those that the user allows."""
    from hub.http.session import Http

    found = {host for item in addresses_of(settings) if (host := urlsplit(item).hostname)}
    return Http(
        connection.name,
        hosts={*found, *hosts, *connection.hosts},
        limiter=limiter,
        at_once=at_once,
        ca_file=connection.ca_file,
        read_timeout=connection.timeout,
        largest_body=connection.largest_answer,
    )
