"""How the records of a sync's systems belong together: the report of a first sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.sync.engine import Engine, Result
    from hub.sync.plan.plan import Plan


def is_first(result: Result) -> bool:
    """Whether the run waits for the approval of a first sync."""
    return any(trip.guard == "first_sync" for trip in result.held)


def matched(engine: Engine, result: Result) -> dict[str, Any]:
    """How the records of the systems belong together.

    Per system: its records, those linked with a record of another system, those that wait for a review, the golden
    records that it does not have, and what the plan would create and update.  crowded: groups of records that were too
    large to look for alike ones in them."""
    store = engine.store
    systems: dict[str, Any] = {}
    planned = result.plan.counts() if result.plan is not None else {}
    for name in engine.systems.names():
        sources = engine.systems.of(name)
        systems[name] = {
            "records": sum(store.work.cursor(item.system, item.resource).size for item in sources),
            "linked": store.records.count_shared(name),
            "review": sum(store.staging.count(item.system, item.resource) for item in sources),
            "missing": store.records.count_missing_links(name, [item.resource for item in sources]),
            "to_create": planned.get(name, {}).get("create", 0),
            "to_update": planned.get(name, {}).get("update", 0),
        }
    return {
        "systems": systems,
        "review": result.review,
        "crowded": result.crowded,
        "conflicts": _conflicts(engine, result),
    }


def _conflicts(engine: Engine, result: Result) -> dict[str, int]:
    """Field -> conflicts found in this run."""
    found: dict[str, int] = {}
    for row in engine.store.history.ledger(run_id=result.run):
        name = row["path"].split("/", 1)[0]
        found[name] = found.get(name, 0) + 1
    return found


def totals(plan: Plan) -> dict[str, int]:
    """kind -> number of items over all systems."""
    return {kind: plan.items.count(kind=kind) for kind in ("create", "update", "delete")}
