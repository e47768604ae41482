"""The embedded reader: answers a question with words of the passages, offline, or says that they do not answer it.

An extractive question-answering model of 22 MB (MiniLM with start, end and no-answer heads, trained as
`ragcompress.reader` shows; independent of the labeller). Passages are read in windows; the best span over all of them
is the answer, and abstaining is a calibrated decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.core.shipped import shipped
from ragcompress.core.types import Passage, Span
from ragcompress.models.reader.windows import Place, Window, windows
from ragcompress.models.sessions import session

__all__ = ["Answer", "Candidate", "ExtractiveReader"]

LONGEST_ANSWER = 30  # tokens
BATCH_TOKENS = 2_048


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer or an abstention.

    Attributes:
        text: The answer, verbatim from a passage; "" when the reader abstains.
        score: Calibrated probability, 0 to 1, that the best span found is right.
        support: Where the answer stands; None when the reader abstains.
    """

    text: str
    score: float
    support: Span | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best span of all windows, before the decision to abstain.

    Attributes:
        text: Its text.
        margin: Its logits above those of "no answer"; higher is surer.
        support: Where it stands.
    """

    text: str
    margin: float
    support: Span


class ExtractiveReader:
    """Answers from the embedded weights.

    Args:
        threshold: Abstain when the score is below it; None takes the calibrated one, 0 never abstains.
        threads: Threads of one answer; all cores when None.

    Raises:
        InvalidInput: The threshold is not within 0 and 1.
        ModelError: The weights are missing.
    """

    def __init__(self, *, threshold: float | None = None, threads: int | None = None) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise InvalidInput(f"threshold must be from 0 (never abstain) to 1, not {threshold}")
        self._threads = threads
        self._graph = _graph(threads)
        self._tokenizer = embedded_tokenizer()
        self._calibration = _calibration()
        self.threshold = self._calibration["threshold"] if threshold is None else threshold

    def __reduce__(self) -> Any:
        return partial(ExtractiveReader, threshold=self.threshold, threads=self._threads), ()

    def __repr__(self) -> str:
        return f"ExtractiveReader(threshold={self.threshold:g})"

    def answer(self, question: str, passages: Context | Iterable[str | Passage] | Any) -> Answer:
        """The best answer found, or an abstention.

        Args:
            question: What is asked.
            passages: Passages as `ragcompress.compress` takes them, a `Context` (its kept segments are read), or
                what `ragcompress.compress` returned.

        Returns:
            The answer with its score and the span of the passage it stands in.

        Raises:
            InvalidInput: The question is blank, or ``passages`` is of another type.
        """
        found = self.candidate(question, passages)
        if found is None:
            return Answer("", 0.0, None)
        score = self.probability(found.margin)
        if score < self.threshold:
            return Answer("", score, None)
        return Answer(found.text, score, found.support)

    def candidate(self, question: str, passages: Context | Iterable[str | Passage] | Any) -> Candidate | None:
        """The best span whatever its score; None when there is nothing to read."""
        if not isinstance(question, str) or not question.strip():
            raise InvalidInput("question is empty or no str; ask one")
        context = getattr(passages, "context", passages)
        context = context if isinstance(context, Context) else Context.of(question, context)
        best: tuple[float, Place, Place] | None = None
        for window, logits in self._read(windows(question, context, self._tokenizer)):
            found = _best_span(window, logits)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
        if best is None:
            return None
        text, support = _quote(context, best[1], best[2])
        return Candidate(text, best[0], support)

    def probability(self, margin: float) -> float:
        """The calibrated probability that a span of this margin is right."""
        exponent = self._calibration["scale"] * margin + self._calibration["shift"]
        return float(1 / (1 + np.exp(-np.clip(exponent, -50, 50))))

    def _read(self, found: Sequence[Window]) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        """Every window with its logits, shape [tokens, 2], in batches of windows of like length."""
        ordered = sorted(found, key=lambda window: len(window.ids))
        batch: list[Window] = []
        for window in ordered:
            if batch and (len(batch) + 1) * len(window.ids) > BATCH_TOKENS:
                yield from self._forward(batch)
                batch = []
            batch.append(window)
        if batch:
            yield from self._forward(batch)

    def _forward(self, batch: Sequence[Window]) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        width = len(batch[-1].ids)
        ids = np.zeros((len(batch), width), np.int64)
        types = np.zeros_like(ids)
        for row, window in enumerate(batch):
            ids[row, : len(window.ids)] = window.ids
            types[row, window.context_from : len(window.ids)] = 1
        lengths = np.array([len(window.ids) for window in batch], np.int32)
        logits = self._graph.run(["logits"], {"ids": ids, "types": types, "lengths": lengths})[0]
        for window, row in zip(batch, logits, strict=True):
            yield window, row[: len(window.ids)]


def _best_span(window: Window, logits: NDArray[np.float32]) -> tuple[float, Place, Place] | None:
    """Margin, first and last token of the best span that stays within one stretch of text."""
    size = len(window.places)
    starts, ends = logits[window.context_from :][:size, 0], logits[window.context_from :][:size, 1]
    stretch = np.array([-1 - at if place is None else place.stretch for at, place in enumerate(window.places)])
    starts = np.where(stretch < 0, -np.inf, starts)  # no answer lies in a title
    best: tuple[float, int, int] | None = None
    for length in range(min(LONGEST_ANSWER, size)):
        sums = np.where(stretch[: size - length] == stretch[length:], starts[: size - length] + ends[length:], -np.inf)
        at = int(np.argmax(sums))
        if best is None or sums[at] > best[0]:
            best = (float(sums[at]), at, at + length)
    first, last = (window.places[at] for at in best[1:]) if best else (None, None)
    if best is None or first is None or last is None:
        return None
    return best[0] - float(logits[0, 0] + logits[0, 1]), first, last


def _quote(context: Context, first: Place, last: Place) -> tuple[str, Span]:
    """The text from the first token to the last, widened to whole words, and where it stands."""
    segment = context.segments[first.stretch]
    if not first.verbatim:
        start, end = _whole_words(segment.text, first.start, last.end)
        return segment.text[start:end], segment.support[0]
    text = context.passages[first.passage].text
    start, end = _whole_words(text, first.start, last.end)
    return text[start:end], Span(first.passage, start, end)


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a span that begins or ends inside a word of a script that parts words with spaces."""

    def inside(at: int) -> bool:
        return 0 < at < len(text) and _joined(text[at - 1]) and _joined(text[at])

    while inside(start):
        start -= 1
    while inside(end):
        end += 1
    return start, end


def _joined(char: str) -> bool:
    return char.isalnum() and not "\u2e80" <= char <= "\u9fff"


@lru_cache(maxsize=2)
def _graph(threads: int | None) -> Any:
    return session(_weights("reader-int8.onnx"), threads=threads)


@lru_cache(maxsize=1)
def _calibration() -> dict[str, float]:
    loaded = json.loads(_weights("reader.json"))
    return {name: float(loaded[name]) for name in ("scale", "shift", "threshold")}


def _weights(name: str) -> bytes:
    try:
        return shipped(name)
    except ModelError as error:
        raise ModelError(
            f"the reader can't be loaded: {error}; or train it: python -m pipelines.training.train_reader"
        ) from error
