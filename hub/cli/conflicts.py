"""conflicts: what two systems disagree about, and the ledger of every value that lost."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.exits import Exit
from hub.cli.finding import when
from hub.cli.terminal import Outcome, Problem, Terminal, show_value

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a conflict")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Decide conflicts; restore values that lost.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub conflicts list --all", title="conflicts list")(list_)
    command(group, "show", example="crmhub conflicts show 12", title="conflicts show")(show)
    command(group, "resolve", example="crmhub conflicts resolve 12 --take erp", title="conflicts resolve")(resolve)
    app.add_typer(group, name="conflicts")


def list_(
    terminal: Terminal,
    everything: Annotated[bool, typer.Option("--all", help="Also those that a rule has decided")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many, newest first")] = 50,
) -> Outcome:
    """List conflicts that wait for a person; with --all every value that ever lost."""
    rows = terminal.app.store.history.ledger(state=None if everything else "open", limit=limit)
    found = [_row(terminal, row) for row in rows]
    terminal.table(
        ("id", "record", "field", "winner", "loser", "rule", "state"),
        [
            (
                row["id"],
                row["title"],
                row["path"],
                f"{row['winner_system']}: {show_value(row['winner'])}",
                f"{row['loser_system']}: {show_value(row['loser'])}",
                row["rule"],
                row["state"],
            )
            for row in found
        ],
    )
    waiting = sum(1 for row in found if row["state"] == "open")
    problems = [
        Problem(
            "conflict",
            f"{row['path']}: two values",
            row["title"],
            f"crmhub conflicts resolve {row['id']} --take SYSTEM",
            "warning",
            told=True,
        )
        for row in found
        if row["state"] == "open"
    ]
    return Outcome(found, {"open": waiting, "listed": len(found)}, problems, Exit.PERSON if waiting else Exit.DONE)


def _row(terminal: Terminal, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "title": terminal.name(row["title"]),
        "winner": terminal.value(row["path"], row["winner"]),
        "loser": terminal.value(row["path"], row["loser"]),
    }


def show(terminal: Terminal, number: Number) -> Outcome:
    """Show a conflict: every side with its time, and what holds for now."""
    store = terminal.app.store
    row = store.history.ledger_row(number)
    golden = store.records.goldens([row["gid"]]).get(row["gid"]) if row is not None else None
    if row is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no conflict {number}", hint="`crmhub conflicts list --all` shows them")
    path = row["path"]
    sides = [{"system": row[f"{side}_system"], "value": row[side], "time": None} for side in ("winner", "loser")]
    if golden is not None and path in golden.frozen:
        sides = [{"system": system, "value": value, "time": time} for value, system, time in golden.frozen[path]]
    sides = [{**side, "value": terminal.value(path, side["value"])} for side in sides]
    terminal.say(f"conflict {number}: {path} of record {row['gid']}, {row['state']}, rule: {row['rule']}")
    for side in sides:
        terminal.say(f"  {side['system']}: {show_value(side['value'])}   {when(side['time'])}")
    if golden is not None and "/" not in path and not path.startswith("@"):
        terminal.say(f"  for now: {show_value(terminal.value(path, golden.value(path)))}")
    systems = " or ".join(f"--take {side['system']}" for side in sides)
    terminal.say(f"Decide: crmhub conflicts resolve {number} {systems}, or --value VALUE")
    kept = ("id", "gid", "path", "rule", "state")
    return Outcome({**{key: row[key] for key in kept}, "sides": sides}, {"sides": len(sides)})


def resolve(
    terminal: Terminal,
    number: Number,
    take: Annotated[str | None, typer.Option("--take", metavar="SYSTEM", help="This system's value wins")] = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar="VALUE", help="This value wins: a text, or JSON for a group")
    ] = None,
) -> Outcome:
    """Decide a conflict, or restore a value that lost. The next sync writes the decision to all systems."""
    from hub.bootstrap import UsageProblem
    from hub.sync.decisions import resolve_conflict

    if (take is None) == (value is None):
        raise UsageProblem("say either --take SYSTEM or --value VALUE")
    app = terminal.app
    with app.writing() as store:
        row = store.history.ledger_row(number)
        whole = store.history.ledger(gid=row["gid"]) if row is not None else []
        run = next((item["run"] for item in whole if row is not None and item["id"] == row["id"]), "")
        with app.deciding(app.sync_of(run)) as shared:
            wanted = None if value is None or row is None else _parse(row["path"], value)
            change = resolve_conflict(shared, number, take=take, value=wanted, given=value is not None)
            run_id = shared.run
    new = terminal.value(change.path, change.new) if change is not None else None
    terminal.say(f"decided: {change.path} = {show_value(new)}" if change is not None else "decided")
    terminal.note("the next sync writes it")
    return Outcome({"id": number, "path": change.path if change is not None else "", "value": new}, run_id=run_id)


def _parse(path: str, text: str) -> Any:
    """A text, or JSON where the field is no plain text (a group, a number, true, null)."""
    from hub.bootstrap import UsageProblem
    from hub.canonical.schema import field_def

    found = field_def(path)
    if (
        text.startswith(("{", "["))
        or text == "null"
        or (found is not None and found.kind in ("number", "bool", "money"))
    ):
        try:
            return json.loads(text)
        except ValueError:
            raise UsageProblem(f"{text!r} is no JSON") from None
    if found is not None and found.kind == "enum" and text not in found.values:
        raise UsageProblem(f"{path} cannot be {text!r}", hint=f"Allowed: {', '.join(found.values)}")
    if found is not None and found.kind == "name":
        return {"full": text}
    return text
