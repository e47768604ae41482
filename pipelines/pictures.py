"""The README's two pictures, made anew from a run of the demo.

python -m pipelines.pictures docs/          writes demo.svg, and kept.png where Chromium is installed
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from ragcompress.cli import demo

SIZE = (900, 910)  # pixels of the page's picture: the first question


def main(folder: Path) -> None:
    """Run the demo on two questions, record the terminal and photograph the page."""
    folder.mkdir(parents=True, exist_ok=True)
    screen = Console(
        record=True, width=104, force_terminal=True, color_system="truecolor", file=io.StringIO(), highlight=False
    )

    def console(*, stderr: bool = False) -> Console:
        return Console(stderr=True) if stderr else screen

    with tempfile.TemporaryDirectory() as scratch, patch.multiple(demo, console=console, SHOWN=("q01",)):
        page = Path(scratch, "page.html")
        demo.demo(html=str(page))
        screen.save_svg(str(folder / "demo.svg"), title="ragcompress demo")
        photograph(page, folder / "kept.png")


def photograph(page: Path, out: Path) -> None:
    """The page in headless Chromium, if there is one."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print(f"{out} not written: no Chromium here", file=sys.stderr)
        return
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE[0]},{SIZE[1]}"]
    subprocess.run([browser, *flags, f"--screenshot={out}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
