"""What the configuration says about conflicts, deletions and guards, and the total conflict order (section 6)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from hub.identity.matching import OFF, Near
from hub.mapping.view import Value

ConflictRule = str
"""auto, ask, longest, union, most_restrictive, "prefer:<system>" or the name of a plugin's policy."""

DeletePolicy = Literal["propagate", "unlink", "archive", "ask"]


@dataclass(frozen=True, slots=True)
class FieldPolicy:
    """How one field behaves.  blank: "erase" (an erasure is an edit) or "ignore"; drift: what an edit of a hub-to-system
    field does: "revert" it or "ignore" it."""

    conflict: ConflictRule = "auto"
    blank: Literal["erase", "ignore"] = "erase"
    drift: Literal["revert", "ignore"] = "revert"


@dataclass(frozen=True, slots=True)
class Guards:
    """Thresholds of section 12: a plan that exceeds max(count, share) needs a person's approval."""

    delete: tuple[int, float] = (5, 0.02)
    create: tuple[int, float] = (50, 0.20)
    field_changed: float = 0.25
    field_blanked: tuple[int, float] = (10, 0.05)
    listing_shrank: float = 0.10
    relink: float = 0.02
    lossy: float = 0.05


PluginPolicy = Callable[[Sequence["Candidate"]], int]


@dataclass(frozen=True, slots=True)
class Policy:
    """The policies of one sync.

    systems:   names in order of trust, the first wins ties (the rank of a system).
    authority: field or collection -> systems in order of authority; unnamed systems rank equally below.
    region:    country (alpha-2) in which national phone numbers are read.
    skew:      system -> seconds by which its clock may be wrong; the widest of a sync's systems is the window.
    near:      what happens to records that look alike but share no key (one rule for all syncs of a hub).
    delete:    system whose record is gone -> policy;  delete_any: systems in which the hub may delete records that it
               did not create.
    """

    systems: tuple[str, ...]
    authority: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, FieldPolicy] = field(default_factory=dict)
    skew: Mapping[str, float] = field(default_factory=dict)
    delete: Mapping[str, DeletePolicy] = field(default_factory=dict)
    delete_any: frozenset[str] = frozenset()
    guards: Guards = Guards()
    plugins: Mapping[str, PluginPolicy] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()
    no_create: frozenset[str] = frozenset()
    region: str | None = None
    near: Near = OFF

    def of(self, name: str) -> FieldPolicy:
        found = self.fields.get(name)
        if found is None:
            found = self.fields.get(name.split("/", 1)[0].split(".", 1)[0])
        return found or _DEFAULT

    def rank(self, system: str) -> int:
        """Position in the order of trust; a person beats every system, unknown ones come last."""
        if system == "person":
            return -1
        return self.systems.index(system) if system in self.systems else len(self.systems)

    def authority_rank(self, system: str, name: str) -> int:
        order = self.authority.get(name) or self.authority.get(name.split("/", 1)[0]) or ()
        return order.index(system) if system in order else len(order)

    def window(self) -> float:
        """Seconds that make one step of time in conflicts: the widest clock error of all systems."""
        return max((self.skew.get(system, _SKEW) for system in self.systems), default=_SKEW)

    def delete_policy(self, system: str) -> DeletePolicy:
        return self.delete.get(system, "unlink")


_DEFAULT = FieldPolicy()
_SKEW: Final = 2.0
"""Seconds of clock error that a system is granted where the configuration says nothing."""
_FINEST: Final = 1e-6
"""Seconds: no system tells the time more finely."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value in a conflict: who holds it and when it was set there (seconds, None if unknown)."""

    value: Value
    system: str
    time: float | None = None
    pinned: bool = False


def canonical_bytes(value: Value) -> bytes:
    """Equal values have equal bytes, whatever the order of their keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def is_blank(value: Value) -> bool:
    """BLANK, or a group all of whose members are blank."""
    if isinstance(value, dict):
        return all(is_blank(item) for item in value.values())
    return value is None or value == [] or value == ""


def decide(policy: Policy, name: str, holder: Candidate, challenger: Candidate) -> tuple[bool, str]:
    """Whether the challenger wins against the golden value's holder, and by which rule.

    The order is total, whoever is asked first and however many values compete (a plugin's policy can break that).
    "Later only if by more than the clock error" alone would let three edits beat each other in a circle; so time counts
    in steps as wide as the widest clock error, and the clock decides between steps only.  A value whose age nobody
    knows does not overrule one whose age is known.
    """
    rule = policy.of(name)
    if holder.pinned != challenger.pinned:
        return challenger.pinned, "pinned by a person"
    ours, theirs = policy.authority_rank(holder.system, name), policy.authority_rank(challenger.system, name)
    if ours != theirs:
        return theirs < ours, "authority"
    if rule.blank == "ignore" and is_blank(holder.value) != is_blank(challenger.value):
        return is_blank(holder.value), "a value beats blank"
    named = _by_rule(policy, rule.conflict, holder, challenger)
    if named is not None:
        return named
    before, after = _step(holder.time, policy.window()), _step(challenger.time, policy.window())
    if before != after:
        return after > before, "later edit" if -math.inf not in (before, after) else "known age"
    ours, theirs = policy.rank(holder.system), policy.rank(challenger.system)
    if ours != theirs:
        return theirs < ours, "order of systems"
    return canonical_bytes(challenger.value) > canonical_bytes(holder.value), "tie"


def _step(time: float | None, window: float) -> float:
    """The step of time in which an edit was made."""
    if time is None:
        return -math.inf
    return math.floor(time / window) if window >= _FINEST else time


def _by_rule(policy: Policy, conflict: str, holder: Candidate, challenger: Candidate) -> tuple[bool, str] | None:
    """A rule that replaces the time step of the order; None where it does not decide."""
    if conflict.startswith("prefer:"):
        system = conflict.removeprefix("prefer:")
        if (holder.system == system) != (challenger.system == system):
            return challenger.system == system, conflict
    elif conflict == "longest":
        ours, theirs = len(canonical_bytes(holder.value)), len(canonical_bytes(challenger.value))
        if ours != theirs:
            return theirs > ours, conflict
    elif conflict in policy.plugins:
        ordered = sorted((holder, challenger), key=lambda item: (canonical_bytes(item.value), item.system))
        return ordered[policy.plugins[conflict](ordered)] is challenger, conflict
    return None
