"""The class that a plugin author writes."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from hub.contract.records import (
    Account,
    Field,
    Hint,
    Json,
    Limits,
    Op,
    Page,
    Receipt,
    Record,
    Resource,
    Subscription,
)

if TYPE_CHECKING:
    from hub.http.session import Http
    from hub.tokens.token import Tokens


class ConnectorConfig(BaseModel):
    """Settings of one connection.  Subclass it; use ``SecretStr`` for secrets (they arrive resolved)."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _memory_tokens() -> Tokens:
    from hub.tokens.token import MemoryTokens

    return MemoryTokens()


@dataclass(frozen=True, slots=True)
class Context:
    """What the host gives a connector.  There are no globals; two connections of one type share nothing.

    connection: the connection's name in the configuration.
    http:       one HTTP client with time-outs, TLS, retries of safe requests and the hosts allow-list; made lazily.
    folder:     a private folder for files that the connector must keep between runs.
    base:       the folder that relative paths of the configuration are relative to.
    tokens:     keeps the tokens of this connection's login, encrypted; in memory where the host gives no other place.
    """

    connection: str
    make_http: Callable[[], Http]
    folder: Path
    base: Path = Path()
    clock: Callable[[], datetime] = _now
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("crmhub.connector"))
    tokens: Tokens = field(default_factory=_memory_tokens)

    @property
    def http(self) -> Http:
        return self.make_http()


C = TypeVar("C", bound=ConnectorConfig)


class Connector(ABC, Generic[C]):
    """One configured connection to a system.  Synchronous; the host adds threads.  Constructing does no I/O."""

    name: ClassVar[str]
    Config: ClassVar[type[ConnectorConfig]]
    limits: ClassVar[Limits] = Limits()
    mappings: ClassVar[Path | None] = None
    """The folder of its default mappings; None: the folder ``mappings`` of its package."""

    def __init__(self, config: C, context: Context) -> None:
        self.config = config
        self.context = context

    @abstractmethod
    def check(self) -> Account:
        """Sign in and say who we are.  Raises AuthError, ConfigError or Unavailable."""

    @abstractmethod
    def resources(self) -> Sequence[Resource]:
        """Describe the resources.  Static: no I/O."""

    @abstractmethod
    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        """Yield what changed since ``cursor`` (None: everything), at least once each, in pages.

        The last page has ``complete = True`` and a cursor, even when nothing changed (then one page without records).
        Where ids and versions are cheaper than documents, records may come without ``data``: the engine fetches those
        that it does not know at that version, and so never reads its own writes again.
        A cursor that the remote no longer accepts: raise CursorExpired; the engine starts over with a full read.
        """

    @abstractmethod
    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        """Read these records, whole.  Ids that do not exist are simply absent from the answer."""

    def listing(self, resource: str) -> Iterator[Page]:
        """Yield every record's id and version (``data`` may be None); the last page has ``complete = True``.

        Only such a complete pass may prove that a record is gone.  The default reads everything.
        """
        yield from self.changes(resource, None)

    def find(self, resource: str, key: str, values: Sequence[str]) -> Iterator[Record]:
        """Yield the records that carry one of the values under a key listed in ``Capabilities.find_by``."""
        raise NotImplementedError(f"{self.name} cannot search by {key}")

    def write(self, resource: str, ops: Sequence[Op]) -> Iterator[Receipt]:
        """Carry out the ops and yield exactly one Receipt for each, as soon as it is known.

        Raising means: ops without a receipt are unknown (OutcomeUnknown) or not carried out (Unavailable, RateLimited).
        """
        raise NotImplementedError(f"{self.name} is read-only")

    def fields(self, resource: str) -> Sequence[Field]:
        """Discover the native fields of a resource, with custom ones.  Empty where the system cannot tell."""
        return ()

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """Verify a webhook over its raw bytes, in constant time, and say which records to read again.  No I/O.

        headers: names in lower case; ":method" and ":url" (as the system was told it) are there for signatures over them.
        Raises AuthError if it is not verified, Rejected if it is no webhook of this system: both are answered alike.
        """
        raise NotImplementedError(f"{self.name} has no webhooks")

    def subscriptions(self, url: str) -> Sequence[Subscription]:
        """The webhooks that the system sends to an address of the hub.  Override it where the API can list them."""
        raise NotImplementedError(f"the webhooks of {self.name} cannot be listed by its API")

    def subscribe(self, url: str) -> Sequence[Subscription]:
        """Bring the webhooks to an address in order: make what is missing, wake what was disabled, renew what ends within
        some days.  Doing it again changes nothing.  Returns all of them as they are now."""
        raise NotImplementedError(f"the webhooks of {self.name} cannot be made by its API")

    def unsubscribe(self, url: str) -> int:
        """Remove the webhooks to an address; returns how many there were."""
        raise NotImplementedError(f"the webhooks of {self.name} cannot be removed by its API")

    def close(self) -> None:
        """Release what the connection holds."""


class CursorExpired(Exception):
    """The remote no longer accepts a cursor (retention, another epoch); the engine reads everything again."""


AnyConnector = Connector[Any]
