"""A compiled line: one canonical value and its place in a native record or row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.canonical.text import is_clean
from hub.contract.records import Field
from hub.mapping.errors import Issue, did_you_mean
from hub.mapping.pairs import Env, Refused, Transform
from hub.mapping.paths import reader, root_of, with_path
from hub.mapping.spec import MISSING, Line
from hub.mapping.transforms import Registry, as_line
from hub.mapping.transforms_table import natives_of
from hub.mapping.view import UNSUPPORTED


@dataclass(slots=True)
class Surroundings:
    """What lines are compiled against: an installation's version, schema and country; problems found so far."""

    registry: Registry
    server_version: str | None = None
    schema: Mapping[str, Field] | None = None
    region: str | None = None
    issues: list[Issue] | None = None

    def problem(self, line: Line, message: str) -> None:
        if self.issues is not None:
            self.issues.append(Issue(line.file, line.number, message))

    def applies(self, since: str | None, until: str | None) -> bool:
        """Whether a line for these versions is for this server; an unknown server counts as the newest."""
        if self.server_version is None:
            return until is None
        return (since is None or not _older(self.server_version, since)) and (
            until is None or not _newer(self.server_version, until)
        )

    def field(self, path: str) -> Field | None:
        return self.schema.get(path) if self.schema else None

    def has(self, path: str) -> bool:
        """Whether the installation has a path (or its root: not every schema lists what is nested)."""
        return not self.schema or path in self.schema or root_of(path) in self.schema or path.startswith(("_", "@"))

    def available(self, line: Line) -> bool:
        """Whether the paths of a line exist.  A missing one is a problem unless the line is optional.

        An optional line with several paths makes do with those that exist.
        """
        missing = [path for path in line.at if not self.has(path)]
        for path in missing:
            if not line.optional:
                self.problem(
                    line,
                    f"{line.name}: this installation has no field {path!r}"
                    + did_you_mean(path, self.schema or ())
                    + " (or add optional = true)",
                )
        return not missing or (line.optional and len(missing) < len(line.at))


def _numbers(version: str) -> tuple[int, ...]:
    digits = ["".join(char for char in part if char.isdigit()) for part in version.split(".")]
    return tuple(int(part) for part in digits if part)


def _older(version: str, bound: str) -> bool:
    limit = _numbers(bound)
    return _numbers(version)[: len(limit)] < limit


def _newer(version: str, bound: str) -> bool:
    limit = _numbers(bound)
    return _numbers(version)[: len(limit)] > limit


class Leaf:
    """Reads and writes one value.  Answers Refused where a value cannot be read or written as it is.

    get(row[, country]):   the canonical value, None (BLANK) or Refused.
    put(value[, country]): the native value(s), one for each path, or Refused.
    plain:                 single-line text, which is written and read as it is.
    """

    __slots__ = (
        "_blank",
        "_pair",
        "_placeholder",
        "get",
        "line",
        "max",
        "native_of",
        "paths",
        "placed",
        "plain",
        "values",
    )

    def __init__(self, line: Line, pair: Transform, *, max_length: int | None, values: tuple[Any, ...] | None) -> None:
        self.line = line
        self.paths = line.at or ("",)
        self.placed = pair.placed
        self.max = max_length
        self.values = frozenset(map(str, values)) if values is not None else None
        self._pair = pair
        self._placeholder = line.placeholder
        self._blank = _blank_spelling(line)
        self.native_of = _native_reader(self.paths, wide=pair.wide)
        self.get = self._getter()
        self.plain = (
            (pair.get, pair.put, pair.wide) == (as_line, as_line, False)
            and self._placeholder is None
            and self.max is None
            and self.values is None
        )

    @property
    def pair(self) -> Transform:
        """The transform pair."""
        return self._pair

    @property
    def writable(self) -> bool:
        return self.line.direction != "read"

    def of(self, native: Any, *place: Any) -> Any:
        """The canonical value of a native value."""
        if (not native and native != 0) or (native is False and self._blank_is_false()):
            return None
        if self._pair.wide and not any(native):
            return None
        value = self._pair.get(native, *place)
        return None if value == self._placeholder else value

    def _blank_is_false(self) -> bool:
        return self.line.empty is False and not _table_has(self.line, False)

    def _getter(self) -> Callable[..., Any]:
        read, of, line = self.native_of, self.of, self.line
        # Plain text without a placeholder is most of a record: read it without a detour.
        if self._pair.get is as_line and line.placeholder is None and line.empty is not False:

            def get_text(row: Any) -> Any:
                native = read(row)
                if native is None or native == "":
                    return None
                return native if type(native) is str and is_clean(native) else as_line(native)

            return get_text
        return lambda row, *place: of(read(row), *place)

    def put(self, value: Any, *place: Any) -> Any:
        """The natives for ``paths``, as a tuple; Refused if the system cannot hold the value."""
        if value is None or value in ("", [], ()):
            return self._put_blank()
        native = self._pair.put(value, *place)
        if isinstance(native, Refused):
            return native
        natives = native if self._pair.wide else (native,)
        return self._fitting(natives)

    def _fitting(self, natives: tuple[Any, ...]) -> Any:
        fitted = []
        for native in natives:
            if self.max is not None and isinstance(native, str) and len(native) > self.max:
                if self.line.over != "cut":
                    return Refused(f"too long: {len(native)} characters, the system holds {self.max}")
                native = native[: self.max - 1] + "…"
            if self.values is not None and native is not None and str(native) not in self.values:
                return Refused(f"{str(native)[:40]!r} is not in the system's list")
            fitted.append(native)
        return tuple(fitted)

    def _put_blank(self) -> Any:
        if self._placeholder is not None:
            return (self._placeholder,)
        if self.line.required:
            return Refused("the system requires a value")
        if _table_has(self.line, self._blank):
            return Refused("empty would mean something else in the system")
        return (self._blank,) * len(self.paths)

    def image(self, value: Any, *place: Any) -> Any:
        """What the system will show when it has been given the value; Refused if it cannot hold it."""
        if self.plain and type(value) is str and value:
            return value if is_clean(value) else as_line(value)  # what is written is read again as it is
        natives = self.put(value, *place)
        return natives if isinstance(natives, Refused) else self.of_natives(natives, *place)

    def surely_holds(self, value: Any) -> bool:
        """Whether ``image`` gives a value, as far as that can be told at a glance."""
        return self.plain and type(value) is str and value.isascii() and value.isprintable() and value.strip() != ""

    def of_natives(self, natives: tuple[Any, ...], *place: Any) -> Any:
        return self.of(natives if self._pair.wide else natives[0], *place)

    def change(self, row: Mapping[str, Any], value: Any, *place: Any, new: bool) -> dict[str, Any] | Refused:
        """path -> native for what must be written so that the row shows the value; nothing if it does already.

        new: the row is being made, so that blanks need no writing.
        """
        shown = None if new else self.get(row, *place)
        if not new and shown == value:
            return {}
        natives = self.put(value, *place)
        if isinstance(natives, Refused):
            return natives
        if new:
            return {
                path: native
                for path, native in zip(self.paths, natives, strict=True)
                if native is not None and native != "" and (native is not False or self.line.table)
            }
        if shown == self.of_natives(natives, *place):
            return {}
        return dict(zip(self.paths, natives, strict=True))


def written(row: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the changed paths."""
    out = dict(row)
    for path, native in change.items():
        out = with_path(out, path, native)
    return out


def _blank_spelling(line: Line) -> Any:
    return None if line.empty is MISSING or line.empty == "delete" else line.empty


def _table_has(line: Line, native: Any) -> bool:
    return any(
        native is spelling or (native == spelling and type(native) is type(spelling))
        for entry in (line.table or {}).values()
        for spelling in natives_of(entry)
    )


def _native_reader(paths: tuple[str, ...], *, wide: bool) -> Callable[[Any], Any]:
    if not wide:
        return reader(paths[0])
    readers = tuple(reader(path) for path in paths)
    return lambda row: tuple(read(row) for read in readers)


_PAIR_OF_KIND = {
    "email": "email",
    "phone": "phone",
    "url": "url",
    "tax_id": "taxid",
    "multiline": "text(lines)",
    "language": "language",
    "date": "date(partial)",
    "country": "country",
    "number": "number",
    "money": "money",
    "bool": "bool",
    "time": "time",
    "lines": "lines",
}


def make_leaf(line: Line, around: Surroundings, *, kind: str = "text", prefix: str = "") -> Leaf | None:
    """Compile a line.  ``kind`` gives the pair where the line names none; ``prefix`` is the list that holds the rows.

    None (with a problem noted) if the line's pair does not exist or does not fit.
    """
    if line.optional and len(line.at) > 1 and not prefix:
        line = replace(line, at=tuple(path for path in line.at if around.has(path)))
    column = f"{prefix}.{line.at[0]}" if prefix and line.at else (line.at[0] if line.at else prefix)
    found = around.field(column)
    values = tuple(found.values) if found is not None and found.values is not None else None
    limits = [limit for limit in (line.max, found.max_length if found is not None else None) if limit]
    expression = line.pair or ("map" if line.table else _PAIR_OF_KIND.get(kind, "text"))
    env = Env(region=around.region, values=values, table=line.table, unmapped=line.unmapped, width=len(line.at))
    if line.table and line.pair:
        expression += " | map"
    try:
        pair = around.registry.make(expression, env)
    except LookupError as error:
        name = str(error.args[0])
        around.problem(line, f"{line.name}: unknown transform pair {name!r}{did_you_mean(name, around.registry.names)}")
        return None
    except ValueError as error:
        around.problem(line, f"{line.name}: {error}")
        return None
    if not pair.exact and line.direction != "read":
        around.problem(
            line,
            f"{line.name}: {pair.name} declares no values that it keeps exactly; "
            'it can only be used with direction = "read"',
        )
        return None
    if len(line.at) > 1 and not pair.wide:
        around.problem(line, f"{line.name}: {pair.name} and {len(line.at)} paths do not fit together")
        return None
    return Leaf(line, pair, max_length=min(limits) if limits else None, values=values)


def unsupported(value: Any) -> Any:
    """UNSUPPORTED for Refused, else the value."""
    return UNSUPPORTED if isinstance(value, Refused) else value
