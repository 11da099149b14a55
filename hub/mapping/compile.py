"""Compile a mapping once, for one installation, into fast functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hub.canonical.facts import field_of
from hub.contract.records import Field
from hub.mapping.compiled import CompiledMapping, MappedCollection
from hub.mapping.conditions import condition
from hub.mapping.elements import make_element
from hub.mapping.errors import Issue, MappingError
from hub.mapping.fields import ConsentField, ConstField, MappedField, NameField, ReferenceField, ScalarField
from hub.mapping.labels import LabelColumn
from hub.mapping.leaf import Leaf, Surroundings, make_leaf
from hub.mapping.own_keys import KeyPlace
from hub.mapping.rows import RowsCollection
from hub.mapping.slots import Slot, SlotsCollection
from hub.mapping.spec import MISSING, CollectionLines, Line, MappingSpec, SlotLine
from hub.mapping.transforms import Registry


def compile_mapping(
    spec: MappingSpec,
    *,
    server_version: str | None = None,
    schema: Mapping[str, Field] | None = None,
    region: str | None = None,
    registry: Registry | None = None,
) -> CompiledMapping:
    """Compile a mapping for an installation.

    server_version: chooses among ``since`` and ``until`` lines; None counts as the newest.
    schema:         native path -> what discovery found ("addresses.country" for a column of a list); None: unknown.
    region:         the country (alpha-2) in which national phone numbers are read.
    registry:       the transform pairs (with those of plugins).

    Raises MappingError with every line that does not fit.
    """
    around = Surroundings(registry or Registry(), server_version, schema, region, issues := [])
    builder = _Builder(spec, around)
    fields = builder.fields()
    collections = builder.collections()
    issues += _written_twice(spec, fields, collections)
    if issues:
        raise MappingError(issues)
    ids = {item.lines.list: item.lines.id for item in collections.values() if isinstance(item, RowsCollection)}
    own = KeyPlace(spec.own_key, ids.get(spec.own_key.list)) if spec.own_key is not None else None
    return CompiledMapping(
        spec,
        fields=fields,
        collections=collections,
        defaults=builder.defaults,
        own=own,
        select=condition(spec.select),
        digest=_digest(spec, fields, collections),
    )


def _digest(spec: MappingSpec, fields: Mapping[str, MappedField], collections: Mapping[str, MappedCollection]) -> str:
    """A hash of what the mapping does here: the file's content and the lines that this installation has."""
    active: dict[str, Any] = {name: field.paths for name, field in fields.items()}
    for name, item in collections.items():
        active[name] = [item.spec.shape, list(item.roots), [slot.name for slot in item.spec.slots]]
    content = {key: value for key, value in spec.data.items() if key != "example"}
    text = json.dumps([content, active], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Builder:
    """Turns the lines of a spec into compiled fields and collections; what does not fit becomes a problem."""

    def __init__(self, spec: MappingSpec, around: Surroundings) -> None:
        self.spec = spec
        self.around = around
        self.defaults: dict[str, Any] = {}

    def fields(self) -> dict[str, MappedField]:
        found: dict[str, MappedField] = {}
        name_leaves: dict[str, Leaf] = {}
        name_lines: list[Line] = []
        for name, alternatives in self.spec.fields.items():
            line = self._chosen(alternatives)
            if line is None:
                continue
            if line.default is not None:
                self.defaults[name] = line.default
            if line.from_hub:
                continue
            if name.startswith("name."):
                leaf = make_leaf(line, self.around)
                if leaf is not None:
                    name_leaves[name[5:]] = leaf
                    name_lines.append(line)
                continue
            field = self._field(line)
            if field is not None:
                found[name] = field
        if name_leaves:
            when = next((condition(line.only_when) for line in name_lines if line.only_when), None)
            found["name"] = NameField(name_leaves, when)
        return found

    def _chosen(self, alternatives: tuple[Line, ...]) -> Line | None:
        """The first line that applies to this server and whose paths exist."""
        for line in alternatives:
            if self.around.applies(line.since, line.until):
                return line if line.from_hub or line.const is not MISSING or self.around.available(line) else None
        return None

    def _field(self, line: Line) -> MappedField | None:
        when = condition(line.only_when)
        if line.const is not MISSING:
            return ConstField(line, when)
        if line.ref is not None:
            return ReferenceField(line, when)
        if line.read_table is not None:
            return ConsentField(line, when)
        definition = field_of(self.spec.record, line.name)
        leaf = make_leaf(line, self.around, kind=definition.kind if definition else "text")
        return ScalarField(line, leaf, when) if leaf is not None else None

    def collections(self) -> dict[str, MappedCollection]:
        found: dict[str, MappedCollection] = {}
        for name, lines in self.spec.collections.items():
            if not self.around.applies(lines.since, lines.until):
                continue
            item = self._slots(lines) if lines.slots else self._rows(lines)
            if item is not None:
                found[name] = item
        return found

    def _rows(self, lines: CollectionLines) -> RowsCollection | None:
        place = Line(lines.name, file=lines.file, number=lines.number, at=(lines.list,), optional=lines.optional)
        if not self.around.available(place):
            return None
        element = make_element(lines.name, lines.members, self.around, prefix=lines.list)
        if element is None:
            return None
        labels = LabelColumn(lines.label, self.around, lines.list) if lines.label is not None else None
        return RowsCollection(lines, element, labels)

    def _slots(self, lines: CollectionLines) -> SlotsCollection | None:
        slots = tuple(slot for slot in (self._slot(lines, line) for line in lines.slots) if slot is not None)
        return SlotsCollection(lines, slots, condition(lines.only_when)) if slots else None

    def _slot(self, lines: CollectionLines, line: SlotLine) -> Slot | None:
        if not self.around.applies(line.since, line.until):
            return None
        code = next((pick.partition(":")[2] for pick in line.picks if pick.startswith(("scheme:", "kind:"))), None)
        element = make_element(lines.name, line.members, self.around, code=code)
        return Slot(line.name, line.picks, element, condition(line.only_when)) if element is not None else None


def _written_twice(
    spec: MappingSpec, fields: Mapping[str, MappedField], collections: Mapping[str, MappedCollection]
) -> list[Issue]:
    """Native paths that two lines would write: the second would undo the first."""
    seen: dict[str, str] = {}
    issues = []
    for name, line_paths, number in _written_paths(spec, fields, collections):
        for path in line_paths:
            if path in seen:
                issues.append(Issue(spec.file, number, f"{name}: {path!r} is already written by {seen[path]}"))
            seen[path] = name
    return issues


def _written_paths(
    spec: MappingSpec, fields: Mapping[str, MappedField], collections: Mapping[str, MappedCollection]
) -> list[tuple[str, tuple[str, ...], int]]:
    found = []
    for name, lines in spec.fields.items():
        group = "name" if name.startswith("name.") else name
        for line in lines:
            if group in fields and line.direction != "read" and not line.until and not line.since:
                found.append((name, line.at, line.number))
    for name, item in collections.items():
        if isinstance(item, SlotsCollection) and item.spec.direction != "read":
            for slot in spec.collections[name].slots:
                paths = tuple(path for line in slot.members.values() for path in line.at)
                if slot.name in {known.name for known in item.spec.slots}:
                    found.append((f"{name} slot {slot.name}", paths, slot.number))
    return found
