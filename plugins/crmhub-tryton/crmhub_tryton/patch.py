"""From an op's data to the values of Tryton's create and write: codes become ids, parts become one2many commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmhub_tryton.document import MARKER, PARTS, Row, code_of, rows_of
from crmhub_tryton.reading import as_id, marker
from crmhub_tryton.tables import Tables
from hub import plugin

_STEP = 10
_REFERENCES = {"country": "country", "subdivision": "subdivision"}
_PLAIN = ("name", "code", "active")

Command = list[Any]


def refuse_broken_text(value: Any, path: str = "") -> None:
    """Raise Rejected for half of a surrogate pair: it has no UTF-8, so no server can keep it."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise plugin.Rejected(
                f"The text holds a broken character at position {error.start}", field=path or None
            ) from None
    elif isinstance(value, Mapping):
        for key, item in value.items():
            refuse_broken_text(key, path)
            refuse_broken_text(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, plugin.Parts):
        for item in (value.add, value.set):
            refuse_broken_text(item, path)
    elif isinstance(value, Sequence):
        for item in value:
            refuse_broken_text(item, path)


def creation(op: plugin.Op, tables: Tables) -> dict[str, Any]:
    """Values for ``create``, with the op's key as an identifier without a type.

    Raises Rejected for what Tryton cannot keep.  ``active`` is left out: a party can only be archived later.
    """
    refuse_broken_text(op.data)
    values = _root(op.data, tables, None)
    values.pop("active", None)
    for part in PARTS:
        rows = [_row(part, row, tables) for row in _new_rows(op.data.get(part))]
        if part == "identifiers":
            own = {"type": None, "code": marker(op.key)}
            rows = [*(row for row in rows if row.get("code") != own["code"]), own]
        if rows:
            values[part] = [["create", rows]]
    return values


def update(op: plugin.Op, row: Row, tables: Tables) -> dict[str, Any]:
    """Values for ``write`` that bring ``row`` to the patch; empty when there is nothing to do.

    Raises Rejected for what Tryton cannot keep, Conflict when a part to change is not there any more.
    """
    refuse_broken_text(op.data)
    values = _root(op.data, tables, row)
    for part in PARTS:
        if part in op.data and (commands := _commands(part, op.data[part], row, tables)):
            values[part] = commands
    return values


def _root(data: Mapping[str, Any], tables: Tables, row: Row | None) -> dict[str, Any]:
    known = {*_PLAIN, *PARTS, "lang", "categories"}
    unknown = [key for key in data if key not in known and not key.startswith("_")]
    if unknown:
        raise plugin.Rejected(f"The plugin does not know the field {unknown[0]!r}", field=unknown[0])
    values = {key: data[key] for key in _PLAIN if key in data and (row is None or data[key] != row[key])}
    if "lang" in data and (row is None or data["lang"] != code_of(row, "lang")):
        values["lang"] = tables.id_of("lang", data["lang"], "lang")
    if "categories" in data:
        commands = _category_commands(data["categories"] or (), row, tables)
        if commands:
            values["categories"] = commands
    return values


def _category_commands(wanted: Sequence[Mapping[str, Any]], row: Row | None, tables: Tables) -> list[Command]:
    current = {child["id"]: child["name"] for child in (row or {}).get("categories.") or ()}
    given = [as_id(item.get("id")) for item in wanted]
    kept = {number for number in given if number is not None and number in current}
    names = [item["name"] for item in wanted if as_id(item.get("id")) not in current and item.get("name")]
    ids = kept | set(tables.category_ids(names) if names else ())
    commands: list[Command] = []
    if added := sorted(ids - current.keys()):
        commands.append(["add", added])
    if removed := sorted(current.keys() - ids):
        commands.append(["remove", removed])
    return commands


def _new_rows(value: Any) -> Sequence[Mapping[str, Any]]:
    if value is None:
        return ()
    return value.add if isinstance(value, plugin.Parts) else value


def _row(part: str, row: Mapping[str, Any], tables: Tables) -> dict[str, Any]:
    """One row's values; its id and private keys are not values."""
    values: dict[str, Any] = {}
    for key, value in row.items():
        if key == "id" or key.startswith("_"):
            continue
        if part == "addresses" and key in _REFERENCES:
            values[key] = tables.id_of(_REFERENCES[key], value, f"{part}.{key}")
        elif key == "type":
            values[key] = value or None  # "" is no type, for which Tryton has null
        elif key in PARTS[part] or key == "active":
            values[key] = value
        else:
            raise plugin.Rejected(f"The plugin does not know the field {key!r} of {part}", field=f"{part}.{key}")
    return values


def _commands(part: str, change: Any, row: Row, tables: Tables) -> list[Command]:
    current = {str(child["id"]): child for child in rows_of(row, part)}
    if change is None:
        change = plugin.Parts(remove=[key for key, child in current.items() if not _is_marker(part, child)])
    if not isinstance(change, plugin.Parts):
        raise plugin.Rejected(f"{part} is a list whose rows have ids: give Parts, not a list", field=part)
    edits = {key: _row(part, values, tables) for key, values in change.set.items()}
    if gone := [key for key in edits if key not in current]:
        raise plugin.Conflict(f"The row {gone[0]} of {part} is not there any more")
    added = [_row(part, values, tables) for values in change.add]
    _place(change, current, edits, added)
    commands: list[Command] = []
    if removed := [int(key) for key in change.remove if key in current]:
        commands.append(["delete", removed])
    commands += [["write", [int(key)], values] for key, values in edits.items() if values]
    if added:
        commands.append(["create", added])
    return commands


def _place(
    change: plugin.Parts, current: Mapping[str, Row], edits: dict[str, dict[str, Any]], added: list[dict[str, Any]]
) -> None:
    """Write sequences where an order is asked for, and so that new rows do not jump to the front.

    Rows without a sequence come first in Tryton, so a new row needs one as soon as another row has one.
    """
    if change.order is not None:
        names = {str(row.get("id", "")): values for row, values in zip(change.add, added, strict=True)}
        rest = [key for key in current if key not in change.order and key not in change.remove]
        for place, key in enumerate([*change.order, *rest], start=1):
            if key in current:
                if current[key].get("sequence") != place * _STEP:
                    edits.setdefault(key, {})["sequence"] = place * _STEP
            elif key in names:
                names[key]["sequence"] = place * _STEP
    highest = max((child.get("sequence") or 0 for child in [*current.values(), *edits.values(), *added]), default=0)
    if highest:
        for place, values in enumerate((values for values in added if "sequence" not in values), start=1):
            values["sequence"] = highest + place * _STEP


def _is_marker(part: str, child: Row) -> bool:
    return part == "identifiers" and not child["type"] and str(child["code"]).startswith(MARKER)
