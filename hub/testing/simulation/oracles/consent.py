"""A consent is never widened without evidence from outside the hub (I18)."""

from __future__ import annotations

import orjson

from hub.sync.engine import Result
from hub.testing.simulation.world import World, Write

PATH = "consents.email_marketing"


def check_write(world: World, write: Write) -> None:
    before, after = write.before.get("optin"), write.after.get("optin")
    if after == "yes" and before != "yes":
        world.violate("consent", f"{write.system}/{write.id}: the hub wrote a consent")
    if before == "no" and after != "no" and write.kind == "update":
        world.violate("consent", f"{write.system}/{write.id}: the hub took a refusal away")


WIDEST_SKEW = 7200.0
"""Seconds that the clock of a simulated system may be wrong, uncorrected: then a refusal seems that much older."""


def check_golden(world: World, _result: Result) -> None:
    """Whoever is granted in golden was granted by a user, with evidence, and not before the refusal that it replaced."""
    rows = world.machine.query("SELECT gid, old, new, at FROM change WHERE path = ?", PATH)
    for gid, old, new, at in rows:
        before, after = orjson.loads(old), orjson.loads(new)
        if after == "granted" and not any(when <= at + world.set_back for when, _ in world.lineage.grants):
            world.violate("consent", f"{gid}: granted without any evidence")
        if after == "granted" and before in ("withdrawn", "denied") and not _after_a_refusal(world, at):
            world.violate("consent", f"{gid}: a grant that is older than every refusal replaced one")
        if before in ("withdrawn", "denied") and after is None:
            world.violate("consent", f"{gid}: a refusal was forgotten")


def _after_a_refusal(world: World, at: float) -> bool:
    """Whether any user granted after any user refused, before the hub decided at ``at``."""
    refused = min((when for when, _ in world.lineage.refusals), default=at)
    slack = WIDEST_SKEW + world.set_back
    return any(refused - slack < when <= at + world.set_back for when, _ in world.lineage.grants)
