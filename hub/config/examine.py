"""Everything that can be wrong before anything is connected: file, plugins, settings, secrets, mappings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hub.config.model import Config, Connection, Problem
from hub.config.read import examine
from hub.config.secrets import SecretError, check_secret
from hub.config.settings import check_settings, problem_of
from hub.config.table import Findings, near
from hub.contract.connector import Context
from hub.contract.errors import ConfigError, HubError
from hub.contract.records import Resource
from hub.loader import Registry, load
from hub.mapping.compile import compile_mapping
from hub.mapping.errors import MappingError
from hub.mapping.registry import load_mappings
from hub.mapping.spec import MappingSpec
from hub.mapping.transforms import Registry as Transforms


@dataclass(slots=True)
class Examined:
    """What was found.  remarks: what works, but not as one might think."""

    problems: list[Problem] = field(default_factory=list)
    plugins: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    connections: int = 0
    syncs: int = 0
    mappings: int = 0


def examine_all(
    path: Path,
    registry: Registry | None = None,
    *,
    text: str | None = None,
    drafts: Mapping[Path, str] | None = None,
) -> Examined:
    """Check a configuration in one pass, without a network.

    registry: plugins to use instead of those found;  text: what the file would say;  drafts: what mapping files of the
    user's folder would say (with those that do not exist yet)."""
    config, problems = examine(path, text)
    found = Examined(problems)
    if config is None:
        return found
    registry = load(config.hub.plugins) if registry is None else registry
    _plugins(config, registry, found)
    settings, more = check_settings(config, registry)
    found.problems += more
    _own_secrets(config, registry, found, text)
    if config.hub.database is not None and find_spec("psycopg") is None:
        missing = "[hub] database needs the package psycopg"
        hint = "Run: pip install 'crmhub[postgresql]'"
        found.problems.append(Problem(str(config.file), _line(config, text, "hub", "database"), missing, hint))
    specs = _mapping_files(config, registry, found, drafts or {})
    for connection in config.connections.values():
        if connection.name in settings and connection.plugin in registry.connectors:
            context = _context(config, connection)
            connector = registry.connectors[connection.plugin](settings[connection.name], context)
            _resources(config, connection, connector.resources(), specs, registry, found)
    found.connections, found.syncs = len(config.connections), len(config.syncs)
    found.problems.sort(key=lambda item: (item.file, item.line))
    return found


def _own_secrets(config: Config, registry: Registry, found: Examined, text: str | None) -> None:
    """The secrets of the hub itself."""
    for place, reference in (
        (("serve", "metrics_token"), config.serving.metrics_token),
        (("hub", "database_password"), config.hub.database_password),
    ):
        if reference is None:
            continue
        try:
            check_secret(reference, config.base, registry.secret_sources)
        except SecretError as error:
            problem = f"[{place[0]}] {place[1]}: {error.message}"
            line = _line(config, text, *place)
            found.problems.append(Problem(str(config.file), line, problem, error.hint, "secret"))


def _line(config: Config, text: str | None, *place: str) -> int:
    """The line of a setting in the file, or in what is to become its ``text``."""
    content = config.file.read_text(encoding="utf-8") if text is None else text
    return Findings.of(str(config.file), content).line(place)


def _plugins(config: Config, registry: Registry, found: Examined) -> None:
    """A broken plugin is a problem if the configuration names it, and worth a remark otherwise."""
    named = {item.plugin for item in config.connections.values()}
    folders = {f"folder {item}" for item in config.hub.plugins}
    for plugin in registry.plugins:
        found.plugins.append(
            {"name": plugin.name, "version": plugin.version, "status": plugin.status, "reason": plugin.reason}
        )
        if plugin.status == "broken" and plugin.origin in folders:
            message = f"the plugin {plugin.name!r} from {plugin.origin} is broken: {plugin.reason}"
            found.problems.append(
                Problem(str(config.file), 0, message, "Correct it, or take it out of plugins", "plugin")
            )
        elif plugin.status == "broken" and plugin.name not in named:
            found.remarks.append(f"plugin {plugin.name} ({plugin.origin}) is broken: {plugin.reason}")


def _mapping_files(
    config: Config, registry: Registry, found: Examined, drafts: Mapping[Path, str]
) -> dict[str, MappingSpec]:
    try:
        specs = dict(load_mappings(registry.mapping_folders(), own=[config.hub.mappings], drafts=drafts))
    except MappingError as error:
        found.problems += _mapping_problems(error)
        return {}
    found.mappings = len(specs)
    return specs


def _mapping_problems(error: MappingError) -> list[Problem]:
    return [Problem(item.file, item.line, item.message, "", "mapping") for item in error.issues]


def _context(config: Config, connection: Connection) -> Context:
    def no_network() -> Any:
        raise ConfigError("check does not use the network", where=connection.name)

    folder = config.hub.data / "connections" / connection.name
    return Context(connection.name, no_network, folder, config.base, lambda: datetime.now(UTC))


def _resources(
    config: Config,
    connection: Connection,
    offered: Any,
    specs: dict[str, MappingSpec],
    registry: Registry,
    found: Examined,
) -> None:
    """The resources and mappings that a connection names exist and fit each other."""
    resources: dict[str, Resource] = {item.name: item for item in offered}
    for key, names in (("resources", connection.resources), ("mapping", tuple(connection.mappings))):
        for name in names:
            if name not in resources:
                hint = f"{near(name, resources)}There are: {', '.join(sorted(resources))}"
                message = f"connection {connection.name!r}: there is no resource {name!r}"
                found.problems.append(problem_of(connection, key, message, hint))
    for name in connection.resources or tuple(resources):
        resource = resources.get(name)
        if resource is not None:
            _mapping(config, connection, resource, specs, registry, found)
            _remark(connection, resource, found)


def _mapping(
    config: Config,
    connection: Connection,
    resource: Resource,
    specs: dict[str, MappingSpec],
    registry: Registry,
    found: Examined,
) -> None:
    name = connection.mappings.get(resource.name) or resource.mapping or f"{connection.plugin}.{resource.name}"
    if name not in specs:
        if specs:
            hint = f"{near(name, specs)}There are: {', '.join(sorted(specs))}"
            message = f"connection {connection.name!r}: there is no mapping {name!r}"
            found.problems.append(problem_of(connection, "mapping", message, hint, "mapping"))
        return
    region = connection.region or config.hub.region
    try:
        compile_mapping(specs[name], region=region, registry=Transforms(registry.transforms))
    except MappingError as error:
        found.problems += _mapping_problems(error)
    except HubError as error:
        found.problems.append(problem_of(connection, "mapping", error.message, error.hint, "mapping"))


def _remark(connection: Connection, resource: Resource, found: Examined) -> None:
    """What two-way sync means for this resource."""
    able = resource.capabilities
    label = f"{connection.name}.{resource.name}"
    if connection.read_only or not able.writes:
        found.remarks.append(f"{label}: only read")
        return
    seen = {
        "feed": "deletions are seen at once",
        "listing": "deletions are seen by a full listing",
        "none": "deletions are not seen",
    }[able.deletes]
    risk = "" if able.conditional_write else "; at risk: an edit of the same field within the moment of a write"
    found.remarks.append(f"{label}: two-way; {seen}{risk}")
