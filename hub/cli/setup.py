"""init and check: from nothing to a configuration that can be used."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit

TEMPLATES = ("full", "tryton-carddav", "files")
"""What `crmhub init --template` can write."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "init", example="crmhub init --template tryton-carddav")(init)
    command(app, "check", example="crmhub check --config /etc/crmhub/config.toml")(check)


def init(
    terminal: Terminal,
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help=f"What to start from: {', '.join(TEMPLATES)}")
    ] = "full",
) -> Outcome:
    """Write a commented configuration and a file for secrets that only you can read."""
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name
    from hub.config.templates import SECRETS, template_text

    if template not in TEMPLATES:
        raise UsageProblem(unknown_name("template", template, list(TEMPLATES)))
    config = terminal.options.config
    if config.exists():
        raise UsageProblem("the file exists already; it was not changed", where=str(config))
    folder = config.absolute().parent
    secrets = folder / "secrets.env"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config.write_text(template_text(template), encoding="utf-8")
        written = [config]
        if not secrets.exists():
            with os.fdopen(
                os.open(secrets, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
            ) as file:
                file.write(SECRETS)
            written.append(secrets)
    except OSError as error:
        raise UsageProblem(f"cannot be written: {error.strerror}", where=str(error.filename or folder)) from None
    option = "" if str(config) == "config.toml" else f" --config {config}"
    steps = [f"crmhub check{option}", f"crmhub connect test NAME{option}", f"crmhub sync NAME{option}"]
    for path in written:
        terminal.say(f"wrote {path}")
    terminal.say("Edit the configuration, fill in the secrets and load them:")
    terminal.say(f"  set -a; . {secrets}; set +a")
    terminal.say("Then:")
    for step in steps:
        terminal.say(f"  {step}")
    return Outcome(result={"written": [str(path) for path in written], "next": steps})


def check(terminal: Terminal) -> Outcome:
    """Check configuration, plugins, mappings and secrets; every problem in one pass, without a network."""
    from hub.config.examine import examine_all

    found = examine_all(terminal.options.config)
    problems = [Problem(item.code, item.message, item.where, item.hint) for item in found.problems]
    counts = {
        "connections": found.connections,
        "syncs": found.syncs,
        "mappings": found.mappings,
        "problems": len(problems),
    }
    if not problems:
        terminal.say(
            f"{found.connections} connections, {found.syncs} syncs, {found.mappings} mappings: no problem found"
        )
        for line in found.remarks:
            terminal.say(line)
    else:
        terminal.note(f"{len(problems)} problem{'s' if len(problems) != 1 else ''} in {terminal.options.config}")
    result = {"ok": not problems, "plugins": found.plugins, "remarks": found.remarks}
    return Outcome(result, counts, problems, Exit.USAGE if problems else Exit.DONE)
