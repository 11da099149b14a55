"""Programs beside each other: what one run of each cost, and the results of several turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.folder import Measured
from benchmarks.results import START, Check, spread

HUB = "crmhub"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program.

    cpu: seconds of user and system time of all its processes;  rss: most memory in MB;  records: how many it was about;
    formula: calls that it must make (None: nobody says);  wrong: what it did not do as it must.
    """

    part: str
    program: str
    cpu: float
    seconds: float
    rss: float
    records: int
    calls: int
    formula: int | None = None
    wrong: tuple[str, ...] = ()
    floor: float | None = None
    statements: int | None = None
    note: str = ""


def of_hub(
    part: str, made: Sequence[Measured], records: int, calls: int, formula: int | None, wrong: Sequence[str] = ()
) -> Run:
    """What processes of ours cost together."""
    return Run(
        part,
        HUB,
        sum(item.cpu for item in made),
        sum(item.seconds for item in made),
        max(item.rss for item in made),
        records,
        calls,
        formula,
        tuple(wrong),
        statements=sum(int(item.report["statements"]) for item in made),
    )


def of_peer(
    part: str, program: str, cost: Mapping[str, float], records: int, calls: int, wrong: Sequence[str] = ()
) -> Run:
    """What another program cost (benchmarks.peers.timed)."""
    return Run(part, program, cost["cpu"], cost["seconds"], cost["rss"], records, calls, None, tuple(wrong))


def results(scenario: str, size: int, store: str, turns: Sequence[Sequence[Run]]) -> list[dict[str, Any]]:
    """One result for each part and program, in the order of the first turn."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in (run for turn in turns for run in turn):
        groups.setdefault((run.part, run.program), []).append(run)
    cpu = {key: median(run.cpu for run in runs) for key, runs in groups.items()}
    return [_result(scenario, size, store, runs, cpu) for _, runs in sorted(groups.items(), key=_ours_first)]


def _ours_first(group: tuple[tuple[str, str], object]) -> tuple[str, bool, str]:
    (part, program), _ = group
    return part, program != HUB, program


def _result(
    scenario: str, size: int, store: str, runs: Sequence[Run], cpu: Mapping[tuple[str, str], float]
) -> dict[str, Any]:
    first, last = runs[0], runs[-1]
    ours = first.program == HUB
    mine = cpu[first.part, first.program]
    floors = [run.floor for run in runs if run.floor is not None]
    each = mine * 1e6 / first.records
    wrong = list(dict.fromkeys(text for run in runs for text in run.wrong))
    wrong += [
        f"calls {run.calls}, by the formula {run.formula}" for run in runs if run.formula not in (None, run.calls)
    ]
    checks = _checks(scenario, first.part, each, mine, max(run.rss for run in runs), cpu) if ours else []
    return {
        "scenario": scenario,
        "part": first.part,
        "program": first.program,
        "size": size,
        "store": store if ours else "",
        "turns": len(runs),
        "ratio_to_floor": spread([run.cpu / run.floor for run in runs if run.floor]) if floors else None,
        "cpu_seconds": spread([run.cpu for run in runs], 3),
        "floor_cpu_seconds": spread(floors, 4) if floors else None,
        "us_per_record": round(each, 1),
        "api_calls": last.calls,
        "api_calls_formula": last.formula,
        "sql_statements": last.statements,
        "rss_mb": round(max(run.rss for run in runs), 1),
        "seconds": spread([run.seconds for run in runs], 3),
        "target": [item.to_json() for item in checks],
        "note": last.note,
        "wrong": wrong,
        "ok": not wrong and all(item.state == "met" for item in checks),
    }


def _checks(
    scenario: str, part: str, each: float, cpu: float, rss: float, all_cpu: Mapping[tuple[str, str], float]
) -> list[Check]:
    """Targets of ours.  Other programs have none: they are the measure."""
    checks = [Check("MB of memory", rss, 128, 192)]
    theirs = all_cpu.get((part, "vdirsyncer"))
    if scenario == "f" and part == "first sync" and theirs:
        checks.insert(0, Check("of the CPU of vdirsyncer", cpu / theirs, 0.2, 1.0))
    if scenario == "f" and part == "no change":
        checks.insert(0, Check("CPU seconds", cpu, *START))
    if scenario == "g":
        checks.insert(0, Check("µs per record", each, 80, 120))
    return checks
