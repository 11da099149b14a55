"""What the stages of a run cost: always measured, shown by ``--profile``, never stored (a run's document is the same for
the same events)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Stage:
    """seconds: elapsed; cpu: seconds of computing time of the threads that worked on it; times: how often it was entered."""

    name: str
    system: str
    seconds: float = 0.0
    cpu: float = 0.0
    times: int = 0


class Stages:
    """The stages of one run in the order in which they began.  Systems are written to at the same time, so the seconds of
    all stages may be more than those of the run."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Stage] = {}
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._found.values())

    @contextmanager
    def of(self, name: str, system: str = "") -> Iterator[None]:
        """Measure what is done inside as this stage, of the thread that does it."""
        with self._lock:
            stage = self._found.setdefault((name, system), Stage(name, system))
        began, worked = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            with self._lock:
                stage.seconds += time.perf_counter() - began
                stage.cpu += time.thread_time() - worked
                stage.times += 1
