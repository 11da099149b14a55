"""Every record of every system is in exactly one place (I17)."""

from __future__ import annotations

from hub.sync.engine import Result
from hub.testing.simulation.world import World


def check(world: World, result: Result) -> None:
    for item in result.accounts:
        if not item.ok:
            world.violate("accounting", f"run {world.runs}: {item}")


def check_totals(world: World) -> None:
    """In a quiet world the hub knows how many records each system has."""
    for name, server in world.servers.items():
        size = world.machine.store.work.cursor(name, "contacts").size
        if size != len(server.alive()):
            world.violate("accounting", f"{name} has {len(server.alive())} records, the hub counts {size}")
