"""Records as their system shows them and as the hub sees them, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.views.masking import Shown

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.contract.connector import AnyConnector
    from hub.contract.records import Record
    from hub.mapping.compiled import CompiledMapping
    from hub.mapping.spec import CollectionLines, Line, MappingSpec
    from hub.mapping.view import View


def canonical_of(view: View) -> dict[str, Any]:
    """A view as path -> value; collections as lists of values."""
    found: dict[str, Any] = {name: value for name, value in view.fields.items() if value is not None}
    for name, positions in view.collections.items():
        values = [item.value for item in positions if item.value is not None]
        if values:
            found[name] = values
    return {path: str(value) if hasattr(value, "resource") else value for path, value in found.items()}


def records_of(connector: AnyConnector, resource: str) -> Iterator[Record]:
    """Living records, whole; pages are asked for only as they are needed."""
    pages = connector.changes(resource, None)
    for page in pages:
        alive = [item for item in page.records if not item.deleted and item.merged_into is None]
        for item in alive:
            if item.data is None and item.error is None:
                yield from connector.fetch(resource, [item.id])
            else:
                yield item


def to_json(shown: Shown, mapping: CompiledMapping, record: Record) -> dict[str, Any]:
    """One record, masked."""
    if record.error is not None or record.data is None:
        why = shown.message(str(record.error or "it has no data"), run=True)
        return {"id": record.id, "version": record.version, "error": why, "native": {}, "canonical": None}
    native = {key: value for key, value in record.data.items() if not key.startswith("_")}
    view = mapping.get(dict(record.data))
    canonical = None if view is None else canonical_of(view)
    return {
        "id": record.id,
        "version": record.version,
        "native": {key: shown.value(key, value, run=True) for key, value in native.items()},
        "canonical": canonical and {path: shown.value(path, value, run=True) for path, value in canonical.items()},
        "problems": [f"{item.path}: {shown.message(item.message, run=True)}" for item in view.problems] if view else [],
    }


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a mapping for people.  at: where the system has it;  name: the hub's name;  how: what it does;  place:
    name and line of the file."""

    at: tuple[str, ...]
    name: str
    how: tuple[str, ...]
    place: str


def samples(app: App, name: str, resource: str, limit: int) -> tuple[CompiledMapping, list[Record]]:
    """A few records of a connection, read now, with the mapping as it is compiled for its system.  Raises HubError."""
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name

    opened = app.connect(name)
    resources = {item.name: item for item in app.resources(opened.connection, opened.connector)}
    if resource not in resources:
        raise UsageProblem(unknown_name("resource", resource, sorted(resources)))
    mapping = app.mappings.compiled(opened.connection, resources[resource], app.ask(name))
    return mapping, list(islice(records_of(opened.connector, resource), limit))


def rows_of(spec: MappingSpec) -> list[Row]:
    """The lines of a mapping file, in its order: fields, then collections."""
    found = [_line(line, name) for name, lines in spec.fields.items() for line in lines]
    for collection in spec.collections.values():
        found += _collection(collection)
    return found


def _line(line: Line, name: str) -> Row:
    how = [line.pair] if line.pair else []
    how += [{"in": "reads only", "out": "writes only"}.get(line.direction, "")]
    how += ["values are mapped" if line.table or line.read_table else "", "required" if line.required else ""]
    how += [f"at most {line.max} characters" if line.max else "", "only sometimes" if line.only_when else ""]
    return Row(line.at, name, tuple(filter(None, how)), _place(line.file, line.number))


def _place(file: str, line: int) -> str:
    """The file's name with the line; lines that a file only takes over have none in it."""
    return f"{Path(file).name}:{line}" if line else Path(file).name


def _collection(lines: CollectionLines) -> list[Row]:
    place = _place(lines.file, lines.number)
    if lines.slots:
        return [
            Row(tuple(path for line in slot.members.values() for path in line.at), lines.name, slot.picks, place)
            for slot in lines.slots
        ]
    columns = tuple(f"{lines.list}.{path}" for line in lines.members.values() for path in line.at)
    return [Row(columns or (lines.list,), lines.name, ("rows of a list",), place)]
