"""Matching records that are not linked yet (sync-semantics, section 10): accept 1:1 only, within both sides.

Evidence in order: our own key stored in the record, then the configured unique keys.  Names can only contradict:
the same phone with another name is a household, the same e-mail with another name is a question for a person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

HOT: Final = 3
"""A key value that more records than this of one side share stops being a key (info@, reception): counted by side,
because one customer in every one of many systems is just what a key is for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record to be matched.  side: (system, resource); keys: "kind:normal form"; name: folded for comparing;
    gid: set for a golden record that exists already, then ``sides`` are those on which it has a link."""

    ref: str
    side: tuple[str, str]
    keys: tuple[str, ...]
    name: str = ""
    own_key: str | None = None
    gid: str | None = None
    sides: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """Records that are one customer: ``gid`` of an existing golden record, or None for a new one."""

    refs: tuple[str, ...]
    gid: str | None
    evidence: tuple[str, ...] = ()
    own_key: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Records that may be one customer; a person decides.  ``gids`` are golden records involved."""

    refs: tuple[str, ...]
    gids: tuple[str, ...]
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(slots=True)
class Matches:
    groups: list[Group] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


class _Union:
    """Disjoint sets."""

    def __init__(self, size: int) -> None:
        self.parent = list(range(size))

    def find(self, item: int) -> int:
        while self.parent[item] != item:
            self.parent[item] = self.parent[self.parent[item]]
            item = self.parent[item]
        return item

    def join(self, a: int, b: int) -> None:
        left, right = self.find(a), self.find(b)
        if left != right:
            self.parent[max(left, right)] = min(left, right)


def match(entries: Sequence[Entry], never: set[tuple[str, str]], agrees: Callable[[str, str], bool | None]) -> Matches:
    """Decide for every entry without a gid: one group or one question; each appears exactly once.

    agrees(name, name): True the same person, False another one, None cannot be told.  never: pairs of refs (ordered)
    that a person has declared different.
    """
    result = Matches()
    rest = _by_own_key(entries, result)
    union = _Union(len(rest))
    edges: dict[tuple[int, int], list[str]] = defaultdict(list)
    by_key: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(rest):
        for key in dict.fromkeys(entry.keys):
            by_key[key].append(index)
    for key, members in by_key.items():
        if max(Counter(rest[index].side for index in members).values()) > HOT:
            continue
        for position, left in enumerate(members):
            for right in members[position + 1 :]:
                if rest[left].gid is not None and rest[right].gid is not None:
                    continue
                if tuple(sorted((rest[left].ref, rest[right].ref))) not in never:
                    edges[(left, right)].append(key)
    doubtful: dict[tuple[int, int], str] = {}
    for (left, right), keys in edges.items():
        verdict = _judge(rest[left], rest[right], keys, agrees)
        if verdict is None:
            continue
        if verdict:
            doubtful[(left, right)] = verdict
        union.join(left, right)
    _decide(rest, union, edges, doubtful, result)
    return result


def _judge(left: Entry, right: Entry, keys: Sequence[str], agrees: Callable[[str, str], bool | None]) -> str | None:
    """None: no relation; "": the same; else why it is doubtful."""
    names = agrees(left.name, right.name)
    kinds = {key.split(":", 1)[0] for key in keys}
    if kinds <= {"phone"}:
        if names is False:
            return None  # a household or a switchboard
        return "" if names else "the same phone number only"
    if names is False:
        return "the same e-mail or number, but different names"
    return ""


def _by_own_key(entries: Sequence[Entry], result: Matches) -> list[Entry]:
    """Records that carry our key are what the key says; a second one on the same side is a copy to ask about."""
    golden = {entry.gid: entry for entry in entries if entry.gid is not None}
    keyed: dict[str, list[Entry]] = defaultdict(list)
    rest: list[Entry] = []
    for entry in entries:
        if entry.gid is None and entry.own_key:
            keyed[entry.own_key].append(entry)
        else:
            rest.append(entry)
    for own_key, members in keyed.items():
        existing = golden.get(own_key)
        taken = set(existing.sides) if existing is not None else set()
        sides = [entry.side for entry in members]
        if len(set(sides)) == len(sides) and not taken.intersection(sides):
            gid = own_key if existing is not None else None
            result.groups.append(Group(tuple(entry.ref for entry in members), gid, ("our own key",), own_key))
            golden[own_key] = _joined(own_key, existing, members)
        else:
            gids = (own_key,) if existing is not None else ()
            refs = tuple(entry.ref for entry in members)
            result.questions.append(Question(refs, gids, "a copy of a record that carries our key", ("our own key",)))
    return [*(entry for entry in rest if entry.gid is None), *golden.values()]


def _joined(gid: str, existing: Entry | None, members: Sequence[Entry]) -> Entry:
    """The golden record as it will be: others join it by its keys, but not from the sides that it has now."""
    if existing is not None:
        return replace(existing, sides=existing.sides.union(entry.side for entry in members))
    keys = tuple(dict.fromkeys(key for entry in members for key in entry.keys))
    name = min(members, key=lambda entry: entry.ref).name
    return Entry(gid, ("hub", ""), keys, name, None, gid, frozenset(entry.side for entry in members))


def _decide(
    rest: Sequence[Entry],
    union: _Union,
    edges: Mapping[tuple[int, int], list[str]],
    doubtful: Mapping[tuple[int, int], str],
    result: Matches,
) -> None:
    components: dict[int, list[int]] = defaultdict(list)
    for index in range(len(rest)):
        components[union.find(index)].append(index)
    evidence: dict[int, list[str]] = defaultdict(list)
    doubts: dict[int, str] = {}
    for (left, right), keys in edges.items():
        if union.find(left) == union.find(right):
            evidence[union.find(left)].extend(keys)
            if (left, right) in doubtful:
                doubts.setdefault(union.find(left), doubtful[(left, right)])
    for root, members in components.items():
        fresh = [rest[index] for index in members if rest[index].gid is None]
        known = [rest[index] for index in members if rest[index].gid is not None]
        if not fresh:
            continue
        shown = tuple(dict.fromkeys(evidence[root]))
        reason = doubts.get(root) or _not_one_to_one(fresh, known)
        refs = tuple(entry.ref for entry in fresh)
        if reason:
            gids = tuple(entry.gid for entry in known if entry.gid is not None)
            result.questions.append(Question(refs, gids, reason, shown))
        else:
            result.groups.append(Group(refs, known[0].gid if known else None, shown))


def _not_one_to_one(fresh: Sequence[Entry], known: Sequence[Entry]) -> str:
    """Why a component is not a plain one-to-one match; empty if it is."""
    if len(known) > 1:
        return "matches several customers of the hub"
    sides = [entry.side for entry in fresh]
    if len(set(sides)) != len(sides):
        double = next(side for side in sides if sides.count(side) > 1)
        return f"several records of {double[0]} share a key"
    if known and known[0].sides.intersection(sides):
        return "the customer is linked to another record of this system already"
    return ""
