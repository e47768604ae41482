"""How often the right unit of structured text is kept with all that it needs, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import render, whole

from .structured import Asked

__all__ = ["kept_share", "table"]


def kept_share(
    asked: Sequence[Asked], method: Compressor, budget: float, progress: Callable[[int], None] = lambda _: None
) -> dict[str, list[bool]]:
    """By kind, whether each question's unit was kept with its needs.

    Args:
        asked: The questions.
        method: Compresses.
        budget: Fraction of the tokens.
        progress: Called after every question with 1.
    """
    found: dict[str, list[bool]] = {}
    for one in asked:
        context = Context.of(one.question, one.passages)
        limit = int(budget * whole(context, TokenBudget(0, embedded_count))[1])
        kept = method(context, TokenBudget(limit, embedded_count))
        found.setdefault(one.kind, []).append(one.held(render(kept)))
        progress(1)
    return found


def table(results: dict[tuple[str, float], dict[str, list[bool]]]) -> str:
    """Markdown: a line a kind, a column a method and budget, in percent; the mean over all questions last."""
    kinds = list(next(iter(results.values())))
    head = [f"{name} {budget:.0%}" for name, budget in results]
    lines = ["| kind | " + " | ".join(head) + " |", "|---|" + "---|" * len(head)]
    for kind in kinds:
        lines.append(f"| {kind.replace('_', ' ')} | " + " | ".join(_percent(r[kind]) for r in results.values()) + " |")
    every = ([held for own in r.values() for held in own] for r in results.values())
    lines.append("| all | " + " | ".join(map(_percent, every)) + " |")
    return "\n".join(lines)


def _percent(held: Sequence[bool]) -> str:
    return f"{100 * sum(held) / len(held):.1f}"
