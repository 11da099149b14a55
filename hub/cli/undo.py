"""runs undo: what a run wrote is taken back, after a look at what that means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.finding import RunId, find_run
from hub.cli.terminal import Outcome, Problem, Terminal, show_value
from hub.views.exits import Exit, of_result, worst

if TYPE_CHECKING:
    from hub.sync.engine import Result
    from hub.sync.undo.outcome import Entry, UndoPlan

SHOWN = 20
"""Lines of each kind that are shown to people."""

Approve = Annotated[str | None, typer.Option("--approve", metavar="HASH", help="Approve exactly this undo, once")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it at once, unless a guard trips")]


def undo(terminal: Terminal, run_id: RunId, approve: Approve = None, yes: Yes = False) -> Outcome:
    """Take back what a run wrote. Shows first what is taken back, what stays because it changed since, and what cannot."""
    from hub.cli.progress import reporting

    app = terminal.app
    run = find_run(app.store, run_id)
    name = app.sync(run["sync"]).name
    with app.writing(), reporting(terminal) as reporter:
        result = app.engine(name, progress=reporter).undo(run["id"], approve=approve, yes=yes)
    app.announce(result.run)
    plan = result.undo
    assert plan is not None
    _show(terminal, plan, result)
    if (
        run.get("applied")
        and not (plan.back or plan.kept or plan.cannot)
        and not app.store.past.counts(run["id"])["writes"]
    ):
        terminal.say("what this run wrote is not kept any more (journal in [hub.retention])")
    return _outcome(terminal, plan, result, approve)


def _show(terminal: Terminal, plan: UndoPlan, result: Result) -> None:
    done = result.approved
    heads = (
        ("taken back" if done else "to be taken back", plan.back),
        ("kept, because it changed since", plan.kept),
        ("cannot be taken back", plan.cannot),
    )
    for head, entries in heads:
        if entries:
            terminal.say(f"{head}: {len(entries)}")
        for entry in entries[:SHOWN]:
            terminal.say(f"    {_line(terminal, entry)}")
        if len(entries) > SHOWN:
            terminal.say(f"    ... and {len(entries) - SHOWN} more")
    for trip in result.held:
        terminal.say(f"held back in {trip.system}: {trip.message}")
    for text in plan.plan.vetoes:
        terminal.say(f"a plugin forbids it: {terminal.message(text, run=True)}")
    if not plan.back:
        terminal.say("There is nothing to take back")
    elif not done:
        terminal.say(f"To do this: crmhub runs undo {plan.past} --approve {plan.hash()}")


def _line(terminal: Terminal, entry: Entry) -> str:
    where = f"{entry.system}/{entry.resource} {entry.remote_id} {terminal.name(entry.title, run=True)}"
    if entry.reason:
        return f"{where}{': ' + entry.path if entry.path else ''}: {entry.reason}"
    if not entry.path:
        return f"{where}: {'made again' if entry.now is None else 'deleted'}"
    now, then = (show_value(terminal.value(entry.path, item, run=True)) for item in (entry.now, entry.then))
    return f"{where}: {entry.path}: {now} -> {then}"


def _outcome(terminal: Terminal, plan: UndoPlan, result: Result, approve: str | None) -> Outcome:
    problems: list[Problem] = []
    codes = [of_result(result)] if result.approved or result.paused else [Exit.DONE]
    for system, error in result.paused.items():
        problems.append(Problem(error.code, error.message, system, error.hint))
    if not result.approved and plan.back:
        if approve is not None:
            hint = f"Look at it again: crmhub runs undo {plan.past}"
            problems.append(Problem("stale", "the undo that was approved is not the current one", plan.past, hint))
            codes.append(Exit.STALE)
        else:
            hint = f"crmhub runs undo {plan.past} --approve {plan.hash()}"
            problems.append(Problem("approval", "the undo waits for approval", plan.past, hint, "warning", told=True))
            codes.append(Exit.PERSON)
    for text in result.stale:
        text = f"changed while it was being taken back: {text}"
        problems.append(Problem("stale", text, plan.past, "Run the same command again", "warning"))
    found = {
        "run": plan.past,
        "hash": plan.hash(),
        "approved": result.approved,
        "reversed": _entries(terminal, plan.back),
        "kept": _entries(terminal, plan.kept),
        "cannot": _entries(terminal, plan.cannot),
        "guards": [{"system": trip.system, "guard": trip.guard, "message": trip.message} for trip in result.held],
    }
    counts = {"reversed": len(plan.back), "kept": len(plan.kept), "cannot": len(plan.cannot), "writes": result.applied}
    return Outcome(found, counts, problems, worst(codes), run_id=result.run)


def _entries(terminal: Terminal, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {
            "gid": item.gid,
            "title": terminal.name(item.title, run=True),
            "system": item.system,
            "resource": item.resource,
            "remote_id": item.remote_id,
            "path": item.path,
            "now": terminal.value(item.path or "name", item.now, run=True),
            "then": terminal.value(item.path or "name", item.then, run=True),
            "reason": item.reason,
        }
        for item in entries
    ]
