"""Growth curves as small SVG pictures, drawn from the tables that `growth` prints."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from math import log10
from pathlib import Path

__all__ = ["curves", "draw"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 300, 60, 110, 16, 44
COLOURS = ("#2e7d32", "#0b6e99", "#b3541e", "#7b3fa0")
Points = Sequence[tuple[float, float]]


def draw(name: str, lines: Sequence[str], folder: Path) -> None:
    """Write a picture for every table in ``lines`` that has curves; other gauges have none."""
    folder.mkdir(parents=True, exist_ok=True)
    for unit in ("passages", "words"):
        found = curves(lines, unit)
        if found:
            (folder / f"{name}-{unit}.svg").write_text(_picture(found, unit), encoding="utf-8")


def curves(lines: Sequence[str], unit: str) -> dict[str, Points]:
    """By method sizes and milliseconds, from the table whose header ends its sizes with ``unit``."""
    found: dict[str, Points] = {}
    sizes: list[float] = []
    for line in lines:
        cells = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        if line.startswith("| method |"):
            told = [re.fullmatch(r"(\d+)(?: (\w+))?", cell) for cell in cells[1:-1]]
            fits = bool(told and told[-1] and told[-1][2] == unit)
            sizes = [float(match[1]) for match in told if match] if fits else []
        elif sizes and cells[0].endswith(" ms"):
            values = [float(cell) if cell != "-" else 0.0 for cell in cells[1:-1]]
            found[cells[0].removesuffix(" ms")] = [pair for pair in zip(sizes, values, strict=True) if pair[1] > 0]
    return found


def _picture(found: dict[str, Points], unit: str) -> str:
    """Both axes logarithmic: a straight line of slope one is work in step with the input."""
    across = [log10(x) for points in found.values() for x, _ in points]
    up = [log10(y) for points in found.values() for _, y in points]
    left, right, low, high = min(across), max(across), int(min(up) - 0.999), int(max(up) + 0.999)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            round(LEFT + (log10(x) - left) / (right - left) * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - (log10(y) - low) / max(high - low, 1) * (HEIGHT - TOP - BOTTOM), 1),
        )

    parts = [_grid(place(10**left, 10**power)[1], 10**power) for power in range(low, high + 1)]
    sizes = sorted({x for points in found.values() for x, _ in points})
    parts += [f'<text x="{place(x, 1)[0]}" y="{HEIGHT - 26}" text-anchor="middle">{x:,.0f}</text>' for x in sizes]
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{unit}</text>')
    for number, (method, points) in enumerate(found.items()):
        path = " ".join("{},{}".format(*place(*point)) for point in points)
        x, y = place(*points[-1])
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 6}" y="{y + 4}" fill="{colour}">{escape(method)}</text>')
    style = "<style>text{font:11px sans-serif}</style>"
    label = f"milliseconds of the processor by {unit}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{style}{"".join(parts)}</svg>\n'
    )


def _grid(y: float, value: float) -> str:
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>'
        f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{value:g} ms</text>'
    )
