"""Setting up a connection: choose a system, fill in its settings, test it, and add it to the configuration.

Until it is added, what was typed is kept in memory only, secrets included, for an hour and for its user alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from hub.config.editing import edit
from hub.config.files import read
from hub.config.model import Config, Connection, InvalidConfig
from hub.contract.errors import HubError
from hub.tokens.keys import load_keys
from hub.tokens.vault import Vault
from hub.views.changing import Change, of_configuration
from hub.views.logging_in import flow_of
from hub.views.setting_up import settings_of, summary_of, typed
from hub.web.call import Call, Refused
from hub.web.door import Route
from hub.web.pages.changing import used, write
from hub.web.pages.connections import Probe, start

if TYPE_CHECKING:
    from hub.bootstrap import App

LIFE = 3600.0
"""Seconds for which what was typed is kept in memory."""
_TYPED = "typed"
"""The source of secrets that are in memory only."""


@dataclass(slots=True)
class Setup:
    """A connection before it is in the configuration.  settings: without its secrets;  probe: its newest test."""

    name: str
    plugin: str
    at: float
    settings: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    read_only: bool = False
    probe: Probe | None = None

    def connection(self, config: Config) -> Connection:
        """As the application opens it for a test."""
        settings = {**self.settings, **{key: {_TYPED: key} for key in self.secrets}}
        return Connection(self.name, self.plugin, settings, read_only=self.read_only, file=str(config.file))

    @property
    def fresh(self) -> dict[str, str]:
        """Setting -> the name under which its secret is going to be kept."""
        return {key: f"{self.name}.{key}" for key in self.secrets}

    @property
    def changes(self) -> dict[tuple[str, ...], Any]:
        """What it adds to the configuration."""
        values = {"plugin": self.plugin, **self.settings}
        values |= {key: {"secret": name} for key, name in self.fresh.items()}
        values |= {"read_only": True} if self.read_only else {}
        return {("connections", self.name, key): value for key, value in values.items()}


def choose(call: Call) -> Response:
    """The systems that there are plugins for."""
    with call.site.app() as app:
        systems = [(name, summary_of(item)) for name, item in sorted(app.registry.connectors.items())]
        broken = [item for item in app.registry.plugins if item.status == "broken"]
    return call.page("new_connection.html", "connections", systems=systems, broken=broken, setup=_setup(call))


def form(call: Call) -> Response:
    with call.site.app() as app:
        return _form(call, app, call.path("name"), {}, [])


def _form(
    call: Call, app: App, plugin: str, given: Mapping[str, str], problems: list[str], status: int = 200
) -> Response:
    if plugin not in app.registry.connectors:
        raise Refused(404, "There is no such system")
    connector = app.registry.connectors[plugin]
    return call.page(
        "new_settings.html",
        "connections",
        status=status,
        plugin=plugin,
        summary=summary_of(connector),
        settings=settings_of(connector),
        given={"=name": _free_name(plugin, app.config.connections), **given},
        problems=problems,
    )


def _free_name(plugin: str, known: Mapping[str, Any]) -> str:
    names = [plugin, *(f"{plugin}{number}" for number in range(2, 100))]
    return next((name for name in names if name not in known), "")


def fill(call: Call) -> Response:
    """Take what was typed, if the plugin takes it; nothing is written or called."""
    plugin = call.path("name")
    with call.site.app() as app:
        if plugin not in app.registry.connectors:
            raise Refused(404, "There is no such system")
        given = {key: call.text(key)[:10_000] for key in call.form}
        fields = settings_of(app.registry.connectors[plugin])
        settings, secrets = typed(fields, given)
        setup = Setup(
            given.get("=name", "").strip(), plugin, call.site.now, settings, secrets, given.get("=access") == "read"
        )
        problems = [*_missing(fields, settings, secrets), *_problems(call, app, setup)]
        if problems:
            kept = {key: value for key, value in given.items() if key not in secrets}
            return _form(call, app, plugin, kept, list(dict.fromkeys(problems)), 400)
    with call.site.lock:
        call.site.setups[call.who] = setup
    return call.to("/new/test")


def _missing(fields: list[Any], settings: Mapping[str, Any], secrets: Mapping[str, str]) -> list[str]:
    return [f"{item.key}: needed" for item in fields if item.required and item.key not in {*settings, *secrets}]


def _problems(call: Call, app: App, setup: Setup) -> list[str]:
    """What is wrong with a set-up, by the plugin and by the configuration that it would be part of."""
    if setup.name in app.config.connections:
        return [f"there is a connection {setup.name!r} already"]
    if not setup.name:
        return ["the connection needs a name"]
    if any(name in _used_secrets(app.config) for name in setup.fresh.values()):
        return [f"secrets of the name {setup.name!r} are used elsewhere; choose another name"]
    problems = [item.message for item in _change(app, setup).problems]  # its name, too: it becomes one of a folder
    if problems:
        return problems
    try:
        with _trial(call, setup) as trial:
            trial.connect(setup.name)
    except InvalidConfig as error:
        return [item.message for item in error.problems]
    except HubError as error:
        return [error.message]
    return []


def _used_secrets(config: Config) -> set[str]:
    items = [*config.connections.values(), *config.notifiers.values()]
    settings = [value for item in items for value in item.settings.values()]
    references = [*settings, config.serving.metrics_token]
    return {str(value["secret"]) for value in references if isinstance(value, Mapping) and "secret" in value}


def _change(app: App, setup: Setup) -> Change:
    old = read(app.config.file)
    return of_configuration(app, edit(old, setup.changes), old=old, fresh=set(setup.fresh.values()))


def _trial(call: Call, setup: Setup) -> App:
    """An application whose configuration has the connection, with the secrets from memory."""
    config = call.site.config
    connections = {**config.connections, setup.name: setup.connection(config)}
    trial = dataclasses.replace(config, connections=connections)
    secrets = dict(setup.secrets)
    return call.site.service.app(config=trial, sources={_TYPED: lambda key: secrets[key]})


def _setup(call: Call) -> Setup | None:
    """What this user is setting up."""
    with call.site.lock:
        for who, item in list(call.site.setups.items()):
            if call.site.now - item.at > LIFE:
                del call.site.setups[who]
        found: Setup | None = call.site.setups.get(call.who)
    return found


def _needed(call: Call) -> Setup:
    """Raises Refused."""
    setup = _setup(call)
    if setup is None:
        raise Refused(409, "Nothing is being set up; what was typed is kept for an hour only")
    return setup


def look(call: Call) -> Response:
    """The test, and what would be added."""
    setup = _setup(call)
    if setup is None:
        return call.to("/new/connection")
    if call.partial:
        if setup.probe is not None and setup.probe.over:
            return Response(headers={"HX-Refresh": "true"})  # what may be done next depends on the outcome
        return call.page("probe_part.html", probe=setup.probe, name=setup.name)
    with call.site.app() as app:
        change = _change(app, setup)
        with _trial(call, setup) as trial:
            login = flow_of(trial.connect(setup.name)) is not None
    return call.page("new_test.html", "connections", setup=setup, probe=setup.probe, change=change, login=login)


def test(call: Call) -> Response:
    """Test the connection with what was typed; nothing is written anywhere."""
    setup = _needed(call)
    with call.site.lock:
        running = setup.probe
        if running is None or running.over:
            setup.probe = Probe(setup.name, call.site.now, call.who)
            start(call.site, setup.probe, lambda: _trial(call, setup))
    call.site.audit(call.who, "connection_tested", setup.name, plugin=setup.plugin)
    return call.to("/new/test")


def add(call: Call) -> Response:
    """Keep the secrets, encrypted, and add the connection to the configuration."""
    setup = _needed(call)
    with call.site.app() as app:
        problems = _problems(call, app, setup)
        change = _change(app, setup)
        if problems or call.text("seen") != change.seen:
            raise Refused(409, "The configuration was changed meanwhile; nothing was written. Look at it again")
        with _trial(call, setup) as trial:
            login = flow_of(trial.connect(setup.name)) is not None
        vault = Vault(app.config.base, lambda: load_keys(app.config.base))
        try:
            for key, name in setup.fresh.items():
                vault.set(name, setup.secrets[key], call.site.now)
            write(call, app, change, change.seen, f"connections.{setup.name}")
        except HubError:
            for name in setup.fresh.values():
                vault.remove(name)
            raise
    with call.site.lock:
        call.site.setups.pop(call.who, None)
        if setup.probe is not None:
            call.site.probes[setup.name] = setup.probe
    return used(call, f"/connections/{setup.name}/login" if login else f"/connections/{setup.name}")


def drop(call: Call) -> Response:
    """Forget what was typed."""
    with call.site.lock:
        call.site.setups.pop(call.who, None)
    return call.to("/connections")


ROUTES = (
    Route("/new/connection", choose, "admin"),
    Route("/new/connection/{name}", form, "admin"),
    Route("/new/connection/{name}", fill, "admin", "POST"),
    Route("/new/test", look, "admin"),
    Route("/new/test", test, "admin", "POST"),
    Route("/new/add", add, "admin", "POST"),
    Route("/new/drop", drop, "admin", "POST"),
)
