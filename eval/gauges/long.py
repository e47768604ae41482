"""Long text of four kinds: by words at 50 MB, by the default method at 5 MB."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

from ..questions import Question
from .texts import KINDS

__all__ = ["long_texts"]

PROGRAM = """
import sys
from eval.gauges.measuring import peak, processor
from eval.gauges.texts import FACT, QUESTION, long_text
from ragcompress import compress
kind, size, method = sys.argv[1], int(sys.argv[2]), sys.argv[3]
text = long_text(kind, size)
compress("What is it?", ["It is a lighthouse."], 100, method)
out = []
spent = processor(lambda: out.append(compress(QUESTION, [text], 200, method)))
kept = "yes" if FACT in out[0].text else "no"
print(f"| {kind} | {size // 10**6} MB | {method} | {spent:.1f} | {peak():.0f} | {kept} |")
"""


def long_texts(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """One line a kind and method, each from a process of its own; ``full``: 50 MB, else 10."""
    yield "| kind | size | method | seconds of the processor | most memory MB | fact kept |"
    yield "|---" * 6 + "|"
    for kind in KINDS:
        for size, method in ((50_000_000 if full else 10_000_000, "lexical"), (5_000_000, "labeller")):
            program = [sys.executable, "-c", PROGRAM, kind, str(size), method]
            yield subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()
