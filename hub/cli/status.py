"""status: the worst thing first, with the command that deals with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Terminal
from hub.config.quantities import show_duration
from hub.views.exits import worst
from hub.views.status import FIVE, State, counters

if TYPE_CHECKING:
    from hub.views.schedule import Overview


_UNDONE = 3
"""Runs that were undone, of those that are shown of a sync."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "status", example="crmhub status customers")(status)


def status(
    terminal: Terminal,
    sync: Annotated[str | None, typer.Argument(metavar="[SYNC]", help="Only this sync")] = None,
) -> Outcome:
    """Show what needs attention, worst first, and where every record is. Needs no network."""
    from hub.views.status import standing

    app = terminal.app
    names = [app.sync(sync).name] if sync is not None else list(app.config.syncs)
    if not app.storage.location.exists():
        for name in names:
            terminal.say(f"sync {name}: never ran. Next: crmhub sync {name}")
        return Outcome(
            {
                "syncs": {name: {"state": "never ran"} for name in names},
                "next": f"crmhub sync {names[0]}" if names else "",
            }
        )
    found = standing(app, names)
    states, seen, findings = found.states, found.seen, found.findings
    for finding in findings:
        where = f"{finding.problem.where}: " if finding.problem.where else ""
        terminal.say(f"! {where}{terminal.message(finding.problem.message)}\n    {finding.problem.hint}")
    if not findings:
        terminal.say("Nothing needs attention.")
    now = app.clock()
    for state in states:
        _show(terminal, state, seen, now)
    return Outcome(
        {
            "syncs": {state.name: _json(state) | seen.syncs[state.name].to_json() for state in states},
            "service": seen.service,
            "alarms": [{**item, "message": terminal.message(item["message"])} for item in seen.alarms],
        },
        {state.name: {item.system: counters(item) for item in state.accounts} for state in states},
        [item.problem for item in findings] if terminal.options.json else [],
        worst(item.code for item in findings),
    )


def _show(terminal: Terminal, state: State, seen: Overview, now: float) -> None:
    terminal.say()
    last = state.last["state"] if state.last is not None else "never ran"
    good = _ago(state.good["ended"], now) if state.good is not None else "never"
    terminal.say(f"sync {state.name}: {last}; last good {good}")
    for line in seen.syncs[state.name].lines(now, seen.served):
        terminal.say(f"  {line}")
    for item in state.undone[:_UNDONE]:
        terminal.say(f"  run {item.run} was undone {_ago(item.at, now)} by run {item.by}")
    if len(state.undone) > _UNDONE:
        terminal.say(f"  and {len(state.undone) - _UNDONE} more; crmhub runs list shows them")
    if state.accounts:
        head = (
            "system",
            "resource",
            "in sync",
            "excluded",
            "quarantined",
            "in conflict",
            "waiting",
            "sum",
            "total",
            "",
        )
        rows = []
        for item in state.accounts:
            counted = counters(item)
            five = [counted[key] for key in FIVE]
            rows.append((item.system, item.resource, *five, sum(five), item.total, "" if item.ok else "DIFFERS"))
        terminal.table(head, rows)
    if state.findings:
        worst_one = min(state.findings, key=lambda item: item.rank)
        terminal.say(f"next: {worst_one.problem.hint}")


def _ago(at: float | None, now: float) -> str:
    if at is None:
        return "never"
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{show_duration(max(0.0, now - at))} ago ({when})"


def _json(state: State) -> dict[str, Any]:
    return {
        "state": state.last["state"] if state.last is not None else "never ran",
        "last_run": state.last["id"] if state.last is not None else None,
        "last_good": state.good["ended"] if state.good is not None else None,
        "systems": [
            {"system": item.system, "resource": item.resource, **counters(item), "ok": item.ok}
            for item in state.accounts
        ],
        "undone": [asdict(item) for item in state.undone],
        "next": min(state.findings, key=lambda item: item.rank).problem.hint if state.findings else "",
    }
