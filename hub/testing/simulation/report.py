"""What a run of the simulator adds up to, and how to play one world of it again."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hub.testing.simulation.play import STEPS, Outcome


@dataclass(slots=True)
class Summary:
    """Totals over all seeds played."""

    seeds: int = 0
    user_edits: int = 0
    creates: int = 0
    writes: int = 0
    runs: int = 0
    crashes: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    known_hazards: Counter[str] = field(default_factory=Counter)
    """Situations that cannot be closed and are excused (docs/reliability.md): name -> worlds in which one was met."""
    failed: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.user_edits += outcome.edits
        self.creates += outcome.creates
        self.writes += outcome.writes
        self.runs += outcome.runs
        self.crashes += outcome.crashes
        self.faults.update(outcome.faults)
        self.violations.update({item.invariant for item in outcome.violations})
        self.known_hazards.update(outcome.hazards)
        if outcome.violations:
            self.failed.append(outcome.seed)

    def to_json(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "user_edits": self.user_edits,
            "creates": self.creates,
            "writes": self.writes,
            "runs": self.runs,
            "crashes": self.crashes,
            "faults": dict(sorted(self.faults.items())),
            "violations": dict(sorted(self.violations.items())),
            "known_hazards": dict(sorted(self.known_hazards.items())),
            "failed_seeds": self.failed,
            "seconds": self.seconds,
        }

    def to_text(self) -> str:
        return "\n".join(f"{name:<12} {value}" for name, value in self.to_json().items())


def replay(seed: int, given: argparse.Namespace) -> str:
    """The command that plays one world again, with its trace."""
    parts = [f"python -m hub.testing.simulation --seeds 1 --start {seed} --trace"]
    if given.steps != STEPS:
        parts.append(f"--steps {given.steps}")
    parts += [
        f"--{name} {value}" for name in ("traits", "faults", "policy") if (value := getattr(given, name)) is not None
    ]
    return " ".join(parts)
