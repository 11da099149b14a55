"""runs: what happened."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Terminal, show_value
from hub.config.quantities import show_duration
from hub.views.runs import look_at
from hub.views.times import when


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at past runs.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub runs list --limit 5", title="runs list")(list_)
    command(group, "show", example="crmhub runs show 019a20059", title="runs show")(show)
    app.add_typer(group, name="runs")


def list_(
    terminal: Terminal,
    sync: Annotated[str | None, typer.Option("--sync", metavar="NAME", help="Only runs of this sync")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many, newest first")] = 20,
) -> Outcome:
    """List runs, the newest first."""
    if sync is not None:
        terminal.app.sync(sync)
    runs = terminal.app.store.history.runs(limit=limit, sync=sync)
    rows = []
    for run in runs:
        lasted = "-" if run["ended"] is None else show_duration(run["ended"] - run["started"])
        rows.append(
            (run["id"], run["sync"], run["kind"], run["state"], when(run["started"]), lasted, run.get("applied", 0))
        )
    terminal.table(("run", "sync", "kind", "state", "started (UTC)", "lasted", "writes"), rows)
    kept = ("id", "sync", "kind", "state", "started", "ended", "applied", "conflicts", "review")
    return Outcome([{key: run.get(key) for key in kept} for run in runs], {"runs": len(runs)})


def show(
    terminal: Terminal, run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, or how it begins")]
) -> Outcome:
    """Show a run: what it counted, every write with its differences, conflicts and notices."""
    found = look_at(terminal, terminal.app.store, run_id)
    run, writes, ledger, notices = found.run, found.writes, found.ledger, found.notices
    terminal.say(f"run {run['id']}: {run['kind']} of {run['sync']}, {run['state']}, {when(run['started'])} UTC")
    for system, counter in run.get("counts", {}).items():
        counted = ", ".join(f"{key} {value}" for key, value in counter.items() if value and key != "problems")
        terminal.say(f"  {system}: {counted or 'nothing to do'}")
    for write in writes:
        terminal.say(f"{write['kind']} {write['system']}/{write['resource']} {write['remote_id']}")
        for diff in write["diffs"]:
            terminal.say(f"    {diff['path']}: {show_value(diff['old'])} -> {show_value(diff['new'])}")
    for row in ledger:
        sides = f"{row['winner_system']} won over {row['loser_system']}"
        terminal.say(f"conflict {row['id']} {row['path']}: {sides} ({row['rule']})")
    for row in notices:
        terminal.say(f"notice {row['system']} {row['path']}: {row['message']}")
    counts = run.pop("counts", {})
    return Outcome({**run, "writes": writes, "ledger": ledger, "notices": notices}, counts, run_id=run["id"])
