"""Schema drift: what of the fields that a mapping uses is no longer as it was.  Pure functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hub.contract.records import Field

Schema = Mapping[str, Mapping[str, Field]]
"""resource -> native path -> field."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a mapping file uses of a resource.  digest: changes with the file;  words: every text in it."""

    digest: str
    words: frozenset[str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Rules:
        text = json.dumps(data, sort_keys=True, default=str)
        return cls(hashlib.sha256(text.encode()).hexdigest()[:16], frozenset(_texts(data)))

    def uses(self, path: str) -> bool:
        return path in self.words or any(word.startswith((f"{path}.", f"{path}[")) for word in self.words)


@dataclass(frozen=True, slots=True)
class Drift:
    """One field that changed.  kind: "gone", "type" or "required";  was: its type before;  digest: of the mapping file
    that it was found with: whoever has changed that has seen to it."""

    resource: str
    path: str
    kind: str
    was: str
    digest: str

    def __str__(self) -> str:
        words = {"gone": "is gone", "type": f"is no longer of type {self.was}", "required": "must be filled now"}
        return f"{self.resource}.{self.path} {words[self.kind]}"


def drifted(before: Schema, after: Schema, rules: Mapping[str, Rules], known: Sequence[Drift]) -> list[Drift]:
    """What has changed and nobody has seen to: of before, and since.  A field that is as it was is forgotten.

    Nothing is said about resources of which the system did not tell its fields.
    """
    found = {(item.resource, item.path, item.kind): item for item in known if _still(item, after, rules)}
    for resource, mine in rules.items():
        old, new = before.get(resource, {}), after.get(resource, {})
        if not old or not new:
            continue
        for kind, path, was in _changes(old, new, mine):
            found.setdefault((resource, path, kind), Drift(resource, path, kind, was, mine.digest))
    return [found[key] for key in sorted(found)]


def _changes(old: Mapping[str, Field], new: Mapping[str, Field], rules: Rules) -> Iterator[tuple[str, str, str]]:
    for path, field in old.items():
        if not rules.uses(path):
            continue
        if path not in new:
            yield "gone", path, field.type
        elif new[path].type != field.type:
            yield "type", path, field.type
    for path, field in new.items():
        if field.required and not field.read_only and not (path in old and old[path].required):
            yield "required", path, field.type


def _still(item: Drift, after: Schema, rules: Mapping[str, Rules]) -> bool:
    mine = rules.get(item.resource)
    if mine is None or mine.digest != item.digest:
        return False
    fields = after.get(item.resource, {})
    if not fields:
        return True
    field = fields.get(item.path)
    if item.kind == "gone":
        return field is None
    return field is not None and (field.type != item.was if item.kind == "type" else field.required)


def to_json(items: Sequence[Drift]) -> str:
    """As stored; "" for nothing."""
    return json.dumps([asdict(item) for item in items]) if items else ""


def from_json(text: str) -> list[Drift]:
    return [Drift(**item) for item in json.loads(text)] if text else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
