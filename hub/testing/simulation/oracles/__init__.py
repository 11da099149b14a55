"""What must hold, one oracle per module.  Each reports through ``World.violate``; see docs/reliability.md for the list."""

from __future__ import annotations

from hub.testing.simulation.oracles import (
    agreement,
    blast,
    clobbering,
    consent,
    counting,
    duplicates,
    frames,
    leaks,
    listed,
    losses,
    stillness,
)
from hub.testing.simulation.world import World

INVARIANTS = (
    "agreement",
    "blast",
    "clobber",
    "verified",
    "consent",
    "accounting",
    "duplicate",
    "frame",
    "direction",
    "leak",
    "listed",
    "lost",
    "quiet",
    "echo",
    "purity",
    "replay",
    "archive",
    "crash",
)
"""The names under which violations are reported."""


def watch(world: World) -> None:
    """Check at every write of the hub and after every run."""
    world.after_write += [clobbering.check, duplicates.check, frames.check, consent.check_write, blast.check]
    world.after_write += [listed.check]
    world.after_run += [counting.check, leaks.check, consent.check_golden]


def at_rest(world: World) -> None:
    """Check a world whose faults and users have stopped and that has become quiet."""
    agreement.check(world)
    losses.check(world)
    duplicates.check_links(world)
    counting.check_totals(world)


def probe(world: World) -> None:
    """Disturb a quiet world a little and see what follows; costs some runs, so each world gets some of them."""
    for check, chance in (
        (stillness.pure, 0.5),
        (stillness.replayed, 0.4),
        (stillness.echo, 0.4),
        (stillness.archive, 0.15),
    ):
        if world.random.random() < chance:
            check(world)
