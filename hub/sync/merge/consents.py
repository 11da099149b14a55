"""Consents are monotonic: a sync never widens one without evidence from outside the hub (invariant I18)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hub.mapping.view import Value
from hub.state import Cell, Golden, Link
from hub.sync.merge.context import Merge

_STRICTNESS: Final = {"granted": 0, "pending": 1, None: 2, "unknown": 2, "denied": 3, "withdrawn": 3}


def observe_consent(merge: Merge, golden: Golden, link: Link, name: str, changed: bool, shown: Value) -> None:
    """Merge one consent.  A stricter status always wins; a wider one only with newer evidence, else it is pushed back."""
    first = name not in link.sent
    cell = golden.fields.get(name) or Cell(None)
    value = None if shown == "unknown" else shown
    if not changed and not first:
        return
    if value == cell.value:
        link.sent[name] = cell.value
        link.lost.discard(name)
        return
    if widens(cell.value, value) and not _evident(merge, name, cell):
        _refuse(merge, golden, link, name, cell, value, first=first)
        return
    if cell.value is not None and not first:
        merge.loses(golden, name, "consent: most restrictive", value, merge.system, cell.value, cell.source)
    new = replace(merge.cell(value, "consent"), time=_since(merge, name, value))
    golden.fields[name] = new
    merge.changed(golden, name, cell.value, new)
    link.sent[name] = value
    link.lost.discard(name)


def widens(old: Value, new: Value) -> bool:
    """Whether going from old to new allows more than before; unknown is never granted."""
    return _STRICTNESS.get(new, 2) < _STRICTNESS.get(old, 2)


def _since(merge: Merge, name: str, value: Value) -> float | None:
    """Since when a status holds: a grant since it was captured; a refusal since its record changed, or was read where
    the system has no times, so that only a later grant can replace it."""
    captured = merge.consent_time(name) if value == "granted" else None
    return next((at for at in (captured, merge.time, merge.now) if at is not None), None)


def _evident(merge: Merge, name: str, cell: Cell) -> bool:
    """Whether the reading carries evidence that is newer than the stored status."""
    captured = merge.consent_time(name)
    return captured is not None and (cell.value is None or cell.time is None or captured > cell.time)


def _refuse(merge: Merge, golden: Golden, link: Link, name: str, cell: Cell, value: Value, *, first: bool) -> None:
    link.sent[name] = cell.value if not first else None
    if value is not None:
        merge.loses(golden, name, "consent: no evidence", cell.value, cell.source, value, merge.system)
        merge.notice(golden, name, "consent_refused", f"{value} without evidence of source and time was not taken over")
    if cell.value in ("denied", "withdrawn") and not first:
        link.lost.add(name)
