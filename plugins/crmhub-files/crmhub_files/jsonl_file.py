"""JSON Lines: one object in each line; lines that do not change keep their bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_files.encodings import Text, decode
from crmhub_files.table import CellError, Changes, Row, Table, TableConfig

_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")


class _Doubtful(ValueError):
    """JSON that two programs would read differently."""


class JsonLinesFormat:
    """Objects with flat, typed values; nested ones are kept and shown as they are."""

    open_columns = True

    def read(self, content: bytes, config: TableConfig, *, where: str) -> Table:
        labels: dict[str, None] = {}
        rows = []
        for number, line, _ in _lines(_text(content, config, where)):
            if not line.strip():
                continue
            try:
                cells = _object(line)
            except (ValueError, RecursionError) as error:
                rows.append(Row(number, {}, f"it is no JSON object: {error}", raw=line))
                continue
            labels.update(dict.fromkeys(cells))
            problem = "it holds half of a character (a lone surrogate)" if _has_surrogate(line) else ""
            rows.append(Row(number, cells if not problem else {}, problem, raw=line))
        return Table(list(labels), rows)

    def write(self, content: bytes, config: TableConfig, changes: Changes, *, where: str) -> bytes:
        text = _text(content, config, where)
        pieces: list[str] = []
        end = "\n"
        for number, line, line_end in _lines(text):
            end = line_end or end
            if number in changes.removed:
                continue
            edits = changes.edited.get(number)
            pieces.append((_edited(line, edits) if edits else line) + line_end)
        if changes.added and pieces and pieces[-1] and not pieces[-1].endswith(("\n", "\r")):
            pieces.append(end)
        pieces += [_dumped(_filled(cells), "") + end for cells in changes.added]
        try:
            return text.encode("".join(pieces))
        except UnicodeEncodeError as error:
            raise CellError(f"the file is {text.encoding}, which cannot hold a value: {error.reason}") from None

    def empty(self, labels: Sequence[str], config: TableConfig) -> bytes:
        return b""

    def check(self, content: bytes, config: TableConfig, value: Any, *, where: str) -> None:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
            _text(content, config, where).encode(text)
        except (TypeError, ValueError) as error:
            raise CellError(f"it cannot hold {value!r}: {error}") from None


def _text(content: bytes, config: TableConfig, where: str) -> Text:
    return decode(content, config.encoding, where=where)


def _lines(text: Text) -> list[tuple[int, str, str]]:
    found = [(match[1], match[2]) for match in _LINE.finditer(text.text)]
    return [(number, line, end) for number, (line, end) in enumerate(found, 1) if line or end]


def _object(line: str) -> dict[str, Any]:
    value = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    if not isinstance(value, dict):
        raise _Doubtful(f"a {type(value).__name__}")
    return value


def _no_constant(name: str) -> Any:
    raise _Doubtful(f"{name} is not JSON")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Doubtful("a key stands twice in one object")
    return found


def _has_surrogate(line: str) -> bool:
    if "\\ud" not in line.lower():
        return False
    try:
        json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _edited(line: str, edits: Mapping[str, Any]) -> str:
    return _dumped({**_object(line), **edits}, line)


def _filled(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {label: value for label, value in cells.items() if value is not None}


def _dumped(cells: Mapping[str, Any], like: str) -> str:
    """An object in the spelling of its line: with or without spaces and escapes."""
    compact = bool(like) and re.search(r'"\s*:\s', like) is None
    escaped = "\\u" in like and like.isascii()
    return json.dumps(cells, ensure_ascii=escaped, separators=(",", ":") if compact else (", ", ": "))
