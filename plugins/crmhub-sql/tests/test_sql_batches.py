"""Many writes at once: one transaction where all goes smoothly, and one bad row stops no other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from crmhub_sql.connector import BATCH, Sql, SqlConfig
from crmhub_sql.writing import Writer
from hub import plugin
from hub.testing.postgres import start_postgres

Run = Callable[..., list[Any]]
Connect = Callable[..., Sql]

PEOPLE = """
CREATE TABLE people (id {serial}, name VARCHAR(20) UNIQUE, notes VARCHAR(20) DEFAULT 'none', crmhub_key VARCHAR(40) {unique})
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with start_postgres() as started:
        yield f"{started.url.replace('postgresql', 'postgresql+psycopg')}postgres"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is there; each test makes its table anew."""
    if request.param == "postgresql":
        found: str = request.getfixturevalue("server")
        return found
    (tmp_path / "shop.db").touch()
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture
def run(url: str) -> Iterator[Run]:
    """Runs statements as somebody else; the first one makes the table."""
    engine = create_engine(url)

    def execute(statement: str, **values: Any) -> list[Any]:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    execute("DROP TABLE IF EXISTS people")
    yield execute
    engine.dispose()


@pytest.fixture
def connect(url: str, tmp_path: Path) -> Iterator[Connect]:
    made: list[Sql] = []

    def make(**settings: Any) -> Sql:
        def no_http() -> plugin.Http:
            raise AssertionError("a database needs no HTTP")

        config = SqlConfig(**{"url": url, "table": "people", "own_key": "crmhub_key", "write": "on", **settings})
        made.append(Sql(config, plugin.Context("db", no_http, tmp_path, base=tmp_path)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each commit of the writer."""
    found: list[int] = []
    original = Writer._commit

    def counted(commit: Any) -> None:
        original(commit)
        found.append(1)

    monkeypatch.setattr(Writer, "_commit", staticmethod(counted))
    return found


def make_table(run: Run, url: str, *, unique: bool = True) -> None:
    serial = "SERIAL PRIMARY KEY" if url.startswith("postgresql") else "INTEGER PRIMARY KEY AUTOINCREMENT"
    run(PEOPLE.format(serial=serial, unique="UNIQUE" if unique else ""))


def creates(*data: dict[str, Any]) -> list[plugin.Op]:
    return [plugin.Op(f"key{number}", "create", None, item) for number, item in enumerate(data)]


def write(connector: Sql, ops: Sequence[plugin.Op]) -> list[plugin.Receipt]:
    receipts = list(connector.write("rows", ops))
    assert [item.key for item in receipts] == [op.key for op in ops], "one receipt for each op, in their order"
    return receipts


def told(receipts: Sequence[plugin.Receipt]) -> list[str]:
    """The kind of error of each receipt, or what the record shows as notes."""
    return [
        type(item.error).__name__ if item.error else str(item.image.data["notes"]) if item.image else "gone"
        for item in receipts
    ]


def people(run: Run) -> list[Any]:
    return run("SELECT name, notes, crmhub_key FROM people ORDER BY id")


def test_a_batch_is_one_transaction_and_its_receipts_say_what_is_there(
    run: Run, url: str, connect: Connect, commits: list[int]
) -> None:
    make_table(run, url)
    connector = connect()
    number = BATCH + 20
    receipts = write(connector, creates(*({"name": f"P {place}"} for place in range(number))))
    assert len(commits) == 2
    assert told(receipts) == ["none"] * number, "a column that is not named takes its default"
    there = {record.id: record for page in connector.changes("rows") for record in page.records}
    assert len(there) == number
    for place, receipt in enumerate(receipts):
        assert receipt.image == there[receipt.id or ""]
        assert receipt.version == there[receipt.id or ""].version
        assert (receipt.image.data["name"], receipt.image.data["crmhub_key"]) == (f"P {place}", f"key{place}")
    found = [plugin.Op(item.key, "update", item.id, {"notes": "n"}, item.version) for item in receipts]
    changed = write(connector, found)
    assert told(changed) == ["n"] * number
    assert len(commits) == 4
    gone = [plugin.Op(item.key, "delete", item.id, {}, item.version) for item in changed]
    assert told(write(connector, gone)) == ["gone"] * number
    assert len(commits) == 6
    assert people(run) == []


def test_columns_that_only_some_of_a_batch_name_keep_what_they_have_in_the_others(
    run: Run, url: str, connect: Connect, commits: list[int]
) -> None:
    make_table(run, url)
    receipts = write(connect(), creates({"name": "A", "notes": "a"}, {"name": "B"}, {"name": "C", "notes": None}, {}))
    assert told(receipts) == ["a", "none", "None", "none"]
    patches = [{"notes": "x"}, {"name": "BB"}, {}, {"name": "D", "notes": None}]
    ops = [
        plugin.Op(f"u{item.key}", "update", item.id, patch, item.version)
        for item, patch in zip(receipts, patches, strict=True)
    ]
    assert told(write(connect(), ops)) == ["x", "none", "None", "None"]
    assert sorted(row[:2] for row in people(run)) == [("A", "x"), ("BB", "none"), ("C", None), ("D", None)]
    assert len(commits) == 2


@pytest.mark.parametrize(
    ("bad", "error", "together"),
    [
        ({"name": "taken"}, "Rejected", False),  # the table's own constraint
        ({"name": "P 1"}, "Rejected", False),  # twice in one batch: the first one has it
        ({"name": "x" * 21}, "Rejected", True),
        ({"nmae": "x"}, "Rejected", True),
    ],
    ids=["taken", "twice", "too long", "unknown column"],
)
def test_a_row_that_is_refused_stops_no_other(
    run: Run, url: str, connect: Connect, commits: list[int], bad: dict[str, Any], error: str, together: bool
) -> None:
    make_table(run, url)
    run("INSERT INTO people (name) VALUES ('taken')")
    rows: list[dict[str, Any]] = [{"name": f"P {place}"} for place in range(5)]
    receipts = write(connect(), creates(*rows[:3], bad, *rows[3:]))
    assert told(receipts) == [*["none"] * 3, error, *["none"] * 2]
    assert [row[0] for row in people(run)] == ["taken", *(row["name"] for row in rows)]
    assert len(commits) == (1 if together else 5)
    there = {str(id_): name for id_, name in run("SELECT id, name FROM people")}
    assert [there[item.id or ""] for item in receipts if item.error is None] == [row["name"] for row in rows]
    assert all("taken" not in (item.error.message if item.error else "") for item in receipts), "values are personal"


def test_of_a_batch_of_changes_only_those_that_cannot_be_made_are_not(run: Run, url: str, connect: Connect) -> None:
    make_table(run, url)
    connector = connect()
    made = write(connector, creates(*({"name": f"P {place}"} for place in range(5))))
    run("UPDATE people SET notes = 'by hand' WHERE name = 'P 1'")
    run("DELETE FROM people WHERE name = 'P 2'")
    patches: list[dict[str, Any]] = [{"notes": "ours"}] * 3 + [{"name": "P 4"}, {"notes": "ours"}]
    ops = [
        plugin.Op(f"u{place}", "update", made[place].id, patch, made[place].version)
        for place, patch in enumerate(patches)
    ]
    assert told(write(connector, [*ops, plugin.Op("u9", "update", "nobody", {"notes": "x"})])) == [
        *("ours", "Conflict", "NotFound", "Rejected", "ours", "Rejected"),
    ]
    assert [row[:2] for row in people(run)] == [("P 0", "ours"), ("P 1", "by hand"), ("P 3", "none"), ("P 4", "ours")]
    gone = [plugin.Op(f"d{place}", "delete", made[place].id, {}, made[place].version) for place in (0, 1, 2, 3)]
    assert told(write(connector, gone)) == ["Conflict", "Conflict", "NotFound", "gone"]
    assert [row[0] for row in people(run)] == ["P 0", "P 1", "P 4"]


def test_a_conflict_alone_does_not_take_the_batch_apart(
    run: Run, url: str, connect: Connect, commits: list[int]
) -> None:
    make_table(run, url)
    connector = connect()
    made = write(connector, creates({"name": "A"}, {"name": "B"}, {"name": "C"}))
    run("UPDATE people SET notes = 'by hand' WHERE name = 'B'")
    ops = [plugin.Op(f"u{item.key}", "update", item.id, {"notes": "ours"}, item.version) for item in made]
    assert told(write(connector, ops)) == ["ours", "Conflict", "ours"]
    assert len(commits) == 2


@pytest.mark.parametrize("unique", [True, False], ids=["unique key", "key that may come twice"])
def test_creates_that_were_carried_out_before_are_named_and_the_others_made(
    run: Run, url: str, connect: Connect, unique: bool
) -> None:
    make_table(run, url, unique=unique)
    run("INSERT INTO people (id, name, crmhub_key) VALUES (77, 'A', 'key1')")
    receipts = write(connect(), creates({"name": "B"}, {"name": "AA"}, {"name": "C"}))
    assert told(receipts) == ["none", "Duplicate", "none"]
    assert isinstance(receipts[1].error, plugin.Duplicate)
    assert receipts[1].error.existing_id == "77"
    assert sorted(row[0] for row in people(run)) == ["A", "B", "C"]


def test_where_the_commit_is_not_answered_every_outcome_of_the_batch_is_unknown(
    run: Run, url: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(run, url)
    connector = connect()
    ops = creates({"name": "A"}, {"name": "B"}, {"name": "x" * 21})
    original = Writer._commit

    def lost(commit: Any) -> None:
        def commit_and_lose() -> None:
            commit()
            raise plugin_error()

        original(commit_and_lose)

    monkeypatch.setattr(Writer, "_commit", staticmethod(lost))
    receipts: list[plugin.Receipt] = []
    with pytest.raises(plugin.OutcomeUnknown):
        receipts.extend(connector.write("rows", ops))
    assert receipts == []
    monkeypatch.undo()
    assert [row[0] for row in people(run)] == ["A", "B"]
    assert sorted(record.data["name"] for record in connector.find("rows", "op_key", ["key0", "key1"])) == ["A", "B"]
    assert told(write(connector, ops)) == ["Duplicate", "Duplicate", "Rejected"], "nothing is made twice"


def plugin_error() -> Exception:
    from sqlalchemy.exc import OperationalError

    return OperationalError("COMMIT", {}, Exception("server closed the connection"))


def test_a_database_that_ends_in_the_middle_has_done_nothing(
    run: Run, url: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(run, url)
    connector = connect()

    def ends(*_: object) -> None:
        raise plugin_error()

    monkeypatch.setattr("crmhub_sql.writing.write_together", ends)
    monkeypatch.setattr(Writer, "_carry_out", ends)
    receipts: list[plugin.Receipt] = []
    with pytest.raises(plugin.Unavailable):
        receipts.extend(connector.write("rows", creates({"name": "A"}, {"name": "B"})))
    assert (receipts, people(run)) == ([], [])


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_constraint_that_speaks_at_the_commit_refuses_its_row_alone(run: Run, url: str, connect: Connect) -> None:
    make_table(run, url)
    run("ALTER TABLE people ADD CONSTRAINT one_note UNIQUE (notes) DEFERRABLE INITIALLY DEFERRED")
    receipts = write(connect(), creates(*({"name": name, "notes": name[0]} for name in ("A", "B", "A2", "C"))))
    assert told(receipts) == ["A", "B", "Rejected", "C"]
    assert [row[0] for row in people(run)] == ["A", "B", "C"]


def test_keys_that_the_table_holds_equal_and_we_do_not_are_written_one_by_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE people (code TEXT COLLATE NOCASE PRIMARY KEY, notes TEXT)")
        database.execute("INSERT INTO people VALUES ('Anna', ''), ('Bo', '')")

        def no_http() -> plugin.Http:
            raise AssertionError("a database needs no HTTP")

        config = SqlConfig(url="sqlite:///shop.db", table="people", key="code", write="on")
        with closing(Sql(config, plugin.Context("db", no_http, tmp_path, base=tmp_path))) as connector:
            ops = [plugin.Op(f"k{id_}", "update", id_, {"notes": id_}) for id_ in ("ANNA", "Bo")]
            assert [item.error for item in write(connector, ops)] == [None, None]
            same = [plugin.Op(f"k{id_}", "update", id_, {"notes": "twice " + id_}) for id_ in ("Bo", "BO")]
            assert [item.error for item in write(connector, same)] == [None, None]
        assert database.execute("SELECT * FROM people").fetchall() == [("Anna", "ANNA"), ("Bo", "twice BO")]
