"""Memory does not grow with what exists: a run over four times the customers needs hardly more."""

from __future__ import annotations

import pytest

from benchmarks.scenarios import Bench
from benchmarks.stub import running

MORE = 0.35
"""MB of Python's own objects that 1,200 more linked pairs may cost: less than 300 bytes a pair."""


@pytest.mark.parametrize("scenario", ["b", "d"])
def test_four_times_the_customers_need_no_more_memory(scenario: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_HEAP", "1")
    peaks = []
    for size in (400, 1600):
        with running() as stub:
            turns = Bench(stub, size).turns(scenario)
            (run,) = next(turns).hub
            peaks.append(float(run.report["heap"]))
            turns.close()
    assert peaks[0] > 1, "it was measured"
    assert peaks[1] - peaks[0] <= MORE, peaks
