"""What happened to a customer, and what a run read of it: for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hub.cli.terminal import Terminal
from hub.views.times import when

if TYPE_CHECKING:
    from hub.store.facts import FactRow
    from hub.store.store import Store
    from hub.sync.engine import Result

LATEST = 10
"""Interactions shown with a record."""


def show_latest(terminal: Terminal, store: Store, gid: str) -> dict[str, Any]:
    """The latest interactions of a customer, said to people and returned for programs."""
    rows, total = store.facts.latest(gid, LATEST)
    if rows:
        more = f"the latest {len(rows)} of {total}" if total > len(rows) else str(total)
        terminal.say(f"  interactions ({more}):")
    for row in rows:
        direction = row.doc.get("direction") or row.doc.get("kind")
        gone = f"   [no longer in {row.system}]" if row.gone else ""
        subject = row.doc.get("subject") or "(no subject)"
        terminal.say(f"    {when(row.at)}  {direction:<8}  {_printable(terminal.value('subject', subject))}{gone}")
    return {"total": total, "latest": [_row(terminal, row, gid) for row in rows]}


def _row(terminal: Terminal, row: FactRow, gid: str) -> dict[str, Any]:
    found = {
        "id": row.id,
        "system": row.system,
        "resource": row.resource,
        "remote_id": terminal.message(row.remote_id),
        "at": row.at,
        "kind": row.doc.get("kind"),
        "direction": row.doc.get("direction"),
        "subject": terminal.value("subject", row.doc.get("subject")),
        "gone": row.gone,
    }
    if terminal.options.show_pii:
        from hub.sync.interactions import Fact, to_interaction

        fact = Fact(row.id, row.system, row.resource, row.remote_id, row.at, row.doc, row.gone)
        found["interaction"] = to_interaction(fact, gid).model_dump(mode="json", exclude_none=True)
    return found


def _printable(text: str) -> str:
    """On one line of a terminal: what would move the cursor or turn the text around is taken out."""
    return "".join(char for char in text if char.isprintable())


def show_facts(terminal: Terminal, result: Result) -> None:
    """One line for each resource of interactions that a run read."""
    accounts = {(item.system, item.resource): item for item in result.accounts}
    for item in result.facts:
        account = accounts.get((item.system, item.resource))
        parts = [f"{item.read} read", f"{item.new} new", f"{item.attached} attached"]
        parts += [f"{number} {word}" for number, word in ((item.gone, "gone"), (item.failed, "failed")) if number]
        parts += [f"{item.bounced} addresses bounced"] if item.bounced else []
        line = f"{item.system}/{item.resource}: {', '.join(parts)}"
        if account is not None:
            line += f"; of {account.total}: {account.in_sync} with customers, {account.waiting} waiting"
        if item.ignored:
            line += f", {sum(item.ignored.values())} ignored ({reasons(item.ignored)})"
        terminal.say(line)


def reasons(ignored: dict[str, int]) -> str:
    """ "bulk mail 12, not selected by the mapping 3"."""
    return ", ".join(
        f"{reason} {number}" for reason, number in sorted(ignored.items(), key=lambda pair: (-pair[1], pair))
    )


def facts_json(result: Result) -> list[dict[str, Any]]:
    """The same for programs."""
    return [asdict(item) for item in result.facts]
