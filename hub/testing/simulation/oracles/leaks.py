"""No value of a customer and no secret in a log line, an error or a number (I19).

Notices, like the ledger, are stored with the record that they are about and may quote its values."""

from __future__ import annotations

import orjson

from hub.sync.engine import Result
from hub.testing.simulation.faults import SECRET
from hub.testing.simulation.lineage import tokens
from hub.testing.simulation.world import World


def check(world: World, result: Result) -> None:
    told = orjson.dumps(result.to_json()).decode()
    errors = [str(error) for error in result.paused.values()]
    quarantined = [row[0] for row in world.machine.query("SELECT message FROM quarantine")]
    for where, text in (("result", told), *(("error", item) for item in [*errors, *quarantined])):
        _clean(world, where, text)
    for line in world.log.take():
        _clean(world, "log", line)


def _clean(world: World, where: str, text: str) -> None:
    if tokens(text) or SECRET in text:
        world.violate("leak", f"{where}: {text}")
