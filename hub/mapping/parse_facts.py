"""Mapping files of facts (``record = "interaction"``): every line only reads, and what is about writing is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from hub.canonical.facts import PARTY_COLLECTIONS, names_of
from hub.canonical.schema import COLLECTIONS
from hub.mapping.errors import did_you_mean
from hub.mapping.parse_lines import Source
from hub.mapping.toml_lines import Path

_WRITING: Final = frozenset({"required", "placeholder", "from", "server_default", "max", "over", "create", "ours"})
"""Line keys that say how something is written."""
_ABOUT_CUSTOMERS: Final = ("own_key", "match", "consents", "custom")


def read_only(source: Source, data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a fact's mapping with every line marked as reading; problems go to the source.

    fields: the lines of [fields] by their dotted names.
    """
    record = str(data["record"])
    for key in _ABOUT_CUSTOMERS:
        if key in data:
            source.problem((key,), f"{key} is for customers: {record}s are only read")
    for name in COLLECTIONS:
        if name in data and name not in PARTY_COLLECTIONS:
            allowed = " or ".join(PARTY_COLLECTIONS)
            source.problem((name,), f"{name} does not say whose {record} it is: use {allowed}, or customer = {{ ref }}")
    _complete(source, record, data, fields)
    kept = {key: value for key, value in data.items() if key not in (*_ABOUT_CUSTOMERS, *COLLECTIONS)}
    kept["fields"] = {name: _line(source, _place(source, name), name, raw) for name, raw in fields.items()}
    for name in PARTY_COLLECTIONS:
        if name in data:
            kept[name] = _collection(source, name, data[name])
    return kept


def _complete(source: Source, record: str, data: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    for name in ("kind", "at"):
        if name not in fields:
            source.problem(("fields",), f"{name} is missing: every {record} has one")
    if "customer" not in fields and not any(name in data for name in PARTY_COLLECTIONS):
        ways = ", ".join(f"[{name}]" for name in PARTY_COLLECTIONS)
        source.problem(("fields",), f"nothing says whose {record} it is: add {ways} or customer = {{ ref, at }}")
    reference = fields.get("customer")
    if "customer" in fields and not (isinstance(reference, dict) and reference.get("ref")):
        source.problem(_place(source, "customer"), 'customer needs ref = "RESOURCE", whose linked records it names')


def _place(source: Source, name: str) -> Path:
    for path in (("fields", name), ("fields", *name.split("."))):
        if path in source.lines:
            return path
    return ("fields",)


def _line(source: Source, path: Path, name: str, raw: Any) -> Any:
    """A line, or several for different versions, as reading ones."""
    if isinstance(raw, list):
        return [_line(source, path, name, item) for item in raw]
    if isinstance(raw, str):
        return {"at": raw, "direction": "read"}
    if not isinstance(raw, dict):
        return raw  # the parser of lines says what is wrong with it
    for key in _refused(raw):
        source.problem((*path, key), f"{name}: {key} is about writing, and facts are only read")
    return {**{key: value for key, value in raw.items() if key not in _WRITING}, "direction": "read"}


def _refused(raw: Mapping[str, Any]) -> Iterator[str]:
    yield from sorted(_WRITING.intersection(raw))
    if raw.get("direction", "read") != "read":
        yield "direction"


def _collection(source: Source, name: str, raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    found = _line(source, (name,), name, raw)
    if isinstance(raw.get("slots"), dict):
        found["slots"] = {slot: _slot(source, (name, "slots", slot), name, item) for slot, item in raw["slots"].items()}
    for member in ("value", "label"):
        if member in raw:
            found[member] = _line(source, (name, member), name, raw[member])
    return found


def _slot(source: Source, path: Path, name: str, raw: Any) -> Any:
    """A field that holds an address; which of several it is makes no difference here, so pick may be left out."""
    if isinstance(raw, dict):
        return {"pick": "next", **_line(source, path, name, raw)}
    return {"pick": raw, "direction": "read"} if isinstance(raw, str) else raw


def unknown_field(record: str, name: str) -> str:
    """What is wrong with a field that this kind of record does not have."""
    return f"unknown field of an {record} {name!r}{did_you_mean(name, names_of(record))}"
