"""Twenty before-and-after pictures over kinds of text, on one HTML page.

    python -m pipelines.proofs.gallery [gallery.html] [--keep .35]

What is kept is marked; what is kept because something else needs it is underlined; the rest is what went.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ragcompress as rc
from pipelines.proofs.gallery_texts import PICTURES
from ragcompress.results.page import pages

__all__ = ["gallery"]


def gallery(keep: float = 0.4) -> str:
    """The page. ``keep`` is the share of the tokens that each text may keep."""
    results = []
    for kind, question, text in PICTURES:
        out = rc.compress(question, [rc.Passage(text, title=kind)], budget=keep)
        results.append((out, ""))
    return pages("What is kept of twenty kinds of text", results)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, nargs="?", default=Path("gallery.html"))
    parser.add_argument("--keep", type=float, default=0.4, help="share of the tokens that may stay (0.4)")
    options = parser.parse_args()
    options.page.write_text(gallery(options.keep), encoding="utf-8")
    print(f"{len(PICTURES)} pictures in {options.page}")


if __name__ == "__main__":
    main()
