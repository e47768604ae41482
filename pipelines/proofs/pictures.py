"""The pictures of README and documentation, made anew.

    python -m pipelines.proofs.pictures docs/                       # runs the demo and the service: all but report.png
    python -m pipelines.proofs.pictures docs/ --only playground     # one of the two
    python -m pipelines.proofs.pictures docs/ --report runs/first   # the head of an evaluation's report: report.png

The PNG files need Chromium. ``pictures.json`` beside them says which code made them; a test tells when that is no
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import sleep
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
    "playground.png": ("ragcompress/service/static/playground.html",),
    "report.png": ("eval/html.py", "eval/chart.py", "eval/page.css"),
}
"""Each picture, and the code that decides how it looks."""

KEPT = (900, 820)  # pixels: the demo's page with its first question
PLAYGROUND = (1100, 800)  # pixels: what is asked and what is kept of it
REPORT = (900, 690)  # pixels: the report's first curves


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs"))
    parser.add_argument("--report", type=Path, help="a folder that `python -m eval report` has written to")
    parser.add_argument("--only", choices=("demo", "playground"), help="make the pictures of one of them")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.report:
        photograph((options.report / "report.html").resolve().as_uri(), options.folder / "report.png", REPORT)
        record(options.folder, "report.png")
        return
    if options.only != "playground":
        of_demo(options.folder)
        record(options.folder, "demo.svg", "kept.png")
    if options.only != "demo":
        of_playground(options.folder)
        record(options.folder, "playground.png")


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
        photograph(page.resolve().as_uri(), folder / "kept.png", KEPT)


def of_playground(folder: Path) -> None:
    """Photograph the service's own page with its example."""
    with _serving() as address:
        photograph(address, folder / "playground.png", PLAYGROUND)


@contextmanager
def _serving() -> Iterator[str]:
    """The address of a service that runs in this process, ready to answer."""
    from ragcompress.service.server import make_server  # only here: tests read MADE_BY without the extra 'serve'
    from ragcompress.service.settings import Settings

    server = make_server(Settings(), port=0, level="error")
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()


def photograph(address: str, out: Path, size: tuple[int, int]) -> None:
    """The page's first ``size`` pixels in headless Chromium, if there is one; answers that it waits for are awaited."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print(f"{out} not written: no Chromium here", file=sys.stderr)
        return
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={size[0]},{size[1]}"]
    flags += ["--virtual-time-budget=10000", f"--screenshot={out}"]  # a clock that stands still while a request runs
    subprocess.run([browser, *flags, address], check=True, capture_output=True)


if __name__ == "__main__":
    main()
