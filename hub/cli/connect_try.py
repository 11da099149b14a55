"""connect try: a few records of a connection, as they are there and as the hub sees them, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.mappings import canonical_of
from hub.cli.terminal import Outcome, Terminal, show_value

if TYPE_CHECKING:
    from hub.contract.connector import AnyConnector
    from hub.contract.records import Record
    from hub.mapping.compiled import CompiledMapping

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
    from hub.bootstrap import UsageProblem
    from hub.cli.connect import watched
    from hub.config.read import unknown_name

    app = terminal.app
    opened = app.connect(name)
    resources = {item.name: item for item in app.resources(opened.connection, opened.connector)}
    if resource not in resources:
        raise UsageProblem(unknown_name("resource", resource, sorted(resources)))
    with watched(terminal, name, on=http):
        mapping = app.compiled(opened.connection, resources[resource], app.ask(name))
        found = [_shown(terminal, mapping, item) for item in islice(_records(opened.connector, resource), limit)]
    for item in found:
        _print(terminal, item)
    if not found:
        terminal.say(f"{name}: {resource} is empty")
    return Outcome({"connection": name, "resource": resource, "records": found}, {"records": len(found)})


def _records(connector: AnyConnector, resource: str) -> Iterator[Record]:
    """Living records, whole; pages are asked for only as they are needed."""
    pages = connector.changes(resource, None)
    for page in pages:
        alive = [item for item in page.records if not item.deleted and item.merged_into is None]
        for item in alive:
            if item.data is None and item.error is None:
                yield from connector.fetch(resource, [item.id])
            else:
                yield item


def _shown(terminal: Terminal, mapping: CompiledMapping, record: Record) -> dict[str, Any]:
    """One record, masked."""
    if record.error is not None or record.data is None:
        why = terminal.message(str(record.error or "it has no data"), run=True)
        return {"id": record.id, "version": record.version, "error": why, "native": {}, "canonical": None}
    native = {key: value for key, value in record.data.items() if not key.startswith("_")}
    view = mapping.get(dict(record.data))
    canonical = None if view is None else canonical_of(view)
    return {
        "id": record.id,
        "version": record.version,
        "native": {key: terminal.value(key, value, run=True) for key, value in native.items()},
        "canonical": canonical and {path: terminal.value(path, value, run=True) for path, value in canonical.items()},
        "problems": [f"{item.path}: {terminal.message(item.message, run=True)}" for item in view.problems]
        if view
        else [],
    }


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
