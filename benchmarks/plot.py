"""Plots as SVG, without a library: bars and lines on a logarithmic axis.  Pure: values in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

INK, GRID, OURS, OTHERS, TARGET = "#1f2933", "#d5dbe1", "#2563a8", "#9aa5b1", "#c2410c"
LINES = ("#2563a8", "#c2410c", "#2f855a", "#805ad5", "#b7791f", "#4a5568")
_FONT = 'font-family="system-ui, sans-serif" font-size="13"'
_LEFT, _RIGHT, _ROW, _TOP = 250, 90, 26, 58


@dataclass(frozen=True, slots=True)
class Bar:
    """One value, with the target that it should not exceed.  ours: drawn in the colour of the hub."""

    name: str
    value: float
    target: float | None = None
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """Points {x: y}.  colour: a number;  dashed: of another kind than the one of the same colour."""

    name: str
    points: Mapping[float, float]
    colour: int = 0
    dashed: bool = False


def shown(value: float) -> str:
    """Three digits that count, with thousands apart."""
    digits = max(0, 2 - floor(log10(value))) if value > 0 else 0
    return f"{value:,.{digits}f}"


def bars(title: str, unit: str, rows: Sequence[Bar], width: int = 860) -> str:
    """Bars from a power of ten on, one below the other; a mark shows the target."""
    values = [value for row in rows for value in (row.value, row.target) if value]
    low, high = _decades(values)
    scale = (width - _LEFT - _RIGHT) / (high - low)
    height = _TOP + _ROW * len(rows) + 34

    def at(value: float) -> float:
        return _LEFT + (log10(max(value, 10.0**low)) - low) * scale

    bottom = _TOP + _ROW * len(rows)
    parts = [_text(12, 24, title, weight="600"), _text(12, 43, f"{unit}, logarithmic; the mark is the target", size=12)]
    for power in range(low, high + 1):
        place = at(10.0**power)
        parts.append(f'<line x1="{place:.1f}" y1="{_TOP - 6}" x2="{place:.1f}" y2="{bottom}" stroke="{GRID}"/>')
        parts.append(_text(place, bottom + 18, _power(power), anchor="middle", size=12))
    for place_, row in enumerate(rows):
        top = _TOP + place_ * _ROW
        colour = OURS if row.ours else OTHERS
        end = at(row.value)
        parts.append(f'<rect x="{_LEFT}" y="{top}" width="{end - _LEFT:.1f}" height="{_ROW - 8}" fill="{colour}"/>')
        parts.append(_text(_LEFT - 8, top + 14, row.name, anchor="end"))
        parts.append(_text(end + 6, top + 14, shown(row.value)))
        if row.target:
            mark = at(row.target)
            parts.append(
                f'<line x1="{mark:.1f}" y1="{top - 3}" x2="{mark:.1f}" y2="{top + _ROW - 5}" stroke="{TARGET}" stroke-width="3"/>'
            )
    return _svg(width, height, title, parts)


def lines(title: str, unit: str, across: str, series: Sequence[Line], width: int = 860, height: int = 380) -> str:
    """Lines over two logarithmic axes."""
    xs = [x for line in series for x in line.points]
    left, right = _decades(xs)
    low, high = _decades([y for line in series for y in line.points.values()])
    inner, tall = width - 80 - 190, height - _TOP - 56

    def at(x: float, y: float) -> tuple[float, float]:
        over = 80 + (log10(x) - left) / (right - left) * inner
        return over, _TOP + tall - (log10(y) - low) / (high - low) * tall

    parts = [_text(12, 24, title, weight="600"), _text(12, 43, f"{unit}, both axes logarithmic", size=12)]
    for power in range(low, high + 1):
        _, y = at(10.0**left, 10.0**power)
        parts.append(f'<line x1="80" y1="{y:.1f}" x2="{80 + inner}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(_text(72, y + 4, _power(power), anchor="end", size=12))
    for power in range(left, right + 1):
        x, _ = at(10.0**power, 10.0**low)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_TOP + tall}" stroke="{GRID}"/>')
        parts.append(_text(x, _TOP + tall + 18, _power(power), anchor="middle", size=12))
    parts.append(_text(80 + inner / 2, height - 12, across, anchor="middle", size=12))
    for place, line in enumerate(series):
        colour = LINES[line.colour % len(LINES)]
        inside, dash = ("#ffffff", ' stroke-dasharray="6 4"') if line.dashed else (colour, "")
        placed = [at(x, y) for x, y in sorted(line.points.items())]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{inside}" stroke="{colour}" stroke-width="2"/>'
            for x, y in placed
        ]
        key = _TOP + 14 + place * 22
        parts.append(
            f'<circle cx="{106 + inner}" cy="{key - 4}" r="5" fill="{inside}" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(_text(118 + inner, key, line.name))
    return _svg(width, height, title, parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around all values; two different ones."""
    positive = [value for value in values if value > 0] or [1.0]
    low = floor(log10(min(positive)))
    return low, max(low + 1, ceil(log10(max(positive))))


def _power(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, weight: str = "400") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{INK}">'
        f"{escape(words)}</text>"
    )


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" {_FONT}>'
    whole = [
        head,
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *parts,
    ]
    return "\n".join([*whole, "</svg>", ""])
