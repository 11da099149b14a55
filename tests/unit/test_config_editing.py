"""Changing a configuration that a person wrote, replacing its file, and what is never changed on pages."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.config import files
from hub.config.editing import EditProblem, edit, toml
from hub.config.reserved import refused
from hub.config.templates import example_text
from hub.views import common_keys

TEXT = """\
# The hub of the firm.

[syncs.customers]               # the one
systems = ["erp", "crm"]        # in order of trust
# schedule = "manual"

# What follows is about fields.

[syncs.customers.fields."notes"]
conflict = "ask"                # a person decides
# blank = "erase"

[serve]
listen = "off"
"""
NAME = ("syncs", "customers", "fields", "name", "conflict")
NOTES = ("syncs", "customers", "fields", "notes", "conflict")


@pytest.mark.parametrize(
    ("changes", "removed", "added"),
    [
        ({NOTES: "prefer:erp"}, ['conflict = "ask"                # a person decides'],
         ['conflict = "prefer:erp"                # a person decides']),
        ({NAME: "prefer:crm"}, [], ["", "[syncs.customers.fields.name]", 'conflict = "prefer:crm"']),
        ({("syncs", "customers", "schedule"): "every 15m"}, [], ['schedule = "every 15m"']),
        ({("syncs", "customers", "guards", "delete"): [5, 0.02]}, [],
         ["", "[syncs.customers.guards]", "delete = [5, 0.02]"]),
        ({("syncs", "customers", "fields", "job.title", "conflict"): "ask"}, [],
         ["", '[syncs.customers.fields."job.title"]', 'conflict = "ask"']),
        ({("hub", "region"): "DE"}, [], ["", "[hub]", 'region = "DE"']),
        ({("serve", "listen"): None}, ['listen = "off"'], []),
        ({("serve", "rest"): None}, [], []),
        ({("connections", "erp", "password"): {"secret": "erp.password"}}, [],
         ["", "[connections.erp]", 'password = { secret = "erp.password" }']),
    ],
)  # fmt: skip
def test_one_change_touches_nothing_else(changes: dict[Any, Any], removed: list[str], added: list[str]) -> None:
    new = edit(TEXT, changes)
    lines = files.compare(TEXT, new, 0)
    assert [line.text for line in lines if line.kind == "-"] == removed
    assert sorted(line.text for line in lines if line.kind == "+") == sorted(added)


def test_a_key_comes_to_its_table_and_not_behind_the_comment_of_the_next_one() -> None:
    new = edit(TEXT, {("syncs", "customers", "schedule"): "every 15m"}).splitlines()
    at = new.index('schedule = "every 15m"')
    assert (new[at - 1], new[at + 1], new[at + 2]) == ('# schedule = "manual"', "", "# What follows is about fields.")


@pytest.mark.parametrize(
    "text",
    [
        'syncs = { customers = { systems = ["a", "b"] } }\n',
        '[syncs.customers]\nfields.notes.conflict = "ask" # why\n',
        '[syncs]\ncustomers.systems = [\n  "a", # one\n  "b",\n]\n',
        '[syncs.customers.fields.notes]\nconflict = "ask"\n[hub]\n[syncs.customers]\nsystems = []\n',
        "",
        '[syncs.customers]\nreconcile = """\n[serve]\n1h"""\n',
    ],
)
def test_whatever_the_form_of_a_file_it_says_the_same_with_the_change(text: str) -> None:
    wanted: dict[str, Any] = tomllib.loads(text)
    fields = wanted.setdefault("syncs", {}).setdefault("customers", {}).setdefault("fields", {})
    fields.setdefault("name", {})["conflict"] = "prefer:a"
    new = edit(text, {NAME: "prefer:a"})
    assert tomllib.loads(new) == wanted
    assert [word for word in ("# why", "# one") if word in text and word not in new] == []


def test_the_line_ends_of_a_file_stay() -> None:
    new = edit(TEXT.replace("\n", "\r\n"), {NAME: "ask", NOTES: "auto"})
    assert "\n" not in new.replace("\r\n", "")


def test_every_form_of_the_example_changes_one_key_and_no_comment() -> None:
    text = example_text()
    before = [line for line in text.splitlines() if line.startswith("#")]
    for keys, section in ((common_keys.SYNC, ("syncs", "customers")), (common_keys.SERVE, ("serve",))):
        for key in keys:
            given = {key.field: {"pair": "7, 3.5 %", "share": "12.5%"}.get(key.kind, "1h")}
            changes = common_keys.changes(keys, text, section, given)
            new = edit(text, changes)
            assert [line for line in new.splitlines() if line.startswith("#")] == before
            assert common_keys.values(keys, new, section)[key.field].replace(" ", "") == given[key.field].replace(
                " ", ""
            )
            assert edit(new, common_keys.changes(keys, new, section, {key.field: ""})) is not None


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [("pair", "5, 2 %", [5, 0.02]), ("pair", "many", "many"), ("share", "nan", "nan"), ("share", "2.5", 0.025)],
)
def test_numbers_are_read_as_people_write_them(kind: common_keys.Kind, given: str, value: object) -> None:
    keys = (common_keys.Key(("limit",), kind),)
    assert common_keys.changes(keys, "", ("syncs", "x"), {"limit": given}) == {("syncs", "x", "limit"): value}


@pytest.mark.parametrize(
    "value", ['a"b\\c\n\t\x00é', "", "\U0001f600\u2028", [1, True, 0.5, "x"], {"a b": {"c": [{}]}}]
)
def test_every_value_is_written_as_it_is(value: object) -> None:
    assert tomllib.loads(f"x = {toml(value)}") == {"x": value}


@pytest.mark.parametrize(
    ("text", "path"), [("[", ("a", "b")), ('a = "text"\n', ("a", "b")), ("[[a]]\nb = 1\n", ("a", "c"))]
)
def test_what_cannot_be_changed_is_said(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(EditProblem):
        edit(text, {path: "x"})


# the file


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    path, link = tmp_path / "config.toml", tmp_path / "link.toml"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    files.replace(link, "new", files.digest("old"))
    assert (path.read_text(), path.stat().st_mode & 0o777, link.is_symlink()) == ("new", 0o640, True)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["config.toml", "link.toml"]


def test_a_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("somebody else")
    with pytest.raises(files.Changed):
        files.replace(path, "new", files.digest("old"))
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("config.toml", "somebody else")]


def test_a_change_between_looking_and_replacing_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text("old")
    sync = os.fsync

    def meanwhile(handle: int) -> None:
        sync(handle)
        path.write_text("somebody else")

    monkeypatch.setattr("os.fsync", meanwhile)
    with pytest.raises(files.Changed):
        files.replace(path, "new", files.digest("old"))
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("config.toml", "somebody else")]


def test_a_disk_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(files.NotWritten, match="No space left"):
        files.replace(path, "new", files.digest("old"))
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("config.toml", "old")]


def test_earlier_versions_are_kept_for_their_owner_alone_and_the_oldest_go(tmp_path: Path) -> None:
    versions, path = files.Versions(tmp_path / "data"), tmp_path / "config.toml"
    for number in range(files.KEPT + 3):
        versions.keep(path, f"text {number}", 1000.0 + number)
    found = versions.of(path)
    assert (len(found), versions.text(path, found[0].name)) == (files.KEPT, f"text {files.KEPT + 2}")
    assert found[0].at == 1000.0 + files.KEPT + 2
    assert versions.text(path, "../../config.toml") is None
    assert {item.stat().st_mode & 0o077 for item in (tmp_path / "data" / "versions").rglob("*")} == {0}
    assert versions.of(tmp_path / "other.toml") == []


# what is not changed on pages

BEFORE = """
[hub]
plugins = ["ours"]
[connections.erp]
plugin = "tryton"
url = "https://erp.example"
password = { secret = "erp.password" }
[connections.sheet]
plugin = "files"
path = "a.csv"
[serve]
two_people = true
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('plugins = ["ours"]', 'plugins = ["evil"]', "[hub] plugins"),
        ('plugins = ["ours"]', 'data = "/tmp/x"', "[hub] data"),
        ('plugins = ["ours"]', 'database = "postgresql://db.example/hub"', "[hub] database"),
        ("two_people = true", "", "[serve] two_people"),
        ("two_people = true", 'refused_passwords = "/dev/null"', "[serve] refused_passwords"),
        ("two_people = true", 'two_people = true\nlisten = "0.0.0.0:80"', "[serve] listen"),
        ("https://erp.example", "https://evil.example", "connections.erp"),
        ('{ secret = "erp.password" }', '{ command = ["sh", "-c", "x"] }', "connections.erp"),
        ("[connections.erp]", "[connections.evil]", "connections.evil"),
        ('path = "a.csv"', 'path = { env = "ERP_PASSWORD" }', "connections.sheet"),
        ('path = "a.csv"', 'more = [{ file = "/etc/shadow" }]', "connections.sheet"),
        ("[serve]", '[notifiers.x]\nplugin = "smtp"\npassword = { secret = "erp.password" }\n[serve]', "notifiers.x"),
    ],
)
def test_what_runs_code_opens_the_pages_or_sends_a_secret_elsewhere_is_not_changed(
    old: str, new: str, said: str
) -> None:
    problems = refused("config.toml", BEFORE, BEFORE.replace(old, new))
    assert any(said in item.message for item in problems)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://erp.example", "https://erp.example"),
        ("[connections.sheet]", "timeout = \"5s\"\nread_only = true\n[connections.sheet]"),
        ('path = "a.csv"', 'path = "b.csv"'),
        ("[serve]", '[serve]\ntimezone = "Europe/Berlin"'),
        ('[connections.erp]\nplugin = "tryton"\nurl = "https://erp.example"\npassword = { secret = "erp.password" }\n', ""),
    ],
)  # fmt: skip
def test_everything_else_may_be_changed(old: str, new: str) -> None:
    assert old in BEFORE
    assert refused("config.toml", BEFORE, BEFORE.replace(old, new)) == []


def test_a_new_connection_may_refer_to_secrets_that_were_typed_with_it_only() -> None:
    new = BEFORE + '[connections.crm]\nplugin = "odoo"\nkey = { secret = "crm.key" }\n'
    assert refused("config.toml", BEFORE, new, fresh=["crm.key"]) == []
    assert len(refused("config.toml", BEFORE, new, fresh=["crm.other"])) == 1
    vault = new.replace('{ secret = "crm.key" }', '{ vault = "crm" }')
    assert refused("config.toml", BEFORE, vault) == []
    assert len(refused("config.toml", BEFORE, vault, sources=["vault"])) == 1
