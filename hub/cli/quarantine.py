"""quarantine: records that could not be read or written, by cause."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit
from hub.views.quarantine import by_cause, find, ref_of, to_json
from hub.views.quarantine import retry as again
from hub.views.times import when

System = Annotated[str | None, typer.Option("--system", metavar="NAME", help="Only this system")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look after records that failed.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub quarantine list", title="quarantine list")(list_)
    command(group, "show", example="crmhub quarantine show erp/party/12", title="quarantine show")(show)
    command(group, "retry", example="crmhub quarantine retry --cause rejected", title="quarantine retry")(retry)
    app.add_typer(group, name="quarantine")


def list_(terminal: Terminal, system: System = None) -> Outcome:
    """List records in quarantine, grouped by cause, with the remote system's own words."""
    found = [to_json(terminal, item) for item in terminal.app.store.work.quarantined(system)]
    causes = by_cause(found)
    for cause, items in causes:
        terminal.say(f"{cause}: {len(items)}")
        for item in items[:20]:
            terminal.say(f"    {item['ref']}: {item['message']}")
        if len(items) > 20:
            terminal.say(f"    ... and {len(items) - 20} more")
        terminal.say(f"  {items[0]['hint']}. Try again: crmhub quarantine retry --cause {cause}")
    problems = [
        Problem(item["cause"], item["message"], item["ref"], item["hint"], "warning", told=True) for item in found
    ]
    counts = {cause: len(items) for cause, items in causes}
    return Outcome(found, counts, problems, Exit.RECORDS if found else Exit.DONE)


def show(
    terminal: Terminal, ref: Annotated[str, typer.Argument(metavar="REF", help="SYSTEM/RESOURCE/ID, as listed")]
) -> Outcome:
    """Show one record in quarantine."""
    item = find(terminal.app.store, ref)
    content = to_json(terminal, item)
    for key, value in content.items():
        terminal.say(f"{key + ':':<11} {when(value) if key == 'since' else value}")
    return Outcome(content)


def retry(
    terminal: Terminal,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="SYSTEM/RESOURCE/ID, as listed")] = None,
    cause: Annotated[str | None, typer.Option("--cause", metavar="CODE", help="All records with this cause")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All records")] = False,
) -> Outcome:
    """Let the next sync try records again."""
    from hub.bootstrap import UsageProblem

    if sum((ref is not None, cause is not None, everything)) != 1:
        raise UsageProblem("say which: a REF, --cause CODE or --all")
    with terminal.app.writing() as store:
        items = again(store, ref=ref, cause=cause)
    terminal.say(f"{len(items)} record{'s' if len(items) != 1 else ''} will be tried again by the next sync")
    return Outcome([ref_of(item) for item in items], {"released": len(items)})
