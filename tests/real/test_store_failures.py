"""The store's own failures with real files and real processes: a full disk, a kill while migrating, a busy database."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from hub.store.errors import Locked
from hub.store.file_lock import ProcessLock
from hub.store.schema import SCHEMA
from hub.store.store import open_store
from tests.real import full_disk
from tests.real.kill_points import in_a_process


def test_a_sync_on_a_disk_that_fills_up_ends_in_clear_words_and_goes_on_later() -> None:
    assert full_disk.main(every=80) == 0


def old_store(path: Path) -> None:
    """A database of the first version with two records that wait to be linked, and two that are linked."""
    with closing(sqlite3.connect(path)) as raw:
        for statement in import_module("hub.store.migrations.versions.0001_first").STATEMENTS:
            raw.execute(statement)
        raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        raw.execute("INSERT INTO alembic_version VALUES ('0001')")
        for number in "12":
            raw.execute(
                "INSERT INTO staged VALUES ('A', 'r', ?, 'run', 'new', NULL, NULL, NULL, NULL, NULL, 'n', ?, '{}')",
                (number, b'["email:a@x"]'),
            )
            raw.execute(
                "INSERT INTO link VALUES (?, 'A', 'r', ?, 'g', '', 0, 'active', 'v', NULL, 'm', 0, NULL, 4, '', NULL, '{}')",
                (int(number), f"linked {number}"),
            )
        raw.execute("PRAGMA user_version = 1")
        raw.commit()


def new_store(path: Path) -> None:
    """Nothing: the database is made when it is opened."""


def open_and_die(path: Path, point: int) -> None:
    """Open the store, and die before or after a statement.  Exits with 0 if there is no such point any more."""
    passed = 0

    def reach(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", reach)
    event.listen(Engine, "after_cursor_execute", reach)
    open_store(path).close()


@pytest.mark.parametrize(("made", "staged"), [(old_store, ["1", "2"]), (new_store, [])])
def test_a_migration_killed_at_any_statement_is_simply_made_again(
    tmp_path: Path, made: Callable[[Path], None], staged: list[str]
) -> None:
    point, alive = 0, False
    while not alive:
        point += 1
        path = tmp_path / f"{point}.db"
        made(path)
        status = in_a_process(lambda path=path, point=point: open_and_die(path, point))
        assert status in (0, -signal.SIGKILL)
        alive = status == 0
        with closing(open_store(path)) as store:
            assert store.db.rows(text("PRAGMA user_version"))[0][0] == SCHEMA
            assert [item.remote_id for item in store.staging.sharing(["email:a@x"])] == staged
            linked = store.records.link_ids("A", "r", [f"linked {number}" for number in "123"])
            assert linked == {f"linked {item}": int(item) for item in staged}
    assert point > 10


def test_a_database_that_another_program_holds_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with closing(open_store(path)) as store, closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
        with store.transaction():
            store.work.set_meta("waited", "yes")
        assert store.work.meta("waited") == "yes"


def test_of_two_processes_started_at_once_one_is_told_about_the_other(tmp_path: Path) -> None:
    """Both try again and again; at no moment do two of them hold the store."""
    path, inside = tmp_path / "hub.db", tmp_path / "inside"

    def compete() -> None:
        held = 0
        while held < 20:
            try:
                with ProcessLock(path):
                    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if somebody else is inside
                    inside.unlink()
                    held += 1
            except Locked:
                continue

    other = os.fork()
    if other == 0:
        status = 1
        try:
            compete()
            status = 0
        finally:
            os._exit(status)
    assert in_a_process(compete) == 0
    assert os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 0
