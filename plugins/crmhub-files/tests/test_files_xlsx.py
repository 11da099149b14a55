"""Excel workbooks: typed cells, what a rewrite would lose, texts that are never formulas."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub.plugin import ConfigError, Op, Rejected


def workbook(path: Path, rows: list[list[Any]], sheet: str = "Kunden", **more: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for name, content in {sheet: rows, **more}.items():
        target = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in content:
            target.append(row)
    book.save(path)
    return path


def update(id: str, **data: Any) -> Op:
    return Op(f"op-{id}", "update", id, {key.replace("_", " "): value for key, value in data.items()})


def test_typed_cells_become_text(desk: Any) -> None:
    rows = [
        ["Kundennummer", "Name", "Geburtsdatum", "Handy", "PLZ", "Newsletter", "Umsatz"],
        [1001, "Müller", date(1985, 4, 12), 13800138000, "01067", True, 1.5],
        [1002.0, "王伟", datetime(1990, 1, 2), "+49 171", None, False, None],
    ]
    workbook(desk.base / "c.xlsx", rows)
    first, second = desk.data("c.xlsx")
    assert (first["id"], first["birthday"], first["mobile"]) == ("1001", "1985-04-12", "13800138000")
    assert (first["postal code"], first["Newsletter"], first["Umsatz"]) == ("01067", "true", "1.5")
    assert (second["id"], second["birthday"], second["postal code"]) == ("1002", "1990-01-02", None)


def test_numbers_that_lost_digits_and_error_cells_are_rejected(desk: Any) -> None:
    rows = [
        ["id", "mobile", "name"],
        [1, 1234567890123456789, "a"],
        [2, 1.5e10, "b"],
        [3, 171234567.5, "c"],
        [4, "1", "#REF!"],
    ]
    workbook(desk.base / "c.xlsx", rows)
    records = desk.records("c.xlsx")
    assert [id for id, record in records.items() if record.error] == ["1", "3", "4"]
    assert "15 digits" in str(records["1"].error)


def test_a_row_with_values_beyond_the_header_is_rejected_with_its_number(desk: Any) -> None:
    workbook(desk.base / "c.xlsx", [["id", "name"], [1, "a", "beyond"], [], [2, "b"]])
    records = desk.records("c.xlsx")
    assert "Row 2" in str(records["1"].error)
    assert records["2"].data == {"id": "2", "name": "b"}


def test_the_sheet_may_be_chosen(desk: Any) -> None:
    workbook(desk.base / "c.xlsx", [["id"], [1]], Other=[["id", "name"], [2, "b"]])
    assert list(desk.records("c.xlsx")) == ["1"]
    assert list(desk.records("c.xlsx", sheet="Other")) == ["2"]
    with pytest.raises(ConfigError, match="Kunden, Other"):
        desk.records("c.xlsx", sheet="Nope")


def test_an_update_keeps_types_styles_and_other_sheets(desk: Any) -> None:
    path = workbook(desk.base / "c.xlsx", [["id", "name", "birthday"], [1, "a", date(1985, 4, 12)]], Other=[["x", 5]])
    book = openpyxl.load_workbook(path)
    book["Kunden"]["B2"].font = openpyxl.styles.Font(bold=True)
    book["Kunden"].column_dimensions["B"].width = 33
    book.save(path)
    (receipt,) = desk.write([update("1", name="b", birthday="1990-01-02")], "c.xlsx")
    assert receipt.image.data == {"id": "1", "name": "b", "birthday": "1990-01-02"}
    book = openpyxl.load_workbook(path)
    sheet = book["Kunden"]
    assert (sheet["A2"].value, sheet["B2"].value, sheet["C2"].value) == (1, "b", datetime(1990, 1, 2))
    assert sheet["B2"].font.bold
    assert sheet.column_dimensions["B"].width == 33
    assert book["Other"]["B1"].value == 5


def test_rows_are_added_and_removed(desk: Any) -> None:
    workbook(desk.base / "c.xlsx", [["id", "name"], [1, "a"], [2, "b"], [3, "c"]])
    receipts = desk.write([Op("k", "create", None, {"name": "n"}), Op("d", "delete", "2", {})], "c.xlsx")
    assert [receipt.error for receipt in receipts] == [None, None]
    assert [(id, record.data["name"]) for id, record in desk.records("c.xlsx").items()] == [
        ("1", "a"),
        ("3", "c"),
        ("k", "n"),
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "#REF", "'=x", "1234567890123456789", "01067", "2024-01-01", "TRUE"]
)
def test_a_text_stays_this_text_and_is_never_a_formula(desk: Any, text: str) -> None:
    path = workbook(desk.base / "c.xlsx", [["id", "notes"], [1, "a"]])
    (receipt,) = desk.write([update("1", notes=text)], "c.xlsx")
    assert receipt.image.data["notes"] == text
    cell = openpyxl.load_workbook(path).active["B2"]
    assert (cell.data_type, cell.value) == ("s", text)


def test_results_of_formulas_are_read_and_such_a_workbook_is_not_rewritten(desk: Any) -> None:
    path = workbook(desk.base / "c.xlsx", [["id", "name"], [1, "a"]])
    _rewrite(path, "xl/worksheets/sheet1.xml", b'<c r="A2" t="n"><v>1</v></c>', b'<c r="A2"><f>3+4</f><v>7</v></c>')
    before = path.read_bytes()
    assert list(desk.records("c.xlsx")) == ["7"]
    (receipt,) = desk.write([update("7", name="b")], "c.xlsx")
    assert isinstance(receipt.error, Rejected)
    assert "results of formulas" in str(receipt.error)
    assert path.read_bytes() == before


def test_what_is_no_workbook_is_refused(desk: Any) -> None:
    desk.put("c.xlsx", b"PK\x03\x04 broken")
    desk.put("d.xlsx", "id,name\n")
    for name in ("c.xlsx", "d.xlsx"):
        with pytest.raises(ConfigError, match="no readable"):
            desk.records(name)


def test_a_workbook_that_unpacks_to_too_much_is_refused(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(desk.base / "c.xlsx", [["id"], [1]])
    monkeypatch.setattr("crmhub_files.xlsx_file.LARGEST_SHEET", 100)
    with pytest.raises(ConfigError, match="unpacks"):
        desk.records("c.xlsx")


def test_a_character_that_a_workbook_cannot_hold_is_rejected(desk: Any) -> None:
    workbook(desk.base / "c.xlsx", [["id", "name"], [1, "a"]])
    receipts = desk.write([update("1", name="a\x00b")], "c.xlsx")
    assert isinstance(receipts[0].error, Rejected)
    receipts = desk.write([update("1", name="x" * 40_000)], "c.xlsx")
    assert "32767" in str(receipts[0].error)


def _rewrite(path: Path, member: str, old: bytes, new: bytes) -> None:
    source = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    with source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == member:
                assert old in content, content
                content = content.replace(old, new)
            target.writestr(entry, content)
