"""review: who is who, decided by a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.terminal import Outcome, Problem, Terminal
from hub.views.exits import Exit
from hub.views.reviews import decide, find, pair_lines, side_by_side, take_out, to_json

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a question")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Answer questions about who is who.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub review list", title="review list")(list_)
    command(group, "show", example="crmhub review show 3", title="review show")(show)
    command(group, "link", example="crmhub review link 3 erp/party/12 book/card/a.vcf", title="review link")(link)
    command(group, "split", example="crmhub review split 3", title="review split")(split)
    app.add_typer(group, name="review")


def list_(
    terminal: Terminal, everything: Annotated[bool, typer.Option("--all", help="Also those that were answered")] = False
) -> Outcome:
    """List the questions that wait for an answer."""
    reviews = terminal.app.store.history.reviews(None if everything else "open")
    found = [to_json(terminal, item) for item in reviews]
    for review in found:
        _say(terminal, review)
    waiting = [item for item in found if item["state"] == "open"]
    problems = [
        Problem(
            "review", item["reason"], f"review {item['id']}", f"crmhub review show {item['id']}", "warning", told=True
        )
        for item in waiting
    ]
    return Outcome(found, {"open": len(waiting)}, problems, Exit.PERSON if waiting else Exit.DONE)


def _say(terminal: Terminal, review: dict[str, Any]) -> None:
    terminal.say(f"{review['id']}: {review['reason']} ({review['state']})")
    for member in review["members"]:
        terminal.say(f"    {member['ref']}  {member['title']}")


def show(terminal: Terminal, number: Number) -> Outcome:
    """Show a question: the records side by side, and how to answer."""
    store = terminal.app.store
    review = find(store, number)
    found = to_json(terminal, review)
    terminal.say(f"{review.id}: {review.reason} ({review.state})")
    members = side_by_side(terminal, store, review)
    for member in members:
        terminal.say(f"  {member['ref']}  {member['title']}")
        for key, value in member["native"].items():
            terminal.say(f"      {key}: {value}")
    for line in pair_lines(review):
        terminal.say(f"  {line}")
    found["members"] = [{key: value for key, value in item.items() if key != "values"} for item in members]
    refs = " ".join(member["ref"] for member in found["members"])
    terminal.say(f"One customer:        crmhub review link {number} {refs}")
    terminal.say(f"Different customers: crmhub review split {number}")
    return Outcome(found, {"members": len(found["members"])})


def link(
    terminal: Terminal,
    number: Number,
    refs: Annotated[list[str], typer.Argument(metavar="REF...", help="The records that are one customer")],
) -> Outcome:
    """Say which records of a question are one customer; the others become customers of their own."""
    return _decide(terminal, number, refs)


def split(
    terminal: Terminal,
    what: Annotated[str, typer.Argument(metavar="ID|REF", help="A question, or a linked record SYSTEM/RESOURCE/ID")],
) -> Outcome:
    """Say that all records of a question are different customers, or take a wrongly linked record out of its customer."""
    if what.isdigit():
        return _decide(terminal, int(what), None)
    app, runs = terminal.app, list[str]()
    with app.writing():
        gid = take_out(app, what, runs.append)
    terminal.say(f"{what} is now a customer of its own: {gid}")
    terminal.note("the next sync writes what follows from it")
    return Outcome({"ref": what, "gid": gid}, run_id=runs[0])


def _decide(terminal: Terminal, number: int, refs: list[str] | None) -> Outcome:
    runs: list[str] = []
    app = terminal.app
    with app.writing():
        done = decide(app, number, refs, runs.append)
    terminal.say(done)
    terminal.note("the next sync writes what follows from it")
    return Outcome({"id": number, "done": done}, run_id=runs[0])
