"""What a mapping and the engine say to each other: canonical values, free of native names.  Pure data.

The canonical value domain has three states: a key that is **absent** from a view is UNSUPPORTED (the system cannot hold
it, or not for this record), ``None`` is BLANK (it can, and it is empty), anything else is a value.  Values are JSON
values, so that equal values have equal canonical bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal, Protocol

BLANK: Final = None

Value = Any
"""A canonical JSON value; BLANK is None.  Groups are dicts: an absent member is UNSUPPORTED, None is BLANK."""


class _Unsupported(Enum):
    UNSUPPORTED = "unsupported"
    KEEP = "keep"

    def __repr__(self) -> str:
        return self.name

    def __bool__(self) -> bool:
        return False


UNSUPPORTED: Final = _Unsupported.UNSUPPORTED
KEEP: Final = _Unsupported.KEEP
"""In a change: leave this part of a row as it is."""

Direction = Literal["both", "read", "write", "create"]


@dataclass(frozen=True, slots=True)
class RemoteRef:
    """A reference as a system shows it: the native id of a record in another resource of the same system."""

    resource: str
    id: str


@dataclass(frozen=True, slots=True)
class Position:
    """One place of a collection in a native record: a row of a list or a slot.

    pos:     the part's id, the slot's name, or None (a list without ids).
    value:   the element's canonical value (text, or a dict for groups); None only for an empty slot.
    attrs:   what this position can show beside the value, e.g. {"labels": ("work",)}; an absent key is UNSUPPORTED.
    primary: whether the row is flagged as the primary one; None where this shape cannot show it.
    """

    pos: str | None
    value: Value
    attrs: Mapping[str, Value] = field(default_factory=dict)
    primary: bool | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a value that a person may want to know; never an error of the record.  ``path`` is native."""

    path: str
    code: str
    message: str


class Partly(dict[str, Any]):
    """A group or a part of which some members could not be read; ``problems`` says which and why."""

    def __init__(self, found: Mapping[str, Any], problems: Sequence[Problem]) -> None:
        super().__init__(found)
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class View:
    """The canonical view of one native record.

    fields:      field name -> value (scalar), dict of members (group) or RemoteRef (reference, None is BLANK).
                 Consents are fields named "consents.<channel>_<purpose>" with a status as value.
    collections: name -> all positions of the record in native order; for slots every slot, empty ones with value None.
    defaults:    values that apply only if no system shows any (e.g. kind where a system has no such flag).
    uncertain:   names of fields that may be a server's default and never fill a golden record on first link.
    evidence:    consent field -> evidence read beside it (source, method, captured_at).
    """

    fields: Mapping[str, Value] = field(default_factory=dict)
    collections: Mapping[str, tuple[Position, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Value] = field(default_factory=dict)
    uncertain: frozenset[str] = frozenset()
    evidence: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A row to add or the new state of a row or slot; KEEP leaves a part alone."""

    value: Value | Literal[_Unsupported.KEEP] = KEEP
    attrs: Mapping[str, Value] = field(default_factory=dict)
    primary: bool | Literal[_Unsupported.KEEP] | None = KEEP


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """Changes to one collection of one record, against the base view that it was planned on.

    edit:   index into the base view's positions -> new state (for slots too; value None empties a slot).
    remove: indexes of rows to remove (lists only).
    add:    rows to add (lists only; slots are always edited by index).
    """

    edit: Mapping[int, Row] = field(default_factory=dict)
    remove: frozenset[int] = frozenset()
    add: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What to write to one native record, in canonical terms.

    fields holds only what is to be written (references as RemoteRef); own_key is our key, stored where the mapping
    says (a create carries it).
    """

    kind: Literal["create", "update"]
    fields: Mapping[str, Value] = field(default_factory=dict)
    collections: Mapping[str, CollectionChange] = field(default_factory=dict)
    own_key: str | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """The native side of a Change.

    data: the patch for ``Op.data``; empty means that there is nothing to write.
    held: canonical name -> reason, for values that this system cannot hold (they are not in data).
    """

    data: Mapping[str, Any]
    held: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What a mapping can do with a field.

    members:        for a group, the members that the system can hold; None for a scalar.
    ref:            the native resource that a reference points to.
    server_default: the server may fill it by itself; adopt and first link do not take it for an edit.
    roots:          the top-level native keys that it is read from.
    """

    name: str
    direction: Direction = "both"
    members: frozenset[str] | None = None
    ref: str | None = None
    server_default: bool = False
    create_only: bool = False
    roots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """A slot: a fixed native field that shows one element.  picks are tried from left to right: "primary", "next",
    "label:work", "scheme:vat", "kind:wechat"."""

    name: str
    picks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """What a mapping can do with a collection.

    shape:   "list" or "slots".
    ids:     rows have ids of their own (lists).
    attrs:   attributes that a row can hold, e.g. {"labels"}; what is missing is UNSUPPORTED.
    primary: how the primary element is shown: None (not at all), "first" (the first row), "flag".
             In slots the slot with pick "primary" shows it.
    ours:    only elements whose value starts with this prefix are ever added or removed (tags); "" = all.
    """

    name: str
    shape: Literal["list", "slots"]
    direction: Direction = "both"
    ids: bool = False
    attrs: frozenset[str] = frozenset()
    slots: tuple[SlotSpec, ...] = ()
    primary: Literal["first", "flag"] | None = None
    ours: str = ""


class Mapping_(Protocol):
    """A compiled mapping of one native resource.  All methods are pure and total on schema-valid data."""

    name: str
    system: str
    resource: str
    record: str
    hash: str
    match: tuple[str, ...]
    fields: Mapping[str, FieldSpec]
    collections: Mapping[str, CollectionSpec]

    def get(self, data: Mapping[str, Any]) -> View | None:
        """Read a native record; None if the mapping's ``select`` does not apply to it (out of this mapping's scope)."""

    def put(self, change: Change, base: Mapping[str, Any] | None) -> Put:
        """Compose the native patch.  ``base`` is the native record (pruned) that the change was planned on."""

    def apply(self, base: Mapping[str, Any] | None, patch: Mapping[str, Any]) -> Mapping[str, Any]:
        """The native record as it should look after the patch (rows added have no id yet): the predicted image."""

    def norm(self, name: str, value: Value) -> Value:
        """The image predicted when the system has held this field's value; UNSUPPORTED if it cannot hold it."""

    def norm_row(
        self, collection: str, value: Value, attrs: Mapping[str, Value], slot: str | None = None
    ) -> Row | None:
        """The image predicted for one element (value and the attributes that the row can hold); None if it cannot be held."""

    def holds(self, collection: str, value: Value, attrs: Mapping[str, Value], slot: str | None = None) -> bool:
        """Whether the system can hold the element: whether ``norm_row`` gives a row."""

    def own_key(self, data: Mapping[str, Any]) -> str | None:
        """Our key as stored in the native record."""

    def prune(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Only what is mapped: the mapped paths, whole rows of mapped lists, and keys starting with "_"."""


def blank_view(mapping: Mapping_) -> View:
    """The view of a record that does not exist yet: every field BLANK, every list empty, every slot empty."""
    collections: dict[str, Sequence[Position]] = {}
    for name, spec in mapping.collections.items():
        collections[name] = [Position(slot.name, None) for slot in spec.slots]
    fields: dict[str, Value] = {
        name: (dict.fromkeys(spec.members) if spec.members is not None else None)
        for name, spec in mapping.fields.items()
    }
    return View(fields=fields, collections={name: tuple(rows) for name, rows in collections.items()})
