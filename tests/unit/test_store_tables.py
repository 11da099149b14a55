"""The store: state machines as CHECK constraints, migrations, versions, a full disk, two processes."""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, Table, create_engine, inspect
from sqlalchemy.exc import IntegrityError

from hub.state import Cell, Collection, Element, Golden, Link
from hub.store import records, schema, tables
from hub.store.database import Database, pack
from hub.store.errors import Locked, StoreError
from hub.store.file_lock import ProcessLock
from hub.store.location import Location
from hub.store.seen import Seen
from hub.store.staging import Staged
from hub.store.store import Store, open_store
from hub.store.work import Cursor
from hub.testing.memory import MemoryServer
from tests.engine.world import PLAIN, World, empty_store


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    """A store in a file."""
    (tmp_path / "hub.db").write_bytes(empty_store())
    with closing(open_store(tmp_path / "hub.db")) as opened:
        yield opened


GOOD: dict[str, dict[str, Any]] = {
    "golden": {
        "gid": "g",
        "record": "customer",
        "state": "live",
        "merged_into": None,
        "seq": 1,
        "dirty": 0,
        "title": "t",
        "doc": b"{}",
    },
    "link": {
        "id": 1,
        "system": "A",
        "resource": "r",
        "remote_id": "1",
        "gid": "g",
        "role": "",
        "is_primary": 1,
        "state": "active",
        "mapping": "m",
        "created_by_hub": 0,
        "round": 0,
        "reason": "",
        "doc": b"{}",
    },
    "staged": {
        "system": "A",
        "resource": "r",
        "remote_id": "1",
        "run": "r",
        "state": "new",
        "review": None,
        "name": "",
        "keys": b"[]",
        "native": b"{}",
    },
    "fact": {
        "id": "f",
        "system": "A",
        "resource": "r",
        "remote_id": "1",
        "record": "interaction",
        "state": "attached",
        "reason": "",
        "customers": 1,
        "gone": 0,
        "version": None,
        "mapping": "m",
        "at": 0.0,
        "run": "r",
        "doc": b"{}",
    },
    "web_user": {
        "name": "ann",
        "role": "admin",
        "password": "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "created": 0.0,
        "changed": 0.0,
        "failures": 0,
        "locked": 0.0,
        "expires": 0.0,
    },
    "web_session": {"id": "0" * 64, "user": "ann", "csrf": "t", "created": 0.0, "seen": 0.0, "pii": 0.0},
    "audit": {
        "id": 1,
        "at": 0.0,
        "who": "ann",
        "action": "signed_in",
        "subject": "",
        "detail": "{}",
        "prev": "0" * 64,
        "hash": "1" * 64,
    },
    "fact_party": {"fact_id": "f", "key": "email:a@x.example", "gid": ""},
    "staged_key": {"key": "k", "system": "A", "resource": "r", "remote_id": "1"},
    "op": {
        "op_id": "o",
        "run": "r",
        "system": "A",
        "resource": "r",
        "gid": "g",
        "remote_id": "1",
        "kind": "update",
        "state": "in_flight",
        "attempts": 1,
        "t0": 1.0,
        "error": "",
        "item": b"{}",
    },
    "ledger": {
        "id": 1,
        "run": "r",
        "at": 1.0,
        "gid": "g",
        "path": "p",
        "rule": "r",
        "winner": b"1",
        "winner_system": "A",
        "loser": b"1",
        "loser_system": "B",
        "state": "open",
        "resolution": "",
    },
    "review": {"id": 1, "run": "r", "at": 1.0, "kind": "match", "state": "open", "decision": "", "doc": b"{}"},
    "never_match": {"a": "1", "b": "2"},
    "quarantine": {
        "system": "A",
        "resource": "r",
        "remote_id": "1",
        "gid": "",
        "run": "r",
        "at": 1.0,
        "code": "c",
        "message": "m",
        "fingerprint": "",
        "attempts": 1,
        "retry": 0,
    },
    "run": {"id": "r", "sync": "s", "kind": "sync", "started": 1.0, "ended": None, "state": "running", "doc": b"{}"},
    "plan": {"hash": "h", "sync": "s", "at": 1.0, "state": "proposed", "doc": b"{}"},
    "inbox": {"system": "A", "resource": "r", "remote_id": "1", "first": 1.0, "last": 2.0},
    "delivery": {"system": "A", "key": "k", "at": 1.0},
    "subscription": {"connection": "A", "wanted": 1, "state": "active", "failures": 0, "message": ""},
    "timetable": {"sync": "s", "spec": "every 15m", "slot": 1.0, "next": 1.0},
    "circuit": {
        "connection": "A",
        "state": "waiting",
        "failures": 1,
        "since": 1.0,
        "until": 2.0,
        "code": "c",
        "message": "m",
        "secret": "",
    },
    "pause": {"kind": "sync", "name": "s", "at": 1.0, "reason": ""},
    "alarm": {
        "kind": "lag",
        "subject": "s",
        "number": 1,
        "state": "raised",
        "raised": 1.0,
        "cleared": None,
        "message": "m",
        "hint": "",
    },
    "outbox": {
        "key": "k",
        "notifier": "n",
        "at": 1.0,
        "severity": "info",
        "subject": "s",
        "text": "t",
        "state": "pending",
        "attempts": 0,
        "due": 1.0,
        "error": "",
    },
}
"""A possible row of each table that has a state machine."""

BAD: list[tuple[str, str, dict[str, Any]]] = [
    ("golden", "state_known", {"state": "deleted"}),
    ("golden", "merged_names_survivor", {"state": "merged"}),
    ("golden", "merged_names_survivor", {"merged_into": "g2"}),
    ("golden", "dirty_is_flag", {"dirty": 2}),
    ("link", "state_known", {"state": "creating"}),
    ("link", "shadow_is_not_primary", {"state": "shadow"}),
    ("link", "has_reason", {"state": "excluded"}),
    ("link", "has_reason", {"state": "quarantined"}),
    ("link", "has_reason", {"state": "out_of_scope"}),
    ("staged", "state_known", {"state": "linked"}),
    ("staged", "review_is_named", {"state": "review"}),
    ("staged", "review_is_named", {"review": 1}),
    ("op", "kind_known", {"kind": "merge"}),
    ("op", "state_known", {"state": "done"}),
    ("op", "sent_has_time", {"attempts": 0}),
    ("op", "sent_has_time", {"t0": None}),
    ("op", "sent_has_time", {"state": "ambiguous", "t0": None}),
    ("op", "change_names_record", {"remote_id": None}),
    ("op", "change_names_record", {"remote_id": None, "kind": "delete"}),
    ("op", "confirmed_names_record", {"remote_id": None, "kind": "create", "state": "confirmed"}),
    ("op", "failure_has_reason", {"state": "rejected"}),
    ("op", "failure_has_reason", {"state": "quarantined"}),
    ("ledger", "state_known", {"state": "lost"}),
    ("review", "state_known", {"state": "closed"}),
    ("never_match", "ordered", {"a": "2", "b": "1"}),
    ("never_match", "ordered", {"a": "1", "b": "1"}),
    ("quarantine", "has_message", {"message": ""}),
    ("run", "state_known", {"state": "done", "ended": 2.0}),
    ("run", "ended_has_time", {"ended": 2.0}),
    ("run", "ended_has_time", {"state": "success"}),
    ("plan", "state_known", {"state": "new"}),
    ("delivery", "delivery_has_key", {"key": ""}),
    ("subscription", "state_known", {"state": "open"}),
    ("subscription", "wanted_is_flag", {"wanted": 2}),
    ("subscription", "dead_has_reason", {"state": "dead"}),
    ("fact", "state_known", {"state": "lost", "customers": 0}),
    ("fact", "attached_has_customers", {"customers": 0}),
    ("fact", "attached_has_customers", {"state": "waiting"}),
    ("fact", "ignored_has_reason", {"state": "ignored", "customers": 0}),
    ("fact", "gone_is_flag", {"gone": 2}),
    ("fact_party", "party_has_key", {"key": ""}),
    ("timetable", "next_has_slot", {"slot": None}),
    ("timetable", "next_has_slot", {"next": None}),
    ("circuit", "state_known", {"state": "open", "until": None}),
    ("circuit", "open_has_failures", {"failures": 0}),
    ("circuit", "open_has_failures", {"state": "closed", "until": None}),
    ("circuit", "waiting_has_end", {"until": None}),
    ("circuit", "waiting_has_end", {"state": "needs_login"}),
    ("pause", "kind_known", {"kind": "plugin"}),
    ("alarm", "state_known", {"state": "open"}),
    ("alarm", "cleared_has_time", {"state": "cleared"}),
    ("alarm", "cleared_has_time", {"cleared": 2.0}),
    ("alarm", "number_counts", {"number": 0}),
    ("outbox", "state_known", {"state": "lost"}),
    ("outbox", "refusal_has_reason", {"state": "refused"}),
    ("web_user", "role_known", {"role": "owner"}),
    ("web_user", "user_has_name", {"name": ""}),
    ("web_user", "password_is_hashed", {"password": "secret"}),
    ("web_user", "failures_count", {"failures": -1}),
    ("web_session", "id_is_a_hash", {"id": "token"}),
    ("audit", "audit_has_action", {"action": ""}),
    ("audit", "audit_is_hashed", {"hash": "0"}),
]


def insert(store: Store, name: str, row: dict[str, Any]) -> None:
    store.db.write(tables.metadata.tables[name].insert(), row)


@pytest.mark.parametrize("name", list(GOOD))
def test_a_possible_row_is_stored(store: Store, name: str) -> None:
    insert(store, name, GOOD[name])
    assert len(store.db.rows(tables.metadata.tables[name].select())) == 1


@pytest.mark.parametrize(("name", "constraint", "change"), BAD)
def test_an_impossible_row_is_refused(store: Store, name: str, constraint: str, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        insert(store, name, GOOD[name] | change)
    assert store.db.rows(tables.metadata.tables[name].select()) == []


def test_every_check_constraint_has_an_impossible_row() -> None:
    tested = {(name, constraint) for name, constraint, _ in BAD}
    declared = {
        (table.name, str(item.name))
        for table in tables.metadata.tables.values()
        for item in table.constraints
        if type(item).__name__ == "CheckConstraint"
    }
    assert declared == tested


@pytest.mark.parametrize(
    ("name", "change", "allowed"),
    [
        ("link", {"id": 2, "gid": "g2"}, False),
        ("link", {"id": 2, "remote_id": "2"}, False),
        ("link", {"id": 2, "remote_id": "2", "state": "gone"}, True),
        ("link", {"id": 2, "remote_id": "2", "state": "shadow", "is_primary": 0}, True),
        ("link", {"id": 2, "remote_id": "2", "role": "address"}, True),
        ("link", {"id": 2, "system": "B"}, True),
        ("fact", {"id": "f2"}, False),
        ("fact", {"id": "f2", "remote_id": "2"}, True),
        ("op", {"op_id": "o2"}, False),
        ("op", {"op_id": "o2", "state": "ambiguous"}, False),
        ("op", {"op_id": "o2", "state": "confirmed"}, True),
        ("op", {"op_id": "o2", "gid": "g2"}, True),
    ],
)
def test_one_link_per_record_and_one_open_write_per_record(
    store: Store, name: str, change: dict[str, Any], allowed: bool
) -> None:
    insert(store, name, GOOD[name])
    if allowed:
        insert(store, name, GOOD[name] | change)
    else:
        with pytest.raises(IntegrityError, match=r"(?i)unique"):
            insert(store, name, GOOD[name] | change)


# counts


def test_links_are_counted_anew_after_every_change_and_only_then(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def count() -> dict[str, int]:
        store.records.keep_counts([("A", "x"), ("B", "x")])
        return store.records.count_links("A", "x")

    def counted() -> bool:
        before = len(counts)
        count()
        return len(counts) > before

    counts: list[str] = []
    recount = store.records._count
    monkeypatch.setattr(store.records, "_count", lambda *side: counts.append(side[0]) or recount(*side))
    links = [Link("A", "x", str(number), f"g{number}") for number in range(3)]
    assert count() == {}
    with store.transaction():
        store.records.save_links(links)
        store.records.save_links([Link("B", "x", "1", "g1")])
    assert (counted(), counted(), count()) == (True, False, {"active": 3})
    links[0].state = "gone"
    with store.transaction():
        store.records.save_links(links[:1])
    assert (counted(), counted(), count()) == (True, False, {"active": 2, "gone": 1})
    with store.transaction():
        store.records.delete_links([links[1].id or 0])
    assert (counted(), count()) == (True, {"active": 1, "gone": 1})
    with contextlib.suppress(KeyboardInterrupt), store.transaction():
        store.records.save_links([Link("A", "x", "9", "g9")])
        assert count() == {"active": 2, "gone": 1}
        raise KeyboardInterrupt
    assert count() == {"active": 1, "gone": 1}, "what was rolled back is not counted"
    assert store.records.count_links("B", "x") == {"active": 1}
    store.records.forget_counts()
    assert counted()


def test_what_a_listing_has_not_shown_is_asked_for_oldest_first_whatever_its_state(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_PORTION", 3)
    states = ("active", "missing", "gone", "shadow", "excluded", "out_of_scope", "quarantined")
    links = [Link("A", "x", str(99_000 - n), f"g{n}", states[n % 7], primary=False, reason="why") for n in range(48)]
    with store.transaction():
        store.records.save_links([*links, Link("B", "x", "other", "g0"), Link("A", "y", "other", "g0")])
    listed = [item for item in links if item.state not in ("gone", "excluded")]
    seen = Seen()
    assert store.records.unseen("A", "x", seen) == [item.remote_id for item in listed]
    hidden = (0, 1, 20, len(listed) - 1)
    seen.add(item.id or 0 for place, item in enumerate(listed) if place not in hidden)
    assert store.records.unseen("A", "x", seen) == [listed[place].remote_id for place in hidden]
    assert store.records.unseen("A", "z", Seen()) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(1, 300_000), max_size=6)), max_size=8))
def test_seen_links_are_a_set_of_numbers(steps: list[tuple[bool, set[int]]]) -> None:
    seen, known = Seen(), set[int]()
    for shown, ids in steps:
        if shown:
            seen.add(ids)
            known |= ids
        else:
            seen.discard(ids)
            known -= ids
    everything = set().union(*(ids for _, ids in steps))
    assert len(seen) == len(known)
    assert seen.missing(sorted(everything)) == sorted(everything - known)


# schema


def columns(table: Table) -> list[tuple[str, str, bool, bool]]:
    return [(c.name, str(c.type), bool(c.nullable), bool(c.primary_key)) for c in table.columns]


def test_migrations_give_exactly_the_declared_schema(tmp_path: Path) -> None:
    migrated, declared = tmp_path / "migrated.db", tmp_path / "declared.db"
    open_store(migrated).close()
    engine = create_engine(f"sqlite:///{declared}")
    tables.metadata.create_all(engine)
    engine.dispose()
    found = {}
    for path in (migrated, declared):
        engine = create_engine(f"sqlite:///{path}")
        reflected = MetaData()
        reflected.reflect(engine)
        inspector = inspect(engine)
        found[path.name] = {
            name: (
                columns(table),
                sorted(str(c["name"]) for c in inspector.get_check_constraints(name)),
                sorted(
                    (str(i["name"]), tuple(i["column_names"]), bool(i["unique"])) for i in inspector.get_indexes(name)
                ),
                sorted(tuple(c["column_names"]) for c in inspector.get_unique_constraints(name)),
            )
            for name, table in reflected.tables.items()
            if name != "alembic_version"
        }
        engine.dispose()
    assert found["migrated.db"] == found["declared.db"]
    assert set(found["migrated.db"]) == set(tables.metadata.tables)


def test_links_of_an_older_version_are_kept_without_what_their_last_listing_had_noted(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    migration = importlib.import_module("hub.store.migrations.versions.0001_first")
    with closing(sqlite3.connect(path)) as raw:
        for statement in migration.STATEMENTS:
            raw.execute(statement)
        raw.execute("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
        raw.execute("INSERT INTO alembic_version VALUES ('0001')")
        for number in (3, 7):
            raw.execute(
                "INSERT INTO link VALUES (?, 'A', 'r', ?, ?, '', 1, 'active', 'v', NULL, 'm', 0, 1.5, 9, 'why', ?, ?)",
                (number, f"r{number}", f"g{number}", b'{"n":1}', pack(Link("A", "r", "x", "g").to_json())),
            )
        raw.execute("INSERT INTO cursor VALUES ('A', 'r', ?, 'e', 'm', 's', 9, 2, 3.5, 4.5, 1)", (b'{"at":1}',))
        raw.execute("PRAGMA user_version = 1")
        raw.commit()
    with closing(open_store(path)) as store:
        found = store.records.links_by_remote("A", "r", ["r3", "r7"])
        assert [(item.id, item.gid, item.state, item.version, item.mapping) for _, item in sorted(found.items())] == [
            (3, "g3", "active", "v", "m"),
            (7, "g7", "active", "v", "m"),
        ]
        assert [(item.native, item.modified, item.reason) for item in found.values()] == [({"n": 1}, 1.5, "why")] * 2
        assert store.work.cursor("A", "r") == Cursor("A", "r", {"at": 1}, "e", "m", "s", 2, 3.5, 4.5, True)
        assert store.records.unseen("A", "r", Seen()) == ["r3", "r7"]


@pytest.mark.parametrize(("found", "kept"), [(None, 8192), (4096, 4096)], ids=["new", "older"])
def test_a_new_file_has_pages_with_room_for_several_records_and_an_older_one_keeps_its_own(
    tmp_path: Path, found: int | None, kept: int
) -> None:
    path = tmp_path / "hub.db"
    if found is not None:
        with closing(sqlite3.connect(path)) as raw:
            raw.executescript(f"PRAGMA page_size = {found}; PRAGMA journal_mode = WAL; CREATE TABLE other (x);")
    for _ in range(2):
        open_store(path).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA page_size").fetchone() == (kept,)


def partial_indexes(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as raw:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'").fetchall()
    raw.close()
    return {name: " ".join(sql.split("WHERE", 1)[1].split()) for name, sql in rows}


def test_partial_indexes_have_the_declared_conditions(tmp_path: Path) -> None:
    migrated, declared = tmp_path / "migrated.db", tmp_path / "declared.db"
    open_store(migrated).close()
    engine = create_engine(f"sqlite:///{declared}")
    tables.metadata.create_all(engine)
    engine.dispose()
    assert partial_indexes(migrated) == partial_indexes(declared)
    assert set(partial_indexes(migrated)) >= {
        *("one_primary_link", "one_open_op", "golden_dirty", "golden_merged", "ledger_open"),
        *("fact_party_gid", "fact_party_open"),
    }


def test_records_staged_by_an_older_version_are_found_by_their_keys(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    migration = importlib.import_module("hub.store.migrations.versions.0001_first")
    with closing(sqlite3.connect(path)) as raw:
        for statement in migration.STATEMENTS:
            raw.execute(statement)
        raw.execute("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY)")
        raw.execute("INSERT INTO alembic_version VALUES ('0001')")
        insert = "INSERT INTO staged VALUES ('A', 'r', ?, 'run', 'new', NULL, NULL, NULL, NULL, ?, 'n', ?, '{}')"
        raw.execute(insert, ("1", None, b'["email:a@x","phone:+49","email:a@x"]'))
        raw.execute(insert, ("2", "gid1", b"[]"))
        raw.execute("PRAGMA user_version = 1")
        raw.commit()
    with closing(open_store(path)) as store:
        assert [item.remote_id for item in store.staging.sharing(["phone:+49"], ["gid1"])] == ["1", "2"]
        assert {key for key, _, _ in store.staging.crowded(0)} == {"email:a@x", "phone:+49", "own:gid1"}


def test_a_store_from_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(empty_store())
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version = {schema.SCHEMA + 1}")
    raw.commit()
    raw.close()
    with pytest.raises(StoreError, match=f"version {schema.SCHEMA + 1}") as caught:
        open_store(path)
    assert "newer crmhub" in caught.value.hint
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA + 1,)
    raw.close()


def test_a_file_that_is_no_database_is_refused_in_clear_words(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    path.write_bytes(b"name,email\n" * 500)
    with pytest.raises(StoreError) as caught:
        open_store(path)
    assert "restore a backup" in caught.value.hint
    assert path.read_bytes() == b"name,email\n" * 500


def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.db").mkdir()
    with pytest.raises(StoreError) as caught:
        open_store(tmp_path / "hub.db")
    assert str(tmp_path / "hub.db") in str(caught.value)


# trouble with the disk


def full(store: Store) -> None:
    """No more pages: the next growth fails like on a full disk."""
    with store.db.transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def room(store: Store) -> None:
    with store.db.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")


def test_a_full_disk_is_an_error_in_clear_words_and_loses_nothing(file_store: Store) -> None:
    file_store.work.set_meta("kept", "yes")
    full(file_store)

    def fill() -> None:
        with file_store.transaction():
            file_store.work.set_meta("half", "x" * 100)
            file_store.work.set_meta("large", "x" * 1_000_000)

    with pytest.raises(StoreError, match="full") as caught:
        fill()
    assert "nothing is lost" in caught.value.hint
    assert file_store.work.meta("kept") == "yes"
    assert file_store.work.meta("half") == "", "all or nothing"
    room(file_store)
    file_store.work.set_meta("large", "x" * 1_000_000)
    assert len(file_store.work.meta("large")) == 1_000_000


def test_a_sync_on_a_full_disk_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    world = World(tmp_path, A=PLAIN, B=PLAIN)
    world.servers["A"].add({"name": "Anna Berg", "email": "anna@x.example"})
    world.sync()
    for index in range(200):
        world.servers["A"].add({"name": f"P {index}", "email": f"p{index}@x.example", "notes": "long " * 200})
    world.servers["A"].traits.page = 100
    full(world.store)
    with pytest.raises(StoreError, match="full"):
        world._sync()
    room(world.store)
    world.reopen()
    result = world.engine().sync()
    if result.plan is not None and result.plan.trips:
        world.engine().sync(approve=result.plan.approval())
    assert len(world.servers["B"].alive()) == 201
    assert len(world.goldens()) == 201
    world.quiet()


def test_a_read_only_store_is_an_error_in_clear_words(file_store: Store) -> None:
    file_store.work.set_meta("kept", "yes")
    with file_store.db.transaction() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="readonly") as caught:
        file_store.work.set_meta("kept", "no")
    assert "permissions" in caught.value.hint
    assert file_store.work.meta("kept") == "yes"


# transactions


class Stop(Exception):
    """Something goes wrong in the middle."""


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.records.save_goldens([(Golden("g1", seq=store.tick()), "one")])
            raise Stop

    with pytest.raises(Stop):
        half()
    assert store.records.count() == 0
    assert store.seq == 0, "the sequence is taken back too"


def test_a_nested_transaction_belongs_to_the_outer_one(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            with store.transaction():
                store.work.set_meta("inner", "x")
            raise Stop

    with pytest.raises(Stop):
        half()
    assert store.work.meta("inner") == ""


def test_the_sequence_goes_on_after_reopening(location: Location) -> None:
    with closing(open_store(location)) as store, store.transaction():
        assert [store.tick(), store.tick()] == [1, 2]
    with closing(open_store(location)) as store:
        assert store.tick() == 3


def test_a_failing_thread_does_not_take_back_the_sequence_of_another(store: Store) -> None:
    """Two systems are written in parallel; one fails while the other has ticked in between."""
    waits = threading.Event()

    def half() -> None:
        with store.transaction():
            store.tick()
            raise Stop

    def other() -> None:
        with pytest.raises(Stop):
            half()

    thread = threading.Thread(target=other)
    with store.transaction():
        thread.start()
        waits.wait(0.2)  # meanwhile the other thread waits for the end of this transaction
        used = [store.tick(), store.tick()]
    thread.join()
    assert store.tick() == used[-1] + 1


def test_links_and_goldens_survive_the_store(store: Store) -> None:
    golden = Golden("g1", seq=3, defaults={"kind": "person"}, frozen={"notes": [["a", "A", 1.0]]})
    link = Link("A", "contacts", "1", "g1", version="7", native={"name": "x"}, lost={"notes"}, held={"a": "b"})
    link.sent = {"notes": None, "job": {"a": 1}}
    link.holds = {"emails": {"email": 4}}
    link.psent = {"emails": "!lost"}
    with store.transaction():
        store.records.save_goldens([(golden, "t")])
        store.records.save_links([link])
    (again,) = store.records.links_by_gid(["g1"])["g1"]
    assert again == link
    assert store.records.goldens(["g1"])["g1"] == golden


# two processes


def test_a_second_process_is_locked_out_and_told_who_holds_the_store(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    with ProcessLock(path), pytest.raises(Locked, match=r"process \d+ is syncing"), ProcessLock(path):
        pass
    with ProcessLock(path):
        pass


def test_a_lock_file_left_by_a_killed_process_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "hub.db"
    (tmp_path / "hub.db.lock").write_text("process 1")
    with ProcessLock(path):
        assert "process" in (tmp_path / "hub.db.lock").read_text()


# cost


def staged(number: int) -> list[Staged]:
    return [Staged("A", "r", str(index), "run", {"n": index}, keys=[f"email:{index}"]) for index in range(number)]


CALLS: dict[str, Callable[[Store, int], object]] = {
    "stage": lambda store, n: store.staging.add(staged(n)),
    "set_staged": lambda store, n: store.staging.set_state([("A", "r", str(i)) for i in range(n)], "new"),
    "staged_ids": lambda store, n: store.staging.states("A", "r", map(str, range(n))),
    "sharing": lambda store, n: store.staging.sharing([f"email:{i}" for i in range(n)]),
    "unstage": lambda store, n: store.staging.remove([("A", "r", str(i)) for i in range(n)]),
    "save_goldens": lambda store, n: store.records.save_goldens([(Golden(f"g{i}"), "t") for i in range(n)]),
    "goldens": lambda store, n: store.records.goldens([f"g{i}" for i in range(n)]),
    "save_links": lambda store, n: store.records.save_links([Link("A", "r", f"{n}-{i}", f"{n}-{i}") for i in range(n)]),
    "links_by_remote": lambda store, n: store.records.links_by_remote("A", "r", map(str, range(n))),
    "links_by_gid": lambda store, n: store.records.links_by_gid([f"g{i}" for i in range(n)]),
    "versions": lambda store, n: store.records.versions("A", "r", map(str, range(n))),
    "link_ids": lambda store, n: store.records.link_ids("A", "r", [str(i) for i in range(n)]),
    "set_keys": lambda store, n: store.records.set_keys({f"g{i}": [f"email:{i}"] for i in range(n)}),
    "gids_by_key": lambda store, n: store.records.gids_by_key([f"email:{i}" for i in range(n)]),
    "mark_dirty": lambda store, n: store.records.mark_dirty([f"g{i}" for i in range(n)]),
    "reread_add": lambda store, n: store.work.reread_add("A", "r", map(str, range(n)), "why"),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(store: Store, name: str) -> None:
    costs = []
    for number in (2, 400):
        before = store.db.statements
        CALLS[name](store, number)
        costs.append(store.db.statements - before)
    assert costs[0] == costs[1] > 0


def test_a_page_costs_the_same_number_of_statements_whatever_its_size(tmp_path: Path) -> None:
    costs = []
    for number in (5, 100):
        world = World(tmp_path / str(number), A=PLAIN, B=PLAIN)
        server: MemoryServer = world.servers["A"]
        server.traits.page = world.servers["B"].traits.page = 1000
        for index in range(number):
            server.add({"name": f"P {index}", "email": f"p{index}@x.example"})
        world.sync()
        for id_ in server.alive():
            server.edit(id_, notes="edited")
        before = world.store.db.statements
        world.engine().read()
        costs.append(world.store.db.statements - before)
    assert costs[0] == costs[1]


def test_a_cursor_keeps_the_size_that_was_counted(store: Store) -> None:
    with store.transaction():
        store.work.save_cursor(Cursor("A", "r", {"page": 1}))
        store.work.resize("A", "r", by=3)
        store.work.save_cursor(Cursor("A", "r", {"page": 2}))
    cursor = store.work.cursor("A", "r")
    assert (cursor.value, cursor.size) == ({"page": 2}, 3)
    store.work.resize("A", "r", to=10)
    assert store.work.cursor("A", "r").size == 10


def test_a_database_says_how_many_statements_it_sent(store: Store) -> None:
    assert isinstance(store.db, Database)
    before = store.db.statements
    store.work.meta("x")
    assert store.db.statements == before + 1


def test_a_customer_of_an_older_version_is_read_as_it_was(store: Store) -> None:
    """Stores before version 11 have where a value came from in each value."""
    older = {
        "f": {
            "notes": ["hello", "A", 7, 1.5, "first value", False, "run1"],
            "kind": ["person", "B", 8, None, "", True, ""],
        },
        "c": {
            "emails": {
                "e": {
                    "e1": {
                        "v": ["a@x.example", "A", 9, 1.5, "new", False, "run1"],
                        "a": {"labels": [["work"], "A", 9, 1.5, "new", False, "run1"]},
                        "s": [True, None, 9, 9, 1],
                    }
                },
                "p": ["e1", "A", 10, 1.5, "first value", False, "run1"],
            }
        },
        "d": {"x": "y"},
        "z": {"notes": [["other", "B", 2.5]]},
    }
    wanted = Golden(
        "g",
        fields={
            "notes": Cell("hello", "A", 7, 1.5, "first value", False, "run1"),
            "kind": Cell("person", "B", 8, None, "", True),
        },
        collections={
            "emails": Collection(
                {
                    "e1": Element(
                        "e1",
                        Cell("a@x.example", "A", 9, 1.5, "new", False, "run1"),
                        {"labels": Cell(("work",), "A", 9, 1.5, "new", False, "run1")},
                        stamp=9,
                        keyed=9,
                        claims=1,
                    )
                },
                Cell("e1", "A", 10, 1.5, "first value", False, "run1"),
            )
        },
        defaults={"x": "y"},
        frozen={"notes": [["other", "B", 2.5]]},
        seq=3,
    )
    assert Golden.from_json("g", "customer", "live", None, 3, older) == wanted
    with store.transaction():
        store.records.save_goldens([(wanted, "title")])
    assert store.records.goldens(["g"]) == {"g": wanted}
    (row,) = store.db.rows(tables.golden.select())
    assert row.doc.count(b"run1") == 2, "each origin is stored once: here two rules of one run"
