"""Memory does not grow with what exists: four times the customers, and hardly a megabyte more."""

from __future__ import annotations

import pytest

from benchmarks.scenarios import Bench
from benchmarks.stub import running

MORE = 10.0
"""MB that four times as many linked pairs may cost (docs/benchmarks.md measures the same from 10k to a million)."""


@pytest.mark.parametrize("scenario", ["b", "d"])
def test_four_times_the_customers_need_no_more_memory(scenario: str) -> None:
    peaks = []
    for size in (400, 1600):
        with running() as stub:
            turns = Bench(stub, size).turns(scenario)
            peaks.append(next(turns).rss)
            turns.close()
    assert peaks[1] - peaks[0] <= MORE, peaks
