"""Looks after the remote subscriptions of webhooks: wakes, renews, says what is dead, and has the gap read."""

from __future__ import annotations

from collections.abc import Callable

from hub.bootstrap import App, UsageProblem
from hub.config.model import Config
from hub.contract.bugs import plugin_bug
from hub.contract.connector import AnyConnector, Connector
from hub.contract.errors import HubError
from hub.contract.records import Subscription
from hub.service.circuits import Circuit, admits
from hub.service.desk import Desk
from hub.service.events import Log
from hub.service.leading import leading
from hub.service.subscriptions import is_due, seen, unseen, was_silent
from hub.state import Subscribed


class Caretaker:
    """For all connections whose webhooks the hub keeps (`crmhub connect webhooks NAME subscribe`).

    config: the one in use;  open_app: opens its connections;  shown: takes secrets and personal data out of errors.
    """

    def __init__(
        self,
        desk: Desk,
        config: Callable[[], Config],
        open_app: Callable[[Config], App],
        clock: Callable[[], float],
        log: Log,
        shown: Callable[[str], str] = str,
    ) -> None:
        self._desk, self._config, self._open_app = desk, config, open_app
        self._clock, self._log, self._shown = clock, log, shown
        self._again: set[str] = set()
        """Connections whose gap was found during a run, which may have read before: read again after it."""

    def begin(self) -> None:
        """The service starts: what was told while nobody listened is read by the ordinary poll."""
        config = self._config()
        for name in self._desk.inbox.subscriptions():
            if name in config.connections:
                self.fill_gap(config, name)

    def look(self) -> bool:
        """Look after those for which it is time; whether one of them is other than it was."""
        changed = False
        for name in sorted(self._again & set(self._config().connections)):
            self._again.discard(name)
            self.fill_gap(self._config(), name)
        config, now = self._config(), self._clock()
        circuits, paused = self._desk.circuits(), self._desk.pauses.of("connection")
        for name, item in self._desk.inbox.subscriptions().items():
            alone = name in paused or not admits(circuits.get(name, Circuit(name)), now, "")
            if name in config.connections and not alone and is_due(item, now):
                with self._open_app(config) as app:
                    changed |= self.attend(app, item).state != item.state
        return changed

    def attend(self, app: App, known: Subscribed) -> Subscribed:
        """Bring the webhooks of one connection in order, as far as its API lets us, and store how they are."""
        found: list[Subscription] = []
        try:
            found = list(mend(app, known.connection))
            after = seen(known, found, self._clock())
        except HubError as error:
            after = unseen(known, error, self._clock(), self._shown(str(error)))
        self._desk.inbox.saw(after)
        if after.state != known.state or any(item.mended for item in found):
            mended = ",".join(sorted(f"{item.topic.replace(' ', '+')}:{item.mended}" for item in found if item.mended))
            self._log("webhooks", connection=known.connection, state=after.state, mended=mended, why=after.message)
        if was_silent(known, after, found):
            self.fill_gap(app.config, known.connection)
        return after

    def fill_gap(self, config: Config, name: str) -> None:
        """Make the ordinary poll of a connection due."""
        known = leading(config, self._desk.pauses.of("sync"))
        syncs = [sync.name for sync in known if name in sync.systems]
        slots = self._desk.slots()
        if any(sync in slots and slots[sync].begun is not None for sync in syncs):
            self._again.add(name)
            return
        self._desk.make_due(syncs, self._clock())
        self._log("gap_read", connection=name, syncs=",".join(syncs))


def address(app: App, name: str) -> str:
    """Where a connection's webhooks are to be sent.  Raises UsageProblem."""
    url = app.config.serving.public_url
    if not url:
        raise UsageProblem(
            "other systems must know where this hub is",
            where="[serve] public_url",
            hint='Set it to the address under which they reach it, such as public_url = "https://hub.firm.example"',
        )
    return f"{url}/hooks/{name}"


def mend(app: App, name: str) -> list[Subscription]:
    """Bring the webhooks of a connection in order where its API makes them, otherwise see how they are.

    Raises HubError; UsageProblem where the API cannot even show them.
    """
    connector = app.connect(name).connector
    url = address(app, name)
    try:
        if can(connector, "subscribe"):
            return list(connector.subscribe(url))
        if can(connector, "subscriptions"):
            return list(connector.subscriptions(url))
    except HubError:
        raise
    except Exception as error:  # a plugin's bug must not stop the others
        raise plugin_bug(connector.name, error) from error
    raise UsageProblem(f"the API of {connector.name} cannot show its webhooks", where=name, hint=f"They go to {url}")


def can(connector: AnyConnector, method: str) -> bool:
    """Whether a connector offers one of: parse_webhook, subscriptions, subscribe, unsubscribe."""
    return getattr(type(connector), method) is not getattr(Connector, method)
