"""Random contexts and budgets: many scripts, awkward strings, counters that add up and counters that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from zlib import crc32

from ragcompress.core.budget import Counter, TokenBudget, embedded_count
from ragcompress.core.closing import keep_closed
from ragcompress.core.context import Context
from ragcompress.core.render import Style, marked, numbered, plain, render, titled
from ragcompress.core.segment import paragraphs, sanitise, sentences, words
from ragcompress.core.types import Passage, Segment
from ragcompress.structure import units
from ragcompress.testing.doubles import word_count
from ragcompress.testing.structured import structured_text
from ragcompress.testing.texts import AWKWARD, QUERIES, SENTENCES

__all__ = ["COUNTERS", "STATES", "STYLES", "Case", "random_cases", "smaller_cases"]

COUNTERS: dict[str, Counter] = {
    "characters": len,
    "utf8_bytes": lambda text: len(sanitise(text).encode()),
    "words": word_count,
    "embedded": embedded_count,
    "with_special_tokens": lambda text: word_count(text) + 2,  # the empty text costs 2
    "distinct_words": lambda text: len(set(text.split())),  # less than the sum of its parts
    "more_than_the_sum": lambda text: int(word_count(text) ** 1.3),
    "jumpy": lambda text: word_count(text) + crc32(sanitise(text).encode()) % 3,  # not even monotone
}

STYLES: dict[str, Style] = {"plain": plain, "titled": titled, "numbered": numbered, "marked": marked}


def _scored(context: Context) -> Context:
    split = context.split(sentences)
    return split.with_scores([(at * 7 % 5) / 4 for at in range(len(split.segments))])


def _rewritten(context: Context) -> Context:
    segments = context.segments
    return context.rewrite({at: [Segment(segments[at].text[:9], segments[at].support)] for at in range(len(segments))})


STATES: dict[str, Callable[[Context], Context]] = {
    "whole": lambda context: context,
    "sentences": lambda context: context.split(sentences),
    "words": lambda context: context.split(words),
    "units": lambda context: context.split(units),
    "some_units": lambda context: keep_closed(cut := context.split(units), range(0, len(cut.segments), 3)),
    "paragraphs": lambda context: context.split(paragraphs),
    "scored": _scored,
    "every_other": lambda context: (cut := context.split(sentences)).keep(range(0, len(cut.segments), 2)),
    "backwards": lambda context: context.reorder(range(len(context.segments))[::-1]),
    "rewritten": _rewritten,
    "nothing_left": lambda context: context.keep([]),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One input of a compressor, small enough to print.

    Attributes:
        query: What is asked.
        passages: What was retrieved.
        limit: The token limit.
        counter: A key of ``COUNTERS``.
        style: A key of ``STYLES``.
        state: What was done to the context before, a key of ``STATES``.
    """

    query: str
    passages: tuple[Passage, ...]
    limit: int
    counter: str = "words"
    style: str = "plain"
    state: str = "whole"

    def context(self) -> Context:
        """A new context, equal to every other one of this case."""
        return STATES[self.state](Context.of(self.query, self.passages))

    def budget(self) -> TokenBudget:
        """The budget."""
        return TokenBudget(self.limit, COUNTERS[self.counter], STYLES[self.style])


_FIRST: tuple[Case, ...] = (
    Case("Who built it?", (), 10),
    Case("Who built it?", (), 0),
    Case("Who built it?", (Passage(""),), 10),
    Case("Who built it?", (Passage(" \n"), Passage("")), 0),
    Case("Who built it?", (Passage("Ada built it. It rained."),), 0),
    Case("Who built it?", (Passage("Ada built it. It rained."),), 1),
    Case("Who built it?", (Passage("Ada built it. It rained."),), 4),
    Case("Who built it?", (Passage("Ada built it. It rained."),), 10_000),
    Case("Who built it?", (Passage("Ada built it. It rained."),), 0, "with_special_tokens"),
    Case("Who built it?", (Passage("Ada built it."),) * 3, 6),
    Case("Who built it?", (Passage("Ada built it. It rained.", title="Bridge"),) * 2, 9, "words", "marked"),
)


def random_cases(number: int = 250, *, seed: int = 0) -> Iterator[Case]:
    """``number`` cases, the same ones for the same seed; the first few are the plain corner cases."""
    yield from _FIRST[:number]
    for at in range(len(_FIRST), number):
        yield _random_case(Random(f"{seed}:{at}"))


def _random_case(draw: Random) -> Case:
    bank = draw.choice(SENTENCES)
    passages = tuple(_passage(draw, bank, at) for at in range(draw.choice((1, 1, 2, 2, 3, 4, 6))))
    if len(passages) > 1 and draw.random() < 0.2:
        passages = (*passages[:-1], passages[0])  # the very same object twice
    names = draw.choice(tuple(COUNTERS)), draw.choice(tuple(STYLES)), draw.choice(tuple(STATES))
    case = Case(draw.choice(QUERIES), passages, 0, *names)
    whole = case.budget().count(render(Context.of(case.query, passages), case.budget()))
    limits = (0, 1, 2, draw.randint(0, 30), *[draw.randint(0, max(whole, 1)) for _ in range(5)], whole, whole * 2)
    return replace(case, limit=draw.choice(limits))


def _passage(draw: Random, bank: tuple[str, ...], at: int) -> Passage:
    mixed = draw.random() < 0.2
    parts = [draw.choice(draw.choice(SENTENCES) if mixed else bank) for _ in range(draw.choice((0, 1, 2, 3, 5, 8)))]
    if draw.random() < 0.4:
        parts = [structured_text(draw)]
    if draw.random() < 0.25:
        parts.insert(draw.randint(0, len(parts)), draw.choice(AWKWARD))
    return Passage(
        "".join(parts),
        id=draw.choice(("", f"p{at}", "same")),
        title=draw.choice(("", "Bridges", " ", draw.choice(SENTENCES)[0])),
        score=draw.choice((None, 0.0, -1.5, 1.0 - at / 10)),
        metadata={"at": at, "tags": ["a"]},
    )


def smaller_cases(case: Case) -> Iterator[Case]:
    """Simpler variants of a case, the boldest first, for shrinking a failure."""
    for at in range(len(case.passages)):
        yield replace(case, passages=case.passages[:at] + case.passages[at + 1 :])
    plainer = replace(case, state="whole"), replace(case, style="plain"), replace(case, counter="words")
    yield from (variant for variant in plainer if variant != case)
    for at, passage in enumerate(case.passages):
        bare = Passage(passage.text)
        halves = [replace(passage, text=text) for text in _shorter(passage.text)]
        for simpler in ([bare] if bare != passage else []) + halves:
            yield replace(case, passages=(*case.passages[:at], simpler, *case.passages[at + 1 :]))
    if case.query != "?":
        yield replace(case, query="?")
    for limit in sorted({0, 1, case.limit // 2, case.limit - 1} & set(range(case.limit))):
        yield replace(case, limit=limit)


def _shorter(text: str) -> list[str]:
    cuts = [text[start:end] for start, end in sentences(text)]
    drops = ["".join(cuts[:at] + cuts[at + 1 :]) for at in range(len(cuts))] if len(cuts) > 1 else []
    half = len(text) // 2
    return [*drops, *([text[:half], text[half:]] if half else [""] if text else [])]
