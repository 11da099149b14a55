"""An address that takes no mail any more: a mail server's word about it becomes the address's status.

No system's record says so, so it is no part of the merge: it is an attribute of the golden address beside its labels,
with a source, a time and a rule of its own, in the history like every other change.  Systems do not hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.canonical.values import key as canonical_key
from hub.state import Cell, Element, Golden, GoldenChange, Link, Notice
from hub.sync.workspace import Shared, Workspace

STATUS: Final = "status"
BOUNCED: Final = "bounced"


@dataclass(frozen=True, slots=True)
class Bounce:
    """key: the address's match key ("email:..."); source: the system that brought the report; at: its time (seconds)."""

    gid: str
    key: str
    source: str
    at: float
    reason: str


def status_of(element: Element) -> Cell | None:
    """What is known about an address itself; a status from before it was edited is about another address."""
    cell = element.attrs.get(STATUS)
    return None if cell is None or cell.value is None or cell.seq < element.keyed else cell


def mark_bounced(
    golden: Golden, links: Sequence[Link], bounce: Bounce, *, seq: int, run: str, region: str | None
) -> list[GoldenChange]:
    """Set the status of the customer's address, if it has it and the status is news.  Pure.

    Links that knew all about the address go on doing so: no system can show this, so none has missed it, and a removal
    of the address there is no conflict with it.
    """
    changes = []
    for element in golden.collection("emails").live():
        if canonical_key("emails", element.value.value, region=region) != bounce.key:
            continue
        known = status_of(element)
        if known is not None and (
            known.value == BOUNCED or (known.source == "person" and (known.time or 0) >= bounce.at)
        ):
            continue
        pictures = [link.esent.get("emails", {}).get(element.eid) for link in links]
        current = [picture for picture in pictures if picture is not None and picture.current(element)]
        rule = f"bounced: {bounce.reason}" if bounce.reason else "bounced"
        element.attrs[STATUS] = Cell(BOUNCED, bounce.source, seq, bounce.at, rule, False, run)
        for picture in current:
            picture.attrs = element.attr_values()
        golden.seq = seq
        path = f"emails/{element.eid}/{STATUS}"
        old = None if known is None else known.value
        changes.append(GoldenChange(golden.gid, path, old, BOUNCED, bounce.source, rule, seq))
    return changes


def note_bounces(shared: Shared, bounces: Iterable[Bounce]) -> int:
    """Store what the bounces say, with history; the caller holds the transaction.  Returns how many were news."""
    bounces = list(bounces)
    workspace = Workspace(shared)
    workspace.load(bounce.gid for bounce in bounces)
    changes: list[GoldenChange] = []
    notices: list[Notice] = []
    for bounce in sorted(bounces, key=lambda item: (item.gid, item.key, item.at)):
        golden = workspace.goldens.get(bounce.gid)
        if golden is None or golden.state != "live":
            continue
        links, seq = workspace.links[bounce.gid], shared.store.tick()
        found = mark_bounced(golden, links, bounce, seq=seq, run=shared.run, region=shared.policy.region)
        for change in found:
            workspace.changed.add(golden.gid)
            for link in links:
                workspace.touch(link)
            notices.append(
                Notice(golden.gid, bounce.source, change.path, BOUNCED, f"the address takes no mail ({change.rule})")
            )
        changes += found
    workspace.flush()
    shared.store.history.add(shared.run, shared.clock(), changes, [], notices)
    return len(changes)
