"""mapping: proving mapping files, and trying them on real records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal, show_value
from hub.views.exits import Exit
from hub.views.trying import canonical_of

if TYPE_CHECKING:
    from hub.mapping.compiled import CompiledMapping
    from hub.mapping.view import View


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Prove and try mappings.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "check", example="crmhub mapping check tryton.party", title="mapping check")(check)
    command(group, "try", example="crmhub mapping try erp 12 --to book", title="mapping try")(try_)
    app.add_typer(group, name="mapping")


def check(
    terminal: Terminal,
    name: Annotated[str | None, typer.Argument(metavar="[MAPPING]", help="Name of a mapping; all if left out")] = None,
    examples: Annotated[int, typer.Option("--examples", min=1, metavar="N", help="Generated records to try")] = 200,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed generates the same records")] = 0,
) -> Outcome:
    """Check mappings against their laws, on generated records and on the examples in the file."""
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name
    from hub.mapping.compile import compile_mapping
    from hub.mapping.laws import check as check_laws
    from hub.mapping.transforms import Registry as Transforms

    app = terminal.app
    if name is not None and name not in app.mappings.specs:
        raise UsageProblem(unknown_name("mapping", name, sorted(app.mappings.specs)))
    reports = []
    problems = []
    for wanted in [name] if name is not None else sorted(app.mappings.specs):
        spec = app.mappings.specs[wanted]
        compiled = compile_mapping(spec, region=app.config.hub.region, registry=Transforms(app.registry.transforms))
        report = check_laws(compiled, spec, examples=examples, seed=seed)
        terminal.say(str(report))
        laws = [{"law": item.law, "path": item.path, "message": item.message} for item in report.violations]
        reports.append({"mapping": wanted, "ok": report.ok, "coverage": report.coverage, "violations": laws})
        problems += [Problem("law", str(item), f"mapping {wanted}", told=True) for item in report.violations]
    counts = {"mappings": len(reports), "violations": len(problems)}
    return Outcome(reports, counts, problems, Exit.FAILED if problems else Exit.DONE)


def try_(
    terminal: Terminal,
    connection: Annotated[str, typer.Argument(metavar="CONNECTION", help="Where to read a record")],
    record_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Its id there; the first one if left out")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="CONNECTION", help="Also show what this system would be given")
    ] = None,
    resource: Annotated[str | None, typer.Option("--resource", metavar="NAME", help="If there are several")] = None,
) -> Outcome:
    """Read a real record and show it as it is there, as the hub sees it, and as another system would get it."""
    mapping, native, id_ = _read(terminal, connection, resource, record_id)
    view = mapping.get(native)
    terminal.say(f"{connection}: {mapping.resource} {id_}, by mapping {mapping.name}")
    for key, value in native.items():
        if not key.startswith("_"):
            terminal.say(f"  {key} = {json.dumps(terminal.value(key, value), ensure_ascii=False, default=str)}")
    if view is None:
        terminal.say("The mapping's select leaves this record out.")
        return Outcome({"connection": connection, "id": id_, "canonical": None})
    canonical = canonical_of(view)
    terminal.say("canonical:")
    for path, value in canonical.items():
        terminal.say(f"  {path} = {show_value(terminal.value(path, value))}")
    for problem in view.problems:
        terminal.say(f"  {problem.path}: {terminal.message(problem.message)}")
    result: dict[str, Any] = {
        "connection": connection,
        "id": id_,
        "native": {key: terminal.value(key, value) for key, value in native.items()},
        "canonical": {path: terminal.value(path, value) for path, value in canonical.items()},
    }
    if to is not None:
        result["to"] = _other(terminal, to, view)
    return Outcome(result, {"fields": len(canonical)})


def _mapping(terminal: Terminal, name: str, resource: str | None) -> CompiledMapping:
    from hub.bootstrap import UsageProblem
    from hub.config.read import unknown_name

    app = terminal.app
    opened = app.connect(name)
    resources = {item.name: item for item in app.resources(opened.connection, opened.connector)}
    wanted = resource if resource is not None else next(iter(resources))
    if wanted not in resources:
        raise UsageProblem(unknown_name("resource", wanted, sorted(resources)))
    return app.mappings.compiled(opened.connection, resources[wanted], app.ask(name))


def _read(
    terminal: Terminal, name: str, resource: str | None, record_id: str | None
) -> tuple[CompiledMapping, dict[str, Any], str]:
    from hub.bootstrap import UsageProblem

    mapping = _mapping(terminal, name, resource)
    connector = terminal.app.connect(name).connector
    if record_id is not None:
        records = list(connector.fetch(mapping.resource, [record_id]))
    else:
        records = list(next(iter(connector.changes(mapping.resource, None))).records)
    found = next((item for item in records if item.data is not None), None)
    if found is None or found.data is None:
        raise UsageProblem(f"{name} has no record {record_id or 'at all'}")
    return mapping, dict(found.data), found.id


def _other(terminal: Terminal, name: str, view: View) -> dict[str, Any]:
    from hub.mapping.view import Change, blank_view

    mapping = _mapping(terminal, name, None)
    fields = {path: value for path, value in view.fields.items() if path in mapping.fields and value is not None}
    empty = blank_view(mapping)
    collections = {}
    for path, positions in view.collections.items():
        if path in mapping.collections:
            rows = [item for item in positions if item.value is not None]
            collections[path] = _collection(empty.collections.get(path, ()), rows)
    put = mapping.put(Change("create", fields, collections), None)
    terminal.say(f"{name} would be given:")
    for key, value in put.data.items():
        terminal.say(f"  {key} = {json.dumps(terminal.value(key, value), ensure_ascii=False, default=str)}")
    for path, reason in put.held.items():
        terminal.say(f"  {path} is held back: {reason}")
    return {
        "connection": name,
        "native": {key: terminal.value(key, value) for key, value in put.data.items()},
        "held": dict(put.held),
    }


def _collection(slots: Any, rows: list[Any]) -> Any:
    """The elements as new rows of a list, or in the first slots."""
    from hub.mapping.view import CollectionChange, Row

    made = [Row(item.value, item.attrs, item.primary) for item in rows]
    if slots:
        return CollectionChange(edit=dict(enumerate(made[: len(slots)])))
    return CollectionChange(add=tuple(made))
