"""A fresh process: what importing costs, what the first question costs, and what memory it then holds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

from ..questions import Question

__all__ = ["start"]

IMPORT = """
import time; a = time.perf_counter(), time.process_time()
import ragcompress
print(time.perf_counter() - a[0], time.process_time() - a[1])
"""
FIRST = """
import json, resource, sys, time; began = time.perf_counter(), time.process_time()
from ragcompress import compress
items = json.loads(sys.stdin.read()); spent = []
for question, passages in items:
    compress(question, passages, 0.2)
    spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))
print(*spent[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def start(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """Seconds of the clock and of the processor, and the most memory of a process that answered some questions."""
    wall, spent = min(_told(IMPORT, "") for _ in range(3))
    yield f"import ragcompress: {wall:.3f} s, of the processor {spent:.3f}"
    asked = questions[: 20 if full else 5]
    items = [(one.question, [passage.text for passage in one.passages]) for one in asked]
    wall, spent, _ = min(_told(FIRST, json.dumps(items[:1])) for _ in range(3))
    size = len(items[0][1])
    yield f"first compress of {size} passages in a fresh process: {wall:.2f} s, of the processor {spent:.2f}"
    memory = _told(FIRST, json.dumps(items))[2]
    yield f"most memory after {len(items)} questions: {memory:.0f} MB"


def _told(program: str, given: str) -> tuple[float, ...]:
    ran = subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, text=True, check=True)
    return tuple(map(float, ran.stdout.split()))
