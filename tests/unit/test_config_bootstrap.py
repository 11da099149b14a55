"""Putting the parts together from a configuration."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from hub.bootstrap import App, UsageProblem, uuid7
from hub.config.read import read_config
from hub.connected import Discovered, Unreachable, scope_of
from hub.contract.connector import Connector, ConnectorConfig
from hub.contract.errors import Unavailable
from hub.contract.records import Account, Field, Json, Page, Record, Resource
from hub.loader import PluginError, Registry

CONFIG = """
[connections.a]
plugin = "moody"
url = "http://a.example/x"
mapping.contacts = "moody.contacts"
[connections.b]
plugin = "moody"
mapping.contacts = "moody.contacts"
read_only = true
[syncs.all]
systems = ["a", "b"]
reconcile = "1h"
"""

MAPPING = """
version = 1
system = "moody"
resource = "contacts"
record = "customer"
match = ["email"]
[fields]
name.full = "name"
notes = { at = "notes", optional = true }
"""


class MoodyConfig(ConnectorConfig):
    """Settings of the test connector."""

    url: str = ""
    names: tuple[str, ...] = ()
    page: int = 5
    token: SecretStr = SecretStr("")


class Moody(Connector[MoodyConfig]):
    """A connector that can be made unreachable, with fields that only discovery knows."""

    name = "moody"
    Config = MoodyConfig
    down: ClassVar[bool] = False
    signed_in: ClassVar[int] = 0

    def check(self) -> Account:
        type(self).signed_in += 1
        if self.down:
            raise Unavailable("gone fishing")
        return Account("moody", version="2.0")

    def resources(self) -> Sequence[Resource]:
        return [Resource("contacts")]

    def fields(self, resource: str) -> Sequence[Field]:
        return [Field("name", max_length=20, values=None)]

    def changes(self, resource: str, cursor: Json = None) -> Iterator[Page]:
        yield Page([], complete=True)

    def fetch(self, resource: str, ids: Sequence[str]) -> Iterator[Record]:
        yield from ()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setattr(Moody, "down", False)
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "moody.contacts.toml").write_text(MAPPING)
    with App(read_config(tmp_path / "config.toml"), registry=Registry(connectors={"moody": Moody})) as opened:
        yield opened


NARROW = """
[connections.book]
plugin = "files"
folder = "book"

[connections.list]
plugin = "files"
folder = "list"

[syncs.all]
systems = ["book", "list"]
"""


def test_only_the_plugins_that_the_configuration_names_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(NARROW)
    with App(read_config(tmp_path / "config.toml")) as app:
        assert list(app.plugins.connectors) == ["files"]
        assert "tryton" in app.registry.connectors
        assert "tryton" in app.plugins.connectors, "once all are loaded, these are meant"


def test_a_misspelt_plugin_is_explained_with_all_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(NARROW.replace('"files"', '"trytn"'))
    with App(read_config(tmp_path / "config.toml")) as app, pytest.raises(PluginError, match="trytn") as raised:
        app.connect("book")
    assert "Did you mean 'tryton'?" in raised.value.hint


def test_the_mapping_of_a_plugin_that_nothing_names_can_be_used_and_extended(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(NARROW)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "hubspot.contacts.toml").write_text('extends = "shipped"\n')
    with App(read_config(tmp_path / "config.toml")) as app:
        book = replace(app.config.connections["book"], mappings={"contacts": "hubspot.contacts"})
        assert app.mappings.spec(book, Resource("contacts")).name == "hubspot.contacts"
        book = replace(book, mappings={"contacts": "tryton.party"})
        assert app.mappings.spec(book, Resource("contacts")).name == "tryton.party"


def test_ids_are_valid_uuids_of_version_7_and_sort_by_time() -> None:
    ids = [uuid7(1_800_000_000 + step / 1000) for step in range(100)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 100
    assert {uuid.UUID(item).version for item in ids} == {7}
    assert {uuid.UUID(item).variant for item in ids} == {uuid.RFC_4122}
    assert uuid.UUID(ids[0]).int >> 80 == 1_800_000_000_000
    assert len({uuid7(5.0) for _ in range(1000)}) == 1000


def test_what_was_discovered_survives_storing() -> None:
    found = Discovered(
        "2.0", -1.5, {"contacts": (Field("name", max_length=20), Field("kind", "enum", values=("a", "b")))}
    )
    again = Discovered.from_json(found.to_json())
    assert (again.version, again.offset) == ("2.0", -1.5)
    assert again.fields("contacts") is not None
    assert again.fields("nothing") is None
    assert Discovered.from_json("") == Discovered()


def test_offline_commands_compile_the_same_mapping_as_the_run_before(app: App) -> None:
    online = app.systems("all")
    offline = app.systems("all", online=False)
    assert online.hashes() == offline.hashes()
    assert "notes" not in online.source("a", "contacts").mapping.fields, "discovery says there is no such field"


def test_a_system_that_cannot_be_reached_stands_still_without_a_second_sign_in(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = app.systems("all").hashes()
    monkeypatch.setattr(Moody, "down", True)
    signed_in = Moody.signed_in
    assert app.systems("all").hashes() == before
    assert Moody.signed_in == signed_in, "who was asked today is not asked again"
    later = app.clock() + 2 * 24 * 3600
    monkeypatch.setattr(app, "clock", lambda: later)
    systems = app.systems("all")
    assert systems.hashes() == before
    source = systems.source("a", "contacts")
    assert isinstance(source.connector, Unreachable)
    with pytest.raises(Unavailable):
        next(iter(source.connector.changes("contacts")))
    with pytest.raises(Unavailable):
        list(source.connector.write("contacts", []))
    assert Moody.signed_in == signed_in + 2, "once for each system"


def test_read_only_connections_are_not_writable(app: App) -> None:
    systems = app.systems("all")
    assert systems.source("a", "contacts").writable
    assert not systems.source("b", "contacts").writable


def test_the_scope_changes_with_what_selects_records_and_with_nothing_else() -> None:
    def scope(**settings: Any) -> str:
        return scope_of(MoodyConfig(**settings), Moody)

    plain = scope(url="http://a.example")
    assert scope(url="http://a.example", page=7) == plain
    assert scope(url="http://a.example", token=SecretStr("x")) == plain
    assert scope(url="http://b.example") != plain
    assert scope(url="http://a.example", names=("x",)) != plain


def test_calls_are_counted_only_for_connections_that_made_any(app: App) -> None:
    opened = app.connect("a")
    assert opened.calls() == 0
    assert opened.connector.context.http is opened.connector.context.http, "one client for each connection"
    assert opened.calls() == 0


def test_names_that_do_not_exist_are_refused_with_a_suggestion(app: App) -> None:
    for ask in (lambda: app.sync("al"), lambda: app.connect("c"), lambda: app.engine("al")):
        with pytest.raises(UsageProblem, match="there is no"):
            ask()


def test_an_engine_gets_the_interval_of_its_sync(app: App) -> None:
    with app.writing():
        result = app.engine("all").read()
    assert result.state == "success"
    assert app.sync("all").reconcile == 3600
