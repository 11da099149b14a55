"""The composition root: from a configuration to engines that are ready to run.

    app = App(read_config(Path("config.toml")))
    with app, app.writing():
        result = app.engine("customers").sync()

Everything is opened lazily, so that what needs no database or network does not load them.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from hub import drift
from hub.config.model import Config, Connection, Sync
from hub.config.read import unknown_name
from hub.config.redact import Redactor
from hub.config.secrets import fetch_secret
from hub.config.settings import open_settings
from hub.connected import (
    Connected,
    Discovered,
    OnHold,
    Unreachable,
    account_of,
    addresses_of,
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
    from hub.mapping.compiled import CompiledMapping
    from hub.mapping.spec import MappingSpec
    from hub.store.location import Location
    from hub.store.store import Store
    from hub.sync.engine import Engine, Progress
    from hub.sync.policy import Policy
    from hub.sync.systems import Source, Systems
    from hub.sync.workspace import Shared
    from hub.tokens.files import FileTokens

DATABASE = "hub.db"
SERVE = "crmhub serve"
"""How the processes that serve call themselves."""


def _fields(known: Discovered, resources: Collection[str]) -> drift.Schema:
    return {name: known.fields(name) or {} for name in resources}


class UsageProblem(HubError):
    """What was asked for does not exist or makes no sense here."""

    code = "usage"


def uuid7(now: float | None = None) -> str:
    """A new id that sorts by its time of creation (RFC 9562, version 7); ``now`` in seconds since the epoch."""
    milliseconds = int((time.time() if now is None else now) * 1000) & (2**48 - 1)
    random = int.from_bytes(os.urandom(10), "big")
    value = milliseconds << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64 | 0b10 << 62 | random & (2**62 - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


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
        self._label, self._patience, self._waits = label, patience, waits
        self.redact = Redactor()
        self._registry = registry
        self._plugins: Registry | None = None
        self._store, self._lent = store, store is not None
        self._location: Location | None = None
        self._connected: dict[str, Connected] = {}
        self._limiters: dict[str, Limiter] = {}
        self._clients: list[Http] = []
        """Of notifiers."""
        self._specs: Mapping[str, MappingSpec] | None = None
        self._own_specs: Mapping[str, MappingSpec] | None = None
        self._drafts: Mapping[Path, str] = {}

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
        if self._store is not None and not self._lent:
            self._store.close()
            self._store = None

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
    def database(self) -> Location:
        """Where the store is.  Raises StoreError if what is needed to reach it is not installed."""
        if self._location is None:
            from hub.store.location import located, on_server

            address = self.config.hub.database
            file = self.config.hub.data / DATABASE
            self._location = located(file) if address is None else on_server(address, self.database_password)
        return self._location

    def database_password(self) -> str:
        """What the server of the store wants; "" if the configuration leaves that to libpq.  Raises SecretError."""
        reference = self.config.hub.database_password
        if reference is None:
            return ""
        value = fetch_secret(reference, self.config.base, self.plugins.secret_sources)
        self.redact.add([value])
        return value

    @property
    def store(self) -> Store:
        """The store, opened (and made) at first use.  Raises StoreError."""
        if self._store is None:
            from hub.store.store import open_store

            _private_folder(self.config.hub.data)
            self._store = open_store(self.database)
        return self._store

    @contextmanager
    def writing(self) -> Iterator[Store]:
        """Hold the process lock and give the store.  Raises Locked if another process runs on it; a run of ``crmhub
        serve`` is waited for, because it ends and the next one lets others go first."""
        _private_folder(self.config.hub.data)
        with ExitStack() as stack:
            self._wait_for(lambda: stack.enter_context(self.database.holding(self._label, lambda: self.store.db)))
            store = self.store
            store.refresh()
            yield store

    def _wait_for(self, enter: Callable[[], object]) -> None:
        from hub.store.errors import Locked

        end, told = time.monotonic() + self._patience, False
        while True:
            try:
                enter()
                return
            except Locked as error:
                if not error.holder.startswith(SERVE) or time.monotonic() >= end:
                    raise
                if not told:
                    told = True
                    self._waits(f"{error.holder} is syncing; waiting until it has finished")
            time.sleep(0.1)

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
            _private_folder(folder)
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
            self._tokens(connection, settings),
        )
        return Connected(connection, kind(settings, context), scope_of(settings, kind), clients)

    def signs_in_with(self, name: str) -> list[str]:
        """The settings and secrets of a connection and the state of its login, to see whether they have changed; never
        to be shown.  Raises SecretError, PluginError or InvalidConfig."""
        connection = self.config.connections[name]
        settings, secrets = open_settings(connection, self.config, self.plugins)
        self.redact.add(secrets)
        plain = json.dumps(settings.model_dump(mode="json"), sort_keys=True)  # secrets are stars here
        return [plain, *secrets, self._tokens(connection, settings).stamp()]

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

    def _tokens(self, connection: Connection, settings: ConnectorConfig) -> FileTokens:
        """Where the login of a connection is kept.  It belongs to the addresses: it is never sent elsewhere."""
        from hub.tokens.files import FileTokens
        from hub.tokens.keys import load_keys

        return FileTokens(
            self.config.hub.data / "tokens",
            "/".join((connection.plugin, connection.name, *sorted(addresses_of(settings)))),
            lambda: load_keys(self.config.base),
            hide=self.redact.add,
            where=connection.name,
            hint=f"Run `crmhub connect login {connection.name}`",
        )

    def logins(self) -> list[Path]:
        """The files of all logins that are kept."""
        return sorted((self.config.hub.data / "tokens").glob("*.token"))

    def login_key(self, path: Path) -> str:
        """The key with which a login is encrypted."""
        return str(json.loads(path.read_bytes()).get("key", ""))

    def encrypt_login_again(self, name: str) -> int:
        """Encrypt the login of a connection with the current key; 0 if it has none.  Raises HubError."""
        connection = self.config.connections[name]
        settings, secrets = open_settings(connection, self.config, self.plugins)
        self.redact.add(secrets)
        tokens = self._tokens(connection, settings)
        if not tokens.stamp():
            return 0
        with tokens.locked():
            token = tokens.read()
            if token is not None:
                tokens.save(token)
        return 1

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

    # mappings

    @property
    def specs(self) -> Mapping[str, MappingSpec]:
        """All mapping files by name.  Raises MappingError."""
        if self._specs is None:
            self._specs = self._load_specs(self.registry)
        return self._specs

    def _load_specs(self, plugins: Registry) -> Mapping[str, MappingSpec]:
        from hub.mapping.registry import load_mappings

        return load_mappings(plugins.mapping_folders(), own=[self.config.hub.mappings], drafts=self._drafts)

    def _needed_specs(self) -> Mapping[str, MappingSpec]:
        """The mapping files of the plugins that this configuration needs, and the user's own."""
        from hub.mapping.errors import MappingError

        if self._specs is not None:
            return self._specs
        if self._own_specs is None:
            try:
                self._own_specs = self._load_specs(self.plugins)
            except MappingError:
                self._own_specs = self.specs  # an own file may extend that of a plugin that is not needed otherwise
        return self._own_specs

    def try_mappings(self, drafts: Mapping[Path, str]) -> None:
        """From now on mapping files of the user's folder say this, whether they are written or not."""
        self._drafts, self._specs, self._own_specs = drafts, None, None

    def spec(self, connection: Connection, resource: Resource) -> MappingSpec:
        """The mapping file of a resource: the configured one, else the connector's default.  Raises UsageProblem."""
        name = connection.mappings.get(resource.name) or resource.mapping or f"{connection.plugin}.{resource.name}"
        found = self._needed_specs().get(name) or self.specs.get(name)
        if found is None:
            file, line = connection.place("mapping")
            raise UsageProblem(unknown_name("mapping", name, sorted(self.specs)), where=f"{file}:{line}")
        return found

    def compiled(self, connection: Connection, resource: Resource, known: Discovered) -> CompiledMapping:
        """The mapping of a resource, compiled for what is known about the installation.  Raises MappingError."""
        from hub.mapping.compile import compile_mapping
        from hub.mapping.transforms import Registry as Transforms

        return compile_mapping(
            self.spec(connection, resource),
            server_version=known.version or None,
            schema=known.fields(resource.name),
            region=connection.region or self.config.hub.region,
            registry=Transforms(self.plugins.transforms),
        )

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
        return {item.name: drift.Rules.of(self.spec(opened.connection, item).data) for item in resources}

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
                self.compiled(connection, resource, known),
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


def _private_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter: it holds personal data."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(
            f"the folder cannot be made: {error.strerror}", where=str(folder), hint="Check data in [hub]"
        ) from None
