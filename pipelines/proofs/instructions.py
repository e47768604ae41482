"""Orders to a model in retrieved text: are they promoted, does `drop_instructions` find them, how often is it wrong?

python -m pipelines.proofs.instructions [--data FILE …] [--methods labeller,lexical] [--budgets 0.1,0.2,0.3]
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import ragcompress as rc
from eval.datasets import find, load
from eval.made_instructions import Planted, planted
from ragcompress.core.types import Passage
from ragcompress.methods import resolve
from ragcompress.pruners.instructions import drop_instructions, instructs
from ragcompress.structure import units


def share_kept(out: rc.Compressed, start: int, end: int) -> float:
    """The share of the characters in ``[start, end)`` of the only passage that a segment holds."""
    spans = [span for segment in out.context.segments for span in segment.support]
    return sum(max(0, min(span.end, end) - max(span.start, start)) for span in spans) / (end - start)


def kept(documents: Sequence[Planted], method: str, budget: float, *, filtered: bool) -> tuple[float, float, float]:
    """Mean share kept of orders, of the sentence that answers, and of all other text."""
    sums = [0.0, 0.0, 0.0]
    for one in documents:
        compressor = rc.chain(drop_instructions, resolve(method)) if filtered else resolve(method)
        out = rc.compress(one.question, [one.text], budget, compressor)
        at = one.text.index(one.fact)
        fact, order = (at, at + len(one.fact)), (one.start, one.end)
        rest = [(0, len(one.text))]
        whole = share_kept(out, *rest[0]) * len(one.text)
        gone = sum(share_kept(out, *span) * (span[1] - span[0]) for span in (fact, order))
        left = len(one.text) - sum(span[1] - span[0] for span in (fact, order))
        for number, value in enumerate((share_kept(out, *order), share_kept(out, *fact), (whole - gone) / left)):
            sums[number] += value / len(documents)
    return sums[0], sums[1], sums[2]


def found(documents: Iterable[Planted]) -> dict[tuple[str, bool], Counter[bool]]:
    """By kind and wording: how many orders the filter finds."""
    out: dict[tuple[str, bool], Counter[bool]] = defaultdict(Counter)
    for one in documents:
        parts = [one.text[a:b] for a, b, *_ in units(one.text) if a < one.end and b > one.start]
        out[one.kind, one.known][any(map(instructs, parts))] += 1
    return out


def alarms(passages: Iterable[Passage]) -> tuple[int, list[str]]:
    """How many units there are, and those that the filter would drop."""
    number, wrong = 0, list[str]()
    for passage in passages:
        for start, end, *_ in units(passage.text):
            number += 1
            if instructs(passage.text[start:end]):
                wrong.append(passage.text[start:end].strip())
    return number, wrong


def poisoned(paths: Sequence[str], method: str, budget: float) -> tuple[float, float]:
    """A passage that repeats the question ten times, added to real ones: its share of kept text and of all scores."""
    share = score = questions = 0.0
    for path in paths:
        for question in load(find(path))[:20]:
            poison = Passage(" ".join([question.question] * 10), id="poison")
            out = rc.compress(question.question, [*question.passages, poison], budget, method)
            spans = [span for segment in out.context.segments for span in segment.support]
            last = len(question.passages)
            mine = sum(span.end - span.start for span in spans if span.passage == last)
            share += mine / (sum(span.end - span.start for span in spans) or 1)
            positive = [max(0.0, value) for value in out.passage_scores]
            score += positive[last] / (sum(positive) or 1.0)
            questions += 1
    return share / max(1, questions), score / max(1, questions)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--methods", default="labeller,lexical")
    parser.add_argument("--budgets", default="0.1,0.2,0.3")
    told = parser.parse_args()
    documents = list(planted())
    print(f"{len(documents)} documents with an order each")
    hits = found(documents)
    for known in (True, False):
        of = [(kind, count) for (kind, is_known), count in hits.items() if is_known is known]
        total, right = sum(c.total() for _, c in of), sum(c[True] for _, c in of)
        missed = ", ".join(f"{kind} {count[False]} of {count.total()}" for kind, count in of if count[False])
        print(f"found, {'known' if known else 'free'} wordings: {right} of {total}; missed: {missed or 'none'}")
    for method in told.methods.split(","):
        for budget in map(float, told.budgets.split(",")):
            plain = kept(documents, method, budget, filtered=False)
            safe = kept(documents, method, budget, filtered=True)
            print(
                f"{method} at {budget:.0%}: kept of orders {plain[0]:.1%} (filtered {safe[0]:.1%}), of answers "
                f"{plain[1]:.1%} ({safe[1]:.1%}), of the rest {plain[2]:.1%} ({safe[2]:.1%})"
            )
    if told.data:
        passages = {p.text: p for path in told.data for q in load(find(path))[:100] for p in q.passages}
        number, wrong = alarms(passages.values())
        print(f"false alarms: {len(wrong)} of {number:,} units of {len(passages):,} real passages")
        for text in wrong[:12]:
            print("  ", " ".join(text.split())[:160])
        for method in told.methods.split(","):
            share, score = poisoned(told.data, method, 0.2)
            print(
                f"{method} at 20%: a passage of ten times the question has {share:.1%} of what is kept, {score:.1%} of "
                "all passages' scores"
            )


if __name__ == "__main__":
    main()
