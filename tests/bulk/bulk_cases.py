"""What the tests of bulk jobs share; in a module of its own so that workers in other processes can import it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context

QUERY = "Who wrote it?"


def asked(n: int) -> list[dict[str, Any]]:
    """Rows to compress, each with another answer."""
    return [
        {
            "id": f"r{at}",
            "query": QUERY,
            "passages": [f"Ada wrote it in {1800 + at}. It rained that day.", "Bob slept."],
        }
        for at in range(n)
    ]


class Deadly:
    """Kills its process at the row of one year, as often as the file ``left`` has letters; else cuts nothing."""

    def __init__(self, year: str, left: Path) -> None:
        self.year, self.left = year, left

    def __repr__(self) -> str:
        return f"Deadly({self.year!r})"

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        letters = self.left.read_text()
        if self.year in context.passages[0].text and letters:
            self.left.write_text(letters[1:])
            os.kill(os.getpid(), signal.SIGKILL)
        return context


def nothing(context: Context, budget: TokenBudget) -> Context:
    """Keeps all."""
    return context


def broken(context: Context, budget: TokenBudget) -> Context:
    """Raises."""
    raise RuntimeError("broken")
