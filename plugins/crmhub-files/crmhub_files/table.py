"""A file as a table, and the changes that may be made to it.  Pure values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import Field

from hub.plugin import ConnectorConfig


class TableConfig(ConnectorConfig):
    """Settings that say how a file is read; the table in the README explains each."""

    encoding: str = "auto"
    delimiter: str = Field("auto", min_length=1)
    sheet: str | None = None
    date_format: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row.  number: its line in the file (the first one, from 1) or its row in the sheet.

    cells: label -> value, in the file's own spelling.  problem: why the row cannot be used ("" if it can).
    raw:   what the row looked like, to name a row that has no usable key.
    """

    number: int
    cells: Mapping[str, Any]
    problem: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of a file under unique labels.  locked: why the file cannot be written back ("" if it can)."""

    labels: Sequence[str]
    rows: Sequence[Row]
    locked: str = ""


@dataclass(slots=True)
class Changes:
    """What to do to a table.  Row numbers are those of the table that was read from the same bytes."""

    edited: dict[int, dict[str, Any]] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)
    added: list[dict[str, Any]] = field(default_factory=list)
    new_labels: list[str] = field(default_factory=list)


class CellError(ValueError):
    """A value cannot stand in this file; the message is for people."""


class Format(Protocol):
    """A kind of file.  The methods are pure functions of bytes.

    open_columns: a row may have any column, so that a write never lacks one.
    """

    open_columns: bool

    def read(self, content: bytes, config: TableConfig, *, where: str) -> Table:
        """Raises ConfigError for a file that is no such file."""

    def write(self, content: bytes, config: TableConfig, changes: Changes, *, where: str) -> bytes:
        """The file with the changes; everything else stays as it is.  Raises CellError, ConfigError."""

    def empty(self, labels: Sequence[str], config: TableConfig) -> bytes:
        """A new file with these columns and no rows."""

    def check(self, content: bytes, config: TableConfig, value: Any, *, where: str) -> None:
        """Raises CellError for a value that this file cannot hold."""


def format_of(path: Path) -> Format | None:
    """The format of a file by its name's ending; None for a file that is not ours."""
    from crmhub_files.csv_file import CsvFormat
    from crmhub_files.jsonl_file import JsonLinesFormat
    from crmhub_files.xlsx_file import XlsxFormat

    formats: dict[str, Format] = {
        ".csv": CsvFormat(),
        ".tsv": CsvFormat(),
        ".txt": CsvFormat(),
        ".jsonl": JsonLinesFormat(),
        ".ndjson": JsonLinesFormat(),
        ".xlsx": XlsxFormat(),
    }
    return formats.get(path.suffix.lower())
