"""connect try: a few records of a connection, as they are there and as the hub sees them, side by side."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Annotated, Any, Literal

import typer

from hub.cli.terminal import Outcome, Terminal, show_value
from hub.views.trying import samples, to_json

_WIDTH = 48


def try_read(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a connection")],
    action: Annotated[Literal["read"], typer.Argument(metavar="read", help="What to try; nothing is ever written")],
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="One of its resources")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=100, metavar="N", help="How many records")] = 5,
    http: Annotated[bool, typer.Option("--http", help="Show every call, without secrets and records")] = False,
) -> Outcome:
    """Read a few records and show native and canonical values side by side, masked unless --show-pii is given."""
    from hub.cli.connect import watched

    with watched(terminal, name, on=http):
        mapping, records = samples(terminal.app, name, resource, limit)
    found = [to_json(terminal, mapping, item) for item in records]
    for item in found:
        _print(terminal, item)
    if not found:
        terminal.say(f"{name}: {resource} is empty")
    return Outcome({"connection": name, "resource": resource, "records": found}, {"records": len(found)})


def _print(terminal: Terminal, item: dict[str, Any]) -> None:
    terminal.say(f"{item['id']}  (version {item['version'] or 'none'})")
    if "error" in item:
        terminal.say(f"  cannot be read: {item['error']}")
        return
    left = [f"{key} = {json.dumps(value, ensure_ascii=False, default=str)}" for key, value in item["native"].items()]
    if item["canonical"] is None:
        right = ["(the mapping's select leaves it out)"]
    else:
        right = [f"{path} = {show_value(value)}" for path, value in item["canonical"].items()]
    for native, canonical in zip_longest(left, right, fillvalue=""):
        terminal.say(f"  {_cut(native).ljust(_WIDTH)}  {canonical}".rstrip())
    for problem in item["problems"]:
        terminal.say(f"  ! {problem}")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
