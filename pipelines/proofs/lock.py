"""A lock with hashes for ``make demo``: exactly these files are installed, or nothing is.

    python -m pipelines.proofs.lock > locks/demo.txt
    pip install --require-hashes -r locks/demo.txt && pip install --no-deps -e .

pip chooses the versions; the hashes are those that the package index gives for every file of a version, so the lock
serves other systems, too, as far as the same versions are chosen there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

EXTRAS = "faiss,cli"
HEAD = "# Made by python -m pipelines.proofs.lock with Python {}; installed by: make demo LOCKED=1\n"


def chosen(extras: str) -> list[dict[str, Any]]:
    """What pip would install, as its report says."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        told = [
            "install",
            "--quiet",
            "--dry-run",
            "--ignore-installed",
            "--no-build-isolation",
            "-c",
            "constraints.txt",
        ]
        subprocess.run([sys.executable, "-m", "pip", *told, "--report", str(report), f".[{extras}]"], check=True)
        found: list[dict[str, Any]] = json.loads(report.read_text())["install"]
    return [one for one in found if "dir_info" not in one["download_info"]]


def hashes(one: dict[str, Any]) -> list[str]:
    """SHA-256 of every file of this version, by the index that pip asked; of the chosen file alone if it is silent."""
    name, version = one["metadata"]["name"], one["metadata"]["version"]
    own: str = one["download_info"]["archive_info"]["hashes"]["sha256"]
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    index = subprocess.run(asked, capture_output=True, text=True).stdout.strip() or "https://pypi.org/simple"
    address = f"{index.rstrip('/')}/{re.sub(r'[-_.]+', '-', name).lower()}/"
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            page = answer.read().decode()
    except OSError:
        return [own]
    files = re.findall(r'href="[^"]*?([^"/]+)#sha256=([0-9a-f]{64})"', page)
    start = re.compile(rf"{re.sub(r'[-_.]+', '[-_.]+', name)}-{re.escape(version)}(?:-|\.tar)", re.IGNORECASE)
    return sorted({own, *(digest for file, digest in files if start.match(file))})


def main() -> None:
    """Print the lock."""
    print(HEAD.format(".".join(map(str, sys.version_info[:2]))), end="")
    for one in sorted(chosen(EXTRAS), key=lambda each: each["metadata"]["name"].lower()):
        lines = [
            f"{one['metadata']['name']}=={one['metadata']['version']}",
            *(f"--hash=sha256:{h}" for h in hashes(one)),
        ]
        print(" \\\n    ".join(lines))


if __name__ == "__main__":
    main()
