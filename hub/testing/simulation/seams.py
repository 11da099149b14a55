"""Where the simulator reaches into the engine: worker threads run one after the other, and plans are listened to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from hub.sync import engine as engine_
from hub.sync import portions as portions_
from hub.testing.simulation.world import World

engine: Any = engine_
portions: Any = portions_
"""Their imported names are replaced, not their own."""


class Serial:
    """A thread that runs where it is started: one order of events per seed."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...] = ()) -> None:
        self._target, self._args = target, args

    def run(self) -> None:
        self._target(*self._args)

    start = run

    def join(self) -> None:
        """It has ended already."""


@contextmanager
def simulated(world: World) -> Iterator[None]:
    """The engine of this process belongs to this world."""
    threading, planned, undone = portions.threading, engine.make_plan, engine.make_undo

    def make_plan(*args: Any, **kwargs: Any) -> Any:
        plan = planned(*args, **kwargs)
        world.plans.append(plan)
        return plan

    def make_undo(*args: Any, **kwargs: Any) -> Any:
        undo = undone(*args, **kwargs)
        world.plans.append(undo.plan)
        return undo

    root = logging.getLogger()
    level = root.level
    portions.threading = SimpleNamespace(Thread=Serial)
    engine.make_plan, engine.make_undo = make_plan, make_undo
    root.addHandler(world.log)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        portions.threading, engine.make_plan, engine.make_undo = threading, planned, undone
        root.removeHandler(world.log)
        root.setLevel(level)
