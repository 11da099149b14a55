"""A mapping file as parsed: what each line says, with its place in the file.  Nothing here knows an installation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.mapping.view import Direction

MISSING: Final = object()
"""Not given in the file (None and false are things that a file can say)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: a canonical name (or a member of an element) and where a system has it.

    at:      native paths ("a.b" for nesting, "ORG.0" for a place in a list); several only for wide transform pairs.
    table:   canonical -> native (or a list of natives), from ``map``.
    where_from: "file:line" for messages.
    """

    name: str
    file: str = ""
    number: int = 0
    at: tuple[str, ...] = ()
    pair: str = ""
    max: int | None = None
    over: Literal["refuse", "cut"] = "refuse"
    table: Mapping[str, Any] | None = None
    unmapped: Any = "opaque"
    direction: Direction = "both"
    required: bool = False
    placeholder: str | None = None
    default: Any = None
    const: Any = MISSING
    from_hub: bool = False
    ref: str | None = None
    only_when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    only_if_blank: tuple[str, ...] = ()
    server_default: bool = False
    optional: bool = False
    since: str | None = None
    until: str | None = None
    empty: Any = MISSING
    read_table: Mapping[str, str] | None = None
    write_table: Mapping[str, Any] | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)

    @property
    def native(self) -> bool:
        """Whether the line names something in the system at all."""
        return bool(self.at)


@dataclass(frozen=True, slots=True)
class SlotLine:
    """A slot: picks, and the lines of its members ("value" for elements that are plain text)."""

    name: str
    picks: tuple[str, ...]
    members: Mapping[str, Line]
    number: int = 0
    only_when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    optional: bool = False
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class CollectionLines:
    """A collection: either slots or a list of rows.

    list:    the native list; split: it is one text with this separator; id: the row's own id.
    where:   column -> values that select rows; the first is written on new rows ("" = the column is empty).
    members: lines by canonical member; plain rows (texts) have one member without a path.
    primary: "first", or the column of a flag; None if not shown.
    """

    name: str
    file: str = ""
    number: int = 0
    direction: Direction = "both"
    slots: tuple[SlotLine, ...] = ()
    list: str = ""
    split: str = ""
    id: str | None = None
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    members: Mapping[str, Line] = field(default_factory=dict)
    label: Line | None = None
    primary: str | None = None
    ours: str = ""
    only_when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    optional: bool = False
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class OwnKey:
    """Where our key is stored: a native path, or a row of a list."""

    at: str = ""
    list: str = ""
    id: str | None = None
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    value: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """An executed example: what the hub must read from a native record.

    reads:  canonical name -> value (a list of values for a collection, slot -> value for slots).
    absent: canonical names that must be UNSUPPORTED for this record.
    """

    name: str
    native: Mapping[str, Any]
    reads: Mapping[str, Any]
    absent: tuple[str, ...] = ()
    number: int = 0


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """One mapping file, with what it extends already folded in.  ``data`` is the effective content, for the hash."""

    name: str
    file: str
    system: str
    resource: str
    record: str
    match: tuple[str, ...]
    empty: Any
    own_key: OwnKey | None
    select: Mapping[str, tuple[Any, ...]]
    fields: Mapping[str, tuple[Line, ...]]
    collections: Mapping[str, CollectionLines]
    examples: tuple[Example, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
