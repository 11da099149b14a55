"""PostgreSQL as the store: its schema, its errors in our words, lost connections, and what SQLite does by itself."""

from __future__ import annotations

import builtins
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import MetaData, create_engine, event, inspect, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from hub.state import Golden, Link
from hub.store import schema, tables
from hub.store.address import parse_address
from hub.store.driver import RUN, SERVE
from hub.store.errors import Locked, StoreError
from hub.store.location import Location, located
from hub.store.store import Store, open_store
from hub.views.activity import changes_by_day
from tests.real.kill_points import in_a_process

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'crmhub[test]')")

from hub.store.postgres import Postgres, PostgresServer  # noqa: E402  # only where the driver is
from hub.testing.stores import Databases  # noqa: E402


@pytest.fixture
def empty(databases: Databases) -> Iterator[PostgresServer]:
    """A database without tables."""
    made = databases.empty()
    yield made
    databases.drop(made)


def at_once(work: Callable[[], object], number: int) -> list[int]:
    """Do the same in several processes at the same time; how each has ended."""
    children = []
    for _ in range(number):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work()
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


# schema


def shape(server: PostgresServer) -> dict[str, Any]:
    """Columns, constraints and indexes of every table, as the server has them."""
    engine = create_engine("postgresql+psycopg://", creator=server._driver.session)
    reflected = MetaData()
    reflected.reflect(engine)
    inspector = inspect(engine)
    found: dict[str, Any] = {
        name: (
            [
                (c.name, str(c.type), getattr(c.type, "collation", None), c.nullable, c.primary_key)
                for c in table.columns
            ],
            sorted(str(c["name"]) for c in inspector.get_check_constraints(name)),
            sorted(tuple(c["column_names"]) for c in inspector.get_unique_constraints(name)),
        )
        for name, table in reflected.tables.items()
        if name != "alembic_version"
    }
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'crmhub'")).all()
    engine.dispose()
    found["indexes"] = {row[0]: row[1] for row in rows if row[0] != "alembic_version_pkc"}
    return found


def test_migrations_give_exactly_the_declared_schema(server: PostgresServer, empty: PostgresServer) -> None:
    with closing(empty._driver.session()) as raw:
        raw.execute("CREATE SCHEMA crmhub")
    engine = create_engine("postgresql+psycopg://", creator=empty._driver.session)
    tables.metadata.create_all(engine)
    engine.dispose()
    declared, migrated = shape(empty), shape(server)
    assert migrated == declared
    assert set(tables.metadata.tables) == set(migrated) - {"indexes"}
    assert "WHERE" in migrated["indexes"]["one_open_op"]


def test_all_text_is_compared_byte_by_byte(server: PostgresServer) -> None:
    columns = [column for name, (columns, *_) in shape(server).items() if name != "indexes" for column in columns]
    assert {collation for _, kind, collation, *_ in columns if kind.startswith("TEXT")} == {"C"}


def test_a_migration_killed_at_any_statement_is_simply_made_again(databases: Databases) -> None:
    def open_and_die(server: PostgresServer, point: int) -> None:
        passed = 0

        def reach(*_: object) -> None:
            nonlocal passed
            passed += 1
            if passed == point:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", reach)
        open_store(server).close()

    killed = 0
    server = databases.empty()
    for point in (1, 2, 3, 5, 8, 13, 21, 34, 55, 70, 75, 80, 1000):
        status = in_a_process(lambda point=point: open_and_die(server, point))
        assert status in (0, -signal.SIGKILL)
        killed += status != 0
        assert server.version() == (0 if status else schema.SCHEMA)
    assert killed > 8
    databases.drop(server)


def test_two_processes_that_open_an_empty_database_at_once_make_it_once(empty: PostgresServer) -> None:
    assert at_once(lambda: open_store(empty).close(), 4) == [0, 0, 0, 0]
    assert empty.version() == schema.SCHEMA


def test_a_store_from_a_newer_version_is_refused_and_left_alone(server: PostgresServer) -> None:
    with closing(server._driver.session()) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '0999'")
        with pytest.raises(StoreError, match="version 999") as caught:
            open_store(server)
        raw.execute("UPDATE alembic_version SET version_num = %s", (f"{schema.SCHEMA:04}",))
    assert "newer crmhub" in caught.value.hint


def test_the_audit_log_can_only_be_added_to(server: PostgresServer) -> None:
    with closing(open_store(server)) as store:
        store.audit.add(1.0, "ann", "signed_in")
        for statement in ("UPDATE audit SET who = 'eve'", "DELETE FROM audit", "TRUNCATE audit"):
            with pytest.raises(IntegrityError, match="can only be added to"):
                store.db.write(text(statement))
        assert [entry.who for entry in store.audit.newest()] == ["ann"]


# what SQLite does by itself


def test_names_are_sorted_and_found_alike(store: Store) -> None:
    names = ["b", "B", "ä", "Ä", "a", "Z", "10", "9", "a_b", "a%b", "axb"]
    store.records.save_goldens([(Golden(f"g{index:02}"), name) for index, name in enumerate(names)])
    assert [title for _, title in store.records.search("", 100)] == sorted(names)
    assert [title for _, title in store.records.search("B")] == ["B", "a%b", "a_b", "axb", "b"]
    assert [title for _, title in store.records.search("Ä")] == ["Ä"]
    assert [title for _, title in store.records.search("A_B")] == ["a_b"]
    assert [title for _, title in store.records.search("%")] == ["a%b"]


def test_a_run_is_found_by_the_beginning_of_its_id(store: Store) -> None:
    store.history.start_run("0198abc", "s", "sync", 1.0)
    found = store.history.run("0198AB")
    assert found is not None
    assert found["id"] == "0198abc"
    assert store.history.run("0198_") is None


def test_numbers_go_on_after_the_largest(store: Store) -> None:
    links = [Link("A", "r", str(number), f"g{number}") for number in range(3)]
    store.records.save_links(links)
    assert [link.id for link in links] == [1, 2, 3]
    store.records.delete_links([3])
    later = Link("A", "r", "later", "g9")
    store.records.save_links([later])
    assert later.id == 3

    def twice() -> None:
        with store.transaction():
            store.records.save_links([Link("A", "r", "new", "g10")])
            store.records.save_links([Link("A", "r", "new", "g11")])

    with pytest.raises(IntegrityError):
        twice()
    again = Link("A", "r", "again", "g12")
    store.records.save_links([again])
    assert again.id == 4


def test_writes_are_counted_by_day(store: Store) -> None:
    now = datetime(2026, 3, 30, 12, tzinfo=ZoneInfo("Europe/Berlin"))  # the clocks changed the day before
    midnight = now.replace(hour=0).timestamp()
    for number, at in enumerate((midnight - 23 * 3600, midnight - 0.001, midnight, midnight + 5, midnight - 9e5)):
        entry = {
            "run": "r",
            "at": at,
            "op_id": str(number),
            "system": "A",
            "resource": "r",
            "gid": "g",
            "remote_id": "1",
        }
        store.history.journal([{**entry, "kind": "update", "pre": None, "diffs": {}}])
    counted = changes_by_day(store, now.timestamp(), "Europe/Berlin")
    assert [day.day for day, _ in counted] == [24, 25, 26, 27, 28, 29, 30]
    assert [number for _, number in counted] == [0, 0, 0, 0, 0, 2, 2]


@pytest.mark.parametrize("value", [2**62, -1, 0])
def test_whole_numbers_have_64_bits(store: Store, value: int) -> None:
    store.records.save_goldens([(Golden("g", seq=value), "t")])
    assert store.records.goldens(["g"])["g"].seq == value


@pytest.mark.parametrize("name", ["a\0b", "\0", "\ufdd0", "\0\ufdd0\ufdd0\0\ufdd1", "\ufdd0\ufdd1\0", "\U0001f600"])
def test_any_character_comes_back_as_it_was(store: Store, name: str) -> None:
    link = Link("A", "r", name, "g", native={"name": name})
    store.records.save_links([link])
    assert store.records.links_by_remote("A", "r", [name, "other"]) == {name: link}
    (found,) = store.db.rows(select(tables.link.c.remote_id))
    assert found.remote_id == name


def test_transactions_of_two_connections_take_turns(location: Location) -> None:
    """Both read a number and write the next one: none is lost."""
    with closing(open_store(location)) as first, closing(open_store(location)) as second:

        def count(store: Store) -> None:
            for _ in range(50):
                with store.db.transaction():
                    store.work.set_meta("n", str(int(store.work.meta("n", "0")) + 1))

        threads = [threading.Thread(target=count, args=(store,)) for store in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert first.work.meta("n") == "100"


def test_a_transaction_waits_for_another_only_so_long(server: PostgresServer) -> None:
    with closing(open_store(server)) as first, closing(Store(server.open(wait=0.05))) as second:
        with first.transaction():
            first.work.set_meta("a", "1")
            with pytest.raises(StoreError, match="lock timeout") as caught:
                second.work.set_meta("b", "1")
        assert "Another program" in caught.value.hint
        second.work.set_meta("b", "2")
        assert first.work.meta("b") == "2"


# lost connections


def test_a_lost_connection_is_made_again_where_no_run_depends_on_it(
    server: PostgresServer, databases: Databases
) -> None:
    with closing(open_store(server)) as store:
        store.work.set_meta("kept", "yes")
        store.db.lock(SERVE, "crmhub serve")
        assert databases.cut(server) == 1
        with pytest.raises(StoreError) as caught:
            store.work.meta("kept")
        assert "nothing is lost" in caught.value.hint
        assert not store.db.holds(SERVE), "the server has given it to others"
        assert store.work.meta("kept") == "yes"


def test_a_connection_lost_in_a_run_ends_the_run(server: PostgresServer, databases: Databases) -> None:
    with closing(open_store(server)) as store, closing(open_store(server)) as other:

        def half() -> None:
            with store.transaction():
                store.work.set_meta("half", "yes")
                databases.cut(server)
                store.work.set_meta("more", "yes")

        with store.db.held(RUN, "first"):
            with pytest.raises(StoreError):
                half()
            for _ in range(2):
                with pytest.raises(StoreError, match="in the middle of a run") as caught:
                    store.work.set_meta("more", "yes")
            assert "Run the same command again" in caught.value.hint
            with pytest.raises(StoreError):
                other.work.meta("half")  # its connection was cut, too
            with other.db.held(RUN, "second"):
                assert other.work.meta("half") == ""
        store.work.set_meta("later", "yes")
        assert other.work.meta("later") == "yes"


def test_a_connection_lost_after_the_last_write_fails_nothing(server: PostgresServer, databases: Databases) -> None:
    with closing(open_store(server)) as store:
        with store.db.held(RUN, "first"):
            store.work.set_meta("a", "1")
            databases.cut(server)
        with store.db.held(RUN, "again"):
            assert store.work.meta("a") == "1"


def test_only_one_of_two_connections_holds_the_store(server: PostgresServer) -> None:
    with closing(open_store(server)) as first, closing(open_store(server)) as second:
        with first.db.held(RUN, "crmhub serve (process 7)"):
            with pytest.raises(Locked, match=r"crmhub serve \(process 7\)") as caught:
                second.db.lock(RUN, "second")
            assert caught.value.holder.startswith("crmhub serve")
            assert server.holder().startswith("crmhub serve (process 7) on ")
            with pytest.raises(Locked):
                first.db.lock(RUN, "again")
            second.db.lock(SERVE, "another lock")
        assert server.holder() == ""
        second.db.lock(RUN, "second")


def test_a_killed_process_holds_nothing(server: PostgresServer) -> None:
    def hold_and_die() -> None:
        store = open_store(server)
        store.db.lock(RUN, "doomed")
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_process(hold_and_die) == -signal.SIGKILL
    with closing(open_store(server)) as store:
        _lock_soon(store)


def _lock_soon(store: Store) -> None:
    """The server needs a moment to see that a process is gone."""
    end = time.monotonic() + 10
    while True:
        try:
            store.db.lock(RUN, "next")
            return
        except Locked:
            assert time.monotonic() < end


def test_of_two_processes_started_at_once_one_is_told_about_the_other(server: PostgresServer, tmp_path: Path) -> None:
    """Both try again and again; at no moment do two of them hold the store."""
    inside = tmp_path / "inside"

    def compete() -> None:
        held = refused = 0
        with closing(open_store(server)) as store:
            while held < 50:
                try:
                    with store.db.held(RUN, "one of two"):
                        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if somebody else is inside
                        store.work.set_meta("n", str(int(store.work.meta("n", "0")) + 1))
                        inside.unlink()
                        held += 1
                except Locked:
                    refused += 1

    assert at_once(compete, 2) == [0, 0]
    with closing(open_store(server)) as store:
        assert store.work.meta("n") == "100"


# errors


def with_address(server: PostgresServer, **changes: Any) -> PostgresServer:
    address = server.address
    values = {name: getattr(address, name) for name in ("database", "user", "host", "port", "schema", "options")}
    return PostgresServer(type(address)(**(values | changes)), lambda: "")


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"database": "nowhere"}, "does not exist", "CREATE DATABASE"),
        ({"user": "nobody_here"}, "does not exist", "database_password"),
        ({"port": 1}, "refused", "Check that it runs"),
    ],
)
def test_what_keeps_us_out_is_said_in_clear_words(
    server: PostgresServer, changes: dict[str, Any], message: str, hint: str
) -> None:
    wrong = with_address(server, **changes)
    for attempt in (wrong.exists, wrong.holder, lambda: open_store(wrong)):
        with pytest.raises(StoreError) as caught:
            attempt()
        assert message in caught.value.message
        assert hint in caught.value.hint
        assert str(wrong.address) in str(caught.value)


def test_a_user_without_rights_is_told_what_to_ask_for(databases: Databases, empty: PostgresServer) -> None:
    with closing(empty._driver.session()) as raw:
        raw.execute("DROP ROLE IF EXISTS crmhub_test_guest")
        raw.execute("CREATE ROLE crmhub_test_guest LOGIN")
    with pytest.raises(StoreError, match="permission denied") as caught:
        open_store(with_address(empty, user="crmhub_test_guest"))
    assert "own the database" in caught.value.hint
    with closing(empty._driver.session()) as raw:
        raw.execute("DROP ROLE crmhub_test_guest")


def test_a_server_that_only_reads_is_an_error_in_clear_words(server: PostgresServer) -> None:
    with closing(open_store(server)) as store:
        store.work.set_meta("kept", "yes")
        with store.db.transaction() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
        with pytest.raises(StoreError, match="read-only") as caught:
            store.work.set_meta("kept", "no")
        assert "primary" in caught.value.hint
        assert store.work.meta("kept") == "yes"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("DiskFull", "nothing is lost"),
        ("TooManyConnections", "max_connections"),
        ("AdminShutdown", "nothing is lost"),
        ("InvalidPassword", "PGPASSWORD"),
        ("InternalError_", "server's log"),
    ],
)
def test_the_servers_errors_have_a_next_step(error: str, hint: str) -> None:
    driver = Postgres(parse_address("postgresql://hub@db.example/hub"), lambda: "")
    explained = driver.explained(getattr(psycopg.errors, error)("what the server said\nDETAIL: a person's data"))
    assert explained.message == "what the server said"
    assert hint in explained.hint
    assert explained.where == "postgresql://hub@db.example:5432/hub"


def test_what_a_constraint_refused_is_said_without_the_row(server: PostgresServer) -> None:
    with closing(open_store(server)) as store, pytest.raises(IntegrityError) as caught:
        store.db.write(
            tables.review.insert(),
            {"run": "r", "at": 1.0, "kind": "k", "state": "no", "decision": "Anna Berg", "doc": b"{}"},
        )
    assert "state_known" in str(caught.value)
    assert "Anna" not in str(caught.value)


def test_the_driver_is_asked_for_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "hub.store.postgres")
    monkeypatch.setattr(builtins, "__import__", without)
    from hub.store.location import on_server

    with pytest.raises(StoreError, match="psycopg") as caught:
        on_server(parse_address("postgresql://hub@db.example/hub"), lambda: "")
    assert "crmhub[postgresql]" in caught.value.hint


def test_a_path_stands_for_a_file(tmp_path: Path) -> None:
    assert located(tmp_path / "hub.db").path == tmp_path / "hub.db"


def test_size_and_damage_can_be_asked_for(location: Location) -> None:
    with closing(open_store(location)) as store:
        store.work.set_meta("a", "1")
        assert location.exists()
        assert location.version() == schema.SCHEMA
        assert location.damage() == ""
        assert location.size() > 100_000
        assert store.db.rows(select(tables.meta.c.value)) == [("1",)]


# addresses


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://hub@db.example/crm", "postgresql://hub@db.example:5432/crm"),
        ("postgres://db.example:6000/crm?schema=hub2", "postgresql://db.example:6000/crm?schema=hub2"),
        ("postgresql:///crm?host=/run/postgresql&sslmode=require", "postgresql:///crm"),
        ("postgresql://h%40b@[::1]/crm", "postgresql://h%40b@[::1]:5432/crm"),
    ],
)
def test_an_address_is_shown_as_it_was_meant(given: str, shown: str) -> None:
    assert str(parse_address(given)) == shown


def test_an_address_is_what_libpq_is_told() -> None:
    found = parse_address("postgresql:///crm?host=/run/postgresql&sslmode=require").parameters()
    assert found == {"dbname": "crm", "port": "5432", "host": "/run/postgresql", "sslmode": "require"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("postgresql://hub:s3cret@db.example/crm", "must not hold a password"),
        ("postgresql://hub@db.example/crm?password=s3cret", "must not hold a password"),
        ("mysql://hub@db.example/crm", "PostgreSQL"),
        ("postgresql://hub@db.example", "name of a database"),
        ("postgresql://hub@db.example/a/b", "name of a database"),
        ("postgresql://hub@db.example:s3cret/crm", "is no address"),
        ('postgresql://hub@db.example/crm?schema=a"b', "no name"),
        ("postgresql://hub@db.example/crm?sslmod=require", "'sslmod'"),
        (5, "must be a text"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(given: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_address(given)
    assert "s3cret" not in str(caught.value)
