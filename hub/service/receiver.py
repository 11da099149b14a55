"""Webhooks: verified, stored as hints, and answered; what they name is read again by a run."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from hub.bootstrap import App
from hub.config.model import Config, Connection
from hub.connected import Connected
from hub.contract.connector import Connector
from hub.contract.errors import HubError, Rejected
from hub.contract.records import Hint
from hub.service.events import Log
from hub.store.errors import StoreError
from hub.store.inbox import KEEP, Inbox

FRESH = 60.0
"""Seconds for which the secrets of a connection are kept for verifying; a changed one counts after that."""
QUIET = 60.0
"""Seconds in which refusals of one connection are logged once, with their number."""
TIDY = 3600.0
"""Seconds between two times that old deliveries are forgotten."""

LONGEST = 500
"""Characters of a record's id."""

Outcome = Literal["accepted", "repeated", "refused", "busy"]


@dataclass(slots=True)
class _Open:
    """A connection as it was opened for verifying."""

    made_for: Connection
    opened: float
    app: App
    connected: Connected
    resources: frozenset[str]


class Receiver:
    """Takes webhooks of all connections.  Safe to use from several threads.

    config: the one in use;  open_app: for its connections (no network, only their secrets);  inbox: on a connection of
    its own to the store, which waits only briefly.
    """

    def __init__(
        self,
        inbox: Inbox,
        config: Callable[[], Config],
        open_app: Callable[[Config], App],
        clock: Callable[[], float],
        log: Log,
    ) -> None:
        self._inbox, self._config, self._open_app, self._clock, self._log = inbox, config, open_app, clock, log
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._opened: dict[str, _Open] = {}
        self._told: dict[str, tuple[float, int]] = {}
        self._tidied = 0.0
        self.counts: Counter[tuple[str, Outcome]] = Counter()
        """(connection, outcome) -> deliveries since the process began; "" for connections that do not exist."""

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Verify one delivery and keep what it names.

        "refused" says nothing about why: a connection that does not exist, one without webhooks, a wrong signature and a
        body that is no webhook look alike.  "busy": nothing was kept, and the sender should send it again.
        """
        known = name in self._config().connections
        try:
            hints = self._verified(name, headers, body) if known else None
            if not known:
                self._pretend(body)
            outcome: Outcome = "refused" if hints is None else self._keep(name, hints)
        except StoreError as error:
            self._log("hook_not_stored", connection=name, code=error.code)
            outcome = "busy"
        with self._lock:
            self.counts[name if known else "", outcome] += 1
        if outcome == "accepted":
            self._log("hook_received", connection=name, ids=sum(len(hint.ids) for hint in hints or ()))
        return outcome

    def close(self) -> None:
        with self._lock:
            for item in self._opened.values():
                item.app.close()
            self._opened = {}
        self._inbox.close()

    def _verified(self, name: str, headers: Mapping[str, str], body: bytes) -> list[Hint] | None:
        """What a delivery names of what is synced; None if it is not what it should be."""
        with self._lock:
            own = self._locks.setdefault(name, threading.Lock())
        with own:  # a connector is used by one thread at a time, and fetching its secrets keeps no other one waiting
            try:
                opened = self._connection(name)
                if type(opened.connected.connector).parse_webhook is Connector.parse_webhook:
                    raise Rejected("the plugin has no webhooks")
                found = opened.connected.connector.parse_webhook(headers, body)
                return [_sound(hint) for hint in found if hint.resource in opened.resources]
            except HubError as error:
                self._refuse(name, error.code)
            except Exception as error:  # noqa: BLE001  # what strangers send must not stop the service
                self._refuse(name, f"plugin_bug:{type(error).__name__}")
        return None

    def _pretend(self, body: bytes) -> None:
        """About as much work as verifying, so that time does not tell which connections there are."""
        hmac.compare_digest(hmac.new(b"nobody", body, hashlib.sha256).digest(), bytes(32))
        self._refuse("", "unknown")

    def _refuse(self, name: str, why: str) -> None:
        now = self._clock()
        with self._lock:
            at, number = self._told.get(name, (0.0, 0))
            silent = 0 <= now - at < QUIET
            self._told[name] = (at, number + 1) if silent else (now, 0)
        if not silent:
            self._log("hook_refused", connection=name or "(unknown)", reason=why, more=number or "")

    def _keep(self, name: str, hints: list[Hint]) -> Outcome:
        if not hints:
            return "accepted"
        now = self._clock()
        if not 0 <= now - self._tidied < TIDY:
            self._inbox.forget(now - KEEP)
            self._tidied = now
        # Without an id, two bodies that are the same may tell of two changes: reading once too often harms nobody.
        events = sorted({hint.event for hint in hints if hint.event})
        told = "\0".join(events).encode(errors="surrogatepass")
        key = hashlib.sha256(told).hexdigest() if all(hint.event for hint in hints) else ""
        return "accepted" if self._inbox.put(name, hints, key, now) else "repeated"

    def _connection(self, name: str) -> _Open:
        """The connection with fresh secrets.  Raises HubError."""
        config, now = self._config(), self._clock()
        wanted, found = config.connections[name], self._opened.get(name)
        if found is not None and found.made_for == wanted and 0 <= now - found.opened < FRESH:
            return found
        if found is not None:
            del self._opened[name]
            found.app.close()
        app = self._open_app(config)
        try:
            connected = app.connect(name)
            offered = app.resources(wanted, connected.connector)
        except BaseException:
            app.close()
            raise
        made = _Open(wanted, now, app, connected, frozenset(item.name for item in offered))
        self._opened[name] = made
        return made


def _sound(hint: Hint) -> Hint:
    """A hint with ids that a store can hold.  If there is none among them, it still says that there is something new."""
    return Hint(hint.resource, [item for item in hint.ids if _is_id(item)], str(hint.event))


def _is_id(value: object) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
