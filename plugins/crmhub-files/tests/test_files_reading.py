"""Reading tables: encodings, delimiters, keys, rows that cannot be used, and what changed since the last time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from crmhub_files import folder
from hub.plugin import ConfigError, CursorExpired, Rejected

GERMAN = "Kundennummer;Vorname;Nachname;Straße;Ort\r\n1;Jürgen;Müßig;Größe 5;Köln\r\n2;Zoë;Øre;Ähre;Łódź\r\n"
CHINESE = "编号,姓名,公司,手机\r\n1,王伟,上海某某公司,13800138000\r\n2,欧阳娜娜,,\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "gb18030"])
def test_a_table_is_read_in_the_encoding_that_it_has(desk: Any, encoding: str) -> None:
    if encoding != "gb18030":
        desk.put("c.csv", GERMAN.replace("Łódź", "Linz"), encoding)
        first = desk.records()["1"].data
        assert (first["first name"], first["last name"], first["city"]) == ("Jürgen", "Müßig", "Köln")
    if encoding != "cp1252":
        desk.put("c.csv", CHINESE, encoding)
        assert [data["name"] for data in desk.data()] == ["王伟", "欧阳娜娜"]


def test_utf_16_is_told_from_its_mark_in_both_orders(desk: Any) -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        desk.put("c.csv", mark + CHINESE.encode(encoding))
        assert desk.records()["1"].data["company"] == "上海某某公司"


def test_utf_16_without_a_mark_is_told_from_its_zeros(desk: Any) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        desk.put("c.csv", "id,name\n1,王伟\n".encode(encoding))
        assert desk.records()["1"].data["name"] == "王伟"


def test_describing_and_making_a_connection_touch_no_file(desk: Any) -> None:
    connector = desk.connect("nowhere/at/all.csv")
    assert connector.resources()[0].capabilities.poll_calls == 0
    connector.close()
    with pytest.raises(ValueError, match="passwort"):
        desk.connect(passwort="x")


def test_an_answer_about_a_column_that_no_file_has_is_a_mistake(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n")
    with pytest.raises(ConfigError, match="'nmae', which no file has"):
        desk.connect(columns={"nmae": "name"}).check()


def test_english_headers_leave_the_decision_to_the_text(desk: Any) -> None:
    desk.put("c.csv", "id,name,company\n1,王伟,上海某某公司\n2,李娜,北京公司\n", "gb18030")
    assert desk.records()["2"].data["name"] == "李娜"
    desk.put("c.csv", "id,name,company\n1,Jürgen Groß,Käse & Söhne\n2,Zoë,Crème\n", "cp1252")
    assert desk.records()["1"].data["name"] == "Jürgen Groß"


def test_a_wrong_encoding_says_what_to_set(desk: Any) -> None:
    desk.put("c.csv", "name\nJürgen\n", "cp1252")
    with pytest.raises(ConfigError, match="encoding"):
        desk.records(encoding="utf-8")
    desk.put("c.csv", b"name\n\x81\xff\x8d\xff\n")
    with pytest.raises(ConfigError, match="neither UTF-8"):
        desk.records()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(desk: Any, delimiter: str) -> None:
    desk.put("c.csv", "id,name,email\n1,a b,x@y.example\n".replace(",", delimiter))
    assert desk.records()["1"].data == {"id": "1", "name": "a b", "email": "x@y.example"}


def test_excels_separator_line_is_obeyed_and_not_a_header(desk: Any) -> None:
    desk.put("c.csv", "sep=;\r\nid;name\r\n1;a,b\r\n")
    assert desk.records()["1"].data == {"id": "1", "name": "a,b"}


def test_quotes_line_ends_and_blank_lines_are_read_as_programs_write_them(desk: Any) -> None:
    desk.put("c.csv", 'id,name,notes\r\n\r\n1,"a ""b"", c","two\r\nlines"\r\n2, "x" ,\r\n')
    assert desk.data() == [
        {"id": "1", "name": 'a "b", c', "notes": "two\r\nlines"},
        {"id": "2", "name": "x", "notes": None},
    ]


def test_a_ragged_row_is_rejected_with_its_line_and_the_others_go_on(desk: Any) -> None:
    desk.put("c.csv", 'id,name,email\n1,a,b\n2,a\n3,"a\nb",c\n4,a,b,c\n5,"open,b\n6,a,b\n')
    records = desk.records()
    assert [id for id, record in records.items() if record.data] == ["1", "3", "6"]
    assert "Row 3 of c.csv cannot be read: it has 2 cells, the header has 3" in str(records["2"].error)
    assert "Row 6" in str(records["4"].error)
    assert "quotation mark" in str(records["5"].error)
    assert all(record.error.where and record.error.hint for record in records.values() if record.error)


def test_two_rows_with_one_key_are_both_reported_and_neither_is_used(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n2,b\n1,c\n")
    records = desk.records()
    assert set(records) == {"1", "2"}
    assert isinstance(records["1"].error, Rejected)
    assert "Rows 2, 4 of c.csv have the same key '1'" in str(records["1"].error)
    assert [record.id for page in desk.connect().listing("customers") for record in page.records] == ["1", "2"]


@pytest.mark.parametrize("phone", ["1.38E+10", "1,38E+10", "4917112345.0", "13800138000.5"])
def test_a_phone_that_a_spreadsheet_damaged_is_rejected(desk: Any, phone: str) -> None:
    desk.put("c.csv", f"id;mobile\n1;{phone}\n2;0171 1234567\n3;01.23.45.67.89\n")
    records = desk.records()
    assert "spreadsheet" in str(records["1"].error)
    assert records["2"].data
    assert records["3"].data


def test_a_damaged_key_is_rejected(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1.23457E+12,a\n")
    (record,) = desk.records().values()
    assert "lost digits" in str(record.error)


def test_a_row_without_an_id_has_a_key_of_its_content(desk: Any) -> None:
    desk.put("c.csv", "name,email,notes\nAnna,a@x.example,1\nBob,b@x.example,2\n")
    before = desk.records()
    desk.put("c.csv", "name,email,notes\nBob,b@x.example,changed\nAnna,a@x.example,1\n")
    assert set(desk.records()) == set(before)
    assert all(id.startswith("row-") for id in before)


def test_key_columns_may_be_configured(desk: Any) -> None:
    desk.put("c.csv", "E-Mail,Filiale\na@x.example,1\na@x.example,2\n")
    assert list(desk.records(key=["email", "Filiale"])) == ["a@x.example|1", "a@x.example|2"]
    with pytest.raises(ConfigError, match="no key column 'nope'"):
        desk.records(key=["nope"])


def test_the_house_number_stands_at_the_end_of_the_street(desk: Any) -> None:
    desk.put("c.csv", "Nr;Straße;Hausnummer\n1;Lange Straße;5a\n2;Postweg;\n")
    assert [data["street"] for data in desk.data()] == ["Lange Straße 5a", "Postweg"]
    assert "house number" not in {field.path for field in desk.connect().fields("customers")}


def test_dates_with_one_reading_become_iso_and_others_stay(desk: Any) -> None:
    desk.put("c.csv", "id,birthday\n1,12.4.1985\n2,1985/04/12\n3,1985年4月12日\n4,01/02/2024\n5,31.02.2024\n")
    assert [data["birthday"] for data in desk.data()] == ["1985-04-12"] * 3 + ["01/02/2024", "31.02.2024"]
    assert desk.records(date_format="%d/%m/%Y")["4"].data["birthday"] == "2024-02-01"


def test_unknown_columns_are_kept_and_reported(desk: Any) -> None:
    desk.put("c.csv", "id,name,Umsatz 2024\n1,a,5\n")
    assert desk.data() == [{"id": "1", "name": "a", "Umsatz 2024": "5"}]
    assert {field.path: field.custom for field in desk.connect().fields("customers")} == {
        "id": False,
        "name": False,
        "Umsatz 2024": True,
    }
    assert "crmhub_id" in {field.path for field in desk.connect(write="update").fields("customers")}


def test_a_folder_reads_all_its_tables_and_nothing_else(desk: Any) -> None:
    desk.put("in/a.csv", "id,name\n1,a\n")
    desk.put("in/b.jsonl", '{"id": 1, "name": "b"}\n')
    desk.put("in/.hidden.csv", "id\n9\n")
    desk.put("in/~$a.xlsx", b"x")
    desk.put("in/readme.md", "no table")
    assert list(desk.records("in")) == ["a.csv#1", "b.jsonl#1"]
    assert list(desk.records("in", pattern="*.csv")) == ["a.csv#1"]
    assert {record.id for record in desk.connect("in").fetch("customers", ["b.jsonl#1", "gone.csv#1"])} == {"b.jsonl#1"}


def test_paths_that_lead_elsewhere_are_refused(desk: Any) -> None:
    outside = desk.private.parent / "secret.csv"
    outside.write_text("id,name\n1,a\n")
    (desk.base / "link.csv").symlink_to(outside)
    (desk.base / "in").mkdir()
    (desk.base / "in" / "x.csv").symlink_to(outside)
    (desk.base / "way").symlink_to(desk.private.parent)
    for path in ("../secret.csv", "link.csv", "in", "way/secret.csv"):
        with pytest.raises(ConfigError):
            desk.records(path)
    with pytest.raises(ConfigError):
        desk.records("in", pattern="../*.csv")
    with pytest.raises(ConfigError):
        desk.connect("in", write="update", target="../out.csv").check()


def test_an_unchanged_folder_is_an_empty_page_without_reading_a_file(
    desk: Any, last: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.put("in/a.csv", "id,name\n1,a\n2,b\n")
    records, page = last(desk.connect("in").changes("customers"))
    assert len(records) == 2
    monkeypatch.setattr(folder, "read", lambda path: pytest.fail("a file was read"))
    records, again = last(desk.connect("in").changes("customers", page.cursor))
    assert (records, again.cursor, again.relist) == ([], page.cursor, False)


def test_a_changed_file_yields_its_changed_rows_and_asks_for_a_listing_when_rows_are_gone(desk: Any, last: Any) -> None:
    desk.put("in/a.csv", "id,name\n1,a\n2,b\n3,c\n")
    desk.put("in/b.csv", "id,name\n1,a\n")
    _, page = last(desk.connect("in").changes("customers"))
    desk.put("in/a.csv", "id,name\n1,a\n2,changed\n3,c\n4,new\n")
    records, page = last(desk.connect("in").changes("customers", page.cursor))
    assert ([record.id for record in records], page.relist) == (["a.csv#2", "a.csv#4"], False)
    desk.put("in/a.csv", "id,name\n2,changed\n3,c\n4,new\n")
    records, page = last(desk.connect("in").changes("customers", page.cursor))
    assert (records, page.relist) == ([], True)
    (desk.base / "in" / "b.csv").unlink()
    assert last(desk.connect("in").changes("customers", page.cursor))[1].relist


def test_a_pass_may_be_resumed_after_each_page(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmhub_files.connector.PAGE", 2)
    desk.put("in/a.csv", "id\n" + "".join(f"{number}\n" for number in range(5)))
    desk.put("in/b.csv", "id\n" + "".join(f"{number}\n" for number in range(4)))
    seen: list[str] = []
    cursor, complete = None, False
    while not complete:
        page = next(iter(desk.connect("in").changes("customers", cursor)))
        seen += [record.id for record in page.records]
        cursor, complete = page.cursor, page.complete
    assert seen == [f"a.csv#{number}" for number in range(5)] + [f"b.csv#{number}" for number in range(4)]


def test_a_crash_before_the_cursor_was_saved_loses_no_row(desk: Any, last: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n2,b\n")
    _, old = last(desk.connect().changes("customers"))
    desk.put("c.csv", "id,name\n1,a\n2,changed\n")
    last(desk.connect().changes("customers", old.cursor))
    assert "2" in [record.id for record in last(desk.connect().changes("customers", old.cursor))[0]]


def test_changed_settings_expire_the_cursor(desk: Any, last: Any) -> None:
    desk.put("c.csv", "id,名字\n1,a\n")
    _, page = last(desk.connect(columns={"名字": "name"}).changes("customers"))
    with pytest.raises(CursorExpired):
        list(desk.connect(columns={"名字": "first name"}).changes("customers", page.cursor))


def test_check_counts_the_rows_and_shows_what_is_wrong(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n")
    assert "(1 rows)" in desk.connect().check().name
    with pytest.raises(ConfigError):
        desk.connect("gone/folder.pdf").check()
    desk.put("bad.csv", "Title,Email\n1,a\n")
    with pytest.raises(ConfigError, match="salutation or job title"):
        desk.connect("bad.csv").check()
    desk.put("empty.csv", "\n\n")
    with pytest.raises(ConfigError, match="no header"):
        desk.connect("empty.csv").check()


def test_versions_change_with_the_content_and_not_with_the_place(desk: Any) -> None:
    desk.put("c.csv", "id,name\n1,a\n2,b\n")
    before = {id: record.version for id, record in desk.records().items()}
    path = desk.put("c.csv", "name;id\r\nb;2\r\nA;1\r\n")
    after = desk.records()
    assert after["2"].version == before["2"]
    assert after["1"].version != before["1"]
    assert after["1"].modified_at.timestamp() == pytest.approx(os.stat(path).st_mtime, abs=0.001)


def test_rows_are_found_by_email_and_by_our_key(desk: Any) -> None:
    desk.put("c.csv", "id,email,email 2,crmhub_id\n1,A@x.example,,k1\n2,b@x.example,a@X.example,\n3,c@x.example,,\n")
    connector = desk.connect()
    assert [record.id for record in connector.find("customers", "email", ["a@x.example"])] == ["1", "2"]
    assert [record.id for record in connector.find("customers", "own_key", ["k1"])] == ["1"]
    assert list(connector.find("customers", "op_key", ["none"])) == []


def test_json_lines_keep_their_types_and_report_bad_lines(desk: Any) -> None:
    lines = [
        '{"id": 9007199254740993, "name": "a", "vip": true, "tags": ["x"], "notes": null}',
        '{"id": 2, "name": "b"',
        "[1]",
        '{"id": 3, "id": 4}',
        '{"id": 5, "x": NaN}',
        '{"id": 6, "name": "\\ud83d"}',
        "",
        '{"id": 7, "e-mail": "é"}',
    ]
    desk.put("c.jsonl", "\n".join(lines))
    records = desk.records("c.jsonl")
    good = [record.data for record in records.values() if record.data]
    assert good == [
        {"id": 9007199254740993, "name": "a", "vip": True, "tags": ["x"], "notes": None},
        {"id": 7, "email": "é"},
    ]
    assert len([record for record in records.values() if record.error]) == 5


def test_a_path_that_is_not_there_is_an_error_and_never_an_empty_table(tmp_path: Path) -> None:
    for missing in (tmp_path / "gone", tmp_path / "gone.csv"):
        with pytest.raises(ConfigError, match="no such file or folder"):
            folder.files_in(missing, "*")
