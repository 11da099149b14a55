"""Collections of a mapping file: slots, or a list of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.canonical.schema import COLLECTIONS
from hub.mapping.errors import did_you_mean
from hub.mapping.parse_lines import LINE_KEYS, Source, allowed_values, parse_line
from hub.mapping.spec import CollectionLines, Line, SlotLine
from hub.mapping.toml_lines import Path

_SHARED = frozenset({"direction", "only_when", "optional", "since", "until"})
_LIST_KEYS = frozenset({"list", "split", "id", "where", "label", "primary", "ours"}) | _SHARED
_SLOT_KEYS = frozenset({"pick", "only_when", "optional", "since", "until"})
_PICK_KINDS = ("label", "scheme", "kind")


def members_of(name: str) -> tuple[str, ...]:
    """The members of an element: its own, or the single "value" of plain text elements."""
    return COLLECTIONS[name].members or ("value",)


def parse_collection(source: Source, name: str, raw: Any) -> CollectionLines | None:
    """The [name] section; None (with problems noted) if it cannot be understood."""
    path: Path = (name,)
    if not isinstance(raw, dict):
        source.problem(path, f"{name} is a table: [{name}] with list, or [{name}.slots]")
        return None
    if "children" in raw or name == "memberships":
        what = f"[{name}.children]" if "children" in raw else f"[{name}]"
        source.problem(path, f"{what} is not supported by this version")
        return None
    if "slots" in raw:
        return _slots(source, path, name, raw)
    if not isinstance(raw.get("list"), str):
        source.problem(path, f'{name}: needs list = "native list" or [{name}.slots]')
        return None
    return _rows(source, path, name, raw)


def _rows(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> CollectionLines:
    known = _LIST_KEYS | set(members_of(name))
    for key in raw:
        if key not in known:
            source.problem((*path, key), f"{name}: unknown key {key!r}{did_you_mean(key, known)}")
    members = _members(source, path, name, raw)
    if not members:
        plain = parse_line(source, (*path, "value"), "value", {}) if members_of(name) == ("value",) else None
        if plain is None:
            source.problem(path, f"{name}: no member is mapped")
        members = {"value": plain} if plain else {}
    return CollectionLines(
        name=name,
        file=source.file,
        number=source.number(path),
        direction=raw.get("direction", "both"),
        list=raw["list"],
        split=raw.get("split", ""),
        id=raw.get("id"),
        where=allowed_values(source, (*path, "where"), raw.get("where", {})),
        members=members,
        label=_label(source, path, name, raw),
        primary=_primary(source, path, name, raw.get("primary")),
        ours=raw.get("ours", ""),
        only_when=allowed_values(source, path, raw.get("only_when", {})),
        optional=raw.get("optional", False),
        since=raw.get("since"),
        until=raw.get("until"),
    )


def _label(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> Line | None:
    if "label" not in raw:
        return None
    if "labels" not in COLLECTIONS[name].attrs:
        source.problem((*path, "label"), f"{name} have no labels")
        return None
    line = parse_line(source, (*path, "label"), "label", raw["label"])
    return None if line is None or line.from_hub else line


def _primary(source: Source, path: Path, name: str, raw: Any) -> str | None:
    if raw is None or raw == "first":
        return None if raw is None else "first"
    if isinstance(raw, dict) and isinstance(raw.get("at"), str) and set(raw) == {"at"}:
        return "at:" + str(raw["at"])
    source.problem((*path, "primary"), f'{name}: primary is "first" or {{ at = "column of a flag" }}')
    return None


def _members(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for member in members_of(name):
        if member in raw:
            line = parse_line(source, (*path, member), member, raw[member])
            if line is not None and not line.from_hub:
                found[member] = line
    return found


def _slots(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> CollectionLines:
    for key in raw:
        if key not in _SHARED | {"slots"}:
            source.problem((*path, key), f"{name}: unknown key {key!r}{did_you_mean(key, _SHARED | {'slots'})}")
    slots = []
    for slot, line in raw["slots"].items():
        parsed = _slot(source, (*path, "slots", slot), name, slot, line)
        if parsed is not None:
            slots.append(parsed)
    return CollectionLines(
        name=name,
        file=source.file,
        number=source.number(path),
        direction=raw.get("direction", "both"),
        slots=tuple(slots),
        only_when=allowed_values(source, path, raw.get("only_when", {})),
        optional=raw.get("optional", False),
        since=raw.get("since"),
        until=raw.get("until"),
    )


def _slot(source: Source, path: Path, name: str, slot: str, raw: Any) -> SlotLine | None:
    if isinstance(raw, str):
        raw = {"pick": raw}
    if not isinstance(raw, dict) or not isinstance(raw.get("pick"), str):
        source.problem(path, f'{name}: slot {slot!r} needs pick = "primary", "next", "label:..." or "scheme:..."')
        return None
    picks = tuple(item.strip() for item in raw["pick"].split(","))
    for pick in picks:
        _check_pick(source, path, name, pick)
    members = _slot_members(source, path, name, slot, raw)
    return SlotLine(
        name=slot,
        picks=picks,
        members=members,
        number=source.number(path),
        only_when=allowed_values(source, path, raw.get("only_when", {})),
        optional=raw.get("optional", False),
        since=raw.get("since"),
        until=raw.get("until"),
    )


def _slot_members(source: Source, path: Path, name: str, slot: str, raw: Mapping[str, Any]) -> dict[str, Line]:
    grouped = name == "addresses"
    known = _SLOT_KEYS | (set(members_of(name)) if grouped else LINE_KEYS)
    for key in raw:
        if key not in known:
            source.problem((*path, key), f"{name}: unknown key {key!r}{did_you_mean(key, known)}")
    if grouped:
        members = _members(source, path, name, raw)
        if not members:
            source.problem(path, f"{name}: slot {slot!r} maps no member")
        return {
            member: replace(item, optional=item.optional or raw.get("optional", False))
            for member, item in members.items()
        }
    # A slot of a plain element, a tax id or a messenger is one native field, named like the slot unless ``at`` says so.
    line = {
        "at": slot,
        **{
            key: value
            for key, value in raw.items()
            if key == "optional" or (key in LINE_KEYS and key not in _SLOT_KEYS)
        },
    }
    parsed = parse_line(source, path, "value", line)
    return {"value": parsed} if parsed is not None else {}


def _check_pick(source: Source, path: Path, name: str, pick: str) -> None:
    kind, colon, wanted = pick.partition(":")
    if pick in ("primary", "next") or (colon and wanted and kind in _PICK_KINDS):
        if kind == "label" and "labels" not in COLLECTIONS[name].attrs:
            source.problem(path, f"{name} have no labels, so {pick!r} can never be filled")
        if kind in ("scheme", "kind") and kind not in members_of(name):
            source.problem(path, f"{name} have no {kind}, so {pick!r} can never be filled")
        return
    source.problem(path, f"unknown pick {pick!r}{did_you_mean(pick, ['primary', 'next', 'label:', 'scheme:'])}")
