"""Excel workbooks (.xlsx) through openpyxl: one sheet as a table with typed cells."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final

from crmhub_files.headers import unique_labels
from crmhub_files.table import CellError, Changes, Row, Table, TableConfig
from hub.plugin import ConfigError

LARGEST_SHEET: Final = 512 * 1024 * 1024
"""Bytes of the unpacked workbook: a larger one is refused, as it may be a zip bomb."""

_LOST: Final = re.compile(r"xl/(charts|drawings|media|pivot\w*|externalLinks|slicers|embeddings|ctrlProps)/|vbaProject")
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_TEXT: Final = 32_767
_EXACT_DIGITS: Final = 10**15


class XlsxFormat:
    """The first (or the configured) sheet of a workbook; its first row that is not empty names the columns."""

    open_columns = False

    def read(self, content: bytes, config: TableConfig, *, where: str) -> Table:
        with _workbook(content, where, values=True) as book:
            sheet = _sheet(book, config.sheet, where)
            grid = [(number, list(cells)) for number, cells in enumerate(sheet.iter_rows(values_only=True), 1)]
        header, labels = _header(grid, where)
        rows = [_row(number, cells, labels) for number, cells in grid if number > header and any(map(_shows, cells))]
        return Table(labels, rows, locked=_locked(content))

    def write(self, content: bytes, config: TableConfig, changes: Changes, *, where: str) -> bytes:
        with _workbook(content, where, values=False) as book:
            sheet = _sheet(book, config.sheet, where)
            grid = [(number, list(cells)) for number, cells in enumerate(sheet.iter_rows(values_only=True), 1)]
            header, labels = _header(grid, where)
            columns = {label: place for place, label in enumerate([*labels, *changes.new_labels], 1)}
            for label in changes.new_labels:
                _set(sheet.cell(header, columns[label]), label)
            for number, edits in changes.edited.items():
                for label, value in edits.items():
                    _set(sheet.cell(number, columns[label]), value)
            last = max((number for number, cells in grid if any(map(_shows, cells))), default=header)
            for offset, cells in enumerate(changes.added, 1):
                for label, value in cells.items():
                    if value is not None:
                        _set(sheet.cell(last + offset, columns[label]), value)
            for number in sorted(changes.removed, reverse=True):
                sheet.delete_rows(number)
            out = io.BytesIO()
            book.save(out)
        return out.getvalue()

    def empty(self, labels: Sequence[str], config: TableConfig) -> bytes:
        from openpyxl import Workbook

        book = Workbook()
        book.remove(book.worksheets[0])
        sheet = book.create_sheet(config.sheet or "Customers")
        for place, label in enumerate(labels, 1):
            _set(sheet.cell(1, place), label)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def check(self, content: bytes, config: TableConfig, value: Any, *, where: str) -> None:
        text = value if isinstance(value, str) else ""
        bad = _UNSENDABLE.search(text)
        if bad:
            raise CellError(f"a workbook cannot hold the character U+{ord(bad[0]):04X}")
        if len(text) > _MOST_TEXT:
            raise CellError(f"a cell holds at most {_MOST_TEXT} characters, not {len(text)}")


@contextmanager
def _workbook(content: bytes, where: str, *, values: bool) -> Iterator[Any]:
    """The workbook; ``values``: results of formulas instead of the formulas.  Raises ConfigError if it is none."""
    from openpyxl import load_workbook  # slow to import
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > LARGEST_SHEET:
            raise ConfigError(f"The workbook unpacks to {size} bytes", where=where, hint="Split it into smaller files")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about extensions that a table does not need
            book = load_workbook(io.BytesIO(content), read_only=values, data_only=values)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, SyntaxError) as error:
        raise ConfigError(f"The file is no readable .xlsx workbook: {error}", where=where) from error
    try:
        yield book
    finally:
        book.close()


def _sheet(book: Any, name: str | None, where: str) -> Any:
    if name is None:
        return book.worksheets[0]
    if name not in book.sheetnames:
        raise ConfigError(f"There is no sheet {name!r}; there are: {', '.join(book.sheetnames)}", where=where)
    return book[name]


def _header(grid: Sequence[tuple[int, list[Any]]], where: str) -> tuple[int, list[str]]:
    for number, cells in grid:
        if any(map(_shows, cells)):
            while cells and not _shows(cells[-1]):
                cells = cells[:-1]
            return number, unique_labels([str(cell) if cell is not None else "" for cell in cells])
    raise ConfigError("The sheet has no header row", where=where, hint="The first row must name the columns")


def _shows(value: Any) -> bool:
    return value is not None and value != ""


def _row(number: int, cells: Sequence[Any], labels: Sequence[str]) -> Row:
    problem = ""
    if any(map(_shows, cells[len(labels) :])):
        problem = f"it has a value to the right of the last header (column {len(labels)})"
    values: dict[str, str] = {}
    for label, value in zip(labels, [*cells, *[None] * len(labels)], strict=False):
        text, flaw = _text(value)
        values[label] = text
        problem = problem or (f"{label!r} {flaw}" if flaw else "")
    return Row(number, values, problem, raw="\x1f".join(map(str, cells)))


def _text(value: Any) -> tuple[str, str]:
    """The text of a typed cell, and what is wrong with it."""
    if value is None:
        return "", ""
    if isinstance(value, bool):
        return ("true" if value else "false"), ""
    if isinstance(value, int | float):
        if abs(value) >= _EXACT_DIGITS:
            return str(value), "is a number with more than 15 digits, of which Excel has lost the last ones"
        whole = isinstance(value, int) or value.is_integer()
        return (str(int(value)) if whole else repr(value)), ""
    if isinstance(value, datetime):
        return (value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")), ""
    if isinstance(value, date | time):
        return value.isoformat(), ""
    text = str(value)
    return text, (
        f"shows the error {text}" if re.fullmatch(r"#(N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)", text) else ""
    )


@lru_cache(maxsize=2)
def _locked(content: bytes) -> str:
    """What a rewrite by openpyxl would lose."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        lost = sorted({found[0].strip("/") for name in packed.namelist() if (found := _LOST.search(name))})
        sheets = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
        formulas = any(re.search(rb"<f[ >]", packed.read(name)) for name in sheets if name.endswith(".xml"))
    if formulas:
        lost.append("the results of formulas")
    return f"a rewrite would lose {', '.join(lost)}" if lost else ""


def _set(cell: Any, value: Any) -> None:
    """Put a value in a cell; a text is never a formula, and a date stays a date where one stood."""
    if isinstance(value, str) and value:
        if cell.is_date and (found := _date_of(value)) is not None:
            cell.value = found
            return
        cell.value = "x"
        cell._value = value  # by ``value`` openpyxl would take "=..." for a formula and "#N/A" for an error
        cell.data_type = "s"
        cell.number_format = "@"
        # Excel's own mark for "this is text"; an apostrophe would become part of the value.
        cell.quotePrefix = value[0] in "=+-@\t\r'"
    else:
        cell.value = value if _shows(value) else None


def _date_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
