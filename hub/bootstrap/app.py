"""One configuration with everything that it needs, opened when it is needed."""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from hub import drift
from hub.bootstrap.logins import Logins
from hub.bootstrap.mappings import Mappings
from hub.bootstrap.parts import UsageProblem, private_folder, uuid7
from hub.bootstrap.storage import Storage
from hub.config.model import Config, Connection, Sync
from hub.config.read import unknown_name
from hub.config.redact import Redactor
from hub.config.settings import open_settings
from hub.connected import (
    Connected,
    Discovered,
    OnHold,
    Unreachable,
    account_of,
    make_limiter,
    open_http,
    scope_of,
)
from hub.contract.bugs import plugin_bug
from hub.contract.connector import AnyConnector, ConnectorConfig, Context
from hub.contract.errors import ConnectorError, HubError
from hub.contract.notices import AnyNotifier
from hub.contract.records import Resource
from hub.loader import Registry, load

if TYPE_CHECKING:
    from hub.http.limiter import Limiter
    from hub.http.session import Http
    from hub.store.store import Store
    from hub.sync.engine import Engine, Progress
    from hub.sync.policy import Policy
    from hub.sync.systems import Source, Systems
    from hub.sync.workspace import Shared


def _fields(known: Discovered, resources: Collection[str]) -> drift.Schema:
    return {name: known.fields(name) or {} for name in resources}


class App:
    """One configuration with everything it needs.  Not thread-safe; close it, or use it as a context manager.

    registry: plugins to use instead of the installed ones and those of the configuration.
    clock:    seconds since the epoch.
    label:    what other processes are told while this one holds the store;  patience: seconds to wait for a store that
              ``crmhub serve`` holds;  waits: told once if that happens.
    store:    one that is open already, and stays open.
    holds:    connections that stand still in every run, with the error that says why (beside those that are paused).
    """

    def __init__(
        self,
        config: Config,
        *,
        registry: Registry | None = None,
        clock: Callable[[], float] = time.time,
        label: str = "",
        patience: float = 0.0,
        waits: Callable[[str], None] = lambda _text: None,
        store: Store | None = None,
    ) -> None:
        self.config = config
        self.clock = clock
        self.holds: dict[str, ConnectorError] = {}
        self.redact = Redactor()
        self._registry = registry
        self._plugins: Registry | None = None
        self.storage = Storage(
            config, lambda: self.plugins, self.redact, label=label, patience=patience, waits=waits, store=store
        )
        self._connected: dict[str, Connected] = {}
        self._limiters: dict[str, Limiter] = {}
        self._clients: list[Http] = []
        """Of notifiers."""
        self.logins = Logins(config, lambda: self.plugins, self.redact)
        self.mappings = Mappings(config, lambda: self.registry, lambda: self.plugins)

    def __enter__(self) -> App:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and the store; what cannot be closed is logged."""
        for item in self._connected.values():
            try:
                item.close()
            except ConnectorError as error:
                logging.getLogger("crmhub").warning("%s was not closed: %s", item.connection.name, error)
        self._connected = {}
        for client in self._clients:
            client.close()
        self._clients = []
        self.storage.close()

    # parts

    @property
    def registry(self) -> Registry:
        """The plugins, loaded at first use."""
        if self._registry is None:
            self._registry = load(self.config.hub.plugins)
        return self._registry

    @property
    def plugins(self) -> Registry:
        """The plugins that this configuration needs; nothing else is known of them than that they work.  Loading all
        takes longer than a run without changes."""
        if self._registry is not None:
            return self._registry
        if self._plugins is None:
            named = {item.plugin for item in (*self.config.connections.values(), *self.config.notifiers.values())}
            self._plugins = load(self.config.hub.plugins, named=named)
            if not named <= {*self._plugins.connectors, *self._plugins.notifiers}:
                self._plugins = self.registry  # whatever is wrong is explained with all that there is
        return self._plugins

    @property
    def store(self) -> Store:
        """The store, opened (and made) at first use.  Raises StoreError."""
        return self.storage.store

    def writing(self) -> AbstractContextManager[Store]:
        """Hold the process lock and give the store.  Raises Locked if another process runs on it."""
        return self.storage.writing()

    def sync(self, name: str) -> Sync:
        """The sync of that name.  Raises UsageProblem."""
        found = self.config.syncs.get(name)
        if found is None:
            raise UsageProblem(unknown_name("sync", name, sorted(self.config.syncs)))
        return found

    def policy(self, name: str) -> Policy:
        """The policy of a sync, with the conflict rules of plugins."""
        return dataclasses.replace(self.sync(name).policy, plugins=self.plugins.policies)

    # connections

    def connect(self, name: str) -> Connected:
        """Open a connection (no I/O yet except fetching its secrets).

        Raises UsageProblem, PluginError, SecretError or InvalidConfig.
        """
        if name not in self._connected:
            connection = self.config.connections.get(name)
            if connection is None:
                raise UsageProblem(unknown_name("connection", name, sorted(self.config.connections)))
            settings, secrets = open_settings(connection, self.config, self.plugins)
            self.redact.add(secrets)
            folder = self.config.hub.data / "connections" / name
            private_folder(folder)
            self._connected[name] = self._open(connection, settings, folder)
        return self._connected[name]

    def _open(self, connection: Connection, settings: ConnectorConfig, folder: Path) -> Connected:
        kind = self.plugins.connector(connection.plugin)
        clients: list[Http] = []

        def make_http() -> Http:
            if not clients:
                account = account_of(settings, kind)
                if account not in self._limiters:
                    self._limiters[account] = make_limiter(connection, settings, kind, self.config.hub.data)
                limiter = self._limiters[account]
                limits = kind.limits
                clients.append(
                    open_http(connection, settings, hosts=limits.hosts, limiter=limiter, at_once=limits.concurrency)
                )
            return clients[0]

        context = Context(
            connection.name,
            make_http,
            folder,
            self.config.base,
            lambda: datetime.fromtimestamp(self.clock(), UTC),
            logging.getLogger(f"crmhub.connection.{connection.name}"),
            self.logins.of(connection, settings),
        )
        return Connected(connection, kind(settings, context), scope_of(settings, kind), clients)

    def signs_in_with(self, name: str) -> list[str]:
        """The settings and secrets of a connection and the state of its login, to see whether they have changed; never
        to be shown.  Raises SecretError, PluginError or InvalidConfig."""
        connection = self.config.connections[name]
        settings, secrets = open_settings(connection, self.config, self.plugins)
        self.redact.add(secrets)
        plain = json.dumps(settings.model_dump(mode="json"), sort_keys=True)  # secrets are stars here
        return [plain, *secrets, self.logins.of(connection, settings).stamp()]

    def try_secrets(self, name: str) -> None:
        """Learn the secrets of a connection, so that they are taken out of texts; one that cannot be had hides nothing."""
        try:
            self.signs_in_with(name)
        except HubError as error:
            logging.getLogger("crmhub").debug("the secrets of %s are not known: %s", name, error.message)

    def announce(self, run: str) -> None:
        """Tell plugins about a run that is over and stored: their faults are theirs."""
        try:
            for row in self.store.history.ledger(run_id=run):
                self.plugins.conflict_found(row)
            self.plugins.run_finished(self.store.history.run(run))
        except Exception as error:  # noqa: BLE001  # a plugin's hook must not turn a finished run into a failed one
            text = "a plugin failed after the run: %s: %s"
            logging.getLogger("crmhub").warning(text, type(error).__name__, error)

    def notifier(self, name: str) -> AnyNotifier:
        """A way to people, ready to send.  Raises UsageProblem, PluginError, SecretError or InvalidConfig."""
        chosen = self.config.notifiers.get(name)
        if chosen is None:
            raise UsageProblem(unknown_name("notifier", name, sorted(self.config.notifiers)))
        settings, secrets = open_settings(chosen, self.config, self.plugins)
        self.redact.add(secrets)
        folder = self.config.hub.data / "notifiers" / name

        clients: list[Http] = []

        def make_http() -> Http:
            if not clients:
                clients.append(open_http(chosen, settings))
                self._clients += clients
            return clients[0]

        context = Context(name, make_http, folder, self.config.base, lambda: datetime.fromtimestamp(self.clock(), UTC))
        return self.plugins.notifier(chosen.plugin)(settings, context)

    def resources(self, connection: Connection, connector: AnyConnector) -> list[Resource]:
        """The resources of a connection that are synced.  Raises UsageProblem for one that does not exist."""
        offered = {item.name: item for item in connector.resources()}
        wanted = connection.resources or tuple(offered)
        for name in (*wanted, *connection.mappings):
            if name not in offered:
                file, line = connection.place("resources" if name in wanted else "mapping")
                text = unknown_name("resource", name, sorted(offered))
                raise UsageProblem(f"connection {connection.name!r}: {text}", where=f"{file}:{line}")
        return [offered[name] for name in wanted]

    # discovery

    def known(self, name: str) -> Discovered:
        """What a connection said about itself last, from the store."""
        return Discovered.from_json(self.store.work.meta(f"discovered:{name}"))

    def ask(self, name: str) -> Discovered:
        """Sign in and ask for version, clock and fields.  Raises ConnectorError."""
        opened = self.connect(name)
        asked = self.clock()
        account = opened.connector.check()
        offset = None
        if account.clock is not None:
            offset = (asked + self.clock()) / 2 - account.clock.timestamp()
        resources = self.resources(opened.connection, opened.connector)
        schema = {item.name: tuple(opened.connector.fields(item.name)) for item in resources}
        return Discovered(account.version or None, offset, schema, self.clock(), opened.scope)

    def discover(self, name: str) -> Discovered:
        """Like ``ask``, and keep the answers in the store.  Raises ConnectorError."""
        found = self.ask(name)
        before, kept = self.known(name), drift.from_json(self.store.work.meta(f"drift:{name}"))
        rules = self._rules(name) if before.scope in ("", found.scope) else {}
        changed = drift.drifted(_fields(before, rules), _fields(found, rules), rules, kept)
        with self.store.transaction():
            self.store.work.set_meta(f"discovered:{name}", found.to_json())
            if changed != kept:
                self.store.work.set_meta(f"drift:{name}", drift.to_json(changed))
        return found

    def _rules(self, name: str) -> dict[str, drift.Rules]:
        """Resource -> what its mapping uses."""
        opened = self.connect(name)
        resources = self.resources(opened.connection, opened.connector)
        return {item.name: drift.Rules.of(self.mappings.spec(opened.connection, item).data) for item in resources}

    # engines

    def systems(self, sync: str, *, online: bool = True) -> Systems:
        """The systems of a sync with compiled mappings.

        online: systems that were not asked for a day are asked for their version and fields first; one that cannot be
        reached, or is paused, stands still in this run.  Otherwise what it said last is used, so that the mapping is the same.
        """
        from hub.canonical.facts import is_fact
        from hub.sync.systems import Systems

        found, holds = Systems(), self._on_hold() | self.holds if online else {}
        for name in self.sync(sync).systems:
            open_one = self.connect(name)
            known, connector = self.known(name), open_one.connector
            if online and name in holds:
                connector = Unreachable(open_one.connector, holds[name])
            elif online and not known.fresh(self.clock(), open_one.scope):
                try:
                    known = self.discover(name)
                except ConnectorError as error:
                    connector = Unreachable(open_one.connector, error)
                except HubError:
                    raise
                except Exception as error:  # noqa: BLE001  # a plugin's bug must not stop the other systems
                    connector = Unreachable(open_one.connector, plugin_bug(open_one.connector.name, error))
            for source in self._sources(sync, open_one, connector, known):
                (found.facts if is_fact(source.mapping.record) else found.sources).append(source)
            if known.offset is not None:
                found.offsets[name] = known.offset
        return found

    def _on_hold(self) -> dict[str, ConnectorError]:
        """The connections that a person has paused."""
        found: dict[str, ConnectorError] = {}
        for name, item in self.store.pauses.of("connection").items():
            reason = f" ({item.reason})" if item.reason else ""
            found[name] = OnHold(f"paused{reason}", where=name, hint=f"crmhub resume connection {name}")
        return found

    def _sources(self, sync: str, open_one: Connected, connector: AnyConnector, known: Discovered) -> list[Source]:
        from hub.sync.systems import Source

        connection = open_one.connection
        writable = not connection.read_only and connection.name not in self.sync(sync).policy.read_only
        return [
            Source(
                connection.name,
                resource.name,
                connector,
                self.mappings.compiled(connection, resource, known),
                resource.capabilities,
                open_one.scope,
                writable,
                open_one.calls,
            )
            for resource in self.resources(connection, open_one.connector)
        ]

    def engine(self, sync: str, *, online: bool = True, progress: Progress | None = None) -> Engine:
        """An engine for a sync; hold ``writing()`` around its runs."""
        from hub.sync.engine import Engine

        return Engine(
            self.store,
            self.systems(sync, online=online),
            self.policy(sync),
            sync,
            clock=self.clock,
            new_id=lambda: uuid7(self.clock()),
            reconcile=self.sync(sync).reconcile,
            body=self.sync(sync).interaction_body,
            veto=self.plugins.review_plan,
            redact=self.redact,
            keep=self.config.hub.keep,
            ahead=True,
            **({} if progress is None else {"progress": progress}),
        )

    @contextmanager
    def deciding(self, sync: str) -> Iterator[Shared]:
        """What a person's decision is carried out with, recorded as a run of its own; hold ``writing()`` around it.
        Needs no network."""
        from hub.sync.workspace import Shared

        run, store = uuid7(self.clock()), self.store
        systems = self.systems(sync, online=False)
        with store.transaction():
            store.history.start_run(run, sync, "decision", self.clock())
        state = "failed"
        try:
            yield Shared(
                store, systems, self.policy(sync), run, store.seq, self.clock, lambda: uuid7(self.clock()), frozenset()
            )
            state = "success"
        finally:
            with store.transaction():
                store.history.end_run(run, self.clock(), state, {})

    def sync_of(self, run: str, systems: Collection[str] = ()) -> str:
        """The sync that a run was of; else the first one that has these systems.  Raises UsageProblem."""
        found = self.store.history.run(run)
        if found is not None and found["sync"] in self.config.syncs:
            return str(found["sync"])
        for name, sync in self.config.syncs.items():
            if set(systems) <= set(sync.systems):
                return name
        raise UsageProblem("no sync of the configuration has these systems", hint="Was a sync renamed or removed?")
