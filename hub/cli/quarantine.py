"""quarantine: records that could not be read or written, by cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.exits import Exit
from hub.cli.finding import when
from hub.cli.terminal import Outcome, Problem, Terminal

if TYPE_CHECKING:
    from hub.store.store import Store
    from hub.store.work import Quarantined

HINTS = {
    "rejected": "Correct the record in the system that it comes from, or in the one that refuses it",
    "config": "Correct the connection's settings",
    "plugin_bug": "Report it to the plugin's author",
    "loop_suspect": "Two systems correct each other; look at `crmhub record explain REF`",
    "duplicate": "Merge the two records in that system, or link them by `crmhub review`",
    "not_found": "The record is gone; the next full listing will tell",
}
"""What usually helps, by cause."""

System = Annotated[str | None, typer.Option("--system", metavar="NAME", help="Only this system")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look after records that failed.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub quarantine list", title="quarantine list")(list_)
    command(group, "show", example="crmhub quarantine show erp/party/12", title="quarantine show")(show)
    command(group, "retry", example="crmhub quarantine retry --cause rejected", title="quarantine retry")(retry)
    app.add_typer(group, name="quarantine")


def ref_of(item: Quarantined) -> str:
    """How a person names it: SYSTEM/RESOURCE/ID, with the gid where the record does not exist there yet."""
    return f"{item.system}/{item.resource}/{item.remote_id or item.gid}"


def _json(terminal: Terminal, item: Quarantined) -> dict[str, Any]:
    return {
        "ref": ref_of(item),
        "system": item.system,
        "resource": item.resource,
        "remote_id": item.remote_id,
        "gid": item.gid,
        "cause": item.code,
        "message": terminal.message(item.message),
        "hint": HINTS.get(item.code, "It is tried again when the record or the mapping changes"),
        "since": item.at,
        "attempts": item.attempts,
        "run": item.run,
    }


def list_(terminal: Terminal, system: System = None) -> Outcome:
    """List records in quarantine, grouped by cause, with the remote system's own words."""
    found = [_json(terminal, item) for item in terminal.app.store.work.quarantined(system)]
    causes: dict[str, list[dict[str, Any]]] = {}
    for item in found:
        causes.setdefault(item["cause"], []).append(item)
    for cause, items in sorted(causes.items(), key=lambda pair: -len(pair[1])):
        terminal.say(f"{cause}: {len(items)}")
        for item in items[:20]:
            terminal.say(f"    {item['ref']}: {item['message']}")
        if len(items) > 20:
            terminal.say(f"    ... and {len(items) - 20} more")
        terminal.say(f"  {items[0]['hint']}. Try again: crmhub quarantine retry --cause {cause}")
    problems = [
        Problem(item["cause"], item["message"], item["ref"], item["hint"], "warning", told=True) for item in found
    ]
    counts = {cause: len(items) for cause, items in causes.items()}
    return Outcome(found, counts, problems, Exit.RECORDS if found else Exit.DONE)


def show(
    terminal: Terminal, ref: Annotated[str, typer.Argument(metavar="REF", help="SYSTEM/RESOURCE/ID, as listed")]
) -> Outcome:
    """Show one record in quarantine."""
    item = _one(terminal, ref)
    content = _json(terminal, item)
    for key, value in content.items():
        terminal.say(f"{key + ':':<11} {when(value) if key == 'since' else value}")
    return Outcome(content)


def _one(terminal: Terminal, ref: str) -> Quarantined:
    from hub.bootstrap import UsageProblem

    found = next((item for item in terminal.app.store.work.quarantined() if ref_of(item) == ref), None)
    if found is None:
        raise UsageProblem(f"{ref!r} is not in quarantine", hint="`crmhub quarantine list` names the records")
    return found


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
        items = [_one(terminal, ref)] if ref is not None else store.work.quarantined()
        items = [item for item in items if cause is None or item.code == cause]
        if not items and cause is not None:
            raise UsageProblem(f"nothing is in quarantine because of {cause!r}", hint="`crmhub quarantine list`")
        with store.transaction():
            release(store, items)
    terminal.say(f"{len(items)} record{'s' if len(items) != 1 else ''} will be tried again by the next sync")
    return Outcome([ref_of(item) for item in items], {"released": len(items)})


def release(store: Store, items: Sequence[Quarantined]) -> None:
    """Golden records that could not be written are planned again; records that could not be read are read again, and
    stay in quarantine until they can be: until then they are accounted for there."""
    store.work.release([(item.system, item.resource, item.remote_id, item.gid) for item in items if item.gid])
    for item in items:
        if item.remote_id:
            store.work.reread_add(item.system, item.resource, [item.remote_id], "tried again")
    store.records.mark_dirty(item.gid for item in items if item.gid)
