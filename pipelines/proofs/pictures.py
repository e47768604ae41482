"""The README's pictures, made anew.

    python -m pipelines.proofs.pictures docs/                              # runs the demo: demo.svg, and kept.png
    python -m pipelines.proofs.pictures docs/ --report runs/readme # the head of an evaluation's report: report.png

The two PNG files need Chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from ragcompress.cli import demo

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
    else:
        of_demo(options.folder)


def of_demo(folder: Path) -> None:
    """Run the demo on a question, record the terminal and photograph the page."""
    folder.mkdir(parents=True, exist_ok=True)
    screen = Console(
        record=True, width=104, force_terminal=True, color_system="truecolor", file=io.StringIO(), highlight=False
    )

    def console(*, stderr: bool = False) -> Console:
        return Console(stderr=True) if stderr else screen

    with tempfile.TemporaryDirectory() as scratch, patch.multiple(demo, console=console, SHOWN=("q06",)):
        page = Path(scratch, "page.html")
        demo.demo(html=str(page))
        screen.save_svg(str(folder / "demo.svg"), title="ragcompress demo")
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
