"""Customers that may be one, found in bulk, with the evidence of each pair."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.identity.names import shown_name
from hub.identity.score import compare
from hub.sync.workspace import features_of_golden
from hub.upkeep.likeness import Customer, likely_duplicates

if TYPE_CHECKING:
    from hub.state import Golden
    from hub.store.store import Store

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers.  probability: by the model that was learned from all customers (0..1); evidence: feature -> same,
    alike, differs or missing; together: the systems in which both have a record, where they can be merged."""

    gids: tuple[str, str]
    names: tuple[str, str]
    probability: float
    evidence: dict[str, str]
    together: list[str]


def duplicates(
    store: Store, region: str | None, progress: Callable[[int], None], *, least: float, limit: int
) -> list[Pair]:
    """The most likely pairs of live customers.  progress is told how many have been read."""
    with tempfile.TemporaryDirectory(prefix="crmhub-duplicates-") as folder:
        found = likely_duplicates(
            _customers(store, region, progress), Path(folder) / "customers.duckdb", least=least, limit=limit
        )
    pairs = []
    for item in found:
        goldens = store.records.goldens([item.left, item.right])
        one, other = goldens[item.left], goldens[item.right]
        evidence = compare(features_of_golden(one, region), features_of_golden(other, region)).verdicts
        names = (shown_name(one.value("name")), shown_name(other.value("name")))
        pairs.append(
            Pair((one.gid, other.gid), names, round(item.probability, 4), dict(evidence), _together(store, one, other))
        )
    return pairs


def _customers(store: Store, region: str | None, progress: Callable[[int], None]) -> Iterator[Customer]:
    done, page = 0, []
    for gid in store.records.gids():
        page.append(gid)
        if len(page) == _BATCH:
            yield from _read(store, region, page)
            done, page = done + len(page), []
            progress(done)
    yield from _read(store, region, page)


def _read(store: Store, region: str | None, gids: list[str]) -> Iterator[Customer]:
    for golden in store.records.goldens(gids).values():
        if golden.record == "customer":
            yield Customer(golden.gid, shown_name(golden.value("name")), features_of_golden(golden, region))


def _together(store: Store, one: Golden, other: Golden) -> list[str]:
    links = store.records.links_by_gid([one.gid, other.gid])
    ours, theirs = (
        {link.system for link in links.get(item.gid, ()) if link.state == "active"} for item in (one, other)
    )
    return sorted(ours & theirs)
