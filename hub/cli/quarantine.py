"""quarantine: records that could not be read or written, by cause."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views import quarantine
from hub.views.exits import Exit
from hub.views.quarantine import by_cause, find, parted, ref_of, to_json
from hub.views.times import when

_WHO = "command line"
System = Annotated[str | None, typer.Option("--system", metavar="NAME", help="Only this system")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look after records that failed.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub quarantine list", title="quarantine list")(list_)
    command(group, "show", example="crmhub quarantine show erp/party/12", title="quarantine show")(show)
    command(group, "retry", example="crmhub quarantine retry --cause rejected", title="quarantine retry")(retry)
    command(group, "ignore", example="crmhub quarantine ignore erp/party/12", title="quarantine ignore")(ignore)
    app.add_typer(group, name="quarantine")


def list_(terminal: Terminal, system: System = None) -> Outcome:
    """List records in quarantine, grouped by cause, with the remote system's own words; what is ignored comes last."""
    asking, ignored = parted(terminal.app.store, system)
    found = [to_json(terminal, item) for item in asking]
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
    apart = [to_json(terminal, item, ignoring) for item, ignoring in ignored]
    if apart:
        terminal.say(f"ignored: {len(apart)}")
        for item in apart[:20]:
            terminal.say(f"    {item['ref']}: {item['message']}")
        terminal.say(
            "  They stay refused until they or their mapping change. Ask again: crmhub quarantine ignore --stop"
        )
    return Outcome([*found, *apart], counts, problems, Exit.RECORDS if found else Exit.DONE)


def show(
    terminal: Terminal, ref: Annotated[str, typer.Argument(metavar="REF", help="SYSTEM/RESOURCE/ID, as listed")]
) -> Outcome:
    """Show one record in quarantine."""
    store = terminal.app.store
    item = find(store, ref)
    content = to_json(terminal, item, store.ignored.standing().get(item.key))
    for key, value in content.items():
        if key == "ignored":
            value = f"since {when(value['at'])} ({value['who']})" if value else "no"
        terminal.say(f"{key + ':':<11} {when(value) if key == 'since' else value}")
    return Outcome(content)


def retry(
    terminal: Terminal,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="SYSTEM/RESOURCE/ID, as listed")] = None,
    cause: Annotated[str | None, typer.Option("--cause", metavar="CODE", help="All records with this cause")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All records")] = False,
) -> Outcome:
    """Let the next sync try records again. One that is ignored is tried only if its REF is given."""
    from hub.bootstrap import UsageProblem

    if sum((ref is not None, cause is not None, everything)) != 1:
        raise UsageProblem("say which: a REF, --cause CODE or --all")
    with terminal.app.writing() as store:
        items = quarantine.retry(store, ref=ref, cause=cause)
    terminal.say(f"{len(items)} record{'s' if len(items) != 1 else ''} will be tried again by the next sync")
    return Outcome([ref_of(item) for item in items], {"released": len(items)})


def ignore(
    terminal: Terminal,
    ref: Annotated[str | None, typer.Argument(metavar="[REF]", help="SYSTEM/RESOURCE/ID, as listed")] = None,
    cause: Annotated[str | None, typer.Option("--cause", metavar="CODE", help="All records with this cause")] = None,
    system: System = None,
    stop: Annotated[bool, typer.Option("--stop", help="Ask about it again, or about all without a REF")] = False,
) -> Outcome:
    """Ask nobody about records until they, their mapping or the cause change. They stay refused and counted."""
    from hub.bootstrap import UsageProblem

    if stop and (cause is not None or system is not None):
        raise UsageProblem("--stop goes with a REF, or alone")
    if not stop and (ref is not None) == (cause is not None):
        raise UsageProblem("say which: a REF or --cause CODE")
    now = terminal.app.clock()
    with terminal.app.writing() as store:
        if stop:
            number = quarantine.heed(store, now, _WHO, ref=ref)
            terminal.say(f"{number} record{'s' if number != 1 else ''} will be asked about again")
            return Outcome({"stopped": number}, {"stopped": number})
        items = quarantine.ignore(store, now, _WHO, ref=ref, cause=cause, system=system)
    terminal.say(f"{len(items)} record{'s' if len(items) != 1 else ''} ignored until something about them changes")
    return Outcome([ref_of(item) for item in items], {"ignored": len(items)})
