"""``crmhub sandbox``: local servers that answer as real systems do, for tries without an account."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Terminal
from hub.contract.errors import HubError
from hub.views.exits import Exit

if TYPE_CHECKING:
    from hub.testing.sandbox import Sandbox


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "sandbox", example="crmhub sandbox zoho --port 8899 --seed-customers 50")(sandbox)


def sandbox(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(help="Which system; none lists them")] = "",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one")] = 0,
    seed_customers: Annotated[
        int, typer.Option(min=0, max=100_000, help="Fill an empty sandbox with so many made-up customers")
    ] = 0,
    switch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Make it misbehave or differ, e.g. index_lag=30; may be repeated"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep everything in this SQLite file [default: in memory]")
    ] = None,
) -> Outcome:
    """Run a local server that answers as a real system does, until Ctrl-C. Listens on this machine only."""
    offered = _offered(terminal)
    if not name:
        return _list(terminal, offered)
    made = _make(offered, name, file, switch or [])
    if seed_customers and not made.is_filled():
        made.seed(seed_customers)
    return _serve(terminal, made, port)


def _offered(terminal: Terminal) -> dict[str, str]:
    """name -> "module:Class" of all sandboxes; those of the configuration's own plugins, too."""
    from hub.config.read import examine
    from hub.loader import load

    path = terminal.options.config
    config, _problems = examine(path) if path.exists() else (None, [])
    return load(config.hub.plugins if config is not None else ()).sandboxes


def _list(terminal: Terminal, offered: dict[str, str]) -> Outcome:
    rows = [{"name": name, "title": _class(name, offered[name]).title} for name in sorted(offered)]
    terminal.table(["sandbox", "stands for"], [(row["name"], row["title"]) for row in rows])
    return Outcome(result={"sandboxes": rows})


def _make(offered: dict[str, str], name: str, file: Path | None, switches: list[str]) -> Sandbox:
    from hub.loader import PluginError

    if name not in offered:
        there = ", ".join(sorted(offered)) or "none"
        raise PluginError(f"there is no sandbox {name!r}", hint=f"There are: {there}")
    kind = _class(name, offered[name])
    made: Sandbox = kind(file=file, switches=_switched(kind, switches))
    return made


def _switched(kind: Any, given: list[str]) -> Any:
    """The switches that the command line names.  Raises HubError naming what is wrong."""
    from pydantic import ValidationError

    values: dict[str, Any] = {}
    for item in given:
        name, equals, text = item.partition("=")
        if not equals:
            raise HubError(f"--switch {item}: NAME=VALUE is expected", hint=_known(kind))
        many = text.split(",") if text else []
        field = kind.switches_type.model_fields.get(name)
        values[name] = many if field is not None and "tuple" in str(field.annotation) else text
    try:
        return kind.switches_type(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise HubError(f"--switch {place}: {problem['msg']}", hint=_known(kind)) from None


def _known(kind: Any) -> str:
    return f"There are: {', '.join(kind.switches_type.model_fields)}"


def _class(name: str, path: str) -> Any:
    from hub.loader import PluginError

    module, _, attribute = path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise PluginError(f"the sandbox {name!r} cannot be loaded: {error}", where=path) from error


def _serve(terminal: Terminal, made: Sandbox, port: int) -> Outcome:
    from hub.testing.sandbox import serve

    with serve(made, port) as server:
        about = made.about()
        terminal.emit("sandbox", about)
        terminal.say(f"{made.title} at {made.url}  (Ctrl-C stops it)")
        terminal.say("For a connection in your configuration:")
        for key, value in about["settings"].items():
            terminal.say(f"  {key} = {_toml(value)}")
        terminal.say("Made-up credentials (store them where your configuration refers to):")
        for key, value in about["credentials"].items():
            terminal.say(f"  {key}: {value}")
        terminal.say(f"Act as its users, turn faults on, look inside: {made.url}/_sandbox")
        try:
            server.run()
        except KeyboardInterrupt:
            terminal.note("stopped")
    if made.crashes:
        raise HubError(f"the sandbox itself failed {len(made.crashes)} times", where=made.name, hint=made.crashes[0])
    return Outcome(result=about, code=Exit.DONE)


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else f'"{value}"'
