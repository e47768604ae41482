"""The pictures of README and documentation, made anew.

    python -m pipelines.proofs.pictures docs/                       # runs the demo: demo.svg, and kept.png
    python -m pipelines.proofs.pictures docs/ --report runs/first   # the head of an evaluation's report: report.png

The two PNG files need Chromium. ``pictures.json`` beside them says which code made them; a test tells when that is no
longer the code that is here.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from ragcompress.cli import demo, output

__all__ = ["MADE_BY", "RECORD", "mark"]

ROOT = Path(__file__).parents[2]
RECORD = "pictures.json"
_VIEWS = ("ragcompress/results/page.py", "ragcompress/results/drawn.py")
MADE_BY = {
    "demo.svg": ("ragcompress/cli/demo.py", "ragcompress/cli/survey.py", "ragcompress/results/show.py"),
    "kept.png": ("ragcompress/cli/demo.py", *_VIEWS),
    "report.png": ("eval/html.py", "eval/chart.py", "eval/page.css"),
}
"""Each picture, and the code that decides how it looks."""

KEPT = (900, 820)  # pixels: the demo's page with its first question
REPORT = (900, 690)  # pixels: the report's first curves


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--report", type=Path, help="a folder that `python -m eval report` has written to")
    options = parser.parse_args()
    if options.report:
        photograph(options.report / "report.html", options.folder / "report.png", REPORT)
        record(options.folder, "report.png")
    else:
        of_demo(options.folder)
        record(options.folder, "demo.svg", "kept.png")


def record(folder: Path, *names: str) -> None:
    """Write down which code made these pictures."""
    file = folder / RECORD
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    known |= {name: mark(name) for name in names}
    file.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def mark(name: str) -> str:
    """Of the code that makes a picture: other code has another mark."""
    code = b"".join((ROOT / part).read_bytes() for part in MADE_BY[name])
    return hashlib.sha256(code.replace(b"\r\n", b"\n")).hexdigest()[:16]


def of_demo(folder: Path) -> None:
    """Run the demo on a question, record the terminal and photograph the page."""
    folder.mkdir(parents=True, exist_ok=True)
    screen = Console(
        record=True, width=118, force_terminal=True, color_system="truecolor", file=io.StringIO(), highlight=False
    )

    def console(*, stderr: bool = False) -> Console:
        return Console(stderr=True) if stderr else screen

    shown = patch.multiple(demo, console=console, SHOWN=("q03",))
    with tempfile.TemporaryDirectory() as scratch, shown, patch.object(output, "console", console):
        page = Path(scratch, "page.html")
        demo.demo(html=str(page))
        drawn = screen.export_svg(title="ragcompress demo")
        plain = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", drawn)  # rich names fonts on a server: nothing is fetched here
        (folder / "demo.svg").write_text(plain, encoding="utf-8")
        photograph(page, folder / "kept.png", KEPT)


def photograph(page: Path, out: Path, size: tuple[int, int]) -> None:
    """The page's first ``size`` pixels in headless Chromium, if there is one."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print(f"{out} not written: no Chromium here", file=sys.stderr)
        return
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}"]
    subprocess.run([browser, *flags, f"--screenshot={out}", page.resolve().as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main()
