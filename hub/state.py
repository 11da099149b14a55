"""The state that a sync decides on: golden records, links and what they last saw and sent.  Pure data.

Two bases per field, element and slot (see docs/decisions/0001-two-bases.md):
**seen** is what the system showed last (kept as the native record, read through the current mapping), **sent** is the
golden value that this corresponds to.  L = current != seen (the system changed), G = golden != sent (the hub moved).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.mapping.view import Value

LOST: Final = "!lost"
"""In ``Link.psent``: the primary must be pushed again whatever golden says (rule P2)."""

GoldenState = Literal["live", "dead", "merged"]
LinkState = Literal["creating", "active", "missing", "gone", "excluded", "out_of_scope", "quarantined", "shadow"]


def thawed(value: Value) -> Value:
    """An attribute value after JSON: sets of labels are tuples, so that equal ones are equal."""
    return tuple(value) if isinstance(value, list) else value


@dataclass(slots=True)
class Cell:
    """A golden value with its provenance.

    source: the system that gave it ("person" for a decision, "hub" for defaults); time: source time in seconds since
    the epoch, corrected by the measured clock offset, None if unknown; seq: hub sequence of the change; rule: why.
    """

    value: Value
    source: str = "hub"
    seq: int = 0
    time: float | None = None
    rule: str = ""
    pinned: bool = False
    run: str = ""


class _Origins:
    """What the cells of one record have in common is stored once: most values came together, from one system in one run."""

    def __init__(self, rows: Sequence[Sequence[Any]] = ()) -> None:
        self._rows = rows
        self._places: dict[tuple[Any, ...], int] = {}

    def pack(self, cell: Cell) -> list[Any]:
        """A cell as JSON: its value, its sequence number, and the place of the rest."""
        key = (cell.source, cell.time, cell.rule, cell.pinned, cell.run)
        return [cell.value, cell.seq, self._places.setdefault(key, len(self._places))]

    def to_json(self) -> list[Any]:
        """The origins of the cells that were packed."""
        return list(self._places)

    def unpack(self, raw: Sequence[Any]) -> Cell:
        """The cell again."""
        source, time, rule, pinned, run = self._rows[raw[2]]
        return Cell(raw[0], source, raw[1], time, rule, pinned, run)


def _whole(raw: Sequence[Any]) -> Cell:
    """A cell as stores before version 11 have it: with its origin."""
    return Cell(*raw)


@dataclass(slots=True)
class Element:
    """One member of a golden collection.

    stamp: hub sequence of the last add, value edit, revival or claim.  keyed: hub sequence at which it got its present
    key.  claims: how often a system newly showed it.  into: the element that a removed one was edited into (an alias).
    """

    eid: str
    value: Cell
    attrs: dict[str, Cell] = field(default_factory=dict)
    alive: bool = True
    into: str | None = None
    stamp: int = 0
    keyed: int = 0
    claims: int = 0

    def attr(self, name: str) -> Value:
        cell = self.attrs.get(name)
        return None if cell is None else cell.value

    def attr_values(self) -> dict[str, Value]:
        return {name: cell.value for name, cell in self.attrs.items() if cell.value is not None}

    def to_json(self, pack: Callable[[Cell], list[Any]]) -> dict[str, Any]:
        return {
            "v": pack(self.value),
            "a": {name: pack(cell) for name, cell in self.attrs.items()},
            "s": [self.alive, self.into, self.stamp, self.keyed, self.claims],
        }


def mark_of(item: Cell | Element | None, shown: Element | None = None) -> list[Any]:
    """What tells one state of a golden value from every other one, also from the same value at another time.

    shown: the element that a slot shows where ``item`` is meant: whether it is removed belongs to the state."""
    mark = [item.eid, item.value.seq, item.keyed] if isinstance(item, Element) else [0 if item is None else item.seq]
    about = item if shown is None and isinstance(item, Element) else shown
    return mark if about is None or about.alive else [*mark, "removed"]


@dataclass(slots=True)
class Collection:
    """A golden collection: elements in order of creation and which one is primary (value: eid or BLANK)."""

    elements: dict[str, Element] = field(default_factory=dict)
    primary: Cell = field(default_factory=lambda: Cell(None))

    def live(self) -> list[Element]:
        return [item for item in self.elements.values() if item.alive]

    def primary_eid(self) -> str | None:
        """The primary element's id; one that is not live reads as BLANK (rule P1)."""
        eid = self.primary.value
        found = self.elements.get(eid) if eid is not None else None
        return eid if found is not None and found.alive else None

    def follow(self, eid: str | None) -> Element | None:
        """The live element that ``eid`` stands for now, aliases followed; None if it is gone."""
        hops = 0
        while eid is not None and hops < 32:
            found = self.elements.get(eid)
            if found is None:
                return None
            if found.alive:
                return found
            eid, hops = found.into, hops + 1
        return None


@dataclass(slots=True)
class Golden:
    """The hub's canonical record.  Values of dead records stay (archive)."""

    gid: str
    record: str = "customer"
    state: GoldenState = "live"
    merged_into: str | None = None
    fields: dict[str, Cell] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    defaults: dict[str, Value] = field(default_factory=dict)
    frozen: dict[str, list[list[Any]]] = field(default_factory=dict)
    """Fields under policy "ask": field -> candidates [value, system, time]; pushes of them wait for a person."""
    seq: int = 0

    def value(self, name: str) -> Value:
        cell = self.fields.get(name)
        return None if cell is None else cell.value

    def collection(self, name: str) -> Collection:
        found = self.collections.get(name)
        if found is None:
            found = self.collections[name] = Collection()
        return found

    def to_json(self) -> dict[str, Any]:
        origins = _Origins()
        pack = origins.pack
        return {
            "f": {name: pack(cell) for name, cell in self.fields.items()},
            "c": {
                name: {"e": {eid: item.to_json(pack) for eid, item in coll.elements.items()}, "p": pack(coll.primary)}
                for name, coll in self.collections.items()
                if coll.elements
            },
            "d": self.defaults,
            "z": self.frozen,
            "o": origins.to_json(),
        }

    @classmethod
    def from_json(
        cls, gid: str, record: str, state: GoldenState, merged_into: str | None, seq: int, doc: Mapping[str, Any]
    ) -> Golden:
        cell = _Origins(doc["o"]).unpack if "o" in doc else _whole
        collections = {}
        for name, raw in doc["c"].items():
            elements = {}
            for eid, item in raw["e"].items():
                alive, into, stamp, keyed, claims = item["s"]
                elements[eid] = Element(
                    eid,
                    cell(item["v"]),
                    {name: cell([thawed(raw[0]), *raw[1:]]) for name, raw in item["a"].items()},
                    alive,
                    into,
                    stamp,
                    keyed,
                    claims,
                )
            collections[name] = Collection(elements, cell(raw["p"]))
        fields = {name: cell(raw) for name, raw in doc["f"].items()}
        return cls(gid, record, state, merged_into, fields, collections, dict(doc["d"]), dict(doc["z"]), seq)


@dataclass(slots=True)
class Esent:
    """The golden attributes of an element that a link's picture corresponds to, also those the system cannot hold."""

    value: Value
    attrs: dict[str, Value]
    claims: int

    def __post_init__(self) -> None:
        self.attrs = {name: thawed(value) for name, value in self.attrs.items()} if self.attrs else {}

    @classmethod
    def of(cls, element: Element) -> Esent:
        return cls(element.value.value, element.attr_values(), element.claims)

    def current(self, element: Element) -> bool:
        """Whether golden is still what this picture corresponds to (full knowledge, rule C10)."""
        return (
            element.alive
            and self.value == element.value.value
            and self.attrs == element.attr_values()
            and self.claims == element.claims
        )


@dataclass(slots=True)
class Shown:
    """One native position last seen, with the element that it shows (rule C3)."""

    pos: str | None
    eid: str | None
    value: Value
    attrs: Mapping[str, Value] = field(default_factory=dict)
    primary: bool | None = None


@dataclass(slots=True)
class Base:
    """What a system showed last, in canonical terms: derived from the stored native record by the current mapping.

    unreadable: (native path, why) of the values that the mapping could not read; people have been told about them."""

    fields: dict[str, Value] = field(default_factory=dict)
    collections: dict[str, list[Shown]] = field(default_factory=dict)
    unreadable: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class Link:
    """The tie between one native record and its golden record, with both bases.

    picture: per collection the (position, eid) pairs of the native record, in its order.
    lost:    names whose value here lost a conflict: pushed until the next confirm (rule F1).  Elements are written
             "collection/eid" (value) or "collection/eid/attr".
    holds:   per collection, slot name -> hub sequence since when the slot stays blank.
    held:    values that this system cannot hold -> reason (counted in coverage).
    undone:  what a person took back here -> mark of the golden value (``mark_of``): not written again until golden moves.
    own_version: the version that the hub's own last write left, as long as nobody else has written since the hub made it.
    unread:  the write (op_id, run, item) whose answer never came and whose record cannot be read since.
    """

    system: str
    resource: str
    remote_id: str
    gid: str
    state: LinkState = "active"
    role: str = ""
    primary: bool = True
    version: str | None = None
    epoch: str | None = None
    mapping: str = ""
    created_by_hub: bool = False
    native: Mapping[str, Any] | None = None
    modified: float | None = None
    sent: dict[str, Value] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    picture: dict[str, list[list[str | None]]] = field(default_factory=dict)
    esent: dict[str, dict[str, Esent]] = field(default_factory=dict)
    psent: dict[str, str | None] = field(default_factory=dict)
    holds: dict[str, dict[str, int]] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    undone: dict[str, list[Any]] = field(default_factory=dict)
    own_version: str | None = None
    unread: list[Any] | None = None
    reason: str = ""
    id: int | None = None
    read: tuple[Any, ...] | None = field(default=None, compare=False, repr=False)
    """What ``hub.sync.merge.observe.view_of`` has read; not stored."""

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.system, self.resource, self.remote_id)

    def to_json(self) -> dict[str, Any]:
        """The bases as JSON (the other attributes are columns)."""
        return {
            "s": self.sent,
            "l": sorted(self.lost),
            "p": self.picture,
            "e": {
                c: {eid: [x.value, x.attrs, x.claims] for eid, x in items.items()} for c, items in self.esent.items()
            },
            "q": self.psent,
            "h": self.holds,
            "k": self.held,
            **({"u": self.undone} if self.undone else {}),
            **({"v": self.own_version} if self.own_version else {}),
            **({"w": self.unread} if self.unread else {}),
        }

    def apart(self, path: str) -> bool:
        """Whether the record shows something else here than it was last sent: a conflict's loser, or what an undo left."""
        return path in self.lost or path in self.undone

    @property
    def untouched(self) -> bool:
        """Whether nobody but the hub has written to the record since the hub made it, as far as its system tells versions."""
        return self.version is None or self.version == self.own_version

    def read_json(self, doc: Mapping[str, Any]) -> None:
        self.sent = dict(doc["s"])
        self.lost = set(doc["l"])
        self.picture = dict(doc["p"])
        self.esent = {c: {eid: Esent(*x) for eid, x in items.items()} for c, items in doc["e"].items()}
        self.psent = dict(doc["q"])
        self.holds = {c: dict(slots) for c, slots in doc["h"].items()}
        self.held = dict(doc["k"])
        self.undone = dict(doc.get("u", {}))
        self.own_version, self.unread = doc.get("v"), doc.get("w")


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A value that lost, or was archived, with what beat it and why.  Nothing a person typed disappears without one."""

    gid: str
    path: str
    rule: str
    winner: Value
    winner_system: str
    loser: Value
    loser_system: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person may want to know about a record: server_default, lossy_write, revert, ..."""

    gid: str
    system: str
    path: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class GoldenChange:
    """One change of a golden value, for the history of a record."""

    gid: str
    path: str
    old: Value
    new: Value
    source: str
    rule: str
    seq: int


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The webhooks of one connection as the hub sees them; all times in seconds since the epoch.

    wanted:  the hub keeps them alive (a person has asked for it).
    state:   new: not looked at yet;  unknown: the system could not be asked, or cannot tell;  dead: nothing arrives.
    checked: when they were looked at last;  well: when they were last seen to be alive;  heard: the last delivery.
    failures: looks in a row that failed;  message: why they are dead or unknown.
    """

    connection: str
    wanted: bool = False
    state: Literal["new", "active", "unknown", "dead"] = "new"
    checked: float | None = None
    well: float | None = None
    heard: float | None = None
    failures: int = 0
    message: str = ""
