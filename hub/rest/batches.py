"""Writes in batches: which ops go together, and which outcome belongs to which op.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hub.contract.errors import OutcomeUnknown
from hub.contract.records import Op, Receipt
from hub.rest.classify import Classifier
from hub.rest.paths import at, fits, rows_at, text_at
from hub.rest.spec import Write

Outcome = tuple[Op, Receipt, Any]
"""An op, its receipt, and what the API said about it (None if nothing)."""


def calls(ops: Sequence[Op], route_of: Callable[[Op], Write]) -> Iterator[tuple[Write, list[Op]]]:
    """Ops in calls: in order, one kind in each, no record twice, at most as many as the API takes."""
    batch: list[Op] = []
    route: Write | None = None
    alone = False
    for op in ops:
        wanted = route_of(op)
        single = wanted.one_version_only() and op.if_version is not None
        twice = op.id is not None and any(item.id == op.id for item in batch)
        if batch and (wanted is not route or single or alone or twice or len(batch) >= wanted.batch):
            assert route is not None
            yield route, batch
            batch = []
        route, alone = wanted, single
        batch.append(op)
    if batch:
        assert route is not None
        yield route, batch


def outcomes(route: Write, ops: Sequence[Op], data: Any, classify: Classifier, what: str) -> Iterator[Outcome] | None:
    """One receipt for each op, from an answer that lists outcomes; None if this answer lists none.

    An op without an outcome is unknown: it may or may not have happened.
    """
    if not route.results:
        return None
    found = at(data, route.results)
    failed = rows_at(data, route.errors) if route.errors else []
    if not isinstance(found, list) or not (found or failed):
        return None
    if route.match == "order" and len(found) != len(ops):
        return None
    return _outcomes(route, ops, found, failed, classify, what)


def _outcomes(
    route: Write, ops: Sequence[Op], found: list[Any], failed: list[Any], classify: Classifier, what: str
) -> Iterator[Outcome]:
    good: dict[str, Any] = {}
    bad: dict[str, Any] = {}
    for number, item in enumerate(found):
        name = str(number) if route.match == "order" else text_at(item, route.at)
        (good if fits(item, route.ok) else bad)[name] = item
    for item in failed:
        names = at(item, route.error_at)
        for name in names if isinstance(names, list) else [names]:
            bad[str(name)] = item
    for number, op in enumerate(ops):
        name = {"order": str(number), "id": op.id or "", "key": op.key}[route.match]
        if name in bad:
            yield op, Receipt(op.key, op.id, error=classify.outcome(bad[name], what)), bad[name]
        elif name in good:
            yield op, Receipt(op.key, text_at(good[name], route.id) or op.id), good[name]
        else:
            unknown = OutcomeUnknown(f"{what}: the answer says nothing about this record", where=classify.where)
            yield op, Receipt(op.key, op.id, error=unknown), None
