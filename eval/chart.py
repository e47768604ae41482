"""Quality against tokens as an inline SVG: one line per compressor, the Pareto front drawn heavier."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from .run import FULL
from .summary import Cell, pareto

__all__ = ["curve"]

Place = Callable[[float, float], tuple[float, float]]  # a value to a point of the drawing

STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 332, 56, 28, 150, 44
COLOURS = (
    "#2e7d32", "#0b6e99", "#b3541e", "#7b3fa0", "#a3195b", "#b08a00", "#00897b", "#4a4a8a", "#8a5a44", "#555",
    "#c2417c", "#6b8e23",
)  # fmt: skip


def curve(cells: Sequence[Cell]) -> str:
    """An SVG of the cells of one data set: x kept fraction, y F1 (answer recall without a reader)."""
    lines = [cell for cell in cells if cell.compressor != FULL]
    if not lines:
        return ""
    name = "reader F1" if lines[0].f1 is not None else "answer recall"
    across = _ticks(0.0, max(cell.kept_fraction.value for cell in lines))
    values = [_y_value(cell) for cell in cells]
    up = _ticks(min(values), max(values))

    def place(x: float, y: float) -> tuple[float, float]:
        right = LEFT + x / across[-1] * (WIDTH - LEFT - RIGHT)
        return round(right, 1), round(HEIGHT - BOTTOM - (y - up[0]) / (up[-1] - up[0]) * (HEIGHT - TOP - BOTTOM), 1)

    parts = [_axes(across, up, place, name)]
    full = next((cell for cell in cells if cell.compressor == FULL), None)
    if full is not None:
        y = place(0, _y_value(full))[1]
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" class="full"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 6}" y="{y + 4}">full context</text>')
    front = {id(cell) for cell in pareto(cells)}
    methods: dict[str, list[Cell]] = {}
    for cell in sorted(lines, key=lambda cell: (-cell.kept_fraction.value, -_y_value(cell), cell.compressor)):
        methods.setdefault(cell.compressor, []).append(cell)
    ranked = sorted(methods, key=lambda method: (-_y_value(methods[method][0]), method))  # best first, as the lines end
    for number, method in enumerate(ranked):
        parts += _line(method, methods[method], place, front=front, number=number)
    label = f"{name} against kept fraction; large dots: no other method is better with as few tokens"
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg><p>{label}</p>'


def _line(method: str, own: Sequence[Cell], place: Place, *, front: set[int], number: int) -> list[str]:
    """One method's line, dots and legend entry; the oracle, which is no method, is dashed."""
    colour = "#999" if method == "oracle" else COLOURS[number % len(COLOURS)]
    dashes = ' stroke-dasharray="3 3"' if method == "oracle" else ""
    points = [place(cell.kept_fraction.value, _y_value(cell)) for cell in own]
    path = " ".join(f"{x},{y}" for x, y in points)
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dashes}/>']
    for (x, y), cell in zip(points, own, strict=True):
        size = 5 if id(cell) in front else 2.5
        hint = f"{method} at {cell.kept_fraction.value:.1%}: {_y_value(cell):.3f}"
        parts.append(f'<circle cx="{x}" cy="{y}" r="{size}" fill="{colour}"><title>{escape(hint)}</title></circle>')
    key = TOP + 24 + number * 15
    parts.append(f'<text x="{WIDTH - RIGHT + 20}" y="{key + 4}" fill="{colour}">{escape(method)}</text>')
    parts.append(f'<circle cx="{WIDTH - RIGHT + 12}" cy="{key}" r="4" fill="{colour}"/>')
    return parts


def _y_value(cell: Cell) -> float:
    value = (cell.f1 or cell.answer_recall).value
    return value if value == value else 0.0


def _ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers from at most ``low`` to at least ``high``.

    >>> _ticks(0.0, 0.31), _ticks(0.62, 0.98)
    ([0.0, 0.1, 0.2, 0.3, 0.4], [0.6, 0.7, 0.8, 0.9, 1.0])
    """
    step = next((step for step in STEPS if (high - low) / step <= 5), STEPS[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(at * step, 4) for at in range(first, max(last, first + 1) + 1)]


def _axes(across: Sequence[float], up: Sequence[float], place: Place, name: str) -> str:
    bottom = HEIGHT - BOTTOM
    parts = [f'<path d="M{LEFT},{TOP}V{bottom}H{WIDTH - RIGHT}" class="axis"/>']
    for value in up:
        y = place(0, value)[1] + 4
        parts.append(f'<text x="{LEFT - 6}" y="{y}" text-anchor="end">{value:g}</text>')
    for value in across:
        x = place(value, up[0])[0]
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{value:.0%}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">kept fraction</text>')
    parts.append(f'<text x="{LEFT}" y="{TOP - 14}" text-anchor="middle">{name}</text>')
    return "".join(parts)
