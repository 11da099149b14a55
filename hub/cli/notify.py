"""notify: ways to tell people."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Terminal
from hub.contract.notices import Notice


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Tell people.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub notify list", title="notify list")(list_)
    command(group, "test", example="crmhub notify test office", title="notify test")(probe)
    app.add_typer(group, name="notify")


def list_(terminal: Terminal) -> Outcome:
    """List the configured ways to people."""
    found = [{"name": item.name, "plugin": item.plugin} for item in terminal.app.config.notifiers.values()]
    if not found:
        terminal.say("The configuration has no [notifiers.NAME].")
    else:
        terminal.table(("name", "plugin"), [(item["name"], item["plugin"]) for item in found])
    return Outcome(found, {"notifiers": len(found)})


def probe(
    terminal: Terminal, name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a notifier")]
) -> Outcome:
    """Send a test notice, so that you know whether people would get a real one."""
    from hub.bootstrap import uuid7

    app = terminal.app
    text = "This is a test of CRM Hub. Nothing is wrong: notices of this installation arrive here."
    done = app.notifier(name).send(Notice("test", text, "info", f"test-{uuid7(app.clock())}"))
    terminal.say(f"{name}: sent ({', '.join(f'{key} {value}' for key, value in done.items())})")
    return Outcome({"notifier": name, **done})
