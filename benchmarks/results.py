"""From measurements to results: medians, ratios, targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.scenarios import LATENCY, Turn, changes_of

START = 0.5, 1.0
"""Seconds of CPU of a run that does nothing: the target, and what it must not exceed.  They are part of the targets of (c)
and (d), which are written for a million."""

ABREAST = 8
"""Calls at a time of the target for slow systems."""
ENOUGH = 1_000
"""Pairs from which on the empty store counts for nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """A number beside its target and the limit that it must not exceed."""

    what: str
    value: float
    target: float
    limit: float

    @property
    def state(self) -> str:
        if self.value <= self.target:
            return "met"
        return "missed" if self.value <= self.limit else "beyond the limit"

    def to_json(self) -> dict[str, Any]:
        """As shown."""
        return {
            "what": self.what,
            "value": round(self.value, 2),
            "target": round(self.target, 2),
            "limit": round(self.limit, 2),
            "state": self.state,
        }


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Median, least and most."""
    return {
        "median": round(median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def floor_of(scenario: str, turn: Turn) -> float:
    """Seconds of CPU of the floor: its work alone where there is much of it, which is strict, because the hub's start counts
    in full; the whole process where nearly nothing is read."""
    return float(turn.floor.report["work"]) if scenario in "adh" else turn.floor.cpu


def result(scenario: str, size: int, store: str, turns: Sequence[Turn]) -> dict[str, Any]:
    """One scenario at one size."""
    ratios = [turn.cpu / floor_of(scenario, turn) for turn in turns]
    cpu, rss = median(turn.cpu for turn in turns), max(turn.rss for turn in turns)
    checks = _checks(scenario, size, median(ratios), cpu, rss)
    if scenario == "h":
        least = [max(turn.cpu, turn.calls * LATENCY / ABREAST) for turn in turns]
        times = median(turn.seconds / item for turn, item in zip(turns, least, strict=True))
        checks = [Check("x the longer of computing and an eighth of waiting", times, 1.3, 2.0)]
    if turns[-1].state is not None and size >= ENOUGH:
        checks.append(Check("KB of state per pair", turns[-1].state / 1000 / size, 1.0, 1.2))
    wrong = [
        f"calls {turn.calls}, by the formula {turn.formula}: {turn.routes}"
        for turn in turns
        if turn.calls != turn.formula
    ]
    wrong += [
        f"written {turn.written}, to be written {turn.expected}" for turn in turns if turn.written != turn.expected
    ]
    return {
        "scenario": scenario,
        "part": "",
        "program": "crmhub",
        "size": size,
        "store": store,
        "turns": len(turns),
        "ratio_to_floor": spread(ratios),
        "cpu_seconds": spread([turn.cpu for turn in turns], 3),
        "floor_cpu_seconds": spread([floor_of(scenario, turn) for turn in turns], 4),
        "us_per_record": round(cpu * 1e6 / _records(scenario, size), 1),
        "api_calls": turns[-1].calls,
        "api_calls_formula": turns[-1].formula,
        "sql_statements": turns[-1].statements,
        "rss_mb": round(rss, 1),
        "seconds": spread([turn.seconds for turn in turns], 3),
        "target": [item.to_json() for item in checks],
        "note": f"{median(turn.seconds for turn in turns):.1f} s elapsed, {LATENCY * 1000:.0f} ms an answer"
        if scenario == "h"
        else "",
        "wrong": wrong,
        "ok": not wrong and all(item.state == "met" for item in checks),
    }


def _records(scenario: str, size: int) -> int:
    """The records that a scenario is about: read, linked, changed, listed."""
    return {"a": 2 * size, "b": 2 * size, "c": changes_of(size), "d": 2 * size, "h": 2 * size}[scenario]


def _checks(scenario: str, size: int, ratio: float, cpu: float, rss: float) -> list[Check]:
    memory = Check("MB of memory", rss, 128, 192)
    if scenario == "a":
        return [Check("x floor", ratio, 5, 7.5), memory]
    if scenario == "b":
        return [Check("CPU seconds", cpu, *START), Check("MB of memory", rss, 60, 192)]
    if scenario == "c":
        number = changes_of(size)
        return [Check("CPU seconds", cpu, START[0] + 150e-6 * number, START[1] + 200e-6 * number), memory]
    return [Check("CPU seconds", cpu, START[0] + 14.5e-6 * size, START[1] + 24e-6 * size), memory]
