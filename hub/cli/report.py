"""What a run tells: the report of a first sync, the plan line, guards, problems; for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hub.cli.interactions import facts_json, show_facts
from hub.cli.terminal import Long, Problem, Terminal, show_value
from hub.views.exits import is_retryable
from hub.views.matching import is_first as is_first
from hub.views.matching import matched as matched
from hub.views.matching import totals

if TYPE_CHECKING:
    from hub.sync.engine import Engine, Result
    from hub.sync.plan.items import Item
    from hub.sync.plan.plan import Plan

SAMPLES = 5
"""Examples of each kind in a report."""
SHOWN = 20
"""Items of a plan shown with their differences."""


# the report of matching


def show_report(terminal: Terminal, engine: Engine, result: Result, report: Mapping[str, Any]) -> None:
    """The report of a first sync (``matched``) for people."""
    terminal.say(f"How the records of sync {result.sync!r} belong together:")
    head = ("system", "records", "linked", "for review", "to create", "to update")
    keys = ("records", "linked", "review", "to_create", "to_update")
    terminal.table(head, [(name, *(item[key] for key in keys)) for name, item in report["systems"].items()])
    first = engine.systems.names()[0]
    for _gid, title in engine.store.records.shared(first, SAMPLES):
        terminal.say(f"  linked: {terminal.name(title, run=True)}")
    for kind in ("create", "update"):
        _show_samples(terminal, result, kind)
    for review in engine.store.history.reviews()[:SAMPLES]:
        names = ", ".join(f"{item['system']}: {terminal.name(item['title'], run=True)}" for item in review.members)
        terminal.say(f"  review {review.id}: {names} ({review.reason})")
    if report["crowded"]:
        terminal.say(crowded_line(report["crowded"]))
    if report["conflicts"]:
        found = ", ".join(f"{name} {number}" for name, number in sorted(report["conflicts"].items()))
        terminal.say(f"Fields on which linked records differ: {found}. See: crmhub conflicts list")


def crowded_line(number: int) -> str:
    """Where records were not compared."""
    from hub.identity.score import CROWDED

    groups = "1 group" if number == 1 else f"{number} groups"
    return f"Not compared: {groups} of more than {CROWDED} records of one system that have one trait in common"


def _show_samples(terminal: Terminal, result: Result, kind: str) -> None:
    if result.plan is None:
        return
    for item in result.plan.items.first(SAMPLES, kind):
        terminal.say(f"  {kind} in {item.system}: {terminal.name(item.title, run=True)}")
    number = result.plan.items.count(kind=kind)
    if number > SAMPLES:
        terminal.say(f"  ... and {number - SAMPLES} more to {kind}")


# a run


def show_run(terminal: Terminal, result: Result, *, diffs: bool = False) -> None:
    """What a run planned or did, ending with the plan line."""
    if diffs:
        for line in _diff_lines(terminal, result):
            terminal.say(line)
    if result.applied:
        head = ("system", "read", "created", "updated", "deleted", "failed", "calls")
        rows = [
            (name, item.read, item.created, item.updated, item.deleted, item.failed, item.calls)
            for name, item in result.counters.items()
        ]
        terminal.table(head, rows)
    for item in result.stale:
        terminal.say(f"stale, skipped: {terminal.message(item, run=True)}")
    show_facts(terminal, result)
    if result.plan is not None:
        terminal.say(plan_line(result.plan))
    show_trips(terminal, result)


def plan_line(plan: Plan) -> str:
    """ "Plan: 12 create, 240 update, 0 delete; 2 need review"."""
    total = totals(plan)
    text = f"Plan: {total['create']} create, {total['update']} update, {total['delete']} delete"
    return f"{text}; {plan.review} need review" if plan.review else text


def _diff_lines(terminal: Terminal, result: Result) -> Iterator[str]:
    if result.plan is None:
        return
    items = result.plan.items
    for item in items.first(SHOWN):
        yield f"{item.kind} {item.system}/{item.resource} {item.remote_id or '(new)'}: {terminal.name(item.title, run=True)}"
        for diff in item.diffs:
            old = show_value(terminal.value(diff.path, diff.old, run=True))
            new = show_value(terminal.value(diff.path, diff.new, run=True))
            why = f"   [{', '.join(filter(None, (diff.source, diff.rule)))}]" if diff.source or diff.rule else ""
            yield f"    {diff.path}: {old} -> {new}{why}"
        for name, reason in item.held.items():
            yield f"    {name}: held back: {reason}"
    if len(items) > SHOWN:
        yield f"... and {len(items) - SHOWN} more; -o FILE saves them all"
    if result.plan is not None and result.plan.calls:
        yield "API calls: " + ", ".join(f"{name} {number}" for name, number in result.plan.calls.items())


def show_trips(terminal: Terminal, result: Result) -> None:
    """What a guard holds back, and the command that approves it."""
    plan = result.plan
    if plan is None:
        return
    for trip in result.held:
        terminal.say(f"held: {trip.system}: {trip.message}" if trip.system else f"held: {trip.message}")
    if result.held and plan.items and not plan.vetoes:
        terminal.say(f"To write this: crmhub sync {result.sync} --approve {plan.approval()}")


# problems and JSON


def problems(terminal: Terminal, result: Result) -> list[Problem]:
    """Everything that keeps the run from being a success, with what to do."""
    found = [
        Problem(
            error.code,
            error.message,
            system,
            error.hint or _next_step(system, error.code),
            "warning" if error.code == "paused" else "error",
            is_retryable(error),
        )
        for system, error in (result.facts_paused | result.paused).items()
    ]
    failed = {system: counter.failed for system, counter in result.counters.items()}
    for item in result.facts:
        failed[item.system] = failed.get(item.system, 0) + item.failed
    for system, number in failed.items():
        if number:
            hint = f"`crmhub quarantine list --system {system}` shows them with the reasons"
            found.append(Problem("record_failed", f"{number} records failed", system, hint, "warning"))
    for account in result.accounts:
        if not account.ok:
            hint = "This is a fault of crmhub or of the plugin; report it with `crmhub status --json`"
            text = f"{account.resource}: records are unaccounted for"
            found.append(Problem("accounting", text, account.system, hint))
    plan = result.plan
    if plan is not None:
        found += [Problem("veto", text, result.sync, "A plugin refuses this plan") for text in plan.vetoes]
        for trip in result.held:
            hint = f"crmhub sync {result.sync} --approve {plan.approval()}" if plan.items else ""
            found.append(Problem(f"guard_{trip.guard}", trip.message, trip.system, hint, "warning", told=True))
    if result.review:
        text = f"{result.review} questions about who is who wait for an answer"
        found.append(Problem("review", text, result.sync, "crmhub review list", "warning"))
    if result.conflicts:
        text = f"{result.conflicts} conflicts wait for a decision"
        found.append(Problem("conflict", text, result.sync, "crmhub conflicts list", "warning"))
    if result.stale:
        text = f"{len(result.stale)} items no longer fit and were skipped"
        found.append(Problem("stale", text, result.sync, "Make a new plan", "warning"))
    return found


def _next_step(system: str, code: str) -> str:
    if code == "needs_login":
        return f"Correct the credentials of [connections.{system}], then: crmhub connect test {system}"
    if code == "rate_limited":
        return "The next run goes on where this one stopped"
    return f"crmhub connect test {system}"


def another_plan(sync: str, plan: Plan) -> Problem:
    """The approval named a plan that is no longer the current one."""
    hint = f"Look at it again: crmhub plan {sync}; then: crmhub sync {sync} --approve {plan.approval()}"
    return Problem("plan_changed", "the approved plan is not the current one; something changed since", sync, hint)


def counts(result: Result) -> dict[str, dict[str, int]]:
    """system -> what the run counted."""
    found = {}
    for system, counter in result.counters.items():
        found[system] = {key: value for key, value in asdict(counter).items() if key != "problems"}
    return found


def show_stages(terminal: Terminal, result: Result) -> None:
    """What each stage took."""
    rows = [
        (item.name, item.system, f"{item.seconds:.3f}", f"{item.cpu:.3f}", str(item.times)) for item in result.stages
    ]
    terminal.table(("stage", "system", "seconds", "computing", "times"), rows)
    terminal.note("systems are written to at the same time; start-up and the end of the run are not in it")


def to_json(terminal: Terminal, result: Result, report: Mapping[str, Any] | None) -> dict[str, Any]:
    """A run for programs; values are masked unless --show-pii.  report: how the records belong together, where that was
    found out: it counts every record, which an everyday run must not pay for."""
    plan = result.plan
    content: dict[str, Any] = {
        "run_id": result.run,
        "state": result.state,
        "applied": result.applied,
        "accounts": [{**asdict(item), "ok": item.ok} for item in result.accounts],
        "facts": facts_json(result),
        "paused": {
            system: {"code": error.code, "message": error.message}
            for system, error in (result.facts_paused | result.paused).items()
        },
        "stale": [terminal.message(item) for item in result.stale],
        "match": report,
        "stages": [
            {**asdict(item), "seconds": round(item.seconds, 4), "cpu": round(item.cpu, 4)} for item in result.stages
        ],
    }
    if plan is not None:
        content["plan"] = {
            "hash": plan.hash(),
            "approval": plan.approval(),
            "totals": totals(plan),
            "systems": plan.counts(),
            "review": plan.review,
            "calls": plan.calls,
            "trips": [asdict(trip) for trip in result.held],
            "vetoes": plan.vetoes,
            # a plan may be long, and only programs read it whole
            "items": Long(_item_json(terminal, item) for item in plan.items) if terminal.options.json else [],
        }
    return content


def _item_json(terminal: Terminal, item: Item) -> dict[str, Any]:
    return {
        "system": item.system,
        "resource": item.resource,
        "gid": item.gid,
        "kind": item.kind,
        "remote_id": item.remote_id,
        "title": terminal.name(item.title),
        "held": item.held,
        "diffs": [
            {
                "path": diff.path,
                "old": terminal.value(diff.path, diff.old),
                "new": terminal.value(diff.path, diff.new),
                "source": diff.source,
                "rule": diff.rule,
            }
            for diff in item.diffs
        ],
    }
