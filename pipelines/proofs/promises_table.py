"""What the promises on meaning cost and keep, set by set: whole units, ``cut="marked"``, and the budget filled.

    python -m pipelines.proofs.promises_table --limit 60

For each set and budget: answer recall (support recall where all of the evidence is needed), the share of the allowed
tokens that was spent, limiter recall and whole units, by default; and the recall with ``cut="marked"`` and with
``fill=True`` (no floor) beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.datasets import find, load
from eval.meaning import limiter_recall, whole_units
from eval.metrics import holds_answer, support_recall
from eval.questions import Question
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.core.render import render, whole
from ragcompress.pruners.labelling import LabellingPruner

SETS = (
    "nq_multi20_dev", "hotpot_dev", "squad_dev_multi", "clapnq_dev", "covidqa_dev", "policyqa_dev", "2wiki_dev",
    "musique_dev", "multispanqa_dev", "fever_dev", "quotesum_dev",
)  # fmt: skip
BUDGETS = (0.05, 0.1, 0.2, 0.3)
WAYS: Mapping[str, LabellingPruner] = {
    "default": LabellingPruner(), "marked": LabellingPruner(cut="marked"), "filled": LabellingPruner(fill=True)
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What one way kept of one question at one budget; None where there is nothing to measure."""

    recall: float
    spent: float
    limiters: float | None
    whole: float | None


def measured(question: Question, budget: float) -> dict[str, Kept]:
    """By way, what was kept."""
    context = Context.of(question.question, question.passages)
    limit = int(budget * whole(context, TokenBudget(0, embedded_count))[1])
    return {
        way: _kept(question, pruner(context, TokenBudget(limit, embedded_count)), limit) for way, pruner in WAYS.items()
    }


def _kept(question: Question, kept: Context, limit: int) -> Kept:
    text = render(kept)
    recall = float(holds_answer(text, question.answers))
    if question.support_type != "answer" and question.support:
        spans = [span for segment in kept.segments for span in segment.support]
        recall = support_recall(spans, question.support, alternatives=False) or 0.0
    return Kept(recall, embedded_count(text) / max(limit, 1), limiter_recall(kept), whole_units(kept))


def lines(name: str, questions: Sequence[Question]) -> Iterator[str]:
    """The table's line for one set."""
    found = {budget: [measured(question, budget) for question in questions] for budget in BUDGETS}
    cells = ["/".join(f"{100 * _mean([one[way].recall for one in found[b]]):.1f}" for b in BUDGETS) for way in WAYS]
    cells.append("/".join(f"{100 * _mean([one['default'].spent for one in found[b]]):.0f}" for b in BUDGETS))
    every = [one["default"] for own in found.values() for one in own]
    cells += [f"{100 * _mean([one.limiters for one in every]):.1f}", f"{100 * _mean([one.whole for one in every]):.1f}"]
    yield f"| {name} | {len(questions)} | " + " | ".join(cells) + " |"


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", nargs="+", default=SETS, help="data sets")
    options.add_argument("--limit", type=int, default=60, help="questions of each")
    chosen = options.parse_args(arguments)
    print("| set | questions | default | cut marked | filled | tokens spent | limiter recall | whole units |")
    print("|---|---|---|---|---|---|---|---|")
    for name in chosen.data:
        asked = [q for q in load(find(name)) if q.answerable and q.answer_present][: chosen.limit]
        for line in lines(name.removesuffix("_dev"), asked):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
