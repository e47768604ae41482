"""A lock with hashes for ``make demo``: exactly these files are installed, or nothing is.

    python -m pipelines.proofs.lock > locks/demo.txt
    pip install --require-hashes -r locks/demo.txt && pip install --no-deps -e .

pip chooses the files, so the lock is for the system and the Python that it was made with, which its first line names;
on another one make it anew. What builds the package itself (hatchling) is not in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from sysconfig import get_platform
from typing import Any

EXTRAS = "faiss,cli"
HEAD = "# Made by python -m pipelines.proofs.lock on {} with Python {}; installed by: make demo LOCKED=1\n"


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


def main() -> None:
    """Print the lock."""
    print(HEAD.format(get_platform(), ".".join(map(str, sys.version_info[:2]))), end="")
    for one in sorted(chosen(EXTRAS), key=lambda each: str(each["metadata"]["name"]).lower()):
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        print(f"{one['metadata']['name']}=={one['metadata']['version']} --hash=sha256:{digest}")


if __name__ == "__main__":
    main()
