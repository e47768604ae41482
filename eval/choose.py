"""The smallest budget, and the method, that keep enough answers on the user's own labelled questions.

The choice is made on one half of the questions and its quality is reported on the other, so that the interval is not
flattered by the choosing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragcompress.core.errors import InvalidInput

from .questions import Question
from .run import Maker, Plan, evaluate
from .stats import Interval, mean_interval

__all__ = ["GRID", "Choice", "choose"]

GRID = (0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0)
SEED = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """A method with the smallest budget of the grid that reached the wanted answer recall.

    Attributes:
        method: Its name.
        budget: Fraction of the full context's tokens.
        chosen_on: Answer recall on the half it was chosen on.
        confirmed: Answer recall on the other half: the honest figure.
        kept_fraction: Tokens kept on the other half.
        reached: Whether the other half confirms the wanted recall.
    """

    method: str
    budget: float
    chosen_on: Interval
    confirmed: Interval
    kept_fraction: Interval
    reached: bool


def choose(
    questions: Sequence[Question],
    plan: Plan,
    *,
    answer_recall: float,
    progress: Callable[[int], None] | None = None,
) -> list[Choice]:
    """One choice per method of the plan, smallest budget first; only methods that reach the recall at all.

    Args:
        questions: Labelled ones; those whose answer is in no passage can't be kept by anyone and are left out.
        plan: The methods; its budgets are the grid, ascending.
        answer_recall: The wanted share of questions whose answer is kept, above 0 and up to 1.
        progress: Called with 1 after every question.

    Raises:
        InvalidInput: The share is out of range, or fewer than 4 questions are usable.
    """
    if not 0 < answer_recall <= 1:
        raise InvalidInput(f"--answer-recall must be above 0 and up to 1, not {answer_recall}")
    usable = [question for question in questions if question.answerable and question.answer_present]
    if len(usable) < 4:
        raise InvalidInput(f"only {len(usable)} of {len(questions)} questions have their answer in a passage; 4 needed")
    random.Random(SEED).shuffle(usable)
    found: dict[str, list[list[_Point]]] = {name: [] for name in plan.methods}
    for question in usable:
        for name, maker in plan.methods.items():
            found[name].append(_curve(question, name, maker, plan))
        if progress is not None:
            progress(1)
    choices = [_choice(name, curves, plan.budgets, answer_recall) for name, curves in found.items()]
    return sorted((c for c in choices if c is not None), key=lambda c: (c.budget, -c.confirmed.value, c.method))


_Point = tuple[float, float]  # answer recall, kept fraction


def _curve(question: Question, name: str, maker: Maker, plan: Plan) -> list[_Point]:
    """Recall and kept fraction at every budget of the grid."""
    only = Plan({name: maker}, plan.budgets, render=plan.render)
    rows = evaluate(question, only, [(question.dataset, question.id, name, budget) for budget in plan.budgets])
    return [(row.answer_recall, row.tokens_out / row.tokens_in if row.tokens_in else 1.0) for row in rows]


def _choice(name: str, curves: Sequence[Sequence[_Point]], budgets: Sequence[float], wanted: float) -> Choice | None:
    half = len(curves) // 2
    for at, budget in enumerate(budgets):
        chosen_on = mean_interval([curve[at][0] for curve in curves[:half]])
        if chosen_on.value >= wanted:
            confirmed = mean_interval([curve[at][0] for curve in curves[half:]])
            kept = mean_interval([curve[at][1] for curve in curves[half:]])
            return Choice(name, budget, chosen_on, confirmed, kept, confirmed.value >= wanted)
    return None
