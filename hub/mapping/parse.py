"""Mapping files: TOML text to a MappingSpec.  All problems of a file are found in one pass."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from hub.canonical.facts import FACT_FIELDS, field_of, is_fact
from hub.canonical.schema import COLLECTIONS, FIELDS, NAME_MEMBERS, field_def
from hub.mapping.errors import Issue, MappingError, did_you_mean
from hub.mapping.parse_collections import parse_collection
from hub.mapping.parse_facts import read_only, unknown_field
from hub.mapping.parse_lines import Source, allowed_values, parse_line
from hub.mapping.spec import CollectionLines, Example, Line, MappingSpec, OwnKey
from hub.mapping.toml_lines import Path, key_lines

_TOP = frozenset(
    {
        "version",
        "system",
        "resource",
        "record",
        "extends",
        "own_key",
        "match",
        "empty",
        "select",
        "fields",
        "consents",
        "custom",
        "maps",
        "example",
        *COLLECTIONS,
    }
)
_MATCH = ("own_key", "uid", "external_id", "number", "tax_id", "email", "phone")
_GROUPS = frozenset(name.split(".")[0] for name in FIELDS if "." in name) | {"name", "custom", "consents", "survey"}
_VERSION = 1


def parse_mapping(text: str, *, name: str, file: str, shipped: MappingSpec | None = None) -> MappingSpec:
    """Parse a mapping file.

    name:    the mapping's name (the file's name without .toml).
    file:    how messages call the file.
    shipped: the mapping that ``extends = "shipped"`` refers to.

    Raises MappingError with every problem of the file.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        number = _line_in(str(error)) or text.count("\n") + 1
        raise MappingError([Issue(file, number, f"not valid TOML: {error}")]) from error
    lines = key_lines(text)
    if "extends" in data:
        if data["extends"] != "shipped" or shipped is None:
            raise MappingError(
                [
                    Issue(
                        file,
                        lines.get(("extends",), 0),
                        'extends = "shipped" needs a shipped mapping of the same name; there is none',
                    )
                ]
            )
        data = extend(shipped.data, data)
    source = Source(file, lines, data.get("maps", {}), default_empty=data.get("empty"))
    raw = data
    if is_fact(str(data.get("record"))):
        data = read_only(source, data, flatten_fields(data.get("fields", {})))
    spec = _Parser(source, data).spec(name, raw)
    if source.issues:
        raise MappingError(source.issues)
    return spec


def _line_in(message: str) -> int:
    digits = message.partition("line ")[2].partition(",")[0]
    return int(digits) if digits.isdigit() else 0


def extend(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The shipped content with a user's lines laid over it.  A line is replaced whole; ``false`` removes it."""
    merged: dict[str, Any] = dict(shipped)
    for section, content in own.items():
        if section == "extends":
            continue
        if content is False:
            merged.pop(section, None)
        elif section == "fields":
            merged[section] = _laid_over(flatten_fields(merged.get(section, {})), flatten_fields(content))
        elif section == "example":
            merged[section] = [*merged.get(section, []), *content]
        elif isinstance(content, dict) and isinstance(merged.get(section), dict) and section != "own_key":
            merged[section] = _section_over(merged[section], content)
        else:
            merged[section] = content
    return merged


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    return {key: value for key, value in merged.items() if value is not False}


def _section_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    if "slots" in above and isinstance(below.get("slots"), dict):
        return _laid_over({**below, **above}, {"slots": _laid_over(below["slots"], above["slots"])})
    return _laid_over(below, above)


def flatten_fields(section: Mapping[str, Any]) -> dict[str, Any]:
    """[fields] with dotted names only: TOML reads ``name.full = ...`` as a table in a table."""
    flat: dict[str, Any] = {}
    for name, raw in section.items():
        if isinstance(raw, dict) and name in _GROUPS:
            flat.update({f"{name}.{member}": line for member, line in raw.items()})
        else:
            flat[name] = raw
    return flat


class _Parser:
    """Walks over the content once; problems go to the source's list."""

    def __init__(self, source: Source, data: Mapping[str, Any]) -> None:
        self.source = source
        self.data = data
        self.fields: dict[str, tuple[Line, ...]] = {}
        self.collections: dict[str, CollectionLines] = {}

    def spec(self, name: str, raw: Mapping[str, Any]) -> MappingSpec:
        data = self.data
        for key in data:
            if key not in _TOP:
                self.source.problem((key,), f"unknown key {key!r}{did_you_mean(key, _TOP)}")
        self._identity()
        self._fields()
        self._consents()
        self._custom()
        self._collections()
        return MappingSpec(
            name=name,
            file=self.source.file,
            system=str(data.get("system", "")),
            resource=str(data.get("resource", "")),
            record=str(data.get("record", "")),
            match=self._match(),
            empty=data.get("empty"),
            own_key=self._own_key(),
            select=self._select(),
            fields=self.fields,
            collections=self.collections,
            examples=self._examples(),
            data={**raw, "fields": flatten_fields(raw.get("fields", {}))},
        )

    def _identity(self) -> None:
        if self.data.get("version") != _VERSION:
            self.source.problem(("version",), f"version = {_VERSION} is the only version of this language")
        for key in ("system", "resource", "record"):
            if not isinstance(self.data.get(key), str) or not self.data[key]:
                self.source.problem((key,), f"{key} is missing: it must be a text")
        known = ("customer", *FACT_FIELDS)
        if self.data.get("record", "customer") not in known:
            supported = " and ".join(f'record = "{item}"' for item in known)
            self.source.problem(("record",), f"only {supported} are supported by this version")

    def _match(self) -> tuple[str, ...]:
        match = self.data.get("match", [])
        if not isinstance(match, list):
            self.source.problem(("match",), "match must be a list of keys")
            return ()
        for item in match:
            if item not in _MATCH:
                self.source.problem(("match",), f"unknown match key {item!r}{did_you_mean(str(item), _MATCH)}")
        return tuple(match)

    def _select(self) -> dict[str, tuple[Any, ...]]:
        return allowed_values(self.source, ("select",), self.data.get("select", {}))

    def _own_key(self) -> OwnKey | None:
        raw = self.data.get("own_key")
        if raw is None or isinstance(raw, str):
            return OwnKey(at=raw) if raw else None
        known = {"list", "id", "where", "value", "prefix"}
        if not isinstance(raw, dict) or not {"list", "value"} <= set(raw) or set(raw) - known:
            self.source.problem(("own_key",), "own_key is a native path or { list, id, where, value, prefix }")
            return None
        where = allowed_values(self.source, ("own_key",), raw.get("where", {}))
        return OwnKey(list=raw["list"], id=raw.get("id"), where=where, value=raw["value"], prefix=raw.get("prefix", ""))

    def _fields(self) -> None:
        section, record = self.data.get("fields", {}), str(self.data.get("record"))
        for name, raw in flatten_fields(section).items():
            path = self._field_path(name)
            if is_fact(record):
                if field_of(record, name) is None:
                    self.source.problem(path, unknown_field(record, name))
                else:
                    self._add(name, path, raw)
            elif name == "website":
                self._website(path, raw)
            elif self._known_field(name, path):
                self._add(name, path, raw)
        self._one_direction()

    def _one_direction(self) -> None:
        """The members of a name are written together or not at all; read-only ones may stand beside them."""
        lines = [line for name, found in self.fields.items() if name.startswith("name.") for line in found]
        directions = {line.direction for line in lines} - {"read"}
        if len(directions) > 1:
            self.source.problem(
                ("fields", "name"), "the members of name have different directions: " + ", ".join(sorted(directions))
            )

    def _field_path(self, name: str) -> Path:
        for path in (("fields", name), ("fields", *name.split("."))):
            if path in self.source.lines:
                return path
        return ("fields",)

    def _known_field(self, name: str, path: Path) -> bool:
        group, _, member = name.partition(".")
        known = member in NAME_MEMBERS if group == "name" else field_def(name) is not None
        if not known or name.startswith("consents."):
            names = [*FIELDS, *(f"name.{item}" for item in NAME_MEMBERS), "website"]
            self.source.problem(path, f"unknown canonical field {name!r}{did_you_mean(name, names)}")
            return False
        if name in ("name.order", "name.form"):
            self.source.problem(path, f"{name} is derived from the other members and cannot be mapped")
            return False
        return True

    def _add(self, name: str, path: Path, raw: Any) -> None:
        alternatives = raw if isinstance(raw, list) else [raw]
        parsed = [parse_line(self.source, path, name, item) for item in alternatives]
        self.fields[name] = tuple(line for line in parsed if line is not None)

    def _website(self, path: Path, raw: Any) -> None:
        """``website`` is the primary one of ``websites``: a single slot."""
        if "websites" in self.data:
            self.source.problem(path, "website and [websites] show the same thing: keep one of them")
            return
        line = {"at": raw} if isinstance(raw, str) else raw
        if not isinstance(line, dict) or "at" not in line:
            self.source.problem(path, "website needs a native path")
            return
        slot = {"pick": "primary", "as": "url", **line}
        self.data = {**self.data, "websites": {"slots": {line["at"]: slot}}}
        self.source.lines.setdefault(("websites",), self.source.lines.get(path, 0))

    def _consents(self) -> None:
        for name, raw in self.data.get("consents", {}).items():
            line = parse_line(self.source, ("consents", name), f"consents.{name}", raw, consent=True)
            if line is not None:
                self.fields[f"consents.{name}"] = (line,)

    def _custom(self) -> None:
        for name, raw in self.data.get("custom", {}).items():
            self._add(f"custom.{name}", ("custom", name), raw)

    def _collections(self) -> None:
        for name in COLLECTIONS:
            if name in self.data:
                parsed = parse_collection(self.source, name, self.data[name])
                if parsed is not None:
                    self.collections[name] = parsed

    def _known_names(self, number: int, names: list[str]) -> None:
        known = {*self.fields, *self.collections}
        for name in names:
            if name not in known:
                self.source.problem(
                    ("example",), f"example {number + 1}: {name!r} is not mapped here" + did_you_mean(name, known)
                )

    def _examples(self) -> tuple[Example, ...]:
        examples = []
        for number, raw in enumerate(self.data.get("example", [])):
            unknown = set(raw) - {"name", "native", "reads", "absent"}
            if unknown or not isinstance(raw.get("native"), dict) or not isinstance(raw.get("reads", {}), dict):
                self.source.problem(
                    ("example",),
                    f"example {number + 1}: needs name, native, reads; may have absent"
                    + "".join(f"; unknown key {key!r}" for key in sorted(unknown)),
                )
                continue
            self._known_names(number, [*raw.get("reads", {}), *raw.get("absent", ())])
            examples.append(
                Example(
                    str(raw.get("name", f"example {number + 1}")),
                    raw["native"],
                    raw.get("reads", {}),
                    tuple(raw.get("absent", ())),
                    self.source.lines.get(("example",), 0),
                )
            )
        return tuple(examples)
