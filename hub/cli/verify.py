"""verify: does every system show what the hub believes that it shows?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.progress import reporting
from hub.cli.terminal import Outcome, Problem, Terminal, show_value
from hub.contract.errors import ConnectorError
from hub.views.exits import Exit, of_paused, worst

if TYPE_CHECKING:
    from hub.sync.audit import Audit, Drift
    from hub.sync.systems import Source

SHOWN = 20
"""Differences that are shown to people, per system."""

WORDS = {
    "changed": "is not what the hub has seen",
    "unknown": "is not known to the hub",
    "missing": "is not there any more",
    "unreadable": "cannot be read",
    "unlike_golden": "is not what the hub holds, and nothing says why",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "verify", example="crmhub verify erp --full")(verify)


def verify(
    terminal: Terminal,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A connection or a sync; all if left out")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Compare every document, also at a known version")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Let the next sync take in what drifted, as edits; nothing is overwritten")
    ] = False,
) -> Outcome:
    """Read every system whole, without any cursor, and compare it field by field with what the hub believes."""
    from hub.sync.audit import audit
    from hub.sync.audit import repair as mark

    app = terminal.app
    found: list[Audit] = []
    failed: dict[str, ConnectorError] = {}
    with reporting(terminal) as progress:
        for source, region in _sources(terminal, name):
            if source.system in failed:
                continue
            done = 0

            def tell(number: int, source: Source = source) -> None:
                nonlocal done
                done += number
                progress("verify", source.system, done, None)

            try:
                found.append(audit(app.store, source, full=full, region=region, progress=tell))
            except ConnectorError as error:
                failed[source.system] = error
    marked = 0
    if repair and any(item.drifts for item in found):
        with app.writing() as store:
            marked = mark(store, found)
    return _told(terminal, found, failed, marked, repaired=repair)


def _sources(terminal: Terminal, name: str | None) -> list[tuple[Source, str | None]]:
    """The resources to read, each once, with the country of their sync."""
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name

    app = terminal.app
    found: dict[tuple[str, str], tuple[Source, str | None]] = {}
    names = [*app.config.syncs, *app.config.connections]
    if name is not None and name not in names:
        raise UsageProblem(unknown_name("connection or sync", name, names))
    for sync in app.config.syncs:
        for source in app.systems(sync).sources:
            if name in (None, sync, source.system):
                found.setdefault((source.system, source.resource), (source, app.policy(sync).region))
    return list(found.values())


def _told(
    terminal: Terminal, found: list[Audit], failed: dict[str, ConnectorError], marked: int, *, repaired: bool
) -> Outcome:
    terminal.table(
        ("system", "resource", "records", "compared", "drifts"),
        [(item.system, item.resource, item.records, item.compared, len(item.drifts)) for item in found],
    )
    for item in found:
        for drift in item.drifts[:SHOWN]:
            terminal.say(f"  {_line(terminal, drift)}")
        if len(item.drifts) > SHOWN:
            terminal.say(f"  ... and {len(item.drifts) - SHOWN} more in {item.system}")
    number = sum(len(item.drifts) for item in found)
    if repaired and marked:
        terminal.say(f"The next sync takes in {marked} record{'s' if marked != 1 else ''} as they are there")
    problems = [Problem(error.code, error.message, system, error.hint) for system, error in failed.items()]
    if number:
        hint = "crmhub sync takes it in" if repaired else "crmhub verify --repair lets the next sync take it in"
        problems.append(Problem("drift", f"{number} differences", "", hint, "warning", told=bool(number)))
    codes = [*(of_paused(error) for error in failed.values()), Exit.CHANGES if number else Exit.DONE]
    result = [
        {
            "system": item.system,
            "resource": item.resource,
            "records": item.records,
            "compared": item.compared,
            "drifts": [_json(terminal, drift) for drift in item.drifts],
        }
        for item in found
    ]
    counts = {"drifts": number, "records": sum(item.records for item in found), "marked": marked}
    return Outcome(result, counts, problems, worst(codes))


def _line(terminal: Terminal, drift: Drift) -> str:
    where = f"{drift.system}/{drift.resource} {drift.remote_id}"
    if not drift.path:
        return f"{where} {WORDS[drift.kind]}"
    believed, shown = (
        show_value(terminal.value(drift.path, value, run=True)) for value in (drift.believed, drift.shown)
    )
    return f"{where}: {drift.path} {WORDS[drift.kind]}: {believed} -> {shown}"


def _json(terminal: Terminal, drift: Drift) -> dict[str, Any]:
    content = asdict(drift)
    for side in ("believed", "shown"):
        content[side] = terminal.value(drift.path or "kind", content[side])
    return content
