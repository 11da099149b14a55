"""Who typed what, having seen what.  Every typed value carries a token of its own, so that no edit is like another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"q\d+q", re.IGNORECASE)
"""What makes a typed value unique; it survives upper-casing and cutting at the end."""


def tokens(value: Any) -> set[str]:
    """All tokens in a JSON value."""
    return set(_all(value))


def _all(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (item.lower() for item in TOKEN.findall(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _all(item)
    elif value is not None and not isinstance(value, bool | int | float):
        for item in value:
            yield from _all(item)


def without_private(value: Any) -> Any:
    """A document without the rows' private keys, which the hub only carries."""
    if isinstance(value, dict):
        return {key: without_private(item) for key, item in value.items() if not str(key).startswith("_")}
    return [without_private(item) for item in value] if isinstance(value, list) else value


@dataclass(slots=True)
class Lineage:
    """All user edits of a world.

    dropped:   tokens that a user who saw them replaced or took away, with the place.
    deleted:   tokens on records that a user deleted.
    read:      tokens that the hub has read and whose reading it has committed; pending: read, not committed yet.
    excused:   tokens that a known hazard may lose, with its name (docs/reliability.md).
    """

    edits: int = 0
    dropped: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    pending: set[str] = field(default_factory=set)
    excused: dict[str, str] = field(default_factory=dict)
    grants: list[tuple[float, str]] = field(default_factory=list)
    refusals: list[tuple[float, str]] = field(default_factory=list)
    _number: int = 0

    def token(self) -> str:
        self._number += 1
        return f"q{self._number}q"

    def edited(self, place: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """A user changed a document: what was there and is not any more was seen and given up by this user.

        So is a value that stood there twice and stands there once: another user may give up the other one."""
        self.edits += 1
        left = Counter(_all(after))
        for token, number in Counter(_all(before)).items():
            if left[token] < number:
                self.dropped[token] = place

    def removed(self, document: Mapping[str, Any]) -> None:
        self.edits += 1
        self.deleted |= tokens(document)

    def hand(self, found: Iterable[str]) -> None:
        """The hub was handed these tokens."""
        self.pending.update(item for item in found if item not in self.read)

    def forget(self, found: Iterable[str]) -> None:
        """The hub does not read these any more."""
        self.read.difference_update(found)
        self.pending.difference_update(found)

    def excuse(self, found: Iterable[str], hazard: str) -> None:
        """A known hazard met these tokens; it counts if they are lost in the end."""
        for token in found:
            self.excused.setdefault(token, hazard)

    def committed(self) -> None:
        if self.pending:
            self.read |= self.pending
            self.pending.clear()

    def killed(self) -> None:
        self.pending.clear()
