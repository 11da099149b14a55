"""What follows from scores: a question for a person, or a link where nothing speaks against it.  Pure.

Records that share a key were decided before (hub.identity.match); here are those that found nobody, and the customers
of the hub.  The rule of one to one holds as everywhere: two records of one side are never compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.identity.match import Group, Question
from hub.identity.matching import Near
from hub.identity.score import Features, Score, compare

REASON = "alike, but without a common key"

Side = tuple[str, str]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Unit:
    """A record that found nobody by its keys, or (``known``) a customer of the hub with the sides that it is linked on."""

    ref: str
    sides: frozenset[Side]
    features: Features
    blocks: tuple[str, ...]
    known: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """A pair of a question with its score."""

    left: str
    right: str
    score: Score


@dataclass(slots=True)
class Outcome:
    """links: groups to link without a person, with their evidence; questions: with theirs.  Others stay alone."""

    links: list[tuple[Group, tuple[Evidence, ...]]] = field(default_factory=list)
    questions: list[tuple[Question, tuple[Evidence, ...]]] = field(default_factory=list)


def edge(left: Unit, right: Unit, near: Near, never: set[Pair]) -> Score | None:
    """The score of a pair that is worth a question; None for all others."""
    if (left.known and right.known) or left.sides & right.sides or pair_of(left.ref, right.ref) in never:
        return None
    score = compare(left.features, right.features, near.weights)
    return score if score.value >= near.ask else None


def pair_of(one: str, other: str) -> Pair:
    return (one, other) if one < other else (other, one)


def decide(units: Mapping[str, Unit], edges: Mapping[Pair, Score], near: Near) -> Outcome:
    """Decide about units that are connected by edges."""
    result = Outcome()
    rivals = _degrees(edges)
    for members, inside in _components(_best(units, edges)):
        evidence = tuple(Evidence(*pair, edges[pair]) for pair in sorted(inside))
        fresh = tuple(sorted(ref for ref in members if not units[ref].known))
        known = tuple(sorted(ref for ref in members if units[ref].known))
        complete = all(rivals[ref] == len(members) - 1 for ref in members)
        if (
            near.mode == "link"
            and complete
            and len(known) < 2
            and _one_to_one(units[ref] for ref in members)
            and all(item.score.links and item.score.value >= near.link for item in evidence)
        ):
            result.links.append((Group(fresh, known[0] if known else None, (REASON,)), evidence))
        else:
            result.questions.append((Question(fresh, known, REASON), evidence))
    return result


def _degrees(edges: Iterable[Pair]) -> dict[str, int]:
    """How many others each unit might be."""
    found: dict[str, int] = defaultdict(int)
    for pair in edges:
        for ref in pair:
            found[ref] += 1
    return found


def _best(units: Mapping[str, Unit], edges: Mapping[Pair, Score]) -> list[Pair]:
    """The edges that are the best (or as good as the best) that one of their ends has towards a side: a question shows
    whom a record resembles most, not everybody."""
    best: dict[tuple[str, frozenset[Side]], float] = defaultdict(float)
    for (left, right), score in edges.items():
        for one, other in ((left, right), (right, left)):
            place = (one, _towards(units[other]))
            best[place] = max(best[place], score.value)
    return [
        pair
        for pair, score in edges.items()
        if any(score.value >= best[(one, _towards(units[other]))] for one, other in (pair, pair[::-1]))
    ]


def _towards(unit: Unit) -> frozenset[Side]:
    return frozenset({("hub", "")}) if unit.known else unit.sides


def _one_to_one(units: Iterable[Unit]) -> bool:
    sides = [side for unit in units for side in unit.sides]
    return len(set(sides)) == len(sides)


def _components(pairs: Iterable[Pair]) -> list[tuple[set[str], list[Pair]]]:
    """Connected units, each with the pairs that connect them, in the order of their smallest refs."""
    joined: dict[str, set[str]] = {}
    pairs = list(pairs)
    for left, right in pairs:
        merged = joined.get(left, {left}) | joined.get(right, {right})
        joined.update(dict.fromkeys(merged, merged))
    found = {id(members): members for members in joined.values()}
    ordered = sorted(found.values(), key=min)
    return [(members, [pair for pair in pairs if pair[0] in members]) for members in ordered]
