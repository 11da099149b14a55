"""What the store can keep: JSON that comes back as it was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.contract.errors import HubError

_MOST: Final = 2**64
_DEEPEST: Final = 100


def unstorable(value: Any, path: str = "", depth: int = 0) -> str | None:
    """Why a value of a record cannot be kept, with its place ("emails.0.value: ..."); None if it can.

    JSON text has no lone surrogates (halves of a character), no NaN or infinity; whole numbers have 64 bits.
    """
    if isinstance(value, str):
        return None if value.isascii() or _encodable(value) else f"{path}: half of a character (a lone surrogate)"
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if -_MOST // 2 <= value < _MOST else f"{path}: a whole number of more than 64 bits"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path}: {value} is no number"
    if depth == _DEEPEST:
        return f"{path}: nested more than {_DEEPEST} deep"
    if isinstance(value, Mapping):
        for key, item in value.items():
            place = f"{path}.{key}" if path else str(key)
            if not isinstance(key, str) or not _encodable(key):
                return f"{path}: a name of a field that is no text"
            found = unstorable(item, place, depth + 1)
            if found:
                return found
        return None
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, item in enumerate(value):
            found = unstorable(item, f"{path}.{index}" if path else str(index), depth + 1)
            if found:
                return found
        return None
    return f"{path}: {type(value).__name__} is no JSON"


def refuse_unstorable(native: Mapping[str, Any]) -> None:
    """Raises HubError for a record that cannot be kept as it is."""
    reason = unstorable(native)
    if reason is not None:
        raise HubError(f"cannot be kept: {reason}", hint="Correct the value in the system it comes from")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
