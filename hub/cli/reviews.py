"""review: who is who, decided by a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.exits import Exit
from hub.cli.terminal import Outcome, Problem, Terminal

Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a question")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Answer questions about who is who.", no_args_is_help=True, rich_markup_mode=None)
    command(group, "list", example="crmhub review list", title="review list")(list_)
    command(group, "show", example="crmhub review show 3", title="review show")(show)
    command(group, "link", example="crmhub review link 3 erp/party/12 book/card/a.vcf", title="review link")(link)
    command(group, "split", example="crmhub review split 3", title="review split")(split)
    app.add_typer(group, name="review")


def _json(terminal: Terminal, review: Any) -> dict[str, Any]:
    members = [
        {**item, "ref": ref_of(item), "title": terminal.name(item["title"]) if not item["gid"] else item["title"]}
        for item in review.members
    ]
    return {"id": review.id, "state": review.state, "reason": review.reason, "members": members}


def ref_of(member: dict[str, Any]) -> str:
    """How a person names a member: SYSTEM/RESOURCE/ID, or the gid of a golden record."""
    return member["gid"] or f"{member['system']}/{member['resource']}/{member['remote_id']}"


def list_(
    terminal: Terminal, everything: Annotated[bool, typer.Option("--all", help="Also those that were answered")] = False
) -> Outcome:
    """List the questions that wait for an answer."""
    reviews = terminal.app.store.history.reviews(None if everything else "open")
    found = [_json(terminal, item) for item in reviews]
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
    review = store.history.review(number)
    if review is None:
        from hub.bootstrap import UsageProblem

        raise UsageProblem(f"there is no review {number}", hint="`crmhub review list --all` shows them")
    found = _json(terminal, review)
    terminal.say(f"{review.id}: {review.reason} ({review.state})")
    for member in found["members"]:
        native = {}
        if not member["gid"]:
            natives = store.staging.natives(member["system"], member["resource"], [member["remote_id"]])
            native = {
                key: terminal.value(key, value)
                for key, value in natives.get(member["remote_id"], {}).items()
                if value and not key.startswith("_")
            }
        member["native"] = native
        terminal.say(f"  {member['ref']}  {member['title']}")
        for key, value in native.items():
            terminal.say(f"      {key}: {value}")
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
    from hub.bootstrap import UsageProblem
    from hub.sync.decisions import split_link

    parts = what.split("/", 2)
    if len(parts) != 3:
        raise UsageProblem(f"{what!r} is no question and no record", hint="Give a number, or SYSTEM/RESOURCE/ID")
    app = terminal.app
    with app.writing(), app.deciding(app.sync_of("", [parts[0]])) as shared:
        gid = split_link(shared, *parts)
        run = shared.run
    terminal.say(f"{what} is now a customer of its own: {gid}")
    terminal.note("the next sync writes what follows from it")
    return Outcome({"ref": what, "gid": gid}, run_id=run)


def _decide(terminal: Terminal, number: int, refs: list[str] | None) -> Outcome:
    from hub.sync.linking import decide_review
    from hub.sync.workspace import Counter

    app = terminal.app
    with app.writing() as store:
        review = store.history.review(number)
        systems = {item["system"] for item in review.members if not item["gid"]} if review is not None else set()
        run_of = review.run if review is not None else ""
        with app.deciding(app.sync_of(run_of, systems)) as shared:
            counters = {name: Counter() for name in shared.systems.names()}
            done = decide_review(shared, number, link=refs, counters=counters)
            run = shared.run
    terminal.say(done)
    terminal.note("the next sync writes what follows from it")
    return Outcome({"id": number, "done": done}, run_id=run)
