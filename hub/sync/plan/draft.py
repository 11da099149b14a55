"""The plan of one record on one system while it is being made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hub.mapping.view import CollectionChange, Mapping_, RemoteRef, Value
from hub.state import Base, Cell, Element, Golden, Link, mark_of
from hub.sync.plan.items import Diff, Payload

UNDONE: Final = "taken back by a person; given again when the value changes"
WAITING: Final = "waits until the referenced record exists in this system"


@dataclass(slots=True)
class Draft:
    """The plan of one record while it is being made."""

    golden: Golden
    link: Link
    base: Base
    mapping: Mapping_
    creating: bool
    refer: Callable[[str, str], str | None]
    """(gid, native resource) -> the native id of that golden record in this system, None while it has no link."""
    left: Callable[[str, RemoteRef], bool]
    """(gid, what the system shows) -> whether that names a record which is gone, while the customer has another one."""
    survivor: Callable[[str], str]
    region: str | None = None
    skip: frozenset[str] = frozenset()
    """Fields not to be written now (consents during the first load)."""
    fields: dict[str, Value] = field(default_factory=dict)
    collections: dict[str, CollectionChange] = field(default_factory=dict)
    writes: Payload = field(default_factory=Payload)
    book: Payload = field(default_factory=Payload)
    diffs: list[Diff] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)

    def frozen(self, path: str) -> bool:
        """Whether a write waits for a person's decision; a create carries the provisional value."""
        return path in self.golden.frozen and not self.creating

    def undone(self, path: str, item: Cell | Element | None, shown: Element | None = None) -> bool:
        """Whether a person took exactly this back here, and golden has not moved since (``shown``: see ``mark_of``)."""
        return bool(self.link.undone) and self.link.undone.get(path) == mark_of(item, shown)

    def diff(self, path: str, old: Value, new: Value, cell: Cell | None = None) -> None:
        """A line for people; ``cell``: the golden value behind it, where the path does not name it."""
        cell = cell or self._cell(path)
        self.diffs.append(Diff(path, old, new, cell.source if cell else "", cell.rule if cell else ""))

    def _cell(self, path: str) -> Cell | None:
        """The golden value that a path names: a field, an element, or which element is the primary one."""
        name, _, rest = path.partition("/")
        coll = self.golden.collections.get(name)
        if not rest or coll is None:
            return self.golden.fields.get(path)
        eid, _, attr = rest.partition("/")
        if attr == "primary":
            return coll.primary
        element = coll.elements.get(eid)
        return None if element is None else element.value
