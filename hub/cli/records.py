"""record: one customer, and why each of its values is what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.interactions import show_latest
from hub.cli.terminal import Outcome, Problem, Terminal, show_value
from hub.views.records import find, link_of, provenance, values_of
from hub.views.times import when

if TYPE_CHECKING:
    from hub.state import Golden, Link

Ref = Annotated[str, typer.Argument(metavar="REF", help="A gid, an e-mail address, a phone number, or part of a name")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Look at records.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "show", example="crmhub record show anna@firm.example", title="record show")(show)
    command(group, "explain", example="crmhub record explain 'Anna Berg' --field notes", title="record explain")(
        explain
    )
    command(group, "timeline", example="crmhub record timeline 'Anna Berg' --field notes", title="record timeline")(
        timeline
    )
    command(group, "duplicates", example="crmhub record duplicates --least 0.95", title="record duplicates")(duplicates)
    command(group, "search", example="crmhub record search berg", title="record search")(search)
    app.add_typer(group, name="record")


def timeline(
    terminal: Terminal,
    ref: Ref,
    field: Annotated[str | None, typer.Option("--field", metavar="PATH", help='Only this field, e.g. "emails"')] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many, the newest ones")] = 100,
) -> Outcome:
    """Tell the life of a record over all runs: what was learned, written, lost and noticed, with run, system and reason."""
    from hub.history.timeline import timeline as life

    store = terminal.app.store
    golden = find(store, ref)
    every = life(store, golden.gid, path=field)
    found = every[-limit:]
    if len(every) > len(found):
        terminal.say(f"... {len(every) - len(found)} earlier (--limit shows more)")
    result = []
    for item in found:
        old, new = (terminal.value(item.path or "kind", value) for value in (item.old, item.new))
        result.append({**asdict(item), "old": old, "new": new, "reason": terminal.message(item.reason)})
        change = (
            f"{item.path}: {show_value(old)} -> {show_value(new)}" if item.path and item.kind != "notice" else item.path
        )
        where = f"{item.kind} {'from' if item.kind in ('learned', 'lost') else 'in'} {item.system}"
        what = " ".join(filter(None, (change, f"[{item.reason}]" if item.reason else "")))
        terminal.say(f"{when(item.at)}  {item.run_kind or 'run'} {item.run}  {where}  {what}".rstrip())
    return Outcome({"gid": golden.gid, "timeline": result}, {"moments": len(every), "listed": len(found)})


def duplicates(
    terminal: Terminal,
    least: Annotated[
        float, typer.Option("--least", min=0.01, max=1, metavar="P", help="Probability to list from")
    ] = 0.9,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many pairs, the likeliest")] = 100,
) -> Outcome:
    """Find customers that may be one, all at once, by a model that learns from them (needs crmhub[match]). Changes nothing."""
    from hub.cli.progress import reporting
    from hub.views.duplicates import duplicates as pairs

    app = terminal.app
    with reporting(terminal) as progress:
        found = pairs(
            app.store,
            app.config.hub.region,
            lambda done: progress("read", "customers", done, None),
            least=least,
            limit=limit,
        )
    result = []
    for item in found:
        names = [terminal.name(name) for name in item.names]
        told = ", ".join(f"{verdict} {feature}" for feature, verdict in item.evidence.items() if verdict != "missing")
        where = f"both in {', '.join(item.together)}" if item.together else "in different systems"
        terminal.say(f"{item.probability:.4f}  {item.gids[0]} {names[0]}  |  {item.gids[1]} {names[1]}")
        terminal.say(f"        {told}; {where}")
        result.append({**asdict(item), "names": names})
    if not found:
        terminal.say("No two customers look alike enough")
    elif any(item.together for item in found):
        terminal.note("Merge two records in a system that has both; the next sync merges the customers")
    return Outcome(result, {"pairs": len(found)})


def search(
    terminal: Terminal,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A gid, an e-mail address, or part of a name")],
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many")] = 20,
) -> Outcome:
    """Find records."""
    found = terminal.app.store.records.search(text, limit)
    terminal.table(("gid", "title"), [(gid, terminal.name(title)) for gid, title in found])
    return Outcome([{"gid": gid, "title": terminal.name(title)} for gid, title in found], {"records": len(found)})


def show(terminal: Terminal, ref: Ref) -> Outcome:
    """Show a record: its values with where they come from, the records of the systems that belong to it, and the latest
    interactions."""
    store = terminal.app.store
    golden = find(store, ref)
    links = store.records.links_by_gid([golden.gid]).get(golden.gid, [])
    values = []
    terminal.say(f"{golden.record} {golden.gid} ({golden.state})")
    for path, cell, label in values_of(golden):
        value = terminal.value(path, cell.value)
        values.append({"path": path, "value": value, **provenance(cell)})
        terminal.say(f"  {label:<24} {show_value(value)}   [{cell.source}, {cell.rule or 'default'}]")
    for link in links:
        by = ", made by the hub" if link.created_by_hub else ""
        reason = f" ({link.reason})" if link.reason else ""
        terminal.say(f"  in {link.system}: {link.resource} {link.remote_id}, {link.state}{reason}{by}")
    waiting = sorted(golden.frozen)
    if waiting:
        terminal.say(f"  waits for a decision: {', '.join(waiting)} (crmhub conflicts list)")
    interactions = show_latest(terminal, store, golden.gid)
    result: dict[str, Any] = {
        "gid": golden.gid,
        "record": golden.record,
        "state": golden.state,
        "values": values,
        "links": [link_of(link) for link in links],
        "frozen": waiting,
        "interactions": interactions,
    }
    problems: list[Problem] = []
    if terminal.options.show_pii:
        result["customer"], problems = _typed(golden, links)
    counts = {"values": len(values), "links": len(links), "interactions": interactions["total"]}
    return Outcome(result, counts, problems)


def _typed(golden: Golden, links: Sequence[Link]) -> tuple[dict[str, Any] | None, list[Problem]]:
    """The customer as the canonical schema has it; None with the reasons if a value does not fit."""
    from pydantic import ValidationError

    from hub.sync.customers import to_customer

    try:
        return to_customer(golden, links).model_dump(mode="json", exclude_none=True), []
    except ValidationError as error:
        found = [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()]
        hint = "Correct the value in the system that it comes from"
        return None, [Problem("schema", text, golden.gid, hint, severity="warning") for text in found]


def explain(
    terminal: Terminal,
    ref: Ref,
    field: Annotated[str | None, typer.Option("--field", metavar="PATH", help='Only this field, e.g. "emails"')] = None,
) -> Outcome:
    """Say for each value of a record why it is what it is: source, time, rule, history, losers, what is held back."""
    from hub.views import records

    store = terminal.app.store
    golden = records.find(store, ref)
    explained = records.explain(terminal, store, golden, field)
    for item in explained:
        _say(terminal, item, item.pop("label"))
    return Outcome({"gid": golden.gid, "values": explained}, {"values": len(explained)})


def _say(terminal: Terminal, item: dict[str, Any], label: str) -> None:
    path = item["path"]
    terminal.say(f"{label} = {show_value(item['value'])}")
    pinned = ", pinned" if item["pinned"] else ""
    terminal.say(
        f"  because: {item['rule'] or 'default'}{pinned}; from {item['source']}, {when(item['time'])} there,"
        f" run {item['run'] or '-'}"
    )
    for row in [row for row in item["history"] if row["path"] == path][:-1]:
        terminal.say(f"  before:  {show_value(row['new'])} from {row['source']} ({row['rule']}, {when(row['at'])})")
    for row in [row for row in item["history"] if row["path"] == f"{path}/status"]:
        terminal.say(
            f"  status:  {row['new']} from {row['source']} ({terminal.message(row['rule'])}, {when(row['at'])})"
        )
    for row in item["lost"]:
        terminal.say(
            f"  lost:    {show_value(row['loser'])} from {row['loser_system']} ({row['rule']}), conflict {row['id']}"
        )
    for system, reason in item["held"].items():
        terminal.say(f"  held back from {system}: {reason}")
