"""Playing many seeds, in several processes.  A module of its own: worker processes cannot import a package's __main__."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from hub.testing.simulation.play import Options, Outcome, play


def _one(seed: int, options: Options, trace: bool) -> Outcome:
    """One world in a worker process; what it leaves is collected now and then, not while it is played."""
    gc.disable()
    if isinstance(options.place, Path):
        folder = options.place / str(seed)
        folder.mkdir(exist_ok=True)
        options = replace(options, place=folder)
    outcome = play(seed, options)
    if not trace:
        outcome.trace = []
    if seed % 16 == 0:
        gc.collect()
    return outcome


def outcomes(seeds: Iterable[int], options: Options, jobs: int, *, trace: bool = False) -> Iterator[Outcome]:
    """Play seeds, in order, in as many processes as asked for."""
    work = partial(_one, options=options, trace=trace)
    if jobs <= 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(work, seeds, chunksize=4)
