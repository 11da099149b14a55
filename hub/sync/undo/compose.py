"""Pictures, rows and comparisons that the items of an undo are made of (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from hub.canonical.schema import COLLECTIONS, field_def
from hub.canonical.values import same
from hub.mapping.view import CollectionChange, Mapping_, Row, Value, View
from hub.state import Golden
from hub.sync.policy import canonical_bytes, is_blank
from hub.sync.undo.compare import Standing


def last(values: Sequence[Value], value: Value) -> int:
    return max((index for index, item in enumerate(values) if item == value), default=-1)


def in_order(standing: Standing, predicted: View | None) -> dict[str, list[list[str | None]]]:
    """The pictures in the order of the predicted record: rows without ids are told apart by what they show."""
    found = dict(standing.pictures)
    for name, rows in standing.rows.items():
        positions = predicted.collections.get(name, ()) if predicted is not None else ()
        free, ordered = list(rows), []
        for position in positions:
            match = next((row for row in free if row[0] == position.value), None)
            if match is None:
                break
            free.remove(match)
            ordered.append([None, match[1]])
        if not free and len(ordered) == len(positions):
            found[name] = ordered
    return found


def sent(golden: Golden, name: str, rows: Iterable[Sequence[str | None]]) -> dict[str, list[Any]]:
    """What a picture corresponds to: the golden elements that it shows."""
    known = golden.collection(name).elements
    shown = [known[eid] for _, eid in rows if eid is not None and eid in known and known[eid].alive]
    return {item.eid: [item.value.value, item.attr_values(), item.claims] for item in shown}


def all_rows(
    specs: Mapping[str, Any], view: View, before: Mapping[str, Sequence[Sequence[str | None]]]
) -> tuple[dict[str, CollectionChange], dict[str, list[list[str | None]]]]:
    """Every row and slot of a record, to make it anew."""
    changes: dict[str, CollectionChange] = {}
    pictures: dict[str, list[list[str | None]]] = {}
    for name, rows in view.collections.items():
        spec = specs[name]
        eids = [eid for _, eid in before.get(name, ())]
        if spec.direction == "read" or not any(row.value is not None for row in rows):
            continue
        if spec.shape == "slots":
            places = {slot.name: index for index, slot in enumerate(spec.slots)}
            edit = {places[row.pos]: Row(row.value) for row in rows if row.value is not None}
            changes[name] = CollectionChange(edit)
            pictures[name] = [[row.pos, eid] for row, eid in zip(rows, eids, strict=False)]
        else:
            flags = [bool(row.primary) if spec.primary else None for row in rows]
            added = [
                Row(row.value, row.attrs) if flag is None else Row(row.value, row.attrs, flag)
                for row, flag in zip(rows, flags, strict=True)
            ]
            changes[name] = CollectionChange(add=tuple(added))
            pictures[name] = [[None, eid] for eid in eids] if len(eids) == len(rows) else [[None, None] for _ in rows]
    return changes, pictures


def shows(mapping: Mapping_, name: str, wanted: Value, shown: Value) -> bool:
    """Whether a system that is given ``wanted`` shows ``shown``."""
    found, image = field_def(name), mapping.norm(name, wanted)
    return (is_blank(image) and is_blank(shown)) or same(found.kind if found else "text", image, shown)


def stale_rows(
    mapping: Mapping_,
    view: View,
    pictures: Mapping[str, Sequence[Sequence[str | None]]],
    elements: dict[str, dict[str, list[Any]]],
    before: Mapping[str, Mapping[str, Sequence[Any]]],
) -> list[str]:
    """The paths of elements that golden has with another value by now; what is noted as sent becomes what is shown.

    before: what was noted as sent when the record was deleted: what differed then already did so on purpose."""
    paths = []
    for name, rows in pictures.items():
        for (_, eid), position in zip(rows, view.collections[name], strict=True):
            known = elements[name].get(eid or "")
            image = None if known is None else mapping.norm_row(name, known[0], known[1])
            if known is None or image is None or position.value is None:
                continue
            sent_then = before.get(name, {}).get(eid or "", [None])[0]
            if sent_then != known[0] and not same(COLLECTIONS[name].kind, image.value, position.value):
                known[0] = position.value
                paths.append(f"{name}/{eid}")
    return paths


def alike(left: View, right: View) -> bool:
    """Whether two readings of a record show the same."""
    if {**left.fields} != {**right.fields}:
        return False
    return all(
        _rows(left.collections.get(name, ())) == _rows(right.collections.get(name, ()))
        for name in {*left.collections, *right.collections}
    )


def _rows(positions: Collection[Any]) -> list[bytes]:
    return sorted(canonical_bytes([item.value, dict(item.attrs), item.primary]) for item in positions)
