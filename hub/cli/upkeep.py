"""backup, restore, doctor and support-bundle: looking after an installation."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit

File = Annotated[Path, typer.Argument(metavar="FILE", help="Path of the file")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "backup", example="crmhub backup /var/backups/hub-monday.db")(backup)
    command(app, "restore", example="crmhub restore /var/backups/hub-monday.db")(restore)
    command(app, "doctor", example="crmhub doctor")(doctor)
    command(app, "support-bundle", example="crmhub support-bundle crmhub-support.zip --log serve.log")(support_bundle)


def backup(terminal: Terminal, file: File) -> Outcome:
    """Copy the store to a new file while everything goes on, and check the copy. Secrets and configuration are not in it."""
    from hub.upkeep.backup import backup as copy

    found = copy(terminal.app.storage.location, file)
    terminal.say(f"{found.file}: {found.size} bytes, {found.customers} customers, {found.runs} runs; the copy is whole")
    terminal.note("The configuration, mappings and secrets are files of yours: keep copies of them, too")
    return Outcome({**asdict(found), "file": str(found.file)}, {"customers": found.customers, "runs": found.runs})


def restore(terminal: Terminal, file: File) -> Outcome:
    """Put a copy in the place of the store. The next sync reads everything again and asks before it writes."""
    from hub.upkeep.backup import restore as put_back

    app = terminal.app
    found, kept = put_back(file, app.storage.location, now=app.clock())
    terminal.say(f"restored from {found.file}: {found.customers} customers, {found.runs} runs")
    if kept is not None:
        terminal.say(f"the former store is kept as {kept}")
    terminal.note("What happened since the copy was made is read again: crmhub sync")
    result = {**asdict(found), "file": str(found.file), "former": str(kept) if kept is not None else None}
    return Outcome(result, {"customers": found.customers, "runs": found.runs})


def doctor(terminal: Terminal) -> Outcome:
    """Check the store, the disk, the clock, permissions and leftovers; each with what to do. Nothing is changed."""
    from hub.upkeep.doctor import examine

    found = examine(terminal.app)
    for item in found:
        terminal.say(f"{item.verdict:<8} {item.name:<16} {item.message}")
        if item.hint:
            terminal.say(f"{'':<8} {'':<16} {item.hint}")
    problems = [
        Problem(item.name.replace(" ", "_").replace("-", "_"), item.message, "", item.hint, item.verdict, told=True)
        for item in found
        if item.verdict != "ok"
    ]
    counts = {verdict: sum(item.verdict == verdict for item in found) for verdict in ("ok", "warning", "error")}
    return Outcome([asdict(item) for item in found], counts, problems, Exit.FAILED if counts["error"] else Exit.DONE)


def support_bundle(
    terminal: Terminal,
    file: File,
    log: Annotated[Path | None, typer.Option("--log", metavar="LOG", help="Add the end of this log, masked")] = None,
) -> Outcome:
    """Collect what people who help need, without secrets and personal data, and say what is in it."""
    from hub.upkeep.bundle import write_bundle

    app = terminal.app
    for name in app.config.connections:
        app.try_secrets(name)
    found = write_bundle(app, file, log=log)
    terminal.say(f"{file} contains:")
    terminal.table(("file", "bytes", "what it holds"), [(part.name, part.size, part.about) for part in found])
    terminal.note("Look into it before you send it: it is a zip file of texts")
    return Outcome([asdict(part) for part in found], {"files": len(found)})
