"""store: where the hub keeps what it knows, and moving that elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.command import command
from hub.cli.progress import reporting
from hub.cli.terminal import Outcome, Terminal

if TYPE_CHECKING:
    from hub.bootstrap import App
    from hub.store.location import Location


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Where the hub keeps what it knows.", no_args_is_help=True, rich_markup_mode=None)
    example = "crmhub store migrate --to postgresql://crmhub@db.firm.example/crmhub"
    command(group, "migrate", example=example, title="store migrate")(migrate)
    app.add_typer(group, name="store")


def migrate(
    terminal: Terminal,
    to: Annotated[
        str,
        typer.Option("--to", metavar="PLACE", help="Address of a PostgreSQL database, or path of a new SQLite file"),
    ],
) -> Outcome:
    """Copy the store to PostgreSQL or to a file, and compare every row. The store that is used now stays as it is."""
    from hub.upkeep.moving import move

    app = terminal.app
    target, change = _target(app, to)
    with reporting(terminal) as progress:
        copied = move(app.storage.location, target, lambda table, done, total: progress("copy", table, done, total))
    rows = sum(item.rows for item in copied)
    terminal.say(f"{len(copied)} tables with {rows} rows are in {target}; every row was compared")
    terminal.say(f"Next: {change}, then crmhub doctor and crmhub sync")
    terminal.note(f"The former store stays as it is: {app.storage.location}. Let nothing run on it any more")
    result = {
        "from": str(app.storage.location),
        "to": str(target),
        "next": change,
        "tables": [asdict(item) for item in copied],
    }
    return Outcome(result, {"tables": len(copied), "rows": rows})


def _target(app: App, to: str) -> tuple[Location, str]:
    """The place that a text names, and what the configuration has to say then.  Raises UsageProblem or StoreError."""
    from hub.bootstrap import DATABASE, UsageProblem
    from hub.store.address import is_address, parse_address
    from hub.store.location import located, on_server

    config = app.config
    if is_address(to):
        try:
            address = parse_address(to)
        except ValueError as error:
            raise UsageProblem(f"the address {error}", where="--to") from None
        return on_server(address, app.storage.password), f'put database = "{to}" into [hub] of {config.file}'
    if config.hub.database is None:
        raise UsageProblem(
            "the store is a file already", where=str(app.storage.location), hint="Copy it: crmhub backup FILE"
        )
    change = f"take database and database_password out of [hub] of {config.file}"
    file = config.hub.data / DATABASE
    path = Path(to).absolute()
    return located(path), change if path == file else f"{change} and move {path} to {file}"
