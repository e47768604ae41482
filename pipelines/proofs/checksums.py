"""The checksums of what ships in ``ragcompress/weights``: compared, or written anew with ``--write``.

python -m pipelines.proofs.checksums [--write]
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import ragcompress

FOLDER = Path(ragcompress.__file__).parent / "weights"
LIST = FOLDER.with_name("weights.sha256")


def written() -> str:
    """What the list should say: a line for every file but the cards, in the form of ``sha256sum``."""
    files = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md" and not path.name.startswith("."))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  weights/{path.name}\n" for path in files)


def main() -> None:
    """Compare, or write."""
    now = written()
    if sys.argv[1:] == ["--write"]:
        LIST.write_text(now, encoding="utf-8")
        print(f"wrote {LIST}: {len(now.splitlines())} files")
    elif now != LIST.read_text(encoding="utf-8"):
        sys.exit(f"{LIST} does not say what is in {FOLDER}; python -m pipelines.proofs.checksums --write mends it")
    else:
        print(f"{len(now.splitlines())} files are as listed")


if __name__ == "__main__":
    main()
