"""Which current position of a collection is which seen one (rule C6)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.mapping.view import CollectionSpec, Position
from hub.state import Shown
from hub.sync.policy import canonical_bytes


def pair(spec: CollectionSpec, seen: Sequence[Shown], current: Sequence[Position]) -> list[int | None]:
    """For each current position the index of the seen position that it continues, or None.

    By part id or slot name; without ids by (value, labels), then by value, then, if exactly one position is gone and
    one is new and both have the same labels, as an edit.
    """
    if spec.shape == "slots" or spec.ids:
        by_pos: dict[str | None, int] = {item.pos: index for index, item in enumerate(seen) if item.pos is not None}
        return [by_pos.get(item.pos) for item in current]
    free = dict.fromkeys(range(len(seen)))
    result: list[int | None] = [None] * len(current)
    for with_attrs in (True, False):
        _pair_equal(seen, current, free, result, with_attrs=with_attrs)
    open_now = [index for index, found in enumerate(result) if found is None]
    if len(open_now) == 1 and len(free) == 1:
        (gone,) = free
        if dict(seen[gone].attrs) == dict(current[open_now[0]].attrs):
            result[open_now[0]] = gone
    return result


def _pair_equal(
    seen: Sequence[Shown],
    current: Sequence[Position],
    free: dict[int, None],
    result: list[int | None],
    *,
    with_attrs: bool,
) -> None:
    waiting: dict[bytes, list[int]] = {}
    for index in free:
        item = seen[index]
        waiting.setdefault(canonical_bytes([item.value, dict(item.attrs) if with_attrs else None]), []).append(index)
    for index, position in enumerate(current):
        if result[index] is None:
            same = waiting.get(canonical_bytes([position.value, dict(position.attrs) if with_attrs else None]))
            if same:
                result[index] = same.pop(0)
                del free[result[index]]  # type: ignore[arg-type]  # just set to an int
