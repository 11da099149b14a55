"""CSV files (RFC 4180 and what programs really write): every record and cell that does not change keeps its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from crmhub_files.encodings import Text, decode
from crmhub_files.formulas import neutral, restored
from crmhub_files.headers import known, unique_labels
from crmhub_files.table import CellError, Changes, Row, Table, TableConfig
from hub.plugin import ConfigError

_DELIMITERS: Final = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r|\Z")
NEW_FILE_END: Final = "\r\n"


@dataclass(frozen=True, slots=True)
class _Record:
    """One record as it stands: its first line, the raw cells (with quotes), its line end, and what is wrong with it."""

    number: int
    raw: Sequence[str]
    end: str
    problem: str = ""

    @property
    def is_blank(self) -> bool:
        return len(self.raw) == 1 and not self.raw[0].strip()


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A CSV file in pieces.  start: what stands before the first record ("sep=;"); header: its index."""

    text: Text
    delimiter: str
    start: str
    records: Sequence[_Record]
    header: int

    @property
    def line_end(self) -> str:
        return self.records[self.header].end or NEW_FILE_END


class CsvFormat:
    """Comma-, semicolon-, tab- or bar-separated text with a header."""

    open_columns = False

    def read(self, content: bytes, config: TableConfig, *, where: str) -> Table:
        parsed = _parse(content, config.encoding, config.delimiter, where)
        labels = unique_labels([_value(raw) for raw in parsed.records[parsed.header].raw])
        rows = [_row(record, labels) for record in parsed.records[parsed.header + 1 :] if not record.is_blank]
        return Table(labels, rows, locked=_locked(parsed, content))

    def write(self, content: bytes, config: TableConfig, changes: Changes, *, where: str) -> bytes:
        parsed = _parse(content, config.encoding, config.delimiter, where)
        labels = unique_labels([_value(raw) for raw in parsed.records[parsed.header].raw])
        pieces = [parsed.start]
        for index, record in enumerate(parsed.records):
            if index < parsed.header or (record.is_blank and index > parsed.header):
                pieces.append(_joined(parsed, record, record.raw))
            elif index == parsed.header:
                raw = [*record.raw, *(_cell(label, parsed.delimiter) for label in changes.new_labels)]
                pieces.append(_joined(parsed, record, raw))
            elif record.number not in changes.removed:
                edits = changes.edited.get(record.number, {})
                pieces.append(_joined(parsed, record, _edited(parsed, record, labels, edits, changes.new_labels)))
        if changes.added and not pieces[-1].endswith(("\n", "\r")):
            pieces.append(parsed.line_end)
        for cells in changes.added:
            raw = [_cell(_plain(cells.get(label)), parsed.delimiter) for label in [*labels, *changes.new_labels]]
            pieces.append(parsed.delimiter.join(raw) + parsed.line_end)
        return _encoded(parsed.text, "".join(pieces))

    def empty(self, labels: Sequence[str], config: TableConfig) -> bytes:
        delimiter = "," if config.delimiter == "auto" else _spelled(config.delimiter)
        line = delimiter.join(_cell(label, delimiter) for label in labels) + NEW_FILE_END
        if config.encoding == "auto":
            return codecs.BOM_UTF8 + line.encode()  # without the mark Excel takes UTF-8 for the local code page
        return line.encode(config.encoding)

    def check(self, content: bytes, config: TableConfig, value: Any, *, where: str) -> None:
        _encoded(_parse(content, config.encoding, config.delimiter, where).text, _plain(value))


@lru_cache(maxsize=2)
def _parse(content: bytes, encoding: str, delimiter: str, where: str) -> _Parsed:
    text = decode(content, encoding, where=where)
    found = _SEPARATOR_LINE.match(text.text)
    start = found[0] if found else ""
    body = text.text[len(start) :]
    if delimiter == "auto":
        delimiter = found[1] if found else _guess_delimiter(body)
    delimiter = _spelled(delimiter)
    records = _records(body, delimiter, first=2 if start else 1)
    header = next((index for index, record in enumerate(records) if not record.is_blank), None)
    if header is None:
        raise ConfigError("The file has no header row", where=where, hint="The first row must name the columns")
    if records[header].problem:
        raise ConfigError(f"The header row is broken: {records[header].problem}", where=where)
    return _Parsed(text, delimiter, start, records, header)


def _spelled(delimiter: str) -> str:
    return "\t" if delimiter in ("tab", "\\t") else delimiter


def _guess_delimiter(text: str) -> str:
    """The delimiter that makes most headers that we know, then most headers."""
    first = next((line for line in re.split(r"\r\n|\n|\r", text) if line.strip()), "")

    def score(delimiter: str) -> tuple[int, int]:
        headers = [_value(raw) for record in _records(first, delimiter, first=1)[:1] for raw in record.raw]
        return sum(known(header) for header in headers), len(headers)

    return max(_DELIMITERS, key=score)


def _records(text: str, delimiter: str, *, first: int) -> list[_Record]:
    stop = re.escape(delimiter)
    quoted = re.compile(rf' *"(?:[^"]|"")*" *(?={stop}|\r|\n|\Z)')
    bare = re.compile(rf"[^{stop}\r\n]*")
    records: list[_Record] = []
    position, number = 0, first
    while position < len(text):
        raw: list[str] = []
        problem, lines = "", 1
        while True:
            found = quoted.match(text, position)
            if found is not None:
                lines += len(re.findall(r"\r\n|\n|\r", found[0]))
            else:
                found = bare.match(text, position)
                assert found is not None  # it matches everywhere
                if found[0].lstrip(" ").startswith('"'):
                    problem = f"cell {len(raw) + 1} opens a quotation mark that is not closed before the next cell"
            raw.append(found[0])
            position = found.end()
            if not text.startswith(delimiter, position):
                break
            position += len(delimiter)
        end = _LINE_END.match(text, position)
        assert end is not None  # a cell ends at a delimiter, a line end or the end of the text
        records.append(_Record(number, raw, end[0], problem))
        position = end.end()
        number += lines
    return records


def _value(raw: str) -> str:
    stripped = raw.strip(" ")
    if len(stripped) > 1 and stripped.startswith('"') and stripped.endswith('"'):
        return restored(stripped[1:-1].replace('""', '"'))
    return restored(raw)


def _row(record: _Record, labels: Sequence[str]) -> Row:
    cells = dict(zip(labels, map(_value, record.raw), strict=False))
    problem = record.problem
    if not problem and len(record.raw) != len(labels):
        problem = f"it has {len(record.raw)} cells, the header has {len(labels)}"
    return Row(record.number, cells, problem, raw="\x1f".join(record.raw))


def _locked(parsed: _Parsed, content: bytes) -> str:
    """A few encodings have two spellings of one character; then a rewrite would touch what nobody changed."""
    if parsed.text.encode(parsed.text.text) == content:
        return ""
    return f"it cannot be written back byte for byte in {parsed.text.encoding}"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if "\x00" in text:
        raise CellError("a text file cannot hold the character NUL")
    return text


def _cell(text: str, delimiter: str, *, quote: bool = False) -> str:
    text = neutral(text)
    if quote or text != text.strip() or any(char in text for char in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def _edited(
    parsed: _Parsed, record: _Record, labels: Sequence[str], edits: Mapping[str, Any], new_labels: Sequence[str]
) -> list[str]:
    raw = list(record.raw)
    for label, value in edits.items():
        if label in labels:
            index = labels.index(label)
            raw[index] = _cell(_plain(value), parsed.delimiter, quote=raw[index].lstrip(" ").startswith('"'))
    return [*raw, *(_cell(_plain(edits.get(label)), parsed.delimiter) for label in new_labels)]


def _joined(parsed: _Parsed, record: _Record, raw: Sequence[str]) -> str:
    return parsed.delimiter.join(raw) + record.end


def _encoded(text: Text, content: str) -> bytes:
    try:
        return text.encode(content)
    except UnicodeEncodeError as error:
        bad = content[error.start]
        raise CellError(
            f"the file is {text.encoding}, which has no {bad!r} (U+{ord(bad):04X}); save the file as UTF-8 first"
        ) from None
