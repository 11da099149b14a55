"""``crmhub demo``: the whole story on real servers, without credentials."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command
from hub.cli.progress import reporting
from hub.cli.terminal import Outcome, Terminal
from hub.contract.errors import HubError
from hub.views.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.demo.story import Story
    from hub.store.history import Account
    from hub.sync.engine import Result


_SYSTEMS = {
    "erp": "a real Tryton, running on this machine",
    "book": "a real Radicale, an address book server, running on this machine",
    "crm": "a local stand-in for Zoho CRM, built from its documentation: no account is needed",
    "shop": "a folder with the customer export of a web shop, as CSV",
}
_PARTS = ("in_sync", "excluded", "quarantined", "conflict", "waiting")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "demo", example="crmhub demo --yes")(demo)


def demo(
    terminal: Terminal,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not wait for Enter between the steps")] = False,
    keep: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep everything in this new folder")] = None,
    customers: Annotated[int, typer.Option(min=100, max=100_000, help="How many customers to make up")] = 300,
    seed: Annotated[int, typer.Option(help="Another number gives other customers")] = 7,
) -> Outcome:
    """A real ERP, a real address book, a stand-in for Zoho CRM and a CSV folder become one customer base.

    Needs no account and no network."""
    started = time.monotonic()
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise HubError("this folder is not empty", where=str(keep), hint="Name a new one")
    from hub.demo.story import Story, tidy, world

    folder = (keep or Path(tempfile.mkdtemp(prefix="crmhub-demo-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    pause = _Pause(terminal, yes)
    # An order to stop unwinds, so that the servers stop too; during a sync it waits for the end of a transaction.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Exit.INTERRUPTED))
    try:
        with world(folder, customers, seed, terminal.note) as made, reporting(terminal) as reporter:
            story = Story(made, reporter)
            with made.app.writing():
                return _tell(terminal, story, pause, started)
    finally:
        if keep is None:
            tidy(folder)


class _Pause:
    """Waits for Enter between steps, where a person looks on."""

    def __init__(self, terminal: Terminal, yes: bool) -> None:
        self._ask = terminal.interactive and not yes

    def __call__(self) -> None:
        if self._ask:
            input("-- Enter to go on --")


def _tell(terminal: Terminal, story: Story, pause: _Pause, started: float) -> Outcome:
    from hub.demo.story import summary

    say = terminal.say
    say("Four systems know parts of one customer base:")
    for name, text in _SYSTEMS.items():
        say(f"   {name:<5} {text}")
    _step(terminal, 1, "crmhub match customers", "All four systems are read; nothing is written.")
    found = story.match()
    _show_match(terminal, story, found)
    pause()
    _step(terminal, 2, "crmhub plan customers", "What a first sync would write. It asks before it does.")
    assert found.plan is not None
    _show_plan(terminal, found)
    pause()
    approval = found.plan.approval()
    _step(terminal, 3, f"crmhub sync customers --approve {approval}", "Approved: 10 records, then 100, then all.")
    first = story.first_sync(approval)
    _show_writes(terminal, first)
    pause()
    _step(terminal, 4, "people at work", "Meanwhile people use their systems as ever:")
    for edit in story.people_edit():
        say(f"   {edit.system:<5} {edit.what}")
    pause()
    _step(terminal, 5, "crmhub sync customers", "What they did is merged field by field and passed on.")
    second = story.sync()
    _show_writes(terminal, second)
    _step(
        terminal, 6, "crmhub conflicts list --all; crmhub record explain NAME", "Nothing that a person typed is gone:"
    )
    for line in story.explain():
        say(f"   {line}")
    pause()
    _step(terminal, 7, "crmhub sync customers", "Once more: there is nothing left to do.")
    third = story.sync()
    _show_writes(terminal, third)
    numbers = summary(story.world, story, first, second, third, started)
    _end(terminal, story, third, numbers)
    failed = numbers["duplicates_created"] or numbers["lost_edits"] or numbers["third_sync_writes"]
    code = Exit.FAILED if failed or not numbers["accounting_ok"] else Exit.DONE
    return Outcome(result=numbers, code=code, run_id=third.run, extra=numbers)


def _step(terminal: Terminal, number: int, line: str, text: str) -> None:
    terminal.emit("step", {"step": number, "shell": line, "text": text})
    terminal.say(f"\n{number}. $ {line}\n   {text}")


def _show_match(terminal: Terminal, story: Story, result: Result) -> None:
    for system, accounts in _by_system(result.accounts).items():
        total, in_sync, waiting = (
            sum(getattr(item, name) for item in accounts) for name in ("total", "in_sync", "waiting")
        )
        terminal.say(f"   {system:<5} {total} records: {in_sync} linked or new, {waiting} waiting for a review")
    for review in story.world.app.store.history.reviews()[:3]:
        who = ", ".join(f"{member['title']} ({member['system']})" for member in review.members)
        terminal.say(f"   review {review.id}: {review.reason}: {who}")


def _show_plan(terminal: Terminal, result: Result) -> None:
    assert result.plan is not None
    planned = result.plan.counts()
    for system in result.counters:
        kinds = planned.get(system, {"create": 0, "update": 0, "delete": 0})
        terminal.say(
            f"   {system:<5} {kinds['create']} to create, {kinds['update']} to update, {kinds['delete']} to delete"
        )
    for guard, message in {trip.guard: f"{trip.system}: {trip.message}" for trip in result.plan.trips}.items():
        first = "a first sync writes nothing before a person approves it"
        terminal.say(f"   held: {first if guard == 'first_sync' else message}")


def _by_system(accounts: Sequence[Account]) -> dict[str, list[Account]]:
    """Systems in their order, each with its resources."""
    found: dict[str, list[Account]] = {}
    for item in accounts:
        found.setdefault(item.system, []).append(item)
    return found


def _show_writes(terminal: Terminal, result: Result) -> None:
    for system, counter in result.counters.items():
        terminal.say(
            f"   {system:<5} read {counter.read}, created {counter.created}, updated {counter.updated}, "
            f"deleted {counter.deleted}, {counter.calls} calls"
        )
    for system, error in result.paused.items():
        terminal.say(f"   {system:<5} stopped: {error}")


def _end(terminal: Terminal, story: Story, result: Result, numbers: dict[str, Any]) -> None:
    say = terminal.say
    say("\nEvery record is in one place")
    for system, accounts in _by_system(result.accounts).items():
        total, *parts = (sum(getattr(item, name) for item in accounts) for name in ("total", *_PARTS))
        words = " + ".join(f"{number} {name.replace('_', ' ')}" for name, number in zip(_PARTS, parts, strict=True))
        say(f"   {system:<5} {total} records = {words}")
    say("\nIn numbers")
    for key, value in numbers.items():
        say(f"   {key:<20} {_shown(value)}")
    for line in story.lost():
        say(f"   LOST: {line}")
    say("\nYour own systems")
    say("   crmhub init                    writes a configuration with every setting explained")
    say("   crmhub check                   names every mistake in it at once, without any network")
    say("   crmhub connect test NAME       tries a connection step by step")
    say("   crmhub match SYNC              reads everything, writes nothing, and shows who is who")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
