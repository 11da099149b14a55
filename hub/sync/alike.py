"""Records that found nobody by their keys are compared with those that resemble them ([matching] near).

Blocks find the candidates: kept like keys, but proving nothing.  Whatever is decided about a record is decided about
all that it resembles, directly or through others, so neither the order of reading nor that of pages matters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from hub.identity.matching import NEAR
from hub.identity.near import Evidence, Outcome, Pair, Unit, decide, edge, pair_of
from hub.identity.score import CROWDED, Features, Score, blocks
from hub.store.staging import Place, Staged
from hub.sync.workspace import Shared, features_of_golden, features_of_view, kept_keys_of_golden

KIND = "near"
"""The kind of a review that asks about such records."""
_BATCH = 50
_CROWDED = "near_crowded"
"""In the store's notes: how many groups were too large when records were compared last."""
_KEPT, _VERSION = "near_blocks", "1"
"""In the store's notes: by which rules the blocks of the golden records were made; change it with ``blocks``."""


def keep_blocks(shared: Shared) -> None:
    """When comparing is switched on, the golden records that are there already get their blocks; when it is switched off,
    they lose them.  May be interrupted: it starts again."""
    store, on = shared.store, shared.policy.near.mode != "off"
    if store.work.meta(_KEPT) == (_VERSION if on else ""):
        return
    if on:
        gids = list(store.records.gids())
        for start in range(0, len(gids), 500):
            with store.transaction():
                goldens = store.records.goldens(gids[start : start + 500])
                store.records.set_keys({gid: kept_keys_of_golden(item, shared.policy) for gid, item in goldens.items()})
    with store.transaction():
        if not on:
            store.records.drop_keys(NEAR)
        store.work.set_meta(_KEPT, _VERSION if on else "")


def crowded_groups(shared: Shared) -> int:
    """How many groups of records were too large to compare when that was done last."""
    return int(shared.store.work.meta(_CROWDED, "0")) if shared.policy.near.mode != "off" else 0


@dataclass(slots=True)
class Decided:
    """What one page led to.  items: the staged records that are meant by it."""

    outcome: Outcome
    items: dict[str, Staged]


@dataclass(slots=True)
class Search:
    """Finds out what the new records of a run resemble.  held: records that resemble one about which a person is being
    asked; they wait for that answer.  compared: whether there were any new records."""

    shared: Shared
    held: set[str] = field(default_factory=set)
    compared: bool = False
    _asked: dict[int, bool] = field(default_factory=dict)

    def start(self) -> None:
        """Look for blocks that are too large among the waiting records, before any of them is decided."""
        found = self.shared.store.staging.crowded(CROWDED, blocks=True)
        self.shared.crowded.update(key for key, _, _ in found)

    def end(self) -> None:
        """Note what could not be compared; it stays noted until records are compared again."""
        if self.compared:
            with self.shared.store.transaction():
                self.shared.store.work.set_meta(_CROWDED, str(len(self.shared.crowded)))

    def pages(self) -> Iterable[Decided]:
        """Decisions about the new records, a few at a time; the caller carries them out before the next."""
        after: Place | None = None
        self.held.clear()
        while page := self.shared.store.staging.page("new", after, _BATCH):
            after = page[-1].place
            self.compared = True
            yield self._page(page)

    def _page(self, page: Sequence[Staged]) -> Decided:
        near = self.shared.policy.near
        items = {item.ref: item for item in page}
        units = self._units(page)
        edges: dict[Pair, Score] = {}
        asked: set[str] = set()
        compared: set[Pair] = set()
        frontier = list(units.values())
        while frontier:
            found = self._candidates(frontier, units, items, asked)
            pairs = {pair for pair in _sharing(frontier, found, self.shared.crowded) if pair not in compared}
            compared |= pairs
            never = self.shared.store.staging.never_matches(unit.ref for unit in frontier)
            reached: dict[str, Unit] = {}
            for left, right in sorted(pairs):
                score = edge(found[left], found[right], near, never)
                if score is not None:
                    edges[(left, right)] = score
                    reached |= {ref: found[ref] for ref in (left, right) if ref not in units}
            units |= reached
            frontier = [unit for ref, unit in reached.items() if ref not in asked]
        wait = {ref for pair in edges for ref in pair if asked.intersection(pair)} - asked
        self.held |= {ref for ref in wait if not units[ref].known}
        barred = asked | self.held
        kept = {pair: score for pair, score in edges.items() if not barred.intersection(pair)}
        return Decided(decide(units, kept, near), items)

    # candidates

    def _candidates(
        self, frontier: Sequence[Unit], units: dict[str, Unit], items: dict[str, Staged], asked: set[str]
    ) -> dict[str, Unit]:
        """ref -> the units of the frontier and all that share a block with them."""
        wanted = {block for unit in frontier for block in unit.blocks} - self.shared.crowded
        self.shared.crowded |= self.shared.store.records.crowded(wanted, CROWDED)
        wanted -= self.shared.crowded
        found = {unit.ref: unit for unit in frontier}
        staged = self.shared.store.staging.sharing(wanted)
        fresh = [item for item in staged if item.state != "waiting" and item.ref not in found]
        asked.update(item.ref for item in fresh if item.state == "review" and not self._near_question(item.review))
        items |= {item.ref: item for item in fresh}
        found |= {item.ref: units[item.ref] for item in fresh if item.ref in units}
        found |= self._units([item for item in fresh if item.ref not in units])
        gids = {gid for every in self.shared.store.records.gids_by_key(wanted).values() for gid in every}
        found |= {gid: units[gid] for gid in gids if gid in units}
        return found | self._known(gids - set(found))

    def _near_question(self, number: int | None) -> bool:
        if number is None:
            return False
        if number not in self._asked:
            review = self.shared.store.history.review(number)
            self._asked[number] = review is not None and review.kind == KIND
        return self._asked[number]

    def _units(self, items: Sequence[Staged]) -> dict[str, Unit]:
        """Staged records of this sync's systems, as their systems showed them last."""
        sides: dict[tuple[str, str], list[Staged]] = defaultdict(list)
        for item in items:
            sides[(item.system, item.resource)].append(item)
        found = {}
        for side, members in sides.items():
            source = self.shared.systems.find(*side)
            if source is None:
                continue
            natives = self.shared.store.staging.natives(*side, [item.remote_id for item in members])
            for item in members:
                view = source.mapping.get(natives[item.remote_id])
                if view is not None:
                    shown = features_of_view(view, self.shared.policy.region)
                    found[item.ref] = _unit(item.ref, [side], shown, known=False)
        return found

    def _known(self, gids: Iterable[str]) -> dict[str, Unit]:
        """Customers of the hub."""
        goldens = self.shared.store.records.goldens(gids)
        links = self.shared.store.records.links_by_gid(goldens)
        found = {}
        for gid, golden in goldens.items():
            if golden.state == "live":
                sides = [
                    (item.system, item.resource)
                    for item in links.get(gid, ())
                    if item.primary and item.state not in ("gone", "excluded")
                ]
                found[gid] = _unit(gid, sides, features_of_golden(golden, self.shared.policy.region), known=True)
        return found


def _unit(ref: str, sides: Iterable[tuple[str, str]], shown: Features, *, known: bool) -> Unit:
    return Unit(ref, frozenset(sides), shown, tuple(blocks(shown)), known)


def _sharing(frontier: Sequence[Unit], found: dict[str, Unit], crowded: set[str]) -> set[Pair]:
    """The pairs with one end in the frontier that share a block which is not too large."""
    first = {unit.ref for unit in frontier}
    members: dict[str, list[str]] = defaultdict(list)
    for unit in found.values():
        for block in unit.blocks:
            members[block].append(unit.ref)
    return {
        pair_of(one, other)
        for block, refs in members.items()
        if block not in crowded
        for one, other in combinations(refs, 2)
        if one in first or other in first
    }


def pairs_of(evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    """The evidence of a question as it is stored: {"left", "right", "score", "features": {name: verdict}} per pair."""
    return [
        {
            "left": item.left,
            "right": item.right,
            "score": item.score.value,
            "features": dict(item.score.verdicts),
        }
        for item in evidence
    ]
