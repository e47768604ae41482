"""Twenty before-and-after pictures over kinds of text, and the page of the documentation that shows them.

    python -m pipelines.proofs.gallery [docs] [--keep .4]

Writes docs/gallery/*.svg and docs/gallery.md. On the left of a picture stands the whole text: what is kept is marked,
what is kept because something kept needs it is underlined, the rest is pale. On the right stands what is sent.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import ragcompress as rc
from pipelines.proofs.gallery_texts import PICTURES
from ragcompress.results.drawn import Use, drawn

__all__ = ["gallery", "picture"]

COLUMNS = 58  # characters of a line in a picture
WIDE, HIGH, EDGE, TOP = 7.3, 17, 16, 64  # pixels of a character and a line, around the texts and above them
RIGHT = EDGE * 2 + COLUMNS * WIDE  # where the text that is sent begins
WIDTH = RIGHT + COLUMNS * WIDE + EDGE
COLOURS: dict[Use, str] = {"kept": "#1f2328", "needed": "#1f2328", "gone": "#9aa0a6"}
STYLE = "font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre"

_Line = list[tuple[str, Use]]


def gallery(folder: Path, keep: float = 0.4) -> list[Path]:
    """Write the pictures and their page.

    Args:
        folder: Of the documentation.
        keep: The share of the tokens that each text may keep.

    Returns:
        The pictures' files, in order.
    """
    shown = folder / "gallery"
    shown.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for number, (kind, question, text) in enumerate(PICTURES, 1):
        result = rc.compress(question, [rc.Passage(text)], budget=keep)
        files.append(shown / f"{number:02}-{re.sub(r'[^a-z]+', '-', kind.lower())}.svg")
        files[-1].write_text(picture(result, f"{kind}: {question}"), encoding="utf-8")
    (folder / "gallery.md").write_text(_page(files, keep), encoding="utf-8")
    return files


def picture(result: rc.Compressed, title: str) -> str:
    """An SVG: the only passage of ``result`` on the left, what is sent of it on the right."""
    before, after = list(_lines(drawn(result.context, 0))), list(_lines([(result.text, "kept")]))
    height = TOP + HIGH * max(len(before), len(after)) + EDGE
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="#fff" stroke="#d0d7de"/><g style="{STYLE}">',
        _text(EDGE, 24, title, "#1f2328", 'font-weight="bold"'),
        _text(EDGE, 46, f"the passage, {result.tokens_in} tokens", "#57606a"),
        _text(RIGHT, 46, f"what is sent, {result.tokens_out} tokens", "#57606a"),
        *_column(before, EDGE, marked=True),
        *_column(after, RIGHT, marked=False),
    ]
    return "\n".join([*body, "</g></svg>\n"])


def _lines(tiles: Iterable[tuple[str, Use]]) -> Iterator[_Line]:
    """Tiles as lines of at most `COLUMNS` characters."""
    line: _Line = []
    size = 0
    for text, use in tiles:
        for piece in re.findall(r"\n|[^\n]+", text):
            while piece != "\n" and piece:
                room = COLUMNS - size
                cut = room if len(piece) <= room else piece.rfind(" ", 0, room) + 1 or (0 if size else room)
                line.append((piece[:cut], use))
                size, piece = size + len(piece[:cut]), piece[cut:]
                if piece:
                    yield line
                    line, size = [], 0
            if piece == "\n":
                yield line
                line, size = [], 0
    if line:
        yield line


def _column(lines: list[_Line], left: float, *, marked: bool) -> Iterator[str]:
    for number, line in enumerate(lines):
        base, at = TOP + HIGH * number + 12, left
        for text, use in line:
            wide = len(text) * WIDE
            if marked and text.strip() and use == "kept":
                yield f'<rect x="{at:.0f}" y="{base - 12}" width="{wide:.0f}" height="{HIGH}" fill="#fff3bf"/>'
            if marked and text.strip() and use == "needed":
                yield f'<rect x="{at:.0f}" y="{base + 3}" width="{wide:.0f}" height="2" fill="#e8b400"/>'
            if text.strip():
                yield _text(at, base, text, COLOURS[use])
            at += wide


def _text(x: float, y: float, text: str, fill: str, more: str = "") -> str:
    width = f' textLength="{len(text) * WIDE:.0f}"' if not more else f" {more}"
    return f'<text x="{x:.0f}" y="{y}" fill="{fill}"{width} xml:space="preserve">{escape(text)}</text>'


def _page(files: list[Path], keep: float) -> str:
    head = (
        f"# Gallery\n\nTwenty kinds of text with a question each, at {keep:.0%} of their tokens. Marked: kept. "
        "Underlined: kept because\nsomething kept needs it. Pale: left out. On the right stands what is sent.\n\n"
        "Made by `python -m pipelines.proofs.gallery docs`; the texts are invented.\n"
    )
    shown = (
        f"\n## {kind}\n\n![{kind}: {question}](gallery/{file.name})\n"
        for file, (kind, question, _) in zip(files, PICTURES, strict=True)
    )
    return head + "".join(shown)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--keep", type=float, default=0.4, help="share of the tokens that may stay (0.4)")
    options = parser.parse_args()
    files = gallery(options.folder, options.keep)
    size = sum(file.stat().st_size for file in files) / 1000
    print(f"{len(files)} pictures in {options.folder / 'gallery'}, {size:.0f} kB")


if __name__ == "__main__":
    main()
