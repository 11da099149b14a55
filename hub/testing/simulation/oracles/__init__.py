"""What must hold, one oracle per module.  Each reports through ``World.violate``; see docs/reliability.md for the list."""

from __future__ import annotations

from collections.abc import Collection

from hub.testing.simulation.oracles import (
    agreement,
    blast,
    clobbering,
    clocks,
    consent,
    counting,
    cursors,
    disturbances,
    duplicates,
    frames,
    leaks,
    listed,
    losses,
    stillness,
    undoing,
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
    "cursor",
    "undo",
    "clocks",
)
"""The names under which violations are reported."""


def watch(world: World) -> None:
    """Check at every write of the hub and after every run."""
    world.after_write += [clobbering.check, duplicates.check, frames.check, consent.check_write, blast.check]
    world.after_write += [listed.check]
    world.after_run += [counting.check, leaks.check, consent.check_golden]
    world.after_stop += [cursors.check]


def at_rest(world: World) -> None:
    """Check a world whose faults and users have stopped and that has become quiet."""
    agreement.check(world)
    losses.check(world)
    duplicates.check_links(world)
    counting.check_totals(world)


PROBES = {
    "pure": (stillness.pure, 0.5),
    "replayed": (stillness.replayed, 0.4),
    "echo": (stillness.echo, 0.4),
    "archive": (stillness.archive, 0.15),
    "short_listing": (disturbances.short_listing, 0.15),
    "edit_beats_deletion": (disturbances.edit_beats_deletion, 0.25),
    "edit_on_a_lost_write": (disturbances.edit_on_a_lost_write, 0.25),
    "undone": (undoing.undone, 0.3),
    "skewed": (clocks.skewed, 0.2),
}
"""name -> what is tried with a quiet world, and in which share of the worlds."""


def probe(world: World, wanted: Collection[str] = ()) -> None:
    """Disturb a quiet world a little and see what follows; costs some runs, so each world gets some of them and those
    that are ``wanted``."""
    for name, (check, chance) in PROBES.items():
        if world.random.random() < chance or name in wanted:
            check(world)
