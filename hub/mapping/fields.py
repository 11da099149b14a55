"""Scalar fields, the name group, references, consents and constants of one record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from hub.canonical.names import PARTS, format_name
from hub.mapping.conditions import Condition
from hub.mapping.draft import Draft
from hub.mapping.leaf import Leaf
from hub.mapping.pairs import Refused
from hub.mapping.paths import reader
from hub.mapping.spec import Line
from hub.mapping.transforms import as_line
from hub.mapping.transforms_table import natives_of
from hub.mapping.view import UNSUPPORTED, FieldSpec, Partly, Problem, RemoteRef, Value


class MappedField(Protocol):
    """A canonical field as one system has it."""

    spec: FieldSpec
    when: Condition | None

    @property
    def paths(self) -> tuple[str, ...]:
        """The native paths, for pruning."""

    def get(self, data: Mapping[str, Any]) -> Any:
        """The value, None (BLANK), UNSUPPORTED for this record, or Refused if it cannot be read."""

    def put(self, value: Value, draft: Draft) -> str | None:
        """Write it to the draft; the reason if the system cannot hold it."""

    def norm(self, value: Value) -> Any:
        """The predicted image, UNSUPPORTED if the system cannot hold it."""


class ScalarField:
    """One value in one place (or several, for wide pairs)."""

    def __init__(self, line: Line, leaf: Leaf, when: Condition | None) -> None:
        self.leaf = leaf
        self.when = when
        self.get = leaf.get
        self.paths = leaf.paths
        self.spec = FieldSpec(
            line.name, line.direction, server_default=line.server_default, create_only=line.direction == "create"
        )

    def put(self, value: Value, draft: Draft) -> str | None:
        change = self.leaf.change(draft.row, value, new=draft.new)
        if isinstance(change, Refused):
            return change.reason
        draft.write(change)
        return None

    def norm(self, value: Value) -> Any:
        image = self.leaf.image(value)
        return UNSUPPORTED if isinstance(image, Refused) else image


class ConstField:
    """A field that has one value for every record of the resource; nothing is written."""

    paths: tuple[str, ...] = ()

    def __init__(self, line: Line, when: Condition | None) -> None:
        self.when = when
        self._value = line.const
        self.spec = FieldSpec(line.name, "read")

    def get(self, data: Mapping[str, Any]) -> Any:
        return self._value

    def put(self, value: Value, draft: Draft) -> str | None:
        return None if value == self._value else f"every record here has {self._value!r}"

    def norm(self, value: Value) -> Any:
        return value if value == self._value else UNSUPPORTED


class ReferenceField:
    """Another record of the system, shown as its id, [id, name] or {"id": ...}."""

    def __init__(self, line: Line, when: Condition | None) -> None:
        self.when = when
        self.paths = line.at
        self._resource = line.ref or ""
        self._read = reader(line.at[0])
        self.spec = FieldSpec(line.name, line.direction, ref=line.ref, create_only=line.direction == "create")

    def get(self, data: Mapping[str, Any]) -> Any:
        native = self._read(data)
        if isinstance(native, Mapping):
            native = native.get("id")
        elif isinstance(native, list | tuple):
            native = native[0] if native else None
        if native is None or native is False or native == "":
            return None
        return RemoteRef(self._resource, str(native))

    def put(self, value: Value, draft: Draft) -> str | None:
        if value is not None and (not isinstance(value, RemoteRef) or value.resource != self._resource):
            return f"only records of {self._resource} can stand here"
        if self.get(draft.row) != value:
            draft.write({self.paths[0]: None if value is None else value.id})
        return None

    def norm(self, value: Value) -> Any:
        fits = value is None or (isinstance(value, RemoteRef) and value.resource == self._resource)
        return value if fits else UNSUPPORTED


class ConsentField:
    """A consent: what the system shows is translated by tables; only refusals are ever written."""

    def __init__(self, line: Line, when: Condition | None) -> None:
        self.when = when
        self._path = line.at[0]
        self._read = reader(self._path)
        self._shown = {_spelled(native): status for native, status in (line.read_table or {}).items()}
        self._write = {status: natives_of(native)[0] for status, native in (line.write_table or {}).items()}
        self._evidence = {name: reader(path) for name, path in line.evidence.items()}
        self.paths = (self._path, *line.evidence.values())
        self.spec = FieldSpec(line.name, line.direction)

    def get(self, data: Mapping[str, Any]) -> Any:
        native = self._read(data)
        return None if native is None or native == "" else self._shown.get(_spelled(native))

    def evidence(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the system says about how and when, beside the status."""
        found = {name: as_line(read(data)) for name, read in self._evidence.items() if read(data) not in (None, "")}
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def put(self, value: Value, draft: Draft) -> str | None:
        if value not in self._write:
            return f"the hub never writes {value or 'an empty consent'} here"
        if self.get(draft.row) != self._shown.get(_spelled(self._write[value])):
            draft.write({self._path: self._write[value]})
        return None

    def norm(self, value: Value) -> Any:
        return self._shown.get(_spelled(self._write[value]), UNSUPPORTED) if value in self._write else UNSUPPORTED


def _spelled(native: Any) -> str:
    """TOML keys are texts: true and 1 are spelled "true"."""
    if isinstance(native, bool):
        return "true" if native else "false"
    return str(native).strip().casefold()


class NameField:
    """The name group.  A system with parts only holds a full name as the family name (and shows it there)."""

    def __init__(self, members: Mapping[str, Leaf], when: Condition | None) -> None:
        self.when = when
        self._members = {name: leaf for name, leaf in members.items() if leaf.writable}
        self._shown = {name: leaf for name, leaf in members.items() if not leaf.writable}
        everything = list(members.values())
        self.paths = tuple(path for leaf in everything for path in leaf.paths)
        # Without anything to write, the group is read only and has all members that it shows.
        self._parts_only = "full" not in self._members and "family" in self._members
        created = bool(self._members) and all(leaf.line.direction == "create" for leaf in self._members.values())
        direction: Any = "create" if created else ("both" if self._members else "read")
        self.spec = FieldSpec("name", direction, members=frozenset(self._members or self._shown), create_only=created)

    def get(self, data: Mapping[str, Any]) -> Any:
        found: dict[str, Any] = {}
        problems: list[Problem] = []
        for member, leaf in self._members.items():
            value = leaf.get(data)
            if isinstance(value, Refused):
                problems.append(Problem(leaf.paths[0], "unreadable", value.reason))
            else:
                found[member] = value
        for member, leaf in self._shown.items():
            value = leaf.get(data)
            others = (found.get(name.removeprefix("name.")) for name in leaf.line.only_if_blank)
            if not isinstance(value, Refused) and all(other is None for other in others):
                found[member] = value
        if found.get("full", "") is None and self._has_parts(found) and self._leaves_full_empty(data):
            del found["full"]
        return Partly(found, problems) if problems else found

    @staticmethod
    def _has_parts(value: Mapping[str, Any]) -> bool:
        return any(value.get(member) for member in PARTS)

    def _leaves_full_empty(self, data: Mapping[str, Any]) -> bool:
        """Whether the record simply has no full name beside its parts (a file with first and last names only).

        Then the full name is UNSUPPORTED there: nobody cleared it, and it need not be filled in.
        """
        leaf = self._members.get("full")
        if leaf is None:
            return False
        native = leaf.native_of(data)
        return native is None or as_line(native) is None

    def leaves(self) -> Iterator[tuple[str, Leaf]]:
        """The compiled lines with their canonical names."""
        for member, leaf in {**self._members, **self._shown}.items():
            yield f"name.{member}", leaf

    def _wanted(self, value: Mapping[str, Any]) -> dict[str, Any]:
        wanted = dict(value)
        if "full" in wanted and not wanted["full"]:
            wanted["full"] = format_name(wanted)
        parts = any(wanted.get(member) for member in PARTS)
        if self._parts_only and wanted.get("full") and (wanted.get("form") == "full" or not parts):
            wanted.update(dict.fromkeys(PARTS), family=wanted["full"])
        return wanted

    def put(self, value: Value, draft: Draft) -> str | None:
        wanted = self._wanted(value or {})
        out: dict[str, Any] = {}
        without_full = (
            not draft.new
            and self._has_parts(wanted)
            and self._leaves_full_empty(draft.row)
            and self._has_parts(self.get(draft.row))
        )
        for member, leaf in self._members.items():
            if (member not in wanted and not draft.new) or (member == "full" and without_full):
                continue
            change = leaf.change(draft.row, wanted.get(member), new=draft.new)
            if isinstance(change, Refused):
                return f"{member}: {change.reason}"
            out.update(change)
        draft.write(out)
        return None

    def norm(self, value: Value) -> Any:
        wanted = self._wanted(value or {})
        images = {member: leaf.image(wanted.get(member)) for member, leaf in self._members.items()}
        return UNSUPPORTED if any(isinstance(image, Refused) for image in images.values()) else images


def problem_of(field: MappedField, refused: Refused) -> Problem:
    """The note about a value that could not be read."""
    return Problem(field.paths[0] if field.paths else field.spec.name, "unreadable", refused.reason)
