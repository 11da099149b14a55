"""Whatever bytes stand in a file: it is read or refused with a reason, and rewriting without a change changes nothing."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from crmhub_files.csv_file import CsvFormat
from crmhub_files.jsonl_file import JsonLinesFormat
from crmhub_files.table import Changes, Table, TableConfig
from hub.plugin import ConfigError

CONFIG = TableConfig()
pieces = st.sampled_from(
    ["a", '"', '""', ",", ";", "\n", "\r\n", "\r", " ", "'", "=", "é", "王", "sep=;\n", "\\", "{", "}", "1", ":"]
)
texts = st.lists(pieces, max_size=40).map("".join)
contents = (
    st.binary(max_size=80) | texts.map(lambda text: text.encode()) | texts.map(lambda text: text.encode("gb18030"))
)


def read(format: CsvFormat | JsonLinesFormat, content: bytes) -> Table | None:
    try:
        return format.read(content, CONFIG, where="f")
    except ConfigError:
        return None


@given(contents)
def test_any_csv_is_read_or_refused_and_goes_back_as_it_is(content: bytes) -> None:
    table = read(CsvFormat(), content)
    if table is not None and not table.locked:
        assert CsvFormat().write(content, CONFIG, Changes(), where="f") == content
        assert len(set(table.labels)) == len(table.labels)


@given(contents)
def test_any_json_lines_are_read_or_refused_and_go_back_as_they_are(content: bytes) -> None:
    table = read(JsonLinesFormat(), content)
    if table is not None:
        assert JsonLinesFormat().write(content, CONFIG, Changes(), where="f") == content


plain = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="'=+-@"), max_size=8)


@given(st.lists(st.tuples(plain, plain | st.just("x\ny")), max_size=5), st.sampled_from([",", ";", "\t"]))
def test_what_the_standard_library_writes_is_read_as_it_was_meant(rows: list[tuple[str, str]], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["id", "notes"])
    writer.writerows(rows)
    table = CsvFormat().read(out.getvalue().encode(), TableConfig(delimiter=delimiter), where="f")
    shown = [(row.cells["id"], row.cells["notes"]) for row in table.rows]
    assert [row.problem for row in table.rows] == [""] * len(rows)
    assert shown == list(rows)
