"""Changing a TOML text that a person wrote: comments, order and everything that is not changed stay as they are.

Every change is checked by its outcome: the new text must say exactly what the old one said, with the change.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from hub.contract.errors import HubError
from hub.mapping.toml_lines import key_lines

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class EditProblem(HubError):
    """A text cannot be changed by a program."""

    code = "usage"


def edit(text: str, changes: Mapping[Path, Any]) -> str:
    """The text with other values: path of a key -> value; None removes the key, a mapping is written inline.  Tables that
    are missing are made.  Raises EditProblem, also if the text is no TOML."""
    plain = text.replace("\r\n", "\n")
    try:
        wanted = tomllib.loads(plain)
    except tomllib.TOMLDecodeError as error:
        raise EditProblem(f"the file cannot be changed, because it is not valid TOML: {error}") from None
    found = plain
    for path, value in changes.items():
        wanted = _with(wanted, path, value)
        found = _changed(found, path, value, wanted)
    return found.replace("\n", "\r\n") if "\r\n" in text else found


def _with(content: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """What the text says, with the change."""
    result = copy.deepcopy(content)
    table = result
    for name in path[:-1]:
        if not isinstance(table.get(name, {}), dict):
            raise EditProblem(f"{'.'.join(path)} cannot be set: {name} is no table")
        if name not in table and value is None:
            return result
        table = table.setdefault(name, {})
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = _plain(value)
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _changed(text: str, path: Path, value: Any, wanted: dict[str, Any]) -> str:
    """The text with one change: by adding lines where that is enough, else by a parser that keeps comments."""
    if tomllib.loads(text) == wanted:
        return text
    tries = (_in_place,) if value is None else (_added, _in_place)
    for attempt in tries:
        found = attempt(text, path, value)
        if found and _says(found, wanted):
            return found
    raise EditProblem(f"{'.'.join(path)} cannot be changed by a program in this file", hint="Edit the file itself")


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _added(text: str, path: Path, value: Any) -> str:
    """A line at the end of its table, or a new table beside its relatives."""
    lines, known = text.split("\n"), key_lines(text)
    if path in known:
        return ""
    heads = {where: line for where, line in known.items() if lines[line - 1].lstrip().startswith("[")}
    line = f"{_key(path[-1])} = {toml(value)}"
    parent = path[:-1]
    if parent in heads:
        at = _end(lines, heads[parent], heads.values())
        return "\n".join([*lines[:at], line, *lines[at:]])
    block = [f"[{'.'.join(map(_key, parent))}]", line]
    for length in range(len(parent), 0, -1):
        relatives = [number for where, number in heads.items() if where[:length] == parent[:length]]
        if relatives:
            at = _end(lines, max(relatives), heads.values())
            return "\n".join([*lines[:at], "", *block, *lines[at:]])
    body = text.rstrip("\n")
    return "\n".join([*([body, ""] if body else []), *block, ""])


def _end(lines: Sequence[str], head: int, heads: Any) -> int:
    """Behind the last line of the table whose header is line ``head`` (from 1): its comments belong to it, those that
    stand before the next header do not."""
    following = min((line for line in heads if line > head), default=len(lines) + 1)
    last = head
    for number in range(head + 1, following):
        text = lines[number - 1].strip()
        if text and not text.startswith("#"):
            last = number
    while last + 1 < following and lines[last].strip().startswith("#"):
        last += 1
    return last


def _in_place(text: str, path: Path, value: Any) -> str:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import InlineTable

    try:
        document: Any = tomlkit.parse(text)
        table: Any = document
        for name in path[:-1]:
            if name not in table:
                table[name] = tomlkit.inline_table() if isinstance(table, InlineTable) else tomlkit.table()
            table = table[name]
        if value is None:
            del table[path[-1]]
        else:
            table[path[-1]] = tomlkit.value(toml(value))
        return str(tomlkit.dumps(document))
    except (TOMLKitError, KeyError, TypeError, ValueError):
        return ""


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml(name)


def toml(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {toml(item)}' for key, item in value.items())} }}" if value else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    return '"' + "".join(_escaped(char) for char in str(value)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char == "\n":
        return "\\n"
    return char if char.isprintable() else f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
