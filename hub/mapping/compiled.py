"""A compiled mapping: pure functions between native records and canonical views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from hub.mapping.conditions import Condition, constants
from hub.mapping.draft import Draft, applied
from hub.mapping.fields import ConsentField, MappedField, NameField, ScalarField, problem_of
from hub.mapping.leaf import Leaf
from hub.mapping.own_keys import KeyPlace
from hub.mapping.pairs import Refused
from hub.mapping.paths import root_of
from hub.mapping.rows import RowsCollection
from hub.mapping.slots import SlotsCollection
from hub.mapping.spec import MappingSpec
from hub.mapping.view import (
    UNSUPPORTED,
    Change,
    CollectionSpec,
    FieldSpec,
    Partly,
    Position,
    Problem,
    Put,
    Row,
    Value,
    View,
)

MappedCollection = RowsCollection | SlotsCollection

_ROWS: Final = 1024
"""Rows that are remembered at most: those of the records in hand."""


class CompiledMapping:
    """Implements ``hub.mapping.view.Mapping_``.  Made by ``hub.mapping.compile.compile_mapping``."""

    def __init__(
        self,
        spec: MappingSpec,
        *,
        fields: Mapping[str, MappedField],
        collections: Mapping[str, MappedCollection],
        defaults: Mapping[str, Value],
        own: KeyPlace | None,
        select: Condition | None,
        digest: str,
    ) -> None:
        self.name = spec.name
        self.system = spec.system
        self.resource = spec.resource
        self.record = spec.record
        self.match = spec.match
        self.hash = digest
        self.fields: Mapping[str, FieldSpec] = {
            name: replace(field.spec, roots=frozenset(root_of(path) for path in field.paths))
            for name, field in fields.items()
        }
        self.collections: Mapping[str, CollectionSpec] = {name: item.spec for name, item in collections.items()}
        self._spec = spec
        self._fields = dict(fields)
        self._collections = dict(collections)
        self._defaults = dict(defaults)
        self._own = own
        self._select = select
        self._plain = [(name, field.get, field) for name, field in fields.items() if field.when is None]
        self._conditional = [(name, field) for name, field in fields.items() if field.when is not None]
        self._only_if_blank = {
            line.name: line.only_if_blank
            for lines in spec.fields.values()
            for line in lines
            if line.only_if_blank and not line.name.startswith("name.")
        }
        self._uncertain = [name for name, field in fields.items() if field.spec.server_default]
        self._consents = [(name, field) for name, field in fields.items() if isinstance(field, ConsentField)]
        self._rows: dict[tuple[str, str | None, str | bytes, bytes], Row | None] = {}
        """What ``norm_row`` has found: merging and planning ask for the same few elements of a record again and again."""
        self._roots = self._mapped_roots()
        self.list_ids = {
            item.lines.list: item.lines.id
            for item in collections.values()
            if isinstance(item, RowsCollection) and item.lines.id is not None
        }

    def _mapped_roots(self) -> frozenset[str]:
        paths = [path for field in self._fields.values() for path in field.paths]
        paths += [path for item in self._collections.values() for path in item.roots]
        paths += list(self._spec.select)
        paths += self._own.roots if self._own else ()
        for lines in self._spec.fields.values():
            paths += [path for line in lines for path in line.only_when]
        for item in self._spec.collections.values():
            paths += [*item.only_when, *(path for slot in item.slots for path in slot.only_when)]
        return frozenset(path.partition(".")[0] for path in paths)

    def get(self, data: Mapping[str, Any]) -> View | None:
        if self._select is not None and not self._select(data):
            return None
        problems: list[Problem] = []
        fields: dict[str, Value] = {}
        for name, get, field in self._plain:
            value = get(data)
            if type(value) is Refused:
                problems.append(problem_of(field, value))
            elif value is not UNSUPPORTED:
                fields[name] = value
                if type(value) is Partly:
                    problems.extend(value.problems)
        if self._conditional:
            self._get_conditional(data, fields, problems)
        for name, others in self._only_if_blank.items():
            if any(_at(fields, other) is not None for other in others):
                fields.pop(name, None)
        collections: dict[str, tuple[Position, ...]] = {}
        for name, item in self._collections.items():
            if item.when is None or item.when(data):
                positions = item.get(data, problems)
                if positions or isinstance(item, RowsCollection):
                    collections[name] = positions
        uncertain = frozenset(name for name in self._uncertain if fields.get(name) is not None)
        evidence = (
            {
                name: found
                for name, field in self._consents
                if fields.get(name) is not None and (found := field.evidence(data))
            }
            if self._consents
            else {}
        )
        return View(
            fields=fields,
            collections=collections,
            defaults=self._defaults,
            uncertain=uncertain,
            evidence=evidence,
            problems=tuple(problems),
        )

    def _get_conditional(self, data: Mapping[str, Any], fields: dict[str, Value], problems: list[Problem]) -> None:
        for name, field in self._conditional:
            if field.when is not None and not field.when(data):
                continue
            value = field.get(data)
            if isinstance(value, Refused):
                problems.append(problem_of(field, value))
            elif value is not UNSUPPORTED:
                fields[name] = value
                if isinstance(value, Partly):
                    problems.extend(value.problems)

    def leaves(self) -> Iterator[tuple[str, Leaf]]:
        """The compiled value lines with their canonical names ("emails.value", "addresses.city"), for the laws."""
        for name, field in self._fields.items():
            if isinstance(field, ScalarField):
                yield name, field.leaf
            elif isinstance(field, NameField):
                yield from field.leaves()
        for name, item in self._collections.items():
            for leaf in item.leaves():
                yield f"{name}.{leaf.line.name}", leaf

    def native_shape(self) -> dict[str, frozenset[str] | None]:
        """Top-level native key -> the columns of its rows; None where it is no list of rows."""
        shape: dict[str, frozenset[str] | None] = dict.fromkeys(sorted(self._roots))
        for item in self._collections.values():
            if isinstance(item, RowsCollection):
                shape[item.lines.list] = (shape[item.lines.list] or frozenset()) | item.columns
        return shape

    def put(self, change: Change, base: Mapping[str, Any] | None) -> Put:
        draft = Draft(None if change.kind == "create" else (base or {}))
        later: list[tuple[str, Value]] = []
        for name, value in self._values(change).items():
            field = self._fields.get(name)
            if field is None or field.spec.direction == "read":
                # A constant that says the same is no loss.
                reason = field.put(value, draft) if field is not None and not field.paths else "only read from here"
                if reason:
                    draft.held[name] = "not mapped" if field is None else reason
            elif field.spec.create_only and change.kind != "create":
                if field.norm(value) != field.get(draft.base):
                    draft.held[name] = "written only when the record is created"
            elif field.when is not None:
                later.append((name, value))
            else:
                self._put_field(name, field, value, draft)
        # Conditions are about the record as it will be: other lines come first.
        for name, value in later:
            self._put_conditional(name, value, draft)
        for name, wanted in change.collections.items():
            item = self._collections.get(name)
            if item is None or item.spec.direction == "read":
                draft.held[name] = "not mapped" if item is None else "only read from here"
            elif item.when is not None and not item.when(draft.row):
                draft.held[name] = "does not apply to this record"
            else:
                item.put(wanted, draft)
        if change.own_key is not None and self._own is not None:
            self._own.put(change.own_key, draft)
        if change.kind == "create":
            draft.write(
                {path: native for path, native in constants(self._spec.select).items() if draft.row.get(path) is None}
            )
        return Put(draft.patch(), draft.held)

    def _values(self, change: Change) -> Mapping[str, Value]:
        """What to write; a create also says BLANK for what the system requires (its placeholder)."""
        if change.kind != "create":
            return change.fields
        required = {
            lines[0].name.partition(".")[0] if name.startswith("name.") else name: None
            for name, lines in self._spec.fields.items()
            if any(line.required and line.placeholder is not None for line in lines)
        }
        missing = {name: value for name, value in required.items() if name in self._fields}
        return {**missing, **change.fields}

    def _put_field(self, name: str, field: MappedField, value: Value, draft: Draft) -> None:
        reason = field.put(value, draft)
        if reason:
            draft.held[name] = reason

    def _put_conditional(self, name: str, value: Value, draft: Draft) -> None:
        field = self._fields[name]
        if field.when is not None and not field.when(draft.row):
            draft.held[name] = "does not apply to this record"
        else:
            self._put_field(name, field, value, draft)

    def apply(self, base: Mapping[str, Any] | None, patch: Mapping[str, Any]) -> Mapping[str, Any]:
        return applied(base, patch, self.list_ids)

    def norm(self, name: str, value: Value) -> Value:
        field = self._fields.get(name)
        return UNSUPPORTED if field is None else field.norm(value)

    def norm_row(
        self, collection: str, value: Value, attrs: Mapping[str, Value], slot: str | None = None
    ) -> Row | None:
        item = self._collections.get(collection)
        if item is None:
            return None
        try:
            given = value if type(value) is str else orjson.dumps(value)
            place = (collection, slot, given, orjson.dumps(attrs) if attrs else b"")
        except TypeError:  # no JSON: KEEP, or text that nothing can store
            return item.norm_row(value, attrs, slot)
        if place in self._rows:
            row = self._rows[place]
        else:
            row = item.norm_row(value, attrs, slot)
            if row is not None and type(row.value) not in (str, dict):
                return row
            if len(self._rows) >= _ROWS:
                self._rows.clear()
            self._rows[place] = row
        return None if row is None else Row(value=_copied(row.value), attrs=dict(row.attrs))

    def holds(self, collection: str, value: Value, attrs: Mapping[str, Value], slot: str | None = None) -> bool:
        item = self._collections.get(collection)
        if item is not None and item.surely_holds(value, slot):
            return True
        return self.norm_row(collection, value, attrs, slot) is not None

    def own_key(self, data: Mapping[str, Any]) -> str | None:
        return self._own.get(data) if self._own is not None else None

    def prune(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        roots = self._roots
        return {key: value for key, value in data.items() if key in roots or key[:1] == "_"}


def _copied(value: Any) -> Any:
    """What is remembered must not change with what is handed out."""
    if type(value) is not dict:
        return value
    return {name: list(item) if type(item) is list else item for name, item in value.items()}


def _at(fields: Mapping[str, Value], name: str) -> Value:
    """The value of a canonical name, also of a member of the name group."""
    if name.startswith("name."):
        return (fields.get("name") or {}).get(name[5:])
    return fields.get(name)
