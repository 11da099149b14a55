"""Charts as inline SVG: sized by attributes, so that no style is needed; the numbers stand beside them in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

_WIDTH, _HEIGHT = 320, 128
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "zh-Hans": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


def change_chart(days: Sequence[tuple[datetime, int]], lang: str, say: Callable[..., Any]) -> Markup:
    """Writes per day as columns."""
    names = [_DAYS.get(lang, _DAYS["en"])[day.weekday()] for day, _ in days]
    values = [number for _, number in days]
    told = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
    parts = [
        Markup('<svg viewBox="0 0 {} 150" role="img" aria-label="{}: {}">').format(
            _WIDTH, say("Changes written per day"), told
        )
    ]
    top, most, step = 18, max([*values, 1]), _WIDTH / len(days)
    for at, value in enumerate(values):
        height = (_HEIGHT - top) * value / most
        left, middle = at * step + 7, at * step + step / 2
        kind = " off" if at == len(values) - 1 else ""
        parts.append(
            Markup(
                '<rect class="fill{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/>'
                '<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{:,}</text>'
                '<text x="{:.1f}" y="146" text-anchor="middle">{}</text>'
            ).format(
                kind, left, _HEIGHT - height, step - 14, height, middle, _HEIGHT - height - 5, value, middle, names[at]
            )
        )
    parts.append(Markup('<line class="grid" x1="0" x2="{}" y1="{}" y2="{}"/></svg>').format(_WIDTH, _HEIGHT, _HEIGHT))
    return Markup("").join(parts)


def lag_chart(hours: Sequence[tuple[float, float]], lang: str, say: Callable[..., Any]) -> Markup:
    """Minutes of lag per hour as a line; empty if there was no good run yet."""
    if len(hours) < 2:
        return Markup("")
    first, last = hours[0][0], hours[-1][0]
    most = max(10.0, *(minutes for _, minutes in hours))
    scale = next(step for step in (10, 20, 40, 60, 120, 240, 480, 960, 1440, 2880, 5760, 11520) if step >= most)
    left, top = 32, 8

    def x(at: float) -> float:
        return left + (_WIDTH - left - 4) * (at - first) / (last - first)

    def y(minutes: float) -> float:
        return top + (_HEIGHT - top) * (1 - minutes / scale)

    label = say("Worst lag in minutes: {now} now, {most} at most", now=f"{hours[-1][1]:.0f}", most=f"{most:.0f}")
    parts = [Markup('<svg viewBox="0 0 {} 150" role="img" aria-label="{}">').format(_WIDTH, label)]
    for line in (0, scale / 2, scale):
        parts.append(
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>'
                '<text x="{}" y="{:.1f}" text-anchor="end">{:.0f}</text>'
            ).format(left, _WIDTH - 4, y(line), y(line), left - 6, y(line) + 4, line)
        )
    points = " ".join(f"{x(at):.1f},{y(minutes):.1f}" for at, minutes in hours)
    parts.append(Markup('<polyline class="line" points="{}"/></svg>').format(points))
    return Markup("").join(parts)
