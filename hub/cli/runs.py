"""runs: what happened, field by field; what failed, again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.finding import RunId, find_run, moment
from hub.cli.terminal import Outcome, Terminal, show_value
from hub.cli.undo import undo
from hub.config.quantities import show_duration
from hub.views.runs import look_at
from hub.views.times import when

if TYPE_CHECKING:
    from hub.history.diff import Change, RecordDiff


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at past runs.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub runs list --limit 5", title="runs list")(list_)
    command(group, "show", example="crmhub runs show 019a20059", title="runs show")(show)
    command(group, "diff", example="crmhub runs diff 019a20059", title="runs diff")(diff)
    command(group, "retry", example="crmhub runs retry 019a20059", title="runs retry")(retry)
    command(group, "undo", example="crmhub runs undo 019a20059", title="runs undo")(undo)
    app.add_typer(group, name="runs")


def list_(
    terminal: Terminal,
    sync: Annotated[str | None, typer.Option("--sync", metavar="NAME", help="Only runs of this sync")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many, newest first")] = 20,
    since: Annotated[
        str | None, typer.Option("--since", metavar="WHEN", help='How far back ("24h", "7d"), or a date (2026-11-30)')
    ] = None,
) -> Outcome:
    """List runs, the newest first."""
    if sync is not None:
        terminal.app.sync(sync)
    start = None if since is None else moment(since, terminal.app.clock())
    runs = terminal.app.store.history.runs(limit=limit, sync=sync, since=start)
    rows = []
    for run in runs:
        lasted = "-" if run["ended"] is None else show_duration(run["ended"] - run["started"])
        rows.append(
            (run["id"], run["sync"], run["kind"], run["state"], when(run["started"]), lasted, run.get("applied", 0))
        )
    terminal.table(("run", "sync", "kind", "state", "started (UTC)", "lasted", "writes"), rows)
    kept = ("id", "sync", "kind", "state", "started", "ended", "applied", "conflicts", "review")
    return Outcome([{key: run.get(key) for key in kept} for run in runs], {"runs": len(runs)})


def diff(terminal: Terminal, run_id: RunId) -> Outcome:
    """Show what a run changed, field by field: in which system and record, from what to what, who won and why."""
    from hub.history.diff import run_diff

    store = terminal.app.store
    run = find_run(store, run_id)
    found = run_diff(store, run["id"])
    for title, records in (("learned", found.learned), ("written", found.writes)):
        for record in records:
            where = f" in {record.system}/{record.resource} {record.remote_id}" if title == "written" else ""
            verb = record.kind if title == "written" else "learned about"
            terminal.say(f"{verb} {terminal.name(record.title, run=True)}{where}")
            for line in record.changes:
                terminal.say(f"    {_line(terminal, line)}")
    writes = [_record(terminal, record) for record in found.writes]
    learned = [_record(terminal, record) for record in found.learned]
    if not writes and not learned:
        terminal.say("this run changed nothing")
    counts = {"writes": len(writes), "learned": len(learned)}
    return Outcome({"run": run["id"], "writes": writes, "learned": learned}, counts, run_id=run["id"])


def _line(terminal: Terminal, change: Change) -> str:
    old, new = (show_value(terminal.value(change.path, item, run=True)) for item in (change.old, change.new))
    why = ", ".join(item for item in (change.source, change.rule) if item)
    lost = "".join(
        f"; won over {item.system}: {show_value(terminal.value(change.path, item.value, run=True))} ({item.rule})"
        for item in change.losers
    )
    return f"{change.path}: {old} -> {new}" + (f"   [{why}]" if why else "") + lost


def _record(terminal: Terminal, record: RecordDiff) -> dict[str, Any]:
    content = asdict(record)
    content["title"] = terminal.name(record.title, run=True)
    for change in content["changes"]:
        change["old"] = terminal.value(change["path"], change["old"], run=True)
        change["new"] = terminal.value(change["path"], change["new"], run=True)
        for loser in change["losers"]:
            loser["value"] = terminal.value(change["path"], loser["value"], run=True)
    return content


def retry(terminal: Terminal, run_id: RunId) -> Outcome:
    """Try again what failed in a run: its records leave quarantine, and its sync runs."""
    from hub.cli.syncing import run_sync
    from hub.views.quarantine import parted, release

    app = terminal.app
    with app.writing() as store:
        run = find_run(store, run_id)
        items = [item for item in parted(store)[0] if item.run == run["id"]]
        with store.transaction():
            release(store, items)
    paused = sorted(run.get("paused", {}))
    if not items and not paused and run["state"] not in ("interrupted", "failed"):
        terminal.say("nothing of this run is left to try again")
        return Outcome({"retried": 0, "paused": []}, {"retried": 0}, run_id=run["id"])
    terminal.note(f"{len(items)} record{'s' if len(items) != 1 else ''} and {len(paused)} system(s) are tried again")
    app.sync(run["sync"])
    outcome = run_sync(terminal, run["sync"])
    outcome.counts = {"retried": len(items), **outcome.counts}
    return outcome


def show(terminal: Terminal, run_id: RunId) -> Outcome:
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
