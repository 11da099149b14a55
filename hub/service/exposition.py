"""Prometheus' text format (version 0.0.4): metrics as lines.  A page; a library would bring a registry that nobody needs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Metric:
    """One metric with its samples.  kind: a counter's name ends with "_total"."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: dict[Labels, float] = field(default_factory=dict)

    def add(self, value: float | None, **labels: str) -> None:
        """One sample; None: there is none."""
        if value is not None:
            self.samples[tuple(sorted(labels.items()))] = float(value)

    def states(self, state: str, known: Iterable[str], **labels: str) -> None:
        """One sample for each state that there is: 1 for the one that holds."""
        for item in known:
            self.add(float(item == state), **labels, state=item)


def render(metrics: Iterable[Metric]) -> str:
    """The whole page; metrics without samples are left out."""
    lines = []
    for metric in metrics:
        if not metric.samples:
            continue
        lines += [f"# HELP {metric.name} {_escaped(metric.help)}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in sorted(metric.samples.items()):
            inside = ",".join(f'{name}="{_escaped(text, quoted=True)}"' for name, text in labels)
            lines.append(f"{metric.name}{'{' + inside + '}' if inside else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str, *, quoted: bool = False) -> str:
    plain = text.replace("\\", r"\\").replace("\n", r"\n")
    return plain.replace('"', r"\"") if quoted else plain


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)


def counted(name: str, text: str, counts: Mapping[tuple[str, str], int], first: str, second: str) -> Metric:
    """A counter with two labels."""
    metric = Metric(name, "counter", text)
    for (one, two), number in counts.items():
        metric.add(number, **{first: one, second: two})
    return metric
