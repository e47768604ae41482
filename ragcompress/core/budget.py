"""How many tokens there are, counted the way the reader counts.

`TokenBudget` is a number, a way to count, and the rendering that is counted. `allocate` shares a number among demands.
"""

from __future__ import annotations

import math
import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ragcompress.core.clock import ticking
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.segment import sanitise
from ragcompress.core.shipped import shipped
from ragcompress.core.wordwise import Wordwise

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "Counter",
    "OffsetCounter",
    "Renderer",
    "TokenBudget",
    "allocate",
    "check_count",
    "costs",
    "embedded_count",
    "embedded_tokenizer",
    "embedded_words",
    "parts",
]

Counter = Callable[[str], int]
Renderer = Callable[[Context], str]

_GAP = re.compile(r"[ \t\r\n]")


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """A limit, a way to count, and the rendering that is counted.

    Attributes:
        limit: The most tokens the rendered context may have; 0 or more.
        count: Text -> number of tokens, additive over text or not.
        render: Context -> the string that is really sent; None means `ragcompress.core.render.plain`.

    Raises:
        InvalidInput: The limit is no whole number or below zero, or ``count`` can't be called.

    >>> TokenBudget(300, len).limit
    300
    """

    limit: int
    count: Counter
    render: Renderer | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit", _whole(self.limit))
        if not callable(self.count):
            raise InvalidInput(
                f"count must be a callable str -> int, not {type(self.count).__name__}; "
                "ragcompress.counter(tokenizer) makes one"
            )

    @classmethod
    def for_prompt(
        cls, window: int, prompt: str, *, answer_reserve: int, count: Counter, render: Renderer | None = None
    ) -> TokenBudget:
        """What is left for the context in a model's window.

        Args:
            window: The model's window in tokens.
            prompt: Everything sent beside the context: system text, instructions, question.
            answer_reserve: Tokens kept free for the answer.
            count: The model's way to count.
            render: Context -> the string that is sent, as for the budget itself.

        >>> TokenBudget.for_prompt(100, "x" * 30, answer_reserve=20, count=len).limit
        50
        """
        left = _whole(window) - count(prompt) - _whole(answer_reserve)
        if left < 0:
            raise InvalidInput(
                f"the prompt ({count(prompt)} tokens) and the answer reserve ({answer_reserve}) exceed the window of "
                f"{window} by {-left}; shorten the prompt, reserve less, or use a model with a larger window"
            )
        return cls(left, count, render)


def _whole(value: Any) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InvalidInput(
            f"a token budget is a whole number, not {value!r}; for a share of the tokens pass budget=0.2 to compress"
        ) from None
    if isinstance(value, bool) or number < 0:
        raise InvalidInput(f"a token budget must be 0 or more, not {value!r}")
    return number


PART = 20_000  # characters that are counted at a time: the tokenizer lets no other thread run before it is done
REMEMBERED = 1_000  # characters of the longest text whose count is remembered
SENTENCE = "The quick brown fox jumps over the lazy dog."  # what a counter is tried on


def check_count(count: Counter) -> None:
    """Try a counter on a sentence; `ragcompress.compress` does so before any work.

    Raises:
        InvalidInput: It gives no whole number, or 0.
    """
    try:
        number = count(SENTENCE)
    except Exception:  # it may work when it is needed; if not, `compress` falls back and says so
        return
    try:
        known = operator.index(number)
    except TypeError:
        known = -1
    if isinstance(number, bool) or known < 0:
        raise InvalidInput(f"count must give a whole number of tokens, 0 or more; it gave {number!r} for {SENTENCE!r}")
    if known == 0:
        raise InvalidInput(
            f"count gave 0 tokens for {SENTENCE!r}, so every budget would hold any text; "
            "ragcompress.counter(tokenizer) makes a counter"
        )


@lru_cache(maxsize=1)
def embedded_tokenizer() -> Tokenizer:
    """The embedded encoder's WordPiece tokenizer, without truncation or padding; no network."""
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_str(shipped("tokenizer.json").decode())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@lru_cache(maxsize=1)
def embedded_words() -> Wordwise:
    """The embedded tokenizer with its memory of words: the same tokens, many times as fast on text like before's."""
    return Wordwise(embedded_tokenizer())


def embedded_count(text: str) -> int:
    """Tokens of ``text`` by the embedded tokenizer, special tokens excluded.

    >>> embedded_count("Nothing is glued.")
    4
    """
    return sum(map(embedded_words().count, ticking(parts(sanitise(text)))))


@dataclass(frozen=True, slots=True)
class OffsetCounter:
    """Counts with a tokenizer that says where its tokens lie: one reading of a text gives the cost of all its parts.

    Attributes:
        read: Text without lone surrogates -> half-open character offsets of its tokens, special ones excluded.
    """

    read: Callable[[str], Sequence[tuple[int, int]]] = field(repr=False)

    def __call__(self, text: str) -> int:
        """How many tokens ``text`` has."""
        return len(self.read(sanitise(text)))

    def within(self, text: str, spans: Sequence[tuple[int, int]]) -> list[int]:
        """How many tokens of ``text`` lie in each of ``spans``, those at an edge counted on both sides."""
        offsets = [(start, end) for start, end in self.read(sanitise(text)) if start < end]
        starts, ends = [start for start, _ in offsets], [end for _, end in offsets]
        return [max(bisect_left(starts, end) - bisect_right(ends, start), 0) for start, end in spans]


def costs(context: Context, budget: TokenBudget) -> list[int]:
    """What each segment costs, in tokens: to aim with, as token counts do not add up.

    A counter with offsets reads each passage once; any other counts each segment alone, and short ones are remembered.
    """
    if budget.count is embedded_count:
        embedded_words().measure(sanitise(segment.text) for segment in context.segments)
    if not isinstance(budget.count, OffsetCounter):
        return [_alone(budget.count, segment.text.strip()) for segment in ticking(context.segments)]
    found = [0] * len(context.segments)
    verbatim: dict[int, list[int]] = {}
    for at, segment in enumerate(context.segments):
        if context.is_verbatim(at):
            verbatim.setdefault(segment.support[0].passage, []).append(at)
        else:
            found[at] = budget.count(segment.text.strip())
    for passage, own in verbatim.items():
        spans = [_stripped(context, at) for at in own]
        for at, cost in zip(own, budget.count.within(context.passages[passage].text, spans), strict=True):
            found[at] = cost
    return found


def _stripped(context: Context, at: int) -> tuple[int, int]:
    """Where a segment begins and ends, white space around it left out."""
    text, start = context.segments[at].text, context.segments[at].support[0].start
    return start + len(text) - len(text.lstrip()), start + len(text.rstrip())


def _alone(count: Counter, text: str) -> int:
    try:
        return _remembered(count, text) if len(text) <= REMEMBERED else count(text)
    except TypeError:  # a counter that can't be hashed
        return count(text)


@lru_cache(maxsize=10_000)
def _remembered(count: Counter, text: str) -> int:
    return count(text)


def allocate(limit: int, demands: Sequence[float], weights: Sequence[float] | None = None) -> tuple[int, ...]:
    """Share ``limit`` among demands by weight, never giving more than is asked; what one leaves, others get.

    Args:
        limit: Tokens to share.
        demands: What each could use, in tokens.
        weights: Relative importance; equal when None.

    Returns:
        One share per demand, in order; their sum is ``min(limit, sum(demands))``, up to rounding down of demands.

    >>> allocate(100, [10, 200, 200])
    (10, 45, 45)
    >>> allocate(100, [10, 200, 200], weights=[1, 3, 1])
    (10, 68, 22)
    """
    importance = [1.0] * len(demands) if weights is None else [max(float(w), 0.0) for w in weights]
    if len(importance) != len(demands):
        raise InvalidInput(f"{len(importance)} weights for {len(demands)} demands")
    ceilings = [max(int(d), 0) for d in demands]
    shares = [0] * len(ceilings)
    left = min(_whole(limit), sum(ceilings))
    hungry = [at for at, ceiling in enumerate(ceilings) if ceiling and importance[at]]
    while left and hungry:
        given = _round_shares(left, [importance[at] for at in hungry])
        for at, share in zip(hungry, given, strict=True):
            taken = min(share, ceilings[at] - shares[at])
            shares[at] += taken
            left -= taken
        hungry = [at for at in hungry if shares[at] < ceilings[at]]
    return tuple(shares)


def _round_shares(total: int, weights: Sequence[float]) -> list[int]:
    """Whole shares that add up to ``total``: largest remainder, ties by position."""
    exact = [total * weight / math.fsum(weights) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: (shares[at] - exact[at], at))
    for at in by_remainder[: total - sum(shares)]:
        shares[at] += 1
    return shares


def parts(text: str) -> Iterator[str]:
    """Huge text in parts, cut at white space, where WordPiece cuts anyway, or, far from any, anywhere."""
    start = 0
    while len(text) - start > PART:
        gap = _GAP.search(text, start + PART, start + 2 * PART)
        end = gap.end() if gap else start + PART
        yield text[start:end]
        start = end
    yield text[start:]
