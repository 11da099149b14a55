"""Moving the store to PostgreSQL and back, copies of a store on a server, and going back to one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from hub.store.copying import checksum, copy_rows, tables
from hub.store.driver import RUN, SERVE
from hub.store.errors import StoreError
from hub.store.location import Location, located
from hub.store.store import Store, open_store
from hub.store.tables import meta
from hub.upkeep.files import BackupError
from hub.upkeep.moving import move
from tests.e2e.hub_folder import CONFIG, HubFolder
from tests.unit.test_store_tables import GOOD

if TYPE_CHECKING:
    from hub.store.postgres import PostgresServer
    from hub.testing.stores import Databases


@pytest.fixture
def empty(databases: Databases) -> Iterator[PostgresServer]:
    """A database without tables."""
    made = databases.empty()
    yield made
    databases.drop(made)


def on(folder: HubFolder, server: PostgresServer) -> None:
    """What `store migrate` says to put into the configuration."""
    folder.configure(CONFIG.replace("[hub]\n", f'[hub]\ndatabase = "{server.address}"\n'))


def contents(where: Location) -> dict[str, Any]:
    with closing(open_store(where)) as store:
        return {table.name: checksum(store.db, table) for table in tables()}


def test_a_store_is_moved_to_a_server_and_back_and_nothing_is_lost(
    synced: HubFolder, empty: PostgresServer, tmp_path: Path
) -> None:
    file = synced.path / "crmhub-data" / "hub.db"
    with closing(open_store(located(file))) as store:
        store.audit.add(1.0, "ann", "signed_in", detail="ä\0")
    before = contents(located(file))
    answer = synced.run("store", "migrate", "--to", str(empty.address), "--json")
    assert answer.code == 0, answer
    assert answer.summary["counts"]["rows"] == sum(item.rows for item in before.values()) > 20
    assert contents(empty) == before
    assert contents(located(file)) == before, "the source is as it was"

    on(synced, empty)
    synced.edit("office", "1", name="Anna Berger")
    assert synced.run("sync", "customers").code == 0
    assert "Anna Berger" in synced.names("shop")
    after = contents(empty)
    assert after != before

    answer = synced.run("store", "migrate", "--to", str(tmp_path / "back.db"))
    assert answer.code == 0, answer
    assert "take database" in answer.out
    assert f"move {tmp_path / 'back.db'} to {file}" in answer.out
    assert contents(located(tmp_path / "back.db")) == after
    assert (tmp_path / "back.db").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob(".back*")] == []


def test_what_to_change_next_is_said(synced: HubFolder, empty: PostgresServer) -> None:
    answer = synced.run("store", "migrate", "--to", f"{empty.address}?schema=hub_2")
    assert answer.code == 0, answer
    assert f'put database = "{empty.address}?schema=hub_2" into [hub] of ' in answer.out
    assert "every row was compared" in answer.out


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("postgresql://hub:s3cret@db.example/crm", "must not hold a password"),
        ("mysql://db.example/crm", "must be the address of a PostgreSQL server"),
        ("elsewhere.db", "the store is a file already"),
        ("postgresql://127.0.0.1:1/crm", "refused"),
    ],
)
def test_a_wrong_target_is_refused(synced: HubFolder, to: str, message: str) -> None:
    answer = synced.run("store", "migrate", "--to", to)
    assert answer.code not in (0, 5), answer
    assert message in answer.err
    assert "s3cret" not in answer.out + answer.err


def test_a_target_with_rows_is_refused(synced: HubFolder, server: PostgresServer) -> None:
    with closing(open_store(server)) as store:
        store.work.set_meta("mine", "yes")
    answer = synced.run("store", "migrate", "--to", str(server.address))
    assert answer.code == 2, answer
    assert "rows in it already" in answer.err
    with closing(open_store(server)) as store:
        assert store.db.rows(select(meta.c.key)) == [("mine",)]


def test_a_target_file_is_never_replaced(synced: HubFolder, server: PostgresServer, tmp_path: Path) -> None:
    on(synced, server)
    assert synced.run("sync", "customers").code == 0
    (tmp_path / "mine.db").write_text("mine")
    answer = synced.run("store", "migrate", "--to", str(tmp_path / "mine.db"))
    assert answer.code == 2, answer
    assert (tmp_path / "mine.db").read_text() == "mine"


@pytest.mark.parametrize("name", [RUN, SERVE])
def test_a_store_in_use_is_not_moved(synced: HubFolder, empty: PostgresServer, name: str) -> None:
    with (
        closing(open_store(synced.path / "crmhub-data" / "hub.db")) as store,
        store.db.held(name, "crmhub serve (process 7)"),
    ):
        answer = synced.run("store", "migrate", "--to", str(empty.address))
    assert answer.code == 11, answer
    assert "process 7" in answer.err


def test_there_is_nothing_to_move_before_the_first_sync(folder: HubFolder, empty: PostgresServer) -> None:
    answer = folder.run("store", "migrate", "--to", str(empty.address))
    assert answer.code == 2
    assert "no store to copy yet" in answer.err


def test_an_older_store_is_not_touched(synced: HubFolder, empty: PostgresServer) -> None:
    file = synced.path / "crmhub-data" / "hub.db"
    with closing(sqlite3.connect(file)) as raw:
        raw.execute("PRAGMA user_version = 5")
    with pytest.raises(BackupError, match="version 5"):
        move(located(file), empty)
    assert located(file).version() == 5


class Broken:
    """A database that stores something else than it was given."""

    def __init__(self, store: Store) -> None:
        self._db = store.db

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def write(self, statement: Any, rows: Any = None) -> int:
        if statement.table.name == "meta":
            rows = [{**row, "value": "other"} for row in rows]
        return self._db.write(statement, rows)


def test_a_row_that_arrives_differently_stops_everything(store: Store, tmp_path: Path) -> None:
    source = open_store(tmp_path / "source.db")
    source.work.set_meta("a", "1")
    with pytest.raises(StoreError, match="meta was not copied as it is"):
        copy_rows(source.db, Broken(store))  # type: ignore[arg-type]  # a broken one on purpose
    assert store.work.meta("a") == ""
    source.close()


def test_every_table_is_copied_as_it_is(store: Store, tmp_path: Path) -> None:
    with closing(open_store(tmp_path / "source.db")) as source:
        for name, row in GOOD.items():
            source.db.write(next(table for table in tables() if table.name == name).insert(), row)
        for index in range(1200):
            source.work.set_meta(f"k{index}", "ü" * (index % 7))
        copied = copy_rows(source.db, store.db)
    assert {item.name: item.rows for item in copied if item.rows} == dict.fromkeys(GOOD, 1) | {"meta": 1200}


def test_a_copy_is_of_one_moment(server: PostgresServer) -> None:
    with closing(open_store(server)) as store, closing(open_store(server)) as other:
        store.work.set_meta("a", "1")
        with store.db.snapshot():
            assert store.work.meta("a") == "1"
            other.work.set_meta("a", "2")
            assert store.work.meta("a") == "1"
        assert store.work.meta("a") == "2"


# copies of a store on a server


def test_a_copy_of_a_server_is_a_file_from_which_one_can_go_back(
    synced: HubFolder, server: PostgresServer, empty: PostgresServer, tmp_path: Path
) -> None:
    assert synced.run("store", "migrate", "--to", str(server.address)).code == 0
    on(synced, server)
    copy = tmp_path / "copy.db"
    answer = synced.run("backup", str(copy), "--json")
    assert answer.code == 0, answer
    assert answer.summary["counts"]["customers"] == 3
    assert contents(located(copy)) == contents(server)

    refused = synced.run("restore", str(copy))
    assert refused.code == 2, "the store that is there is never replaced"
    assert "?schema=" in refused.err

    synced.edit("office", "1", name="Anna Berger")
    assert synced.run("sync", "customers").code == 0
    on(synced, empty)
    answer = synced.run("restore", str(copy))
    assert answer.code == 0, answer
    synced.edit("office", "1", name="Anna Bergmann")
    assert synced.run("sync", "customers").code == 5, "what a restored store would write needs approval"
    assert "Anna Berger" in synced.names("shop")
    assert len(synced.names("shop")) == 3, "nobody is doubled"


def test_json_tells_what_was_copied(synced: HubFolder, empty: PostgresServer) -> None:
    answer = synced.run("store", "migrate", "--to", str(empty.address), "--json")
    found = {item["name"]: item for item in answer.summary["result"]["tables"]}
    assert found["golden"]["rows"] == 3
    assert len(found["golden"]["checksum"]) == 64
    assert json.dumps(answer.summary)
