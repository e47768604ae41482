"""``python -m eval``: run, report, compare, choose, speed, trust, retrieval."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
