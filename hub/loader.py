"""Loading plugins, each in isolation: a broken one is listed with its reason, the others work.

``load`` returns a ``Registry`` that is passed on; there is no global plugin manager.  A plugin is tried on its own first
(imported, its hooks validated and called once) and joins the registry only if all of that worked.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.resources
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy

from hub import hookspecs
from hub.contract.connector import AnyConnector, Connector
from hub.contract.errors import HubError
from hub.contract.notices import AnyNotifier, Notifier

GROUP = "crmhub.plugins"
"""The entry point group in which packages announce their plugins."""

MANIFEST = "connector.toml"
"""In a local plugin folder: the description of a REST API that needs no Python."""

_PROJECT = "crmhub"
_OFFERED = {"mail": ("imap", "smtp")}
"""The hub's own plugins whose connectors and notifiers have other names than they (a test compares)."""
_NAMED_HOOKS = {
    "transforms": "hub_transforms",
    "policies": "hub_policies",
    "matchers": "hub_matchers",
    "secret_sources": "hub_secret_sources",
    "sandboxes": "hub_sandboxes",
    "benches": "hub_benches",
}
"""Attribute of the registry -> the hook that fills it with named things."""


class PluginError(HubError):
    """A plugin cannot be used, or there is none of that name."""

    code = "plugin"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One line of ``crmhub plugin list``.  origin: the package or folder it came from; reason: why it is broken."""

    name: str
    version: str
    origin: str
    status: Literal["works", "broken"]
    reason: str = ""
    connectors: tuple[str, ...] = ()


@dataclass(slots=True)
class Registry:
    """What all working plugins offer, by name.  ``plugins`` lists also the broken ones."""

    plugins: list[Plugin] = field(default_factory=list)
    connectors: dict[str, type[AnyConnector]] = field(default_factory=dict)
    transforms: dict[str, Any] = field(default_factory=dict)
    policies: dict[str, Callable[..., int]] = field(default_factory=dict)
    matchers: dict[str, Callable[..., float]] = field(default_factory=dict)
    secret_sources: dict[str, Callable[[Any], str]] = field(default_factory=dict)
    notifiers: dict[str, type[AnyNotifier]] = field(default_factory=dict)
    sandboxes: dict[str, str] = field(default_factory=dict)
    benches: dict[str, str] = field(default_factory=dict)
    manager: pluggy.PluginManager = field(default_factory=lambda: _manager())

    def connector(self, name: str, *, where: str = "") -> type[AnyConnector]:
        """The connector class of that name.  Raises PluginError, naming the reason if its plugin is broken."""
        found = self.connectors.get(name)
        if found is not None:
            return found
        broken = next((item for item in self.plugins if item.name == name and item.status == "broken"), None)
        if broken is not None:
            raise PluginError(
                f"the plugin {name!r} is broken: {broken.reason}", where=where, hint=f"From {broken.origin}"
            )
        near = difflib.get_close_matches(name, self.connectors, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        known = ", ".join(sorted(self.connectors)) or "none"
        raise PluginError(
            f"there is no plugin with a connector {name!r}", where=where, hint=f"{hint}There are: {known}"
        )

    def notifier(self, name: str, *, where: str = "") -> type[AnyNotifier]:
        """The notifier class of that name.  Raises PluginError."""
        found = self.notifiers.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self.notifiers, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            known = ", ".join(sorted(self.notifiers)) or "none"
            raise PluginError(
                f"there is no plugin with a notifier {name!r}", where=where, hint=f"{hint}There are: {known}"
            )
        return found

    def mapping_folders(self) -> list[Path]:
        """Where the connectors' packages ship their mapping files."""
        found = [folder for item in self.connectors.values() if (folder := _mappings_of(item)) is not None]
        return list(dict.fromkeys(found))

    def review_plan(self, plan: Any) -> list[str]:
        """Ask every plugin about a plan; each text returned is a veto, and so is a plugin that fails to answer."""
        try:
            answers = self.manager.hook.hub_review_plan(plan=plan)
        except Exception as error:  # noqa: BLE001  # who was meant to guard a plan and cannot must not let it pass
            return [f"a plugin failed to review the plan: {_reason(error)}"]
        return [str(text) for answer in answers for text in answer or ()]

    def conflict_found(self, conflict: Any) -> None:
        """Tell plugins about a row of the ledger."""
        self.manager.hook.hub_conflict_found(conflict=conflict)

    def run_finished(self, summary: Any) -> None:
        """Tell plugins that a run ended."""
        self.manager.hook.hub_run_finished(summary=summary)

    def commands(self) -> list[Any]:
        """The typer apps that plugins add to the command line."""
        return [app for answer in self.manager.hook.hub_commands() for app in answer or ()]


def load(
    folders: Iterable[Path] = (),
    *,
    installed: Iterable[EntryPoint] | None = None,
    named: Collection[str] | None = None,
) -> Registry:
    """Load every installed plugin and those in local folders; never raises because of a plugin.

    folders:   each holds a pyproject.toml with an entry point in the group ``crmhub.plugins``, or is a Python package,
               or holds a connector.toml, the description of a REST API.
    installed: entry points to use instead of those of the environment (for tests).
    named:     of the hub's own plugins only those with these connectors and notifiers: they offer nothing to runs without
               them.  What others have made may have hooks for every run, so all of theirs are loaded.
    """
    registry = Registry()
    points = entry_points(group=GROUP) if installed is None else installed
    for point in sorted(points, key=lambda item: item.name):
        if named is not None and _is_ours(point) and not offered_by(point.name).intersection(named):
            continue
        version = point.dist.version if point.dist is not None else ""
        origin = f"package {point.dist.name}" if point.dist is not None else "installed"
        _try(registry, point.name, version, origin, point.load)
    for folder in folders:
        _load_folder(registry, folder)
    return registry


def _is_ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == _PROJECT


def offered_by(name: str) -> frozenset[str]:
    """The connectors and notifiers of one of the hub's own plugins, without loading it."""
    return frozenset(_OFFERED.get(name, (name,)))


def _load_folder(registry: Registry, folder: Path) -> None:
    origin = f"folder {folder}"
    if (folder / MANIFEST).is_file() and not (folder / "pyproject.toml").is_file():
        _try(registry, folder.name, "", origin, lambda: _from_manifest(folder))
        return
    try:
        name, version, found = _describe(folder)
    except (OSError, ValueError, HubError) as error:
        registry.plugins.append(Plugin(folder.name, "", origin, "broken", _reason(error)))
        return
    for name_, module in found.items():
        _try(registry, name_ or name, version, origin, lambda module=module: _import_from(folder, module))  # type: ignore[misc]  # mypy cannot type a lambda's default


def _from_manifest(folder: Path) -> ModuleType:
    """A plugin of one connector, from a description without Python."""
    from hub.rest.manifest import load_manifest

    connector = load_manifest(folder / MANIFEST)
    connector.mappings = folder / "mappings"
    module = ModuleType(f"crmhub_folder_{folder.name}")
    module.hub_connectors = hookspecs.hookimpl(lambda: [connector])  # type: ignore[attr-defined]  # made here
    return module


def _describe(folder: Path) -> tuple[str, str, dict[str, str]]:
    """(name, version, entry point name -> module) of a local plugin folder."""
    if not folder.is_dir():
        raise PluginError("the folder does not exist")
    project = folder / "pyproject.toml"
    if project.is_file():
        content = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        found = content.get("entry-points", {}).get(GROUP, {})
        if found:
            return str(content.get("name", folder.name)), str(content.get("version", "")), dict(found)
        if not (folder / "__init__.py").is_file():
            raise PluginError(f"pyproject.toml has no entry point in the group {GROUP!r}")
    if (folder / "__init__.py").is_file():
        module = f"{folder.name}.plugin" if (folder / "plugin.py").is_file() else folder.name
        return folder.name, "", {folder.name: module}
    raise PluginError(f"neither a pyproject.toml with an entry point nor an __init__.py nor a {MANIFEST} is there")


def _import_from(folder: Path, module: str) -> ModuleType:
    """Import a module of a local folder; a module of that name from elsewhere is refused, not taken instead."""
    root = folder if (folder / "pyproject.toml").is_file() and not (folder / "__init__.py").is_file() else folder.parent
    if str(root) not in sys.path:
        sys.path.append(str(root))  # at the end, so that a local plugin cannot stand in for an installed package
        importlib.invalidate_caches()
    found = importlib.import_module(module)
    file = Path(getattr(found, "__file__", None) or "")
    if not file.resolve().is_relative_to(root.resolve()):
        raise PluginError(f"its module name {module!r} is taken by {file}; rename the plugin's package")
    return found


def _try(registry: Registry, name: str, version: str, origin: str, fetch: Callable[[], Any]) -> None:
    """Take one plugin in, or list it as broken."""
    try:
        module = fetch()
        _check_hook_names(module)
        probe = _manager()
        probe.register(module, name)
        probe.check_pending()
        added = _offers(registry, probe)
        registry.manager.register(module, f"{name} from {origin}")
    except Exception as error:  # noqa: BLE001  # whatever a plugin does wrong, the others must work
        registry.plugins.append(Plugin(name, version, origin, "broken", _reason(error)))
        return
    for attribute, offered in added.items():
        getattr(registry, attribute).update(offered)
    names = tuple(sorted(added["connectors"]))
    registry.plugins.append(Plugin(name, version, origin, "works", connectors=names))


def _check_hook_names(module: Any) -> None:
    """A function called hub_... that is no hook, or that was not marked, would silently do nothing."""
    known = [name for name in vars(hookspecs) if name.startswith("hub_")]
    for name, value in vars(module).items():
        if not name.startswith("hub_") or not callable(value):
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; the hooks are {', '.join(known)}"
            raise PluginError(f"there is no hook {name}{hint}")
        if not hasattr(value, f"{_PROJECT}_impl"):
            raise PluginError(f"{name} is not marked with @hookimpl")


def _offers(registry: Registry, probe: pluggy.PluginManager) -> dict[str, dict[str, Any]]:
    """What a plugin adds, by attribute of the registry.  Raises PluginError for a name that is taken."""
    connectors: dict[str, Any] = {}
    for answer in probe.hook.hub_connectors():
        for item in answer:
            _check_connector(item)
            if item.name in registry.connectors or item.name in connectors:
                other = next((p.name for p in registry.plugins if item.name in p.connectors), "the same plugin")
                raise PluginError(f"a connector {item.name!r} exists already, from {other}")
            connectors[item.name] = item
    added: dict[str, dict[str, Any]] = {"connectors": connectors, "notifiers": _notifiers(registry, probe)}
    for attribute, hook in _NAMED_HOOKS.items():
        named: dict[str, Any] = {}
        for answer in getattr(probe.hook, hook)():
            named.update(answer)
        for name in named:
            if name in getattr(registry, attribute):
                raise PluginError(f"{hook}: {name!r} exists already")
        added[attribute] = named
    if added["transforms"]:
        _check_transforms(added["transforms"])
    return added


def _notifiers(registry: Registry, probe: pluggy.PluginManager) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for answer in probe.hook.hub_notifiers():
        for item in answer:
            if not (isinstance(item, type) and issubclass(item, Notifier)):
                raise PluginError(f"hub_notifiers returned {item!r}, which is no Notifier class")
            for attribute in ("name", "Config"):
                if not hasattr(item, attribute):
                    raise PluginError(f"the notifier {item.__name__} has no {attribute}")
            if item.name in registry.notifiers or item.name in found:
                raise PluginError(f"a notifier {item.name!r} exists already")
            found[item.name] = item
    return found


def _check_connector(item: Any) -> None:
    if not (isinstance(item, type) and issubclass(item, Connector)):
        raise PluginError(f"hub_connectors returned {item!r}, which is no Connector class")
    for attribute in ("name", "Config"):
        if not hasattr(item, attribute):
            raise PluginError(f"the connector {item.__name__} has no {attribute}")
    missing = sorted(getattr(item, "__abstractmethods__", ()))
    if missing:
        raise PluginError(f"the connector {item.name!r} lacks {', '.join(missing)}")


def _check_transforms(transforms: Mapping[str, Any]) -> None:
    from hub.mapping.transforms import Registry as Transforms  # loads the phone number tables: only when needed

    try:
        Transforms(transforms)
    except ValueError as error:
        raise PluginError(f"hub_transforms: {error}") from None


def _mappings_of(connector: type[AnyConnector]) -> Path | None:
    """The folder ``mappings`` in the package that holds the connector, or the one that the connector names."""
    if connector.mappings is not None:
        return connector.mappings if connector.mappings.is_dir() else None
    package = connector.__module__.partition(".")[0]
    try:
        folder = importlib.resources.files(package) / "mappings"
    except (ModuleNotFoundError, TypeError, ValueError):
        # a single-file plugin is no package: its mappings lie beside the file
        file = getattr(sys.modules.get(connector.__module__), "__file__", None)
        folder = Path(file).parent / "mappings" if file else Path()
    return folder if isinstance(folder, Path) and folder.is_dir() and folder.name == "mappings" else None


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(_PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _reason(error: BaseException) -> str:
    """One line for people."""
    if isinstance(error, PluginError):
        return error.message
    text = " ".join(str(error).split()) or type(error).__name__
    return text if isinstance(error, HubError) else f"{type(error).__name__}: {text}"
