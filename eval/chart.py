"""Quality against tokens as an inline SVG: one line per compressor, the Pareto front drawn heavier."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from eval.run import FULL
from eval.summary import Cell, pareto

__all__ = ["curve"]

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 332, 56, 28, 150, 44
COLOURS = (
    "#0b6e99",
    "#b3541e",
    "#2e7d32",
    "#7b3fa0",
    "#a3195b",
    "#5d5d00",
    "#00696b",
    "#4a4a8a",
    "#8a5a44",
    "#555",
)


def curve(cells: Sequence[Cell]) -> str:
    """An SVG of the cells of one data set: x kept fraction, y F1 (answer recall without a reader)."""
    lines = [cell for cell in cells if cell.compressor != FULL]
    if not lines:
        return ""
    name = "reader F1" if lines[0].f1 is not None else "answer recall"
    values = [_y_value(cell) for cell in cells]
    low, high = max(0.0, min(values) - 0.05), min(1.0, max(values) + 0.03)
    right = max(cell.kept_fraction.value for cell in lines) * 1.05 or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = LEFT + x / right * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    parts = [_axes(low, high, right, name)]
    full = next((cell for cell in cells if cell.compressor == FULL), None)
    if full is not None:
        y = place(0, _y_value(full))[1]
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" class="full"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4}">full context</text>')
    front = {id(cell) for cell in pareto(cells)}
    ordered = sorted(lines, key=lambda cell: (cell.compressor, cell.kept_fraction.value))
    for number, (method, group) in enumerate(groupby(ordered, key=lambda cell: cell.compressor)):
        own = list(group)
        colour = COLOURS[number % len(COLOURS)]
        points = [place(cell.kept_fraction.value, _y_value(cell)) for cell in own]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for (x, y), cell in zip(points, own, strict=True):
            size = 5 if id(cell) in front else 2.5
            hint = f"{method} at {cell.kept_fraction.value:.1%}: {_y_value(cell):.3f}"
            parts.append(f'<circle cx="{x}" cy="{y}" r="{size}" fill="{colour}"><title>{escape(hint)}</title></circle>')
        key = TOP + 24 + number * 15
        parts.append(f'<text x="{WIDTH - RIGHT + 20}" y="{key + 4}" fill="{colour}">{escape(method)}</text>')
        parts.append(f'<circle cx="{WIDTH - RIGHT + 12}" cy="{key}" r="4" fill="{colour}"/>')
    label = f"{name} against kept fraction; large dots: no other method is better with fewer tokens"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg><p>{label}</p>'


def _y_value(cell: Cell) -> float:
    value = (cell.f1 or cell.answer_recall).value
    return value if value == value else 0.0


def _axes(low: float, high: float, right: float, name: str) -> str:
    bottom = HEIGHT - BOTTOM
    parts = [f'<path d="M{LEFT},{TOP}V{bottom}H{WIDTH - RIGHT}" class="axis"/>']
    for step in range(5):
        y = bottom - step / 4 * (bottom - TOP)
        x = LEFT + step / 4 * (WIDTH - LEFT - RIGHT)
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{low + step / 4 * (high - low):.2f}</text>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{step / 4 * right:.0%}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">kept fraction</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 14}" text-anchor="middle">{name}</text>')
    return "".join(parts)
