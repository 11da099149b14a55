"""connect: trying a connection, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.connect_try import try_read
from hub.cli.login import login
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.cli.webhooks import webhooks
from hub.config.quantities import show_duration
from hub.contract.errors import HubError
from hub.views.connecting import Step, Steps, hint_for, try_connection
from hub.views.exits import is_retryable, of_error


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Try and list connections.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "test", example="crmhub connect test erp", title="connect test")(probe)
    command(group, "login", example="crmhub connect login crm", title="connect login")(login)
    command(group, "list", example="crmhub connect list", title="connect list")(list_)
    command(group, "try", example="crmhub connect try erp read party --limit 3", title="connect try")(try_read)
    command(group, "webhooks", example="crmhub connect webhooks shop subscribe", title="connect webhooks")(webhooks)
    app.add_typer(group, name="connect")


def probe(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a connection")],
    http: Annotated[bool, typer.Option("--http", help="Show every call, without secrets and records")] = False,
) -> Outcome:
    """Try a connection: one line per step with its time, then what the hub can do with it. Nothing is written."""

    def tell(item: Step) -> None:
        word = "ok  " if item.ok else "FAIL"
        terminal.say(f"{word}  {item.step:<12} {show_duration(item.seconds):>8}  {item.detail}".rstrip())

    steps = Steps(tell, terminal.message)
    try:
        with watched(terminal, name, on=http):
            verdict = try_connection(terminal.app, name, steps)
    except HubError as error:
        if steps.failed is None:
            raise
        hint = error.hint or hint_for(name, error)
        problem = Problem(error.code, error.message, error.where or name, hint, retryable=is_retryable(error))
        return Outcome(
            {"connection": name, "steps": [asdict(item) for item in steps.done]}, {}, [problem], of_error(error)
        )
    terminal.say(", ".join(f"{key} {text}" for key, text in verdict.items()))
    _tell_service(terminal, name)
    missing = next((item.detail for item in steps.done if item.detail.startswith("missing")), "")
    problems = [Problem("rights", missing, name, "Give the hub's user these rights", "warning")] if missing else []
    return Outcome({"connection": name, "steps": [asdict(item) for item in steps.done], **verdict}, {}, problems)


def _tell_service(terminal: Terminal, name: str) -> None:
    """The connection works: `crmhub serve` need not leave it alone any longer."""
    from hub.views.pausing import release_if_kept

    if release_if_kept(terminal.app, name):
        terminal.say("its syncs go on with it")


@contextmanager
def watched(terminal: Terminal, name: str, *, on: bool) -> Iterator[None]:
    """Show what went over the wire, also when it ended with an error."""
    if not on:
        yield
        return
    from hub.http.traffic import Traffic

    traffic = Traffic()
    terminal.app.connect(name).connector.context.http.traffic = traffic
    try:
        yield
    finally:
        for exchange in traffic.exchanges:
            terminal.say(terminal.redact(str(exchange)))


def list_(terminal: Terminal) -> Outcome:
    """List the connections and the syncs that use them."""
    config = terminal.app.config
    rows: list[dict[str, Any]] = []
    for item in config.connections.values():
        used = [sync.name for sync in config.syncs.values() if item.name in sync.systems]
        rows.append({"name": item.name, "plugin": item.plugin, "read_only": item.read_only, "syncs": used})
    terminal.table(
        ("name", "plugin", "access", "syncs"),
        [
            (row["name"], row["plugin"], "read" if row["read_only"] else "read, write", ", ".join(row["syncs"]) or "-")
            for row in rows
        ],
    )
    return Outcome(rows, {"connections": len(rows)})
