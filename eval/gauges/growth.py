"""How the processor time of a question grows with passages, and with words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragcompress import compress

from ..questions import Question
from .measuring import exponent, fresh, processor
from .texts import QUESTION, long_text

__all__ = ["growth"]

PASSAGES = (1, 2, 5, 10, 20, 50, 100, 200)
WORDS = (100, 1_000, 10_000, 100_000, 1_000_000)
CLOSE = 10_000  # words that models read here; above a million characters words alone decide
LETTERS = 6  # characters of a word with its blank


def growth(questions: Sequence[Question], full: bool) -> Iterator[str]:
    """Curves as tables, each with its exponent from ten passages, or a thousand words, on."""
    yield "| method | " + " | ".join(f"{size}" for size in PASSAGES) + " passages | exponent from 10 |"
    yield "|---" * (len(PASSAGES) + 2) + "|"
    for method in ("labeller", "student", "dense", "lexical"):
        yield _line(method, PASSAGES, [_passages(questions, method, size) for size in PASSAGES], 10)
    yield ""
    yield "| method | " + " | ".join(f"{size:,}" for size in WORDS) + " words | exponent from 1,000 |"
    yield "|---" * (len(WORDS) + 2) + "|"
    for method, sizes in (("labeller", WORDS if full else WORDS[:3]), ("lexical", WORDS)):
        yield _line(method, sizes, [_words(method, size) for size in sizes], 1_000, len(WORDS))


def _line(method: str, sizes: Sequence[int], costs: Sequence[float], least: int, columns: int = 0) -> str:
    told = [f"{1000 * cost:,.1f}" for cost in costs] + ["-"] * (columns - len(costs))
    known = [(size, cost) for size, cost in zip(sizes, costs, strict=True) if size >= least]
    return f"| {method}, ms | {' | '.join(told)} | {exponent(*zip(*known, strict=True)):.2f} |"


def _passages(questions: Sequence[Question], method: str, size: int) -> float:
    """The least of some turns: what other programs take of caches and memory only adds."""
    turns = 3 if size <= 20 else 1
    asked = [questions[turn % len(questions)] for turn in range(turns)]
    compress(asked[0].question, fresh(asked, 1), 100, method)
    given = [fresh([one, *questions], size) for one in asked]
    return min(
        processor(lambda one=one, passages=passages: compress(one.question, passages, 0.2, method))  # type: ignore[misc]
        for one, passages in zip(asked, given, strict=True)
    )


def _words(method: str, size: int) -> float:
    texts = [long_text("prose", size * LETTERS + turn) + " " * turn for turn in range(3 if size <= 1_000 else 1)]
    compress(QUESTION, ["It is a lighthouse."], 100, method)
    return min(processor(lambda text=text: compress(QUESTION, [text], 200, method)) for text in texts)  # type: ignore[misc]
