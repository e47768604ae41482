"""Needles in haystacks of Wikipedia passages: what a compressor keeps of a few made sentences among 4k to 200k tokens.

    python -m eval needles --corpus wiki_pool_corpus --lengths 4000,16000 --budget 500

Three kinds (after RULER, Hsieh et al. 2024): one needle; a thread, where each needle says where the next one is and the
question names the first place alone; and many values of one key. Names are made up, so that no passage of the
haystack can answer. Nothing here needs a language model: counted is what is kept.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import render
from ragcompress.core.segment import sentences
from ragcompress.core.types import Passage

__all__ = ["KINDS", "Needles", "Sought", "hide", "made", "seek", "table"]

_FIRST = (
    "Bra",
    "Cor",
    "Dol",
    "Fen",
    "Gar",
    "Hul",
    "Kes",
    "Lor",
    "Mur",
    "Nol",
    "Pel",
    "Ros",
    "Sil",
    "Tor",
    "Vel",
    "Wex",
)
_LAST = ("brook", "dale", "field", "ford", "gate", "ham", "mere", "mouth", "ridge", "stead", "thorpe", "wick")
_PLACES = ("mill", "chapel", "harbour", "quarry", "lighthouse", "granary", "tannery", "ferry house")


@dataclass(frozen=True, slots=True)
class Needles:
    """A question and the sentences that answer it together.

    Attributes:
        kind: ``"one"``, ``"thread of 4"``, ``"4 values"`` and so on.
        question: What is asked.
        sentences: All are needed.
    """

    kind: str
    question: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sought:
    """What was kept of the needles in one haystack.

    Attributes:
        kind: Of the needles.
        length: Tokens asked for.
        share: Share of the needles that were kept.
        tokens: Tokens kept.
        seconds: Of the compressor.
    """

    kind: str
    length: int
    share: float
    tokens: int
    seconds: float


def one(rng: random.Random, count: int) -> Needles:
    """A number that is said once."""
    place, number = _names(rng, 1)[0], rng.randrange(10_000, 100_000)
    return Needles(
        "one", f"What is the access number of the {place}?", (f"The access number of the {place} is {number}.",)
    )


def thread(rng: random.Random, count: int) -> Needles:
    """A trail of notes: each says where the next lies, the last says what was wanted."""
    places = _names(rng, count)
    steps = [f"The note in the {a} says that the next note lies in the {b}." for a, b in pairwise(places)]
    last = (
        f"The note in the {places[-1]} says that the treasure is a {rng.choice(('lamp', 'crown', 'violin', 'clock'))}."
    )
    asked = f"The first note lies in the {places[0]}, and each note leads to the next: what is the treasure?"
    return Needles(f"thread of {count}", asked, (*steps, last))


def values(rng: random.Random, count: int) -> Needles:
    """Several numbers of one place, each said elsewhere."""
    place = _names(rng, 1)[0]
    numbers = rng.sample(range(10_000, 100_000), count)
    said = tuple(f"One of the access numbers of the {place} is {number}." for number in numbers)
    return Needles(f"{count} values", f"What are all the access numbers of the {place}?", said)


KINDS: dict[str, Callable[[random.Random, int], Needles]] = {"one": one, "thread": thread, "values": values}


def made(name: str, seed: int) -> Needles:
    """Needles by name: ``one``, ``thread:4``, ``values:4``; the same ones for the same seed.

    Raises:
        InvalidInput: There is no such kind, or the number is none from 2 to 8.
    """
    kind, _, number = name.partition(":")
    count = int(number) if number.isdecimal() else 0
    if kind not in KINDS or (count not in range(2, 9) if kind != "one" else bool(number)):
        raise InvalidInput(f"needles are one, thread:N or values:N with N from 2 to 8, not {name!r}")
    return KINDS[kind](random.Random(f"{seed} {name}"), count)


def hide(needles: Needles, corpus: Sequence[Passage], length: int, seed: int) -> list[Passage]:
    """Passages of about ``length`` tokens, each needle between two sentences of another passage.

    Raises:
        InvalidInput: The corpus is too small.
    """
    rng = random.Random(f"{seed} {length} {needles.kind}")
    hay, size = [], sum(map(embedded_count, needles.sentences))
    for passage in rng.sample(list(corpus), len(corpus)):
        if size >= length:
            break
        hay.append(passage)
        size += embedded_count(passage.text)
    if size < length or len(hay) < len(needles.sentences):
        raise InvalidInput(f"the corpus gives {size:,} tokens in {len(hay)} passages, and {length:,} are asked for")
    for at, sentence in zip(rng.sample(range(len(hay)), len(needles.sentences)), needles.sentences, strict=True):
        hay[at] = replace(hay[at], text=_among(hay[at].text, sentence, rng))
    return hay


def seek(
    names: Sequence[str],
    corpus: Sequence[Passage],
    length: int,
    method: Compressor,
    *,
    budget: int,
    seeds: Sequence[int],
) -> Iterator[Sought]:
    """Hide and compress, one haystack after the other."""
    for seed in seeds:
        for name in names:
            needles = made(name, seed)
            context = Context.of(needles.question, hide(needles, corpus, length, seed))
            began = perf_counter()
            text = render(method(context, TokenBudget(budget, embedded_count)))
            took = perf_counter() - began
            flat = " ".join(text.split())
            found = sum(sentence in flat for sentence in needles.sentences)
            yield Sought(needles.kind, length, found / len(needles.sentences), embedded_count(text), took)


def table(found: Sequence[Sought]) -> str:
    """Markdown: a line a kind and length; needles kept in per cent, and haystacks of which all were kept."""
    lines = ["| needles | tokens | needles kept | all kept | tokens kept | seconds |", "|---|---|---|---|---|---|"]
    for kind, length in dict.fromkeys((each.kind, each.length) for each in found):
        own = [each for each in found if (each.kind, each.length) == (kind, length)]
        share = 100 * sum(each.share for each in own) / len(own)
        whole = sum(each.share == 1 for each in own)
        size, took = (
            sum(values) / len(own) for values in zip(*((each.tokens, each.seconds) for each in own), strict=True)
        )
        lines.append(f"| {kind} | {length:,} | {share:.0f} % | {whole} of {len(own)} | {size:.0f} | {took:.1f} |")
    return "\n".join(lines)


def _names(rng: random.Random, count: int) -> list[str]:
    names = rng.sample([first + last for first in _FIRST for last in _LAST], count)
    return [f"{name} {rng.choice(_PLACES)}" for name in names]


def _among(text: str, sentence: str, rng: random.Random) -> str:
    """``text`` with a sentence more, at one of its sentences' ends."""
    ends = [end for _, end in sentences(text)]
    at = rng.choice(ends)
    return f"{text[:at].rstrip()} {sentence} {text[at:].lstrip()}".rstrip()
