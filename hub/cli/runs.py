"""runs: what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Terminal, show_value
from hub.config.quantities import show_duration


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at past runs.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub runs list --limit 5", title="runs list")(list_)
    command(group, "show", example="crmhub runs show 019a20059", title="runs show")(show)
    app.add_typer(group, name="runs")


def when(at: float | None) -> str:
    """A time for people, in UTC."""
    return "-" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


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
    history = terminal.app.store.history
    run = history.run(run_id)
    if run is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no run {run_id!r}, or several begin so", hint="`crmhub runs list` shows them")
    writes = [_write(terminal, row) for row in history.journal_rows(run_id=run["id"])]
    ledger = [_loser(terminal, row) for row in history.ledger(run_id=run["id"])]
    notices = [
        {**row, "message": terminal.message(row["message"], run=True)} for row in history.notices(run_id=run["id"])
    ]
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
    for counter in counts.values():
        counter["problems"] = [_problem(terminal, item) for item in counter.get("problems", ())]
    return Outcome({**run, "writes": writes, "ledger": ledger, "notices": notices}, counts, run_id=run["id"])


def _write(terminal: Terminal, row: dict[str, Any]) -> dict[str, Any]:
    diffs = [
        {
            **diff,
            "old": terminal.value(diff["path"], diff["old"], run=True),
            "new": terminal.value(diff["path"], diff["new"], run=True),
        }
        for diff in row["diffs"]
    ]
    kept = ("at", "system", "resource", "gid", "remote_id", "kind")
    return {**{key: row[key] for key in kept}, "diffs": diffs}


def _loser(terminal: Terminal, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "title": terminal.name(row["title"], run=True),
        "winner": terminal.value(row["path"], row["winner"], run=True),
        "loser": terminal.value(row["path"], row["loser"], run=True),
    }


def _problem(terminal: Terminal, item: dict[str, str]) -> dict[str, str]:
    return {key: terminal.message(str(value), run=True) for key, value in item.items()}
