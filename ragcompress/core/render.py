"""From a context to the string that is sent, and the one enforcer of the token budget.

`fit` guarantees: whatever it is given, what it returns renders within the budget and no
longer than the passages did. `fill` aims: it takes the best segments that fit. Both judge by rendering and counting,
because token counts do not add up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from ragcompress.core.budget import Renderer, TokenBudget, costs
from ragcompress.core.clock import check, hurried, ticking
from ragcompress.core.closing import Links, choose, claims, closed, links, sustained, untitled
from ragcompress.core.context import Context
from ragcompress.core.select import best_first
from ragcompress.core.style import Style, marked, numbered, plain, titled
from ragcompress.core.types import Passage
from ragcompress.core.view import frames

__all__ = [
    "COUNTED",
    "Style",
    "aimed",
    "fill",
    "fit",
    "fits",
    "marked",
    "numbered",
    "plain",
    "render",
    "titled",
    "tokens",
    "whole",
]

OVER_BUDGET = "over budget"
COUNTED = 8_000_000  # characters of passages up to which their tokens are counted and not estimated
SAMPLES, SAMPLE = 128, 4_000  # how many stretches of how many characters an estimate counts
MANY = 1_000_000  # characters of passages of which not many questions' are held only to know their measures
LONG = 20_000  # characters of passages that are not counted only to learn that half of them have fewer tokens


def render(context: Context, budget: TokenBudget | None = None) -> str:
    """The string that is sent: in the budget's rendering if it names one, else `plain`."""
    return _renderer(budget)(context)


def tokens(context: Context, budget: TokenBudget) -> int:
    """How many tokens the rendered context has, by the budget's own count."""
    return budget.count(render(context, budget))


def fits(context: Context, budget: TokenBudget) -> bool:
    """Whether all of it renders within the budget, and no longer than the passages did."""
    return _gauge(context, budget)(context)


def fit(context: Context, budget: TokenBudget) -> Context:
    """Drop the weakest segments until the rendered context is within budget and no longer than the passages were.

    The one enforcer: every compressor ends here. Segments without a score are weakest from the end. If even the empty
    string counts more than the limit (a counter that adds special tokens), the empty context is returned with a note.
    """
    within = _gauge(context, budget)
    if within(context):
        return context
    needed = links(context)
    order = claims(best_first([segment.score for segment in context.segments]), needed)[::-1]

    def without(dropped: int) -> Context:
        return _without(context, order[:dropped], needed)

    low, high = 1, len(order)  # invariant: dropping `high` segments is assumed to fit
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if within(without(middle)) else (middle + 1, high)
    dropped = low
    while dropped < len(order) and not within(without(dropped)):  # a counter need not be monotone
        dropped += 1
    result = without(dropped)
    if not result.segments and budget.count("") > budget.limit:
        least = budget.count("")
        said = f"nothing fits: this counter gives {least} tokens to the empty text, limit {budget.limit}"
        return result.note(said, "does-not-fit")
    return result


def fill(
    context: Context,
    budget: TokenBudget,
    order: Sequence[int] | None = None,
    *,
    values: Sequence[float] | None = None,
) -> Context:
    """Keep the best segments that fit, each with what it needs; what does not fit is skipped and the next tried.

    Args:
        context: With scores; segments without one come last, in reading order.
        budget: Its limit bounds the rendered result.
        order: Segment numbers, best first; by default by score, ties by position.
        values: What each segment is worth, a probability: those go first that bring most over the root of the tokens
            that they cost with what they need and is not there yet. Frames (headings, headers) come with those alone.

    Returns:
        The kept segments in their present order, within the budget.
    """
    ranked = list(order) if order is not None else best_first([s.score for s in context.segments])
    if len(ranked) == len(context.segments) and fits(context, budget):
        return context
    sizes = costs(context, budget)
    context, needed, for_others = _affordable(
        context, sizes, budget.limit, ranked if values is None else best_first(values)
    )
    ranked = [at for at in ranked if at not in for_others]

    def chosen(aim: int) -> tuple[Context, int]:
        taken = set(choose(ranked, sizes, aim, needed, values))
        return context.keep(taken, OVER_BUDGET), min((sizes[at] for at in ranked if at not in taken), default=0)

    return aimed(context, budget, chosen) or fit(context.keep(closed(ranked, needed), OVER_BUDGET), budget)


def _affordable(
    context: Context, sizes: Sequence[int], limit: int, ranked: Sequence[int]
) -> tuple[Context, Links, Collection[int]]:
    """The context, its links and its frames; a title without which alone the best unit fits is not needed."""
    needed = links(context)
    for_others = frames(context, needed)
    best = next((at for at in ranked if at not in for_others), None)
    if best is None or sizes[best] > limit or sum(sizes[at] for at in closed([best], needed)) <= limit:
        return context, needed, for_others
    freed = untitled(context, context.segments[best].support[0].passage)
    if freed is context:
        return context, needed, for_others
    needed = links(freed)
    return freed, needed, frames(freed, needed)


def aimed(context: Context, budget: TokenBudget, choose: Callable[[int], tuple[Context, int]]) -> Context | None:
    """The fullest of a few attempts within the budget: aim with costs, judge by the rendering, correct the aim.

    Args:
        context: What is chosen from.
        budget: Its limit bounds the rendered result.
        choose: Makes a choice that costs at most so many tokens, and says from how many more on it would change; 0: it
            holds all there is.

    Returns:
        None if no attempt was within the budget.
    """
    lawful = _lawful(context, budget)
    best: tuple[int, Context | None] = (-1, None)
    aim = budget.limit
    for _ in range(8):
        attempt, step = choose(aim)
        text = render(attempt, budget)
        size = budget.count(text)
        if best[0] < size and lawful(text, size):
            best = (size, attempt)
        correction = budget.limit - size
        if correction == 0 or (correction > 0 and (correction < step or not step or size < best[0])):
            break
        aim += correction
    return best[1]


def _renderer(budget: TokenBudget | None) -> Renderer:
    return plain if budget is None or budget.render is None else budget.render


def whole(context: Context, budget: TokenBudget) -> tuple[int, int]:
    """Characters and tokens of the uncompressed rendering: all passages, whole, in their order.

    Above `COUNTED` characters the tokens are an estimate from `SAMPLES` stretches.
    """
    return _measured(_characters, context, budget), _measured(_tokens, context, budget)


def _tokens(passages: tuple[Passage, ...], budget: TokenBudget) -> int:
    text = render(Context.of("", passages), budget)
    if len(text) <= COUNTED:
        return budget.count(text) if text else 0
    step = len(text) // SAMPLES
    samples = [_between_blanks(text[at : at + SAMPLE]) for at in range(step // 2, len(text), step)][:SAMPLES]
    return round(sum(map(budget.count, ticking(samples))) / sum(map(len, samples)) * len(text))


def _between_blanks(sample: str) -> str:
    """A stretch that was cut anywhere, without the words that it may have cut."""
    first, last = sample.find(" "), sample.rfind(" ")
    return sample[first:last] if 0 <= first < last else sample


def _characters(passages: tuple[Passage, ...], budget: TokenBudget) -> int:
    return len(render(Context.of("", passages), budget))


def _measured(measure: Callable[..., int], context: Context, budget: TokenBudget) -> int:
    size = sum([len(passage.text) for passage in context.passages])
    known = _remembered if size <= MANY else _latest
    try:
        return known(measure, context.passages, replace(budget, limit=0))
    except TypeError:  # a counter or renderer that can't be hashed: measure again
        return measure(context.passages, budget)


def _measure(measure: Callable[..., int], passages: tuple[Passage, ...], budget: TokenBudget) -> int:
    return measure(passages, budget)


_remembered = lru_cache(maxsize=16)(_measure)
_latest = lru_cache(maxsize=2)(_measure)  # what long passages measure: their text is held as long as this is


def _gauge(context: Context, budget: TokenBudget) -> Callable[[Context], bool]:
    """Whether a context renders within the limit and no longer than the whole passages."""
    lawful = _lawful(context, budget)

    def within(candidate: Context) -> bool:
        check()
        text = render(candidate, budget)
        return lawful(text, budget.count(text))

    return within


def _lawful(context: Context, budget: TokenBudget) -> Callable[[str, int], bool]:
    """Whether a rendering of so many tokens is within the limit and no longer than the whole passages."""
    brief = hurried()  # rendering ten thousand passages takes as long as all the rest
    most = sum([len(p.text) for p in context.passages]) if brief else _measured(_characters, context, budget)

    def lawful(text: str, size: int) -> bool:
        if len(text) > most or size > budget.limit:
            return False
        little = most > COUNTED or (most > LONG and 2 * len(text) <= most)
        return little or size <= _measured(_tokens, context, budget)

    return lawful


def _without(context: Context, gone: Sequence[int], needed: Links) -> Context:
    left = sustained(set(range(len(context.segments))) - set(gone), needed)
    idle = {at for at, under in frames(context, needed).items() if left.isdisjoint(under)}
    return context.keep(left - idle, OVER_BUDGET)
