"""Guards (section 12): a plan that looks like an accident needs a person, per system; the other systems go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.sync.merge.consents import widens
from hub.sync.plan.items import GuardTrip
from hub.sync.plan.plan import Plan
from hub.sync.policy import Guards, is_blank


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards need to know about a system beside the plan.

    linked: active links; first: the first sync has not been approved yet;
    loading: an approved first sync was interrupted and goes on; shrank: message of a listing that shrank;
    relinked: links dropped or moved in this run;
    restored: the store was restored from a backup, and no plan was approved since;
    changed: what changed since the last run ("mapping", "scope").
    """

    linked: int = 0
    first: bool = False
    loading: bool = False
    shrank: str = ""
    relinked: int = 0
    restored: bool = False
    changed: tuple[str, ...] = ()


def trips(plan: Plan, facts: Mapping[str, Facts], guards: Guards) -> list[GuardTrip]:
    """Every guard that the plan trips."""
    result: list[GuardTrip] = []
    for system, known in facts.items():
        for guard, message in _judge(plan, system, known, guards):
            result.append(GuardTrip(system, guard, message))
    return result


def lossy_trips(written: Mapping[str, tuple[int, int]], guards: Guards) -> list[GuardTrip]:
    """Judge the first writes of a big load.  written: system -> (writes, those stored differently than sent).

    One alone is no pattern, whatever its share.
    """
    return [
        GuardTrip(system, "lossy", f"{lossy} of the first {number} writes were stored differently than sent")
        for system, (number, lossy) in written.items()
        if lossy > max(1, guards.lossy * number)
    ]


def _judge(plan: Plan, system: str, facts: Facts, guards: Guards) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    linked = max(facts.linked, 1)
    items = plan.items.count(system)
    deletes = plan.items.count(system, kind="delete")
    creates = plan.items.count(system, kind="create")
    diffs = _Diffs(plan.items.documents({system}))
    if facts.first and items:
        found.append(("first_sync", f"the first sync writes {items} records; a person approves it once"))
    if deletes > max(guards.delete[0], guards.delete[1] * linked):
        found.append(("deletes", f"{deletes} of {facts.linked} records would be deleted"))
    if creates > max(guards.create[0], guards.create[1] * linked) and not (facts.first or facts.loading):
        found.append(("creates", f"{creates} records would be created beside {facts.linked}"))
    found += _field_guards(diffs, facts, guards)
    if facts.shrank:
        found.append(("shrunk", facts.shrank))
    if facts.relinked > max(5, guards.relink * linked):
        found.append(("relinked", f"{facts.relinked} of {facts.linked} links were dropped or moved"))
    if facts.restored and items and not facts.first:
        text = (
            f"the store was restored from a backup: {items} records would be written that may have been written before"
        )
        found.append(("restored", text))
    if facts.changed and items and not facts.first:
        found.append(("rules_changed", f"{' and '.join(facts.changed)} changed since the last run"))
    if diffs.widened:
        found.append(("consent", f"a consent would be widened: {', '.join(sorted(diffs.widened))}"))
    return found


class _Diffs:
    """What the updates of a plan change and empty, by field, counted in one pass; consents that any item would widen."""

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self.changed: dict[str, int] = {}
        self.blanked: dict[str, int] = {}
        self.widened: set[str] = set()
        for item in items:
            diffs = item["diffs"]
            self.widened.update(diff["path"] for diff in diffs if _widens(diff["path"], diff["old"], diff["new"]))
            if item["kind"] != "update":
                continue
            emptied = [diff for diff in diffs if is_blank(diff["new"]) and not is_blank(diff["old"])]
            for counts, found in ((self.changed, diffs), (self.blanked, emptied)):
                for name in {diff["path"].split("/", 1)[0] for diff in found}:
                    counts[name] = counts.get(name, 0) + 1


def _field_guards(diffs: _Diffs, facts: Facts, guards: Guards) -> list[tuple[str, str]]:
    found = []
    linked = max(facts.linked, 1)
    for name, number in sorted(diffs.changed.items()):
        if number > max(10, guards.field_changed * linked) and not (facts.first or facts.loading):
            found.append(("field_changed", f"{name} would change on {number} of {facts.linked} records"))
    for name, number in sorted(diffs.blanked.items()):
        if number > max(guards.field_blanked[0], guards.field_blanked[1] * linked):
            found.append(("field_blanked", f"{name} would be emptied on {number} of {facts.linked} records"))
    return found


def _widens(path: str, old: object, new: object) -> bool:
    return path.startswith("consents.") and widens(old, new) and new in ("granted", "pending")
