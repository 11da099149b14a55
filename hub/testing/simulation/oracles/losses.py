"""No edit is lost (I2): every value that a user typed and the hub has read is golden, in a system that holds it alone,
in the ledger, archived, or was replaced by somebody who had seen it."""

from __future__ import annotations

from typing import Any

import orjson

from hub.testing.simulation.lineage import tokens, without_private
from hub.testing.simulation.world import World

HIDDEN = "hidden field"
"""The hazard of values that looked erased because the hub might not see them."""


def check(world: World) -> None:
    lineage = world.lineage
    open_ = (lineage.read | lineage.excused.keys()) - lineage.dropped.keys()
    if not open_:
        return
    open_ -= _golden(world)
    open_ -= _ledger(world)
    open_ -= _shown(world)
    open_ -= _deleted_by_hub(world)
    if open_:
        open_ -= lineage.deleted - _once_golden(world)
    hidden = {token for token in open_ if lineage.excused.get(token) == HIDDEN}
    if hidden:  # looked like an erasure: then the history has the value, or the journal what a write replaced
        open_ -= hidden & (_once_golden(world) | _journal(world))
    world.hazards |= {lineage.excused[token] for token in open_ if token in lineage.excused}
    for token in sorted(open_ - lineage.excused.keys()):
        world.violate("lost", f"{token} was read and is nowhere")


def _golden(world: World) -> set[str]:
    """Values of living records that count now, and everything of archived ones."""
    found: set[str] = set()
    for state, raw in world.machine.query("SELECT state, doc FROM golden"):
        doc = orjson.loads(raw)
        if state == "dead":
            found |= tokens(doc)
        elif state == "live":
            found |= _live(doc)
    return found


def _live(doc: dict[str, Any]) -> set[str]:
    found = tokens(doc["z"])
    for cell in doc["f"].values():
        found |= tokens(cell[0])
    for collection in doc["c"].values():
        for element in collection["e"].values():
            if element["s"][0]:
                found |= tokens(element["v"][0])
                for cell in element["a"].values():
                    found |= tokens(cell[0])
    return found


def _ledger(world: World) -> set[str]:
    found: set[str] = set()
    for (loser,) in world.machine.query("SELECT loser FROM ledger"):
        found |= tokens(orjson.loads(loser))
    return found


def _shown(world: World) -> set[str]:
    """What a system shows now: agreement is checked apart, so this is a record that is not linked or cannot be read."""
    found: set[str] = set()
    for server in world.servers.values():
        for data in server.alive().values():
            found |= tokens(without_private(data))
    return found


def _deleted_by_hub(world: World) -> set[str]:
    """The journal keeps what a record showed before the hub deleted it, also what golden could not hold."""
    found: set[str] = set()
    for (pre,) in world.machine.query("SELECT pre FROM journal WHERE kind = 'delete' AND pre IS NOT NULL"):
        found |= tokens(orjson.loads(pre))
    return found


def _journal(world: World) -> set[str]:
    found: set[str] = set()
    for (pre,) in world.machine.query("SELECT pre FROM journal WHERE pre IS NOT NULL"):
        found |= tokens(orjson.loads(pre))
    return found


def _once_golden(world: World) -> set[str]:
    found: set[str] = set()
    for (new,) in world.machine.query("SELECT new FROM change"):
        found |= tokens(orjson.loads(new))
    return found
