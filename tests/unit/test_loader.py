"""Loading plugins: a broken one is listed with its reason, the others work."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from hub.loader import PluginError, Registry, load, offered_by

HEAD = """
from collections.abc import Iterator
from hub import plugin

class Config(plugin.ConnectorConfig):
    url: str = ""

class Shop(plugin.Connector[Config]):
    name = "{name}"
    Config = Config
    def check(self): return plugin.Account("somebody")
    def resources(self): return []
    def changes(self, resource, cursor=None): yield plugin.Page([], complete=True)
    def fetch(self, resource, ids): yield from ()

@plugin.hookimpl
def hub_connectors(): return [Shop]
"""


@pytest.fixture(autouse=True)
def untouched_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local plugins extend the import path; every test starts without those of the others."""
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("probe_"):
            del sys.modules[name]


def package(folder: Path, name: str, code: str) -> Path:
    """A plugin folder that is a Python package."""
    home = folder / name
    home.mkdir()
    (home / "__init__.py").write_text(code)
    return home


def only(folder: Path) -> Registry:
    return load([folder], installed=[])


def test_the_installed_plugins_work() -> None:
    registry = load()
    assert {"carddav", "files", "tryton"} <= set(registry.connectors)
    assert all(item.status == "works" for item in registry.plugins)
    assert all(item.version and item.origin for item in registry.plugins)
    assert {folder.parent.name for folder in registry.mapping_folders()} >= {"crmhub_files", "crmhub_tryton"}


def test_of_the_hubs_own_plugins_only_the_named_ones_are_loaded() -> None:
    registry = load(named={"files", "smtp"})
    assert [item.name for item in registry.plugins] == ["files", "mail"]
    assert (list(registry.connectors), list(registry.notifiers)) == (["files", "imap"], ["smtp"])


def test_the_plugins_of_others_are_loaded_even_if_nothing_names_them() -> None:
    """They may have hooks for every run."""
    registry = load(installed=[EntryPoint("ghost", "probe_ghost.plugin", "crmhub.plugins")], named=())
    assert [item.name for item in registry.plugins] == ["ghost"]


def test_the_hubs_own_plugins_offer_nothing_to_runs_that_do_not_name_them() -> None:
    """Otherwise it would make a difference that they are not loaded."""
    ours = load().manager.get_plugins()
    offered = {name for item in ours for name in vars(item) if name.startswith("hub_")}
    assert offered == {"hub_connectors", "hub_notifiers", "hub_sandboxes", "hub_benches"}
    for point in entry_points(group="crmhub.plugins"):
        alone = load(installed=[point])
        assert {*alone.connectors, *alone.notifiers} == offered_by(point.name)


def test_a_package_folder_is_a_plugin(tmp_path: Path) -> None:
    registry = only(package(tmp_path, "probe_package", HEAD.format(name="shop")))
    assert list(registry.connectors) == ["shop"]
    (listed,) = registry.plugins
    assert (listed.name, listed.status, listed.connectors) == ("probe_package", "works", ("shop",))
    assert str(tmp_path) in listed.origin


def test_a_project_folder_with_an_entry_point_is_a_plugin_with_a_version_and_mappings(tmp_path: Path) -> None:
    home = tmp_path / "crmhub-probe"
    home.mkdir()
    (home / "pyproject.toml").write_text(
        '[project]\nname = "crmhub-probe"\nversion = "3.1"\n[project.entry-points."crmhub.plugins"]\n'
        'probe = "probe_project.plugin"\n'
    )
    inner = package(home, "probe_project", "")
    (inner / "plugin.py").write_text(HEAD.format(name="probe"))
    (inner / "mappings").mkdir()
    registry = only(home)
    (listed,) = registry.plugins
    assert (listed.name, listed.version, listed.status) == ("probe", "3.1", "works")
    assert registry.mapping_folders() == [inner / "mappings"]


BROKEN = {
    "import": ("import no_such_module_anywhere", "no_such_module_anywhere"),
    "syntax": ("def (", "SyntaxError"),
    "exits": ("raise RuntimeError('no licence')", "no licence"),
    "misspelt": (
        "from hub import plugin\n@plugin.hookimpl\ndef hub_conectors(): return []",
        "there is no hook hub_conectors; did you mean hub_connectors?",
    ),
    "unmarked": ("def hub_connectors(): return []", "hub_connectors is not marked with @hookimpl"),
    "arguments": ("from hub import plugin\n@plugin.hookimpl\ndef hub_review_plan(plane): return []", "plane"),
    "no_connector": (
        "from hub import plugin\n@plugin.hookimpl\ndef hub_connectors(): return [int]",
        "no Connector class",
    ),
    "abstract": (
        "from hub import plugin\nclass X(plugin.Connector[plugin.ConnectorConfig]):\n    name = 'x'\n"
        "    Config = plugin.ConnectorConfig\n@plugin.hookimpl\ndef hub_connectors(): return [X]",
        "lacks changes, check, fetch, resources",
    ),
    "hook_fails": (
        "from hub import plugin\n@plugin.hookimpl\ndef hub_connectors(): raise KeyError('tariff')",
        "KeyError: 'tariff'",
    ),
    "transform": (
        "from hub import plugin\n@plugin.hookimpl\ndef hub_transforms(): return {'email': print}",
        "a transform pair called 'email' exists already",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_listed_with_its_reason_and_the_others_work(tmp_path: Path, kind: str) -> None:
    code, reason = BROKEN[kind]
    bad = package(tmp_path, f"probe_{kind}", code)
    good = package(tmp_path, f"probe_good_{kind}", HEAD.format(name="shop"))
    registry = load([bad, good], installed=[])
    listed = {item.name: item for item in registry.plugins}
    assert listed[bad.name].status == "broken"
    assert reason in listed[bad.name].reason
    assert listed[good.name].status == "works"
    assert list(registry.connectors) == ["shop"]
    assert registry.review_plan(None) == []


def test_a_connector_name_that_is_taken_breaks_only_the_second_plugin(tmp_path: Path) -> None:
    first = package(tmp_path, "probe_first", HEAD.format(name="shop"))
    second = package(tmp_path, "probe_second", HEAD.format(name="shop"))
    registry = load([first, second], installed=[])
    assert [item.status for item in registry.plugins] == ["works", "broken"]
    assert "a connector 'shop' exists already, from probe_first" in registry.plugins[1].reason
    assert registry.connectors["shop"].__module__ == "probe_first"


def test_an_entry_point_that_cannot_be_loaded_is_listed() -> None:
    registry = load(installed=[EntryPoint("ghost", "probe_ghost.plugin", "crmhub.plugins")])
    (listed,) = registry.plugins
    assert (listed.name, listed.status) == ("ghost", "broken")
    assert "probe_ghost" in listed.reason


@pytest.mark.parametrize("content", [None, {}, {"pyproject.toml": "[project"}, {"pyproject.toml": "[project]\n"}])
def test_a_folder_without_a_plugin_is_listed_as_broken(tmp_path: Path, content: dict[str, str] | None) -> None:
    folder = tmp_path / "probe_none"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    (listed,) = only(folder).plugins
    assert listed.status == "broken"
    assert listed.reason


def test_a_local_plugin_cannot_stand_in_for_a_module_that_is_installed(tmp_path: Path) -> None:
    registry = only(package(tmp_path, "json", HEAD.format(name="shop")))
    assert registry.connectors == {}
    assert "rename the plugin's package" in registry.plugins[0].reason


def test_asking_for_a_broken_or_unknown_connector_says_why(tmp_path: Path) -> None:
    registry = load([package(tmp_path, "probe_cause", "raise RuntimeError('no licence')")])
    with pytest.raises(PluginError, match="broken: RuntimeError: no licence"):
        registry.connector("probe_cause")
    with pytest.raises(PluginError, match="Did you mean 'tryton'"):
        registry.connector("trytn")


def test_a_plugin_that_fails_to_review_a_plan_is_a_veto(tmp_path: Path) -> None:
    code = "from hub import plugin\n@plugin.hookimpl\ndef hub_review_plan(plan): raise KeyError('limits')\n"
    assert only(package(tmp_path, "probe_veto", code)).review_plan("p") == [
        "a plugin failed to review the plan: KeyError: 'limits'"
    ]


def test_hooks_of_all_plugins_are_called(tmp_path: Path) -> None:
    code = "from hub import plugin\n@plugin.hookimpl\ndef hub_review_plan(plan): return ['no: ' + plan]\n"
    code += "@plugin.hookimpl\ndef hub_policies(): return {'red': max}\n"
    code += "@plugin.hookimpl\ndef hub_secret_sources(): return {'vault': str}\n"
    registry = only(package(tmp_path, "probe_hooks", code))
    assert registry.review_plan("p") == ["no: p"]
    assert registry.policies == {"red": max}
    assert registry.secret_sources == {"vault": str}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("return ['mail']", "hub_notifiers returned 'mail', which is no Notifier class"),
        ("return [Nameless]", "the notifier Nameless has no name"),
        ("return [Bell, Bell]", "a notifier 'bell' exists already"),
    ],
)
def test_a_plugin_with_a_wrong_notifier_is_listed_as_broken(tmp_path: Path, code: str, reason: str) -> None:
    text = f"""
from hub import plugin

class Nameless(plugin.Notifier):
    def send(self, notice): return {{}}

class Bell(Nameless):
    name, Config = "bell", plugin.ConnectorConfig

@plugin.hookimpl
def hub_notifiers(): {code}
"""
    registry = only(package(tmp_path, "probe_bell", text))
    assert [(item.status, item.reason) for item in registry.plugins] == [("broken", reason)]
    assert registry.notifiers == {}


def test_a_notifier_is_found_by_name_and_a_wrong_name_says_which_there_are() -> None:
    registry = load()
    assert registry.notifier("smtp").name == "smtp"
    with pytest.raises(PluginError, match="no plugin with a notifier 'smpt'") as caught:
        registry.notifier("smpt")
    assert "Did you mean 'smtp'" in caught.value.hint
