"""Native patches as JSON and back: ``Parts`` (changes to rows with ids) need a tag of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.contract.records import Parts

_TAG: Final = "__parts__"


def encode(data: Mapping[str, Any]) -> dict[str, Any]:
    """A patch as plain JSON."""
    return {path: _encode(value) for path, value in data.items()}


def _encode(value: Any) -> Any:
    if not isinstance(value, Parts):
        return value
    order = None if value.order is None else list(value.order)
    return {
        _TAG: {
            "add": [dict(row) for row in value.add],
            "set": {key: dict(row) for key, row in value.set.items()},
            "remove": list(value.remove),
            "order": order,
        }
    }


def decode(data: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of ``encode``."""
    return {
        path: Parts(**value[_TAG]) if isinstance(value, Mapping) and _TAG in value else value
        for path, value in data.items()
    }
