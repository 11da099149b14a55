"""Writing tables: nothing but the changed cells changes, a file is replaced whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmhub_files import folder, writing
from crmhub_files.formulas import neutral, restored
from hub.plugin import ConfigError, Conflict, NotFound, Op, Rejected, Unavailable

TABLE = (
    'sep=;\r\nKdNr;Name;"Straße";E-Mail;Extra\r\n\r\n1;"Müller, Anna";Weg 1;a@x.example;"kept ""as is"""\r\n'
    "2; Bob ;;b@x.example;x"
)


def update(id: str, version: str | None = None, **data: Any) -> Op:
    return Op(f"op-{id}", "update", id, {key.replace("_", " "): value for key, value in data.items()}, version)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_update_changes_one_cell_and_no_other_byte(desk: Any, encoding: str) -> None:
    path = desk.put("c.csv", TABLE, encoding)
    before = path.read_bytes()
    version = desk.records()["1"].version
    (receipt,) = desk.write([update("1", version, email="neu@x.example", street="Weg 2")])
    assert receipt.error is None
    mark = before[: 2 if encoding == "utf-16" else 0]
    plain = "utf-16-le" if encoding == "utf-16" else encoding
    wanted = TABLE.replace("a@x.example", "neu@x.example").replace("Weg 1", "Weg 2")
    assert path.read_bytes() == mark + wanted.encode(plain)
    assert (receipt.id, receipt.image.data["email"]) == ("1", "neu@x.example")
    assert receipt.version == desk.records()["1"].version != version


def test_gb18030_stays_gb18030(desk: Any) -> None:
    path = desk.put("c.csv", "编号,姓名,公司\n1,王伟,上海公司\n", "gb18030")
    (receipt,) = desk.write([update("1", company="北京公司 😀")])
    assert receipt.error is None
    assert path.read_bytes() == "编号,姓名,公司\n1,王伟,北京公司 😀\n".encode("gb18030")


def test_a_character_that_the_encoding_lacks_is_rejected_and_others_are_written(desk: Any) -> None:
    path = desk.put("c.csv", "KdNr;Name;Ort\n1;Jürgen;Köln\n2;Zoë;Bonn\n", "cp1252")
    bad, good = desk.write([update("1", city="北京"), update("2", city="Ulm")])
    assert isinstance(bad.error, Rejected)
    assert "cp1252" in str(bad.error)
    assert good.error is None
    assert path.read_bytes() == "KdNr;Name;Ort\n1;Jürgen;Köln\n2;Zoë;Ulm\n".encode("cp1252")


def test_a_new_row_gets_our_key_and_a_repeated_create_makes_no_second_row(desk: Any) -> None:
    path = desk.put("c.csv", "Name;E-Mail\nAnna;a@x.example")
    op = Op("op-1", "create", None, {"name": "Bob", "email": "b@x.example", "fax": "lost: no such column"})
    (first,), (second,) = desk.write([op]), desk.write([op])
    assert path.read_bytes() == b"Name;E-Mail;crmhub_id\nAnna;a@x.example;\nBob;b@x.example;op-1\n"
    assert (first.id, first.image) == (second.id, second.image)
    assert first.image.data == {"name": "Bob", "email": "b@x.example", "crmhub_id": "op-1"}
    (found,) = desk.connect().find("customers", "op_key", ["op-1"])
    assert found == first.image


def test_a_create_with_an_own_key_is_found_by_both_keys(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n")
    op = Op("op-9", "create", None, {"name": "Bob", "crmhub_id": "gid-5"})
    (receipt,) = desk.write([op])
    for key, value in (("op_key", "op-9"), ("own_key", "gid-5")):
        assert [record.id for record in desk.connect().find("customers", key, [value])] == [receipt.id]


def test_adding_our_column_changes_no_version(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n2,b\n")
    before = {id: record.version for id, record in desk.records().items()}
    desk.write([Op("k", "create", None, {"name": "c"})])
    after = desk.records()
    assert {id: after[id].version for id in before} == before


def test_a_row_without_an_id_keeps_its_record_id_when_its_content_changes(desk: Any) -> None:
    desk.put("c.csv", "name,email\nAnna,a@x.example\n")
    (id,) = desk.records()
    (receipt,) = desk.write([update(id, name="Other", email="o@x.example")])
    assert receipt.id == id
    assert list(desk.records()) == [id]
    assert receipt.image.data == {"name": "Other", "email": "o@x.example", "crmhub_id": None}


def test_deleting_takes_the_row_and_leaves_the_rest(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\r\n1,a\r\n2,b\r\n3,c\r\n")
    records = desk.records()
    gone = [Op("d1", "delete", "2", {}, records["2"].version), Op("d2", "delete", "1", {}, "stale")]
    receipts = desk.write([*gone, Op("d3", "delete", "9", {})])
    assert [type(receipt.error) for receipt in receipts] == [type(None), Conflict, NotFound]
    assert path.read_bytes() == b"id,name\r\n1,a\r\n3,c\r\n"


def test_a_stale_version_is_a_conflict_and_nothing_is_written(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n")
    (receipt,) = desk.write([update("1", "stale", name="b")])
    assert isinstance(receipt.error, Conflict)
    assert path.read_bytes() == b"id,name\n1,a\n"


def test_rows_that_cannot_be_read_cannot_be_written(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n1,b\n2,x,y\n")
    before = path.read_bytes()
    assert [type(receipt.error) for receipt in desk.write([update("1", name="c"), update("2", name="c")])] == [
        Rejected
    ] * 2
    assert path.read_bytes() == before


def test_an_update_that_changes_nothing_does_not_touch_the_file(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n")
    before = os.stat(path)
    (receipt,) = desk.write([update("1", name="a", fax="no such column")])
    assert (receipt.error, receipt.image.data) == (None, {"id": "1", "name": "a"})
    assert (os.stat(path).st_mtime_ns, os.stat(path).st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_file_that_changes_between_read_and_replace_is_a_conflict(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n2,b\n")
    real = folder._write

    def write(temp: Path, content: bytes, like: Path) -> None:
        real(temp, content, like)
        path.write_text("id,name\n1,theirs\n2,b\n")

    monkeypatch.setattr(folder, "_write", write)
    receipts = desk.write(
        [update("1", name="ours"), Op("k", "create", None, {"name": "n"}), Op("d", "delete", "9", {})]
    )
    assert [type(receipt.error) for receipt in receipts] == [Conflict, Conflict, NotFound]
    assert path.read_text() == "id,name\n1,theirs\n2,b\n"


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_original(desk: Any, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n")

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "write":
        monkeypatch.setattr(folder, "_write", full)
    else:
        monkeypatch.setattr(folder.os, failing, full)
    with pytest.raises(Unavailable, match="disk is full"):
        desk.write([update("1", name="b")])
    assert path.read_bytes() == b"id,name\n1,a\n"


def test_a_kill_between_the_temporary_file_and_the_replacement_leaves_the_original(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n")
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from crmhub_files.connector import Files
        from hub.plugin import Context, Op
        os.replace = lambda *_: os._exit(9)
        context = Context("files", lambda: None, Path({str(desk.private)!r}), Path({str(desk.base)!r}))
        connector = Files(Files.Config(path="c.csv", write="update"), context)
        list(connector.write("customers", [Op("k", "update", "1", {{"name": "b"}})]))
    """)
    ended = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert ended.returncode == 9
    assert path.read_bytes() == b"id,name\n1,a\n"
    assert len(list(desk.base.glob(".c.csv.*"))) == 1
    (receipt,) = desk.write([update("1", name="b")])  # the next run clears what was left, and is not locked out
    assert (receipt.error, path.read_bytes()) == (None, b"id,name\n1,b\n")


def test_two_runs_do_not_write_at_the_same_time(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LOCK_WAIT", 0.1)
    desk.put("c.csv", "id,name\n1,a\n")
    with folder.locked(desk.base), pytest.raises(Unavailable, match="Another run"):
        desk.write([update("1", name="b")])


def test_a_file_that_is_open_in_a_spreadsheet_program_waits(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n")
    desk.put(".~lock.c.csv#", "x")
    with pytest.raises(Unavailable, match="spreadsheet program"):
        desk.write([update("1", name="b")])


def test_permissions_stay_and_a_read_only_folder_is_explained(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n")
    path.chmod(0o640)
    desk.write([update("1", name="b")])
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_batch_is_one_rewrite(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("c.csv", "id,name\n" + "".join(f"{number},a\n" for number in range(1000)))
    calls: list[Path] = []
    real = writing.replace
    monkeypatch.setattr(writing, "replace", lambda path, *rest: (calls.append(path), real(path, *rest))[1])
    receipts = desk.write([update(str(number), name=f"n{number}") for number in range(1000)])
    assert len(receipts) == 1000
    assert not [receipt for receipt in receipts if receipt.error]
    assert len(calls) == 1
    assert desk.records()["999"].data["name"] == "n999"


def test_nothing_is_written_unless_it_was_allowed(desk: Any) -> None:
    path = desk.put("c.csv", "id,name\n1,a\n")
    (receipt,) = desk.write([update("1", name="b")], write="off")
    assert isinstance(receipt.error, Rejected)
    assert path.read_bytes() == b"id,name\n1,a\n"
    assert desk.connect().resources()[0].capabilities.writes == frozenset()


def test_in_a_folder_new_rows_go_to_the_target_which_may_be_the_only_file_that_is_written(desk: Any) -> None:
    source = desk.put("in/a.csv", "id,name\n1,a\n")
    new = Op("k", "create", None, {"name": "n", "email": "n@x.example"})
    (refused,) = desk.write([new], "in")
    assert isinstance(refused.error, Rejected)
    only = {"write": "target", "target": "out.csv"}
    held, created = desk.write([new, update("a.csv#1", name="b")], "in", **only)
    assert (created.id, created.image.data["email"]) == ("out.csv#k", "n@x.example")
    assert isinstance(held.error, Rejected)
    (changed,) = desk.write([update("out.csv#k", name="m")], "in", **only)
    assert changed.error is None
    assert source.read_bytes() == b"id,name\n1,a\n"
    assert (desk.base / "in" / "out.csv").read_bytes().startswith(b"\xef\xbb\xbfid,kind,name,")
    (both,) = desk.write([update("a.csv#1", name="b")], "in", target="out.csv")
    assert both.error is None


@pytest.mark.parametrize("name", ["new.csv", "new.jsonl", "new.xlsx"])
def test_a_file_that_does_not_exist_is_made_by_the_first_create(desk: Any, name: str) -> None:
    data = {"name": "王伟 😀", "notes": "one\ntwo, \"three\"; 'four'", "phone": "+49 171 1", "city": "=1+1"}
    (receipt,) = desk.write([Op("k", "create", None, data)], name)
    assert receipt.error is None
    (record,) = desk.records(name).values()
    assert {key: value for key, value in record.data.items() if value is not None} == {**data, "crmhub_id": "k"}
    (receipt,) = desk.write([update("k", name="x")], name)
    assert receipt.image.data["name"] == "x"


def test_a_street_is_written_whole_beside_a_house_number(desk: Any) -> None:
    path = desk.put("c.csv", "Nr;Straße;Hausnummer\n1;Lange Straße;5a\n")
    (receipt,) = desk.write([update("1", street="Postweg 7")])
    assert receipt.image.data["street"] == "Postweg 7"
    assert path.read_text(encoding="utf-8") == "Nr;Straße;Hausnummer\n1;Postweg 7;\n"


def test_a_date_is_written_in_the_spelling_of_its_cell(desk: Any) -> None:
    path = desk.put("c.csv", "id,birthday\n1,12.04.1985\n2,\n3,1985年4月12日\n")
    receipts = desk.write([update(id, birthday="1990-01-02") for id in "123"])
    assert [receipt.image.data["birthday"] for receipt in receipts] == ["1990-01-02"] * 3
    assert path.read_text(encoding="utf-8") == "id,birthday\n1,02.01.1990\n2,1990-01-02\n3,1990年1月2日\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''@x", "'plain"]
)
def test_a_cell_that_would_run_as_a_formula_is_made_harmless_and_reads_back_exactly(desk: Any, text: str) -> None:
    path = desk.put("c.csv", "id,notes\n1,a\n")
    (receipt,) = desk.write([update("1", notes=text)])
    assert receipt.image.data["notes"] == text
    cell = path.read_bytes().partition(b"\n1,")[2].lstrip(b'"')
    assert cell[:1] not in b"=+-@\t\r"


def test_a_phone_number_keeps_its_plus(desk: Any) -> None:
    path = desk.put("c.csv", "id,phone\n1,\n")
    desk.write([update("1", phone="+49 (171) 12-34")])
    assert path.read_bytes() == b"id,phone\n1,+49 (171) 12-34\n"


@given(st.text())
def test_making_harmless_is_undone_exactly(text: str) -> None:
    assert restored(neutral(text)) == text
    assert not neutral(text).startswith(("=", "-", "@", "\t", "\r"))


values = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(values, values), min_size=1, max_size=4), st.sampled_from([",", ";", "\t"]), st.data())
def test_any_text_goes_through_a_csv_file_and_leaves_the_other_rows(
    desk: Any, rows: list[tuple[str, str]], delimiter: str, data: st.DataObject
) -> None:
    head = delimiter.join(["id", "name", "notes"]) + "\n"
    path = desk.put("c.csv", head + "".join(delimiter.join([str(at), "a", "b"]) + "\n" for at in range(len(rows))))
    for at, (name, notes) in enumerate(rows):
        before = path.read_bytes()
        (receipt,) = desk.write([update(str(at), name=name, notes=notes)])
        assert receipt.error is None
        assert receipt.image.data == {"id": str(at), "name": name or None, "notes": notes or None}
        after = path.read_bytes()
        start = delimiter.join([str(at), "a", "b"]).encode() + b"\n"
        kept_before, _, kept_after = before.rpartition(start)
        assert after.startswith(kept_before)
        assert after.endswith(kept_after)


def test_json_lines_change_only_the_line_that_is_written(desk: Any) -> None:
    lines = [
        '{"id":1,"name":"a","tags":["x", "y"]}',
        '{"id": 2, "name": "\\u00e9", "n": 1.50}',
        "broken {",
        '{"id": 3}',
    ]
    path = desk.put("c.jsonl", "\r\n".join(lines))
    receipts = desk.write([update("1", name="b"), update("3", name="new"), update("2", n=2)], "c.jsonl")
    assert [receipt.error for receipt in receipts] == [None] * 3
    assert path.read_bytes().decode() == "\r\n".join(
        [
            '{"id":1,"name":"b","tags":["x","y"]}',
            '{"id": 2, "name": "\\u00e9", "n": 2}',
            "broken {",
            '{"id": 3, "name": "new"}',
        ]
    )


def test_json_in_another_encoding_refuses_what_it_cannot_hold(desk: Any) -> None:
    path = desk.put("c.jsonl", '{"id": 1, "name": "Jürgen Groß"}\n', "cp1252")
    before = path.read_bytes()
    (receipt,) = desk.write([update("1", name="北京")], "c.jsonl")
    assert isinstance(receipt.error, Rejected)
    assert path.read_bytes() == before


def test_a_name_in_the_configuration_that_is_no_table_is_refused(desk: Any) -> None:
    with pytest.raises(ConfigError):
        desk.write([Op("k", "create", None, {"name": "n"})], "out.pdf")


def test_two_writers_in_one_folder_take_turns(tmp_path: Path) -> None:
    order: list[str] = []
    inside = threading.Event()

    def slow() -> None:
        with folder.locked(tmp_path):
            inside.set()
            order.append("first in")
            order.append("first out")

    thread = threading.Thread(target=slow)
    with folder.locked(tmp_path):
        thread.start()
        assert not inside.wait(0.2), "the second waits for the first"
        order.append("we are done")
    thread.join()
    assert order == ["we are done", "first in", "first out"]


def test_a_writer_that_never_gets_its_turn_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LOCK_WAIT", 0.1)
    with folder.locked(tmp_path), pytest.raises(Unavailable, match="Another run"), folder.locked(tmp_path):
        pass
