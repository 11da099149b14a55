"""conflicts: what two systems disagree about, and the ledger of every value that lost."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal, show_value
from hub.views.conflicts import find, sides_of, to_row
from hub.views.conflicts import resolve as decide
from hub.views.exits import Exit
from hub.views.times import when

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a conflict")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Decide conflicts; restore values that lost.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub conflicts list --all", title="conflicts list")(list_)
    command(group, "show", example="crmhub conflicts show 12", title="conflicts show")(show)
    command(group, "resolve", example="crmhub conflicts resolve 12 --take erp", title="conflicts resolve")(resolve)
    app.add_typer(group, name="conflicts")


def list_(
    terminal: Terminal,
    everything: Annotated[bool, typer.Option("--all", help="Also those that a rule has decided")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many, newest first")] = 50,
) -> Outcome:
    """List conflicts that wait for a person; with --all every value that ever lost."""
    rows = terminal.app.store.history.ledger(state=None if everything else "open", limit=limit)
    found = [to_row(terminal, row) for row in rows]
    terminal.table(
        ("id", "record", "field", "winner", "loser", "rule", "state"),
        [
            (
                row["id"],
                row["title"],
                row["path"],
                f"{row['winner_system']}: {show_value(row['winner'])}",
                f"{row['loser_system']}: {show_value(row['loser'])}",
                row["rule"],
                row["state"],
            )
            for row in found
        ],
    )
    waiting = sum(1 for row in found if row["state"] == "open")
    problems = [
        Problem(
            "conflict",
            f"{row['path']}: two values",
            row["title"],
            f"crmhub conflicts resolve {row['id']} --take SYSTEM",
            "warning",
            told=True,
        )
        for row in found
        if row["state"] == "open"
    ]
    return Outcome(found, {"open": waiting, "listed": len(found)}, problems, Exit.PERSON if waiting else Exit.DONE)


def show(terminal: Terminal, number: Number) -> Outcome:
    """Show a conflict: every side with its time, and what holds for now."""
    store = terminal.app.store
    row = find(store, number)
    path = row["path"]
    sides, now = sides_of(terminal, store, row)
    terminal.say(f"conflict {number}: {path} of record {row['gid']}, {row['state']}, rule: {row['rule']}")
    for side in sides:
        terminal.say(f"  {side['system']}: {show_value(side['value'])}   {when(side['time'])}")
    if "/" not in path and not path.startswith("@"):
        terminal.say(f"  for now: {show_value(now)}")
    systems = " or ".join(f"--take {side['system']}" for side in sides)
    terminal.say(f"Decide: crmhub conflicts resolve {number} {systems}, or --value VALUE")
    kept = ("id", "gid", "path", "rule", "state")
    return Outcome({**{key: row[key] for key in kept}, "sides": sides}, {"sides": len(sides)})


def resolve(
    terminal: Terminal,
    number: Number,
    take: Annotated[str | None, typer.Option("--take", metavar="SYSTEM", help="This system's value wins")] = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar="VALUE", help="This value wins: a text, or JSON for a group")
    ] = None,
) -> Outcome:
    """Decide a conflict, or restore a value that lost. The next sync writes the decision to all systems."""
    from hub.bootstrap import UsageProblem

    if (take is None) == (value is None):
        raise UsageProblem("say either --take SYSTEM or --value VALUE")
    app, runs = terminal.app, list[str]()
    with app.writing():
        change = decide(app, number, take=take, value=value, begun=runs.append)
    new = terminal.value(change.path, change.new) if change is not None else None
    terminal.say(f"decided: {change.path} = {show_value(new)}" if change is not None else "decided")
    terminal.note("the next sync writes it")
    return Outcome({"id": number, "path": change.path if change is not None else "", "value": new}, run_id=runs[0])
