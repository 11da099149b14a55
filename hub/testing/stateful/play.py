"""Play one seed on one bench, from the first record to the last check."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hub.loader import Registry
from hub.sync import portions as portions_
from hub.testing.kit.bench import Bench
from hub.testing.simulation.seams import Serial
from hub.testing.stateful.judge import judge, settle
from hub.testing.stateful.world import World

portions: Any = portions_
"""Its imported names are replaced, not its own."""


@dataclass(slots=True)
class Outcome:
    """What became of a seed.  counts: runs, killed, faults, writes, entered, edited, deleted; wrong: one line each."""

    bench: str
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    seconds: float = 0.0


def play(title: str, bench: type[Bench], registry: Registry, *, rounds: int, seed: int) -> Outcome:
    """Play a seed; an unexpected exception is one of the things that are wrong.  Raises NotPlayable."""
    began = time.monotonic()
    with bench().running() as ready, _one_after_the_other():
        world = World(ready, registry, seed)
        try:
            world.begin()
            world.run()
            for _ in range(rounds):
                world.live()
            if settle(world):
                judge(world)
        except Exception as error:  # noqa: BLE001  # any failure is a finding of this seed
            world.trace += traceback.format_exc().splitlines()
            world.accuse(f"{type(error).__name__}: {error}")
        finally:
            world.close()
    counts = {name: world.counts[name] for name in ("runs", "killed", "faults", "writes")}
    deeds = {name: world.people.deeds[name] for name in ("entered", "edited", "deleted")}
    return Outcome(title, seed, counts | deeds, world.wrong, world.trace, time.monotonic() - began)


@contextmanager
def _one_after_the_other() -> Iterator[None]:
    """Systems are read one after the other, so that a seed has one order of events; the hub's log stays with the bench."""
    threading, heard = portions.threading, logging.getLogger("crmhub").propagate
    portions.threading = SimpleNamespace(Thread=Serial)
    try:
        yield
    finally:
        portions.threading = threading
        logging.getLogger("crmhub").propagate = heard
