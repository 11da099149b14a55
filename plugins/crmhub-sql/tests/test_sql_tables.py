"""Tables and views as people have them: types, keys, constraints, and a two-way sync with a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crmhub_sql.connector import Sql, SqlConfig
from hub import plugin
from hub.bootstrap import App
from hub.config.read import read_config

Connect = Callable[..., Sql]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    made: list[Sql] = []

    def make(**settings: Any) -> Sql:
        def no_http() -> plugin.Http:
            raise AssertionError("a database needs no HTTP")

        config = SqlConfig(**{"url": "sqlite:///shop.db", "table": "people", **settings})
        made.append(Sql(config, plugin.Context("db", no_http, tmp_path, base=tmp_path)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


def read(connector: Sql) -> dict[str, plugin.Record]:
    return {record.id: record for page in connector.changes("rows") for record in page.records}


def write(connector: Sql, op: plugin.Op) -> plugin.Receipt:
    (receipt,) = connector.write("rows", [op])
    return receipt


def test_types_come_as_json_and_go_back(database: sqlite3.Connection, connect: Connect) -> None:
    database.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, born DATE, seen TIMESTAMP, credit NUMERIC(10, 2), vip BOOLEAN)"
    )
    database.execute("INSERT INTO people VALUES (1, '1990-02-28', '2026-01-02 03:04:05', 12.5, 1)")
    found = read(connect())["1"].data
    assert found == {"id": 1, "born": "1990-02-28", "seen": "2026-01-02T03:04:05", "credit": "12.50", "vip": True}
    patch = {"born": "1991-01-01", "credit": "3.10", "vip": False, "seen": None}
    receipt = write(connect(write="update"), plugin.Op("k", "update", "1", patch))
    assert receipt.error is None
    row = database.execute("SELECT born, seen, vip FROM people").fetchone()
    assert row == ("1991-01-01", None, 0)


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ({"born": "31.12.1990"}, "born takes a date"),
        ({"name": "x" * 11}, "holds 10 characters"),
        ({"nmae": "x"}, "no column"),
        ({"vip": "perhaps"}, "true or false"),
        ({"name": "a\x00b"}, "NUL"),
        ({"name": None}, "constraint"),
    ],
)
def test_what_a_column_cannot_hold_is_refused_with_its_name(
    database: sqlite3.Connection, connect: Connect, patch: dict[str, Any], says: str
) -> None:
    database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, born DATE, name VARCHAR(10) NOT NULL, vip BOOLEAN)")
    database.execute("INSERT INTO people VALUES (1, NULL, 'Anna', 0)")
    receipt = write(connect(write="update"), plugin.Op("k", "update", "1", patch))
    assert isinstance(receipt.error, plugin.Rejected)
    assert says in receipt.error.message
    assert database.execute("SELECT name FROM people").fetchone() == ("Anna",)


def test_a_view_with_a_text_key_is_read_in_pages(database: sqlite3.Connection, connect: Connect) -> None:
    database.execute("CREATE TABLE raw (code TEXT PRIMARY KEY, mail TEXT, photo BLOB)")
    for code in ("c", "a", "ü", "b", "B"):
        database.execute("INSERT INTO raw VALUES (?, ?, x'00')", (code, f"{code}@x.example"))
    database.execute("CREATE VIEW people AS SELECT code, mail AS email FROM raw")
    connector = connect(key="code", page=2)
    assert set(read(connector)) == {"a", "b", "B", "c", "ü"}
    assert [len(page.records) for page in connector.changes("rows")] == [2, 2, 1]
    assert {item.id for item in connector.fetch("rows", ["a", "nobody"])} == {"a"}


def test_rows_without_a_time_of_change_are_read_too(database: sqlite3.Connection, connect: Connect) -> None:
    database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, changed TIMESTAMP)")
    for number in range(7):
        stamp = None if number % 2 else f"2026-01-0{number + 1} 00:00:00"
        database.execute("INSERT INTO people VALUES (?, 'x', ?)", (number, stamp))
    connector = connect(modified="changed", page=2)
    pages = list(connector.changes("rows"))
    assert sorted(record.id for page in pages for record in page.records) == [str(number) for number in range(7)]
    for number, page in enumerate(pages[:-1], 1):
        before = {record.id for done in pages[:number] for record in done.records}
        rest = connect(modified="changed", page=2).changes("rows", page.cursor)
        after = {record.id for later in rest for record in later.records}
        assert len(before | after) == 7


def test_wrong_settings_are_named(database: sqlite3.Connection, connect: Connect) -> None:
    database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
    with pytest.raises(plugin.ConfigError, match="no table or view 'persons'"):
        connect(table="persons").check()
    with pytest.raises(plugin.ConfigError, match="no column 'changed'; there are: id, name"):
        connect(modified="changed").check()
    with pytest.raises(plugin.ConfigError, match="no database file"):
        connect(url="sqlite:///missing.db").check()
    with pytest.raises(plugin.ConfigError, match="no driver"):
        connect(url="oracle+nodriver://x@y/z").check()
    with pytest.raises(ValidationError, match="does not belong into url"):
        connect(url="postgresql://me:secret@db/x")


def test_a_database_that_is_away_is_unavailable(connect: Connect) -> None:
    with pytest.raises(plugin.Unavailable, match="does not answer") as caught:
        connect(url="postgresql+psycopg://me@127.0.0.1:1/x", password="s3cret-word").check()
    assert "s3cret-word" not in str(caught.value)


CONFIG = """
[connections.shop]
plugin = "sql"
url = "sqlite:///shop.db"
table = "people"
modified = "changed"
own_key = "crmhub_key"
write = "on"

[connections.sheet]
plugin = "files"
path = "sheet"
write = "update"
target = "people.csv"

[syncs.customers]
systems = ["shop", "sheet"]
"""


def test_a_table_and_a_file_are_kept_in_step(tmp_path: Path, database: sqlite3.Connection) -> None:
    database.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT, mobile TEXT,"
        " notes TEXT, crmhub_key TEXT UNIQUE, changed TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
    )
    for number in range(5):
        row = (f"Anna{number}", "Berg", f"a{number}@x.example")
        database.execute("INSERT INTO people (first_name, last_name, email) VALUES (?, ?, ?)", row)
    (tmp_path / "sheet").mkdir()
    header = "id,first name,last name,email,mobile,notes\n"
    (tmp_path / "sheet" / "people.csv").write_text(header + "1,Bo,Li,bo@x.example,0171 1234567,\n")
    (tmp_path / "config.toml").write_text('[hub]\nregion = "DE"\n' + CONFIG)

    def sync() -> int:
        with App(read_config(tmp_path / "config.toml")) as app, app.writing():
            plan = app.engine("customers").read().plan
            assert plan is not None
            result = app.engine("customers").sync(approve=plan.approval())
            assert not result.paused, result.paused
            assert all(item.ok for item in result.accounts)
            return result.applied

    assert sync() == 6
    assert database.execute("SELECT first_name, last_name FROM people WHERE email = 'bo@x.example'").fetchall() == [
        ("Bo", "Li")
    ]
    assert "Anna4" in (tmp_path / "sheet" / "people.csv").read_text()
    assert sync() == 0
    database.execute("UPDATE people SET notes = 'from the shop', changed = '2099-01-01' WHERE first_name = 'Anna1'")
    database.execute("DELETE FROM people WHERE first_name = 'Anna2'")
    assert sync() == 1
    assert "from the shop" in (tmp_path / "sheet" / "people.csv").read_text()
    assert sync() == 0
