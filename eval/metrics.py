"""What is measured: exact match and F1 as SQuAD's official script has them, answer recall, support recall and
precision. Pure functions.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ragcompress.core.types import Span

__all__ = [
    "exact_match",
    "f1",
    "holds_answer",
    "normalise",
    "support_precision",
    "support_recall",
]

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = frozenset(string.punctuation)
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)  # Thai, Lao, Burmese, Khmer, Japanese, Chinese: words have no visible borders


def normalise(text: str) -> str:
    """SQuAD's normalisation: lower case, no ASCII punctuation, no articles, single spaces.

    >>> normalise("The  Eiffel-Tower, a!")
    'eiffeltower'
    """
    text = "".join(char for char in text.lower() if char not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """1.0 if the prediction equals an answer after normalisation; without answers, if it is empty.

    >>> exact_match("the Nile", ["Nile"]), exact_match("", []), exact_match("x", [])
    (1.0, 1.0, 0.0)
    """
    return float(max((normalise(prediction) == normalise(answer) for answer in answers or [""]), default=False))


def f1(prediction: str, answers: Sequence[str]) -> float:
    """Token F1 with the nearest answer; where either is empty, 1.0 if both are (SQuAD 2.0).

    >>> round(f1("in the year 1815", ["1815"]), 3)
    0.5
    """
    return max(_f1(prediction, answer) for answer in answers or [""])


def holds_answer(text: str, answers: Iterable[str]) -> bool:
    """Whether an answer stands in the text as whole words, but for case, punctuation, width and articles.

    Scripts without spaces between words are compared as strings.

    >>> holds_answer("He joined the party.", ["art"]), holds_answer("A work of Art!", ["art"])
    (False, True)
    """
    return any(_holds(text, answer) for answer in answers)


def support_recall(kept: Sequence[Span], gold: Sequence[Span], *, alternatives: bool) -> float | None:
    """How much of the gold text was kept, by characters.

    Args:
        kept: Spans of the compressed context.
        gold: Gold spans; None is returned when there are none.
        alternatives: True: each span is one right answer, so the best kept one counts; False: all are needed.
    """
    if not gold:
        return None
    marked = _by_passage(kept)
    shares = [(_overlap(marked, span), span.end - span.start) for span in gold]
    if alternatives:
        return max(kept / size if size else 1.0 for kept, size in shares)
    merged = [Span(p, a, b) for p, ranges in _by_passage(gold).items() for a, b in ranges]
    total = sum(span.end - span.start for span in merged)
    return sum(_overlap(marked, span) for span in merged) / total if total else 1.0


def support_precision(kept: Sequence[Span], gold: Sequence[Span]) -> float | None:
    """How much of the kept text is gold, by characters; 0.0 when nothing was kept, None without gold spans."""
    if not gold:
        return None
    marked = _by_passage(gold)
    spans = [Span(p, a, b) for p, ranges in _by_passage(kept).items() for a, b in ranges]
    total = sum(span.end - span.start for span in spans)
    return sum(_overlap(marked, span) for span in spans) / total if total else 0.0


def _f1(prediction: str, answer: str) -> float:
    ours, theirs = _tokens(prediction), _tokens(answer)
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def _tokens(text: str) -> list[str]:
    """Words; single characters where words have no visible borders, as the scripts of DRCD and MLQA count."""
    return _UNSPACED.sub(lambda match: f" {match.group()} ", normalise(text)).split()


def _holds(text: str, answer: str) -> bool:
    if _UNSPACED.search(answer):
        wanted = _squeeze(answer)
        return bool(wanted) and wanted in _squeeze(text)
    wanted = _words(answer)
    return bool(wanted.strip()) and wanted in _words(text)


@lru_cache(maxsize=4096)
def _words(text: str) -> str:
    """The words without articles, each between single spaces."""
    found = _WORD.findall(_fold(text))
    kept = [word for word in found if word not in ("a", "an", "the")]
    return f" {' '.join(kept)} "


def _squeeze(text: str) -> str:
    return "".join(char for char in _fold(text) if not char.isspace() and unicodedata.category(char)[0] != "P")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _by_passage(spans: Iterable[Span]) -> dict[int, list[tuple[int, int]]]:
    """Ranges by passage, sorted, overlaps merged."""
    result: dict[int, list[tuple[int, int]]] = {}
    for passage, start, end in sorted(spans):
        ranges = result.setdefault(passage, [])
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(ranges[-1][1], end))
        else:
            ranges.append((start, end))
    return result


def _overlap(marked: dict[int, list[tuple[int, int]]], span: Span) -> int:
    ranges = marked.get(span.passage, ())
    return sum(max(0, min(b, span.end) - max(a, span.start)) for a, b in ranges)
