"""One line of a mapping file: its properties, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.mapping.errors import Issue, did_you_mean
from hub.mapping.spec import MISSING, Line
from hub.mapping.toml_lines import Path
from hub.mapping.transforms_table import natives_of

_TEXT = "a text"
_FLAG = "true or false"
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "at": ((str, list), "a native path or a list of paths"),
    "as": (str, "a transform pair"),
    "max": (int, "a number"),
    "over": (str, '"refuse" or "cut"'),
    "map": ((dict, str), "a table or the name of one"),
    "direction": (str, '"both", "read", "write" or "create"'),
    "required": (bool, _FLAG),
    "placeholder": (str, _TEXT),
    "from": (str, '"hub"'),
    "ref": (str, "a native resource"),
    "only_when": (dict, "a table: path = value"),
    "only_if_blank": (list, "a list of canonical fields"),
    "server_default": (bool, _FLAG),
    "optional": (bool, _FLAG),
    "since": (str, "a version as text"),
    "until": (str, "a version as text"),
    "unknown": (str, '"skip"'),
    "create": (bool, _FLAG),
}
_ANY = frozenset({"unmapped", "default", "const", "empty"})
LINE_KEYS = frozenset(_KINDS) | _ANY
_CONSENT_KEYS = frozenset({"at", "read", "write", "evidence", "optional", "only_when", "since", "until"})
_STATUSES = ("granted", "denied", "withdrawn", "pending", "unknown")
_CHOICES = {
    "over": ("refuse", "cut"),
    "direction": ("both", "read", "write", "create"),
    "from": ("hub",),
    "unknown": ("skip",),
}


@dataclass(slots=True)
class Source:
    """The file being parsed: where its keys are, its named tables, and the problems found so far."""

    file: str
    lines: dict[Path, int]
    maps: Mapping[str, Any]
    default_empty: Any = None
    issues: list[Issue] = field(default_factory=list)

    def number(self, path: Path) -> int:
        """The line of a key or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def problem(self, path: Path, message: str) -> None:
        self.issues.append(Issue(self.file, self.number(path), message))


def allowed_values(source: Source, path: Path, raw: Any) -> dict[str, tuple[Any, ...]]:
    """A condition: native path -> the values that it may have."""
    if not isinstance(raw, dict):
        source.problem(path, "a condition is a table: native path = value or list of values")
        return {}
    return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in raw.items()}


def parse_line(source: Source, path: Path, name: str, raw: Any, *, consent: bool = False) -> Line | None:
    """A line from its TOML value; None if it is so wrong that nothing can be said about it."""
    if isinstance(raw, str) and not consent:
        raw = {"at": raw}
    if not isinstance(raw, dict):
        source.problem(path, f"{name}: expected a native path or {{ at = ... }}")
        return None
    known = _CONSENT_KEYS if consent else LINE_KEYS
    for key in raw:
        if key not in known:
            source.problem((*path, key), f"{name}: unknown key {key!r}{did_you_mean(key, known)}")
    if not _types_fit(source, path, name, raw):
        return None
    return _consent_line(source, path, name, raw) if consent else _plain_line(source, path, name, raw)


def _types_fit(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> bool:
    before = len(source.issues)
    for key, value in raw.items():
        expected = _KINDS.get(key)
        if expected and (not isinstance(value, expected[0]) or (isinstance(value, bool) and expected[0] is int)):
            source.problem((*path, key), f"{name}: {key} must be {expected[1]}")
        elif key in _CHOICES and value not in _CHOICES[key]:
            source.problem(
                (*path, key),
                f"{name}: {key} must be one of {', '.join(_CHOICES[key])}" + did_you_mean(str(value), _CHOICES[key]),
            )
    return len(source.issues) == before


def _paths(raw: Mapping[str, Any]) -> tuple[str, ...]:
    at = raw.get("at", ())
    return (at,) if isinstance(at, str) else tuple(str(item) for item in at)


def _plain_line(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> Line:
    line = Line(
        name=name,
        file=source.file,
        number=source.number(path),
        at=_paths(raw),
        pair=raw.get("as", ""),
        max=raw.get("max"),
        over=raw.get("over", "refuse"),
        table=_table(source, path, name, raw.get("map")),
        unmapped=raw.get("unmapped", "opaque"),
        direction=raw.get("direction", "both"),
        required=raw.get("required", False),
        placeholder=raw.get("placeholder"),
        default=raw.get("default"),
        const=raw.get("const", MISSING),
        from_hub=raw.get("from") == "hub",
        ref=raw.get("ref"),
        only_when=allowed_values(source, path, raw.get("only_when", {})),
        only_if_blank=tuple(raw.get("only_if_blank", ())),
        server_default=raw.get("server_default", False),
        optional=raw.get("optional", False),
        since=raw.get("since"),
        until=raw.get("until"),
        empty=raw.get("empty", source.default_empty),
    )
    _check_line(source, path, line)
    return line


def _check_line(source: Source, path: Path, line: Line) -> None:
    ways = bool(line.at) + (line.const is not MISSING) + line.from_hub
    if ways != 1 and path[-1:] != ("value",):
        source.problem(path, f'{line.name}: give exactly one of at, const, from = "hub"')
    if line.placeholder is not None and line.max is not None and len(line.placeholder) > line.max:
        source.problem(path, f"{line.name}: the placeholder is longer than max = {line.max}")
    if line.required and line.placeholder is None and line.direction != "read" and line.name.startswith("name."):
        source.problem(path, f"{line.name}: a required name needs a placeholder for customers without one")
    if line.ref and (line.pair or line.table):
        source.problem(path, f"{line.name}: a reference has no as or map")
    if line.table and line.direction != "read":
        _check_one_to_one(source, path, line)


def _check_one_to_one(source: Source, path: Path, line: Line) -> None:
    seen: dict[Any, str] = {}
    for value, native in (line.table or {}).items():
        for spelling in natives_of(native):
            folded = spelling.casefold() if isinstance(spelling, str) else spelling
            if folded in seen:
                source.problem(
                    path,
                    f"{line.name}: {spelling!r} stands for both {seen[folded]!r} and {value!r}; "
                    "a table that is written must be one to one",
                )
            seen[folded] = value


def _table(source: Source, path: Path, name: str, raw: Any) -> Mapping[str, Any] | None:
    if isinstance(raw, str):
        found = source.maps.get(raw)
        if not isinstance(found, dict):
            source.problem(path, f"{name}: there is no table [maps.{raw}]{did_you_mean(raw, source.maps)}")
            return None
        return found
    return raw if isinstance(raw, dict) else None


def _consent_line(source: Source, path: Path, name: str, raw: Mapping[str, Any]) -> Line | None:
    read, write, evidence = raw.get("read", {}), raw.get("write", {}), raw.get("evidence", {})
    if "at" not in raw or not all(isinstance(table, dict) for table in (read, write, evidence)):
        source.problem(path, f"{name}: a consent needs at, and the tables read, write, evidence")
        return None
    for status in [*read.values(), *write]:
        if status not in _STATUSES:
            source.problem(path, f"{name}: unknown status {status!r}{did_you_mean(str(status), _STATUSES)}")
    widening = sorted(set(write) - {"denied", "withdrawn"})
    if widening:
        source.problem(
            path,
            f"{name}: write may hold only denied and withdrawn, not {', '.join(widening)}: "
            "the hub never widens a consent",
        )
    unknown = set(evidence) - {"captured_at", "source", "method"}
    if unknown:
        source.problem(path, f"{name}: evidence is captured_at, source, method; not {', '.join(sorted(unknown))}")
    for part in sorted(item for item, place in evidence.items() if not isinstance(place, str)):
        source.problem((*path, "evidence", part), f"{name}: evidence.{part} is a native path, not {evidence[part]!r}")
    if "granted" in read.values() and "captured_at" not in evidence:
        source.problem(path, f"{name}: granted can be read only with evidence.captured_at; read pending instead")
    return Line(
        name=name,
        file=source.file,
        number=source.number(path),
        at=_paths(raw),
        direction="both" if write else "read",
        optional=raw.get("optional", False),
        only_when=allowed_values(source, path, raw.get("only_when", {})),
        since=raw.get("since"),
        until=raw.get("until"),
        read_table=read,
        write_table=write,
        evidence=evidence,
    )
