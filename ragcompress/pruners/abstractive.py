"""Abstractive compression: passages rewritten shorter, every new sentence with its source (RECOMP, Xu et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ragcompress.core.budget import TokenBudget, allocate
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.core.protocols import Rewriter, Scorer, Segmenter
from ragcompress.core.render import fit
from ragcompress.core.segment import bounds
from ragcompress.core.select import best_first, top_under
from ragcompress.core.types import Segment
from ragcompress.generators.rewriters import as_rewriter
from ragcompress.pruners.common import relevance
from ragcompress.pruners.failopen import attempt, or_extract
from ragcompress.pruners.faithful import invented, rests_on
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.structure import units

__all__ = ["AbstractivePruner"]


@dataclass(frozen=True, slots=True)
class AbstractivePruner:
    """The most relevant passages, each summarised for the query in its share of the budget.

    A summary with a number, name or quotation that its passage does not hold, or longer than the passage, is thrown
    away and the passage's best sentences are kept instead, with a note. A passage that the model finds irrelevant
    goes; when all are, the result is empty.

    Attributes:
        model: A seq2seq model's name or a pair (model, tokenizer), a LangChain chat model, or a `Rewriter`.
        least: Tokens below which a share is too small to say anything: fewer passages get more instead.
        strict: Raise `ModelError` where the model fails, instead of extracting.
        timeout_s: Seconds the model may take for one context.
        scorer: Ranks passages, and sentences for the fallback.
        segmenter: Cuts sentences.
    """

    model: Any
    least: int = 32
    strict: bool = False
    timeout_s: float | None = None
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()), repr=False)
    segmenter: Segmenter = field(default=units, repr=False)
    _rewriter: Rewriter = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.least < 1:
            raise InvalidInput(f"least must be at least 1 token, not {self.least}")
        object.__setattr__(self, "_rewriter", as_rewriter(self.model))

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        scored = self.scorer(context.split(self.segmenter))
        if not scored.segments or not budget.limit:
            return fit(scored, budget)
        return or_extract(
            lambda: self._rewritten(scored, budget), scored, budget, name=repr(self._rewriter), strict=self.strict
        )

    def _rewritten(self, scored: Context, budget: TokenBudget) -> Context:
        groups = _by_passage(scored)
        chosen = self._chosen(scored, groups, budget)
        texts = [_text(scored, groups[at]) for at in chosen]
        demands = [budget.count(text) for text in texts]
        shares = allocate(budget.limit, demands)
        answers = self._answers(scored.asked, texts, max(shares, default=0))
        new: dict[int, Sequence[Segment]] = {}
        notes: list[str] = []
        for passage, text, demand, share, answer in zip(chosen, texts, demands, shares, answers, strict=True):
            fault = _fault(answer, scored.passages[passage].title + "\n" + text, demand, budget)
            if fault and self.strict:
                raise ModelError(f"passage {passage + 1}: {fault}")
            if fault:
                notes.append(f"passage {passage + 1}: {fault}; its best sentences were kept instead")
                new.update(_extract(scored, groups[passage], share, budget))
            else:
                new.update(self._placed(scored, groups[passage], answer))
        kept = [at for passage in chosen for at in groups[passage]]
        return _applied(scored, kept, new, notes)

    def _answers(self, query: str, texts: Sequence[str], tokens: int) -> Sequence[Any]:
        """One answer per text; where a batch fails, each text alone, and the exception for those that fail then."""
        answers = attempt(lambda: self._rewriter(query, texts, tokens), self.timeout_s)
        if isinstance(answers, Exception):
            if self.strict or isinstance(answers, TimeoutError) or len(texts) == 1:
                raise answers
            alone = [attempt(partial(self._one, query, text, tokens), self.timeout_s) for text in texts]
            if all(isinstance(answer, Exception) for answer in alone):
                raise answers
            return alone
        if isinstance(answers, str) or len(answers) != len(texts):
            raise ModelError(f"the rewriter must give one text for each of {len(texts)} passages")
        return answers

    def _one(self, query: str, text: str, tokens: int) -> Any:
        return self._rewriter(query, [text], tokens)[0]

    def _chosen(self, scored: Context, groups: Mapping[int, Sequence[int]], budget: TokenBudget) -> list[int]:
        """The passages that get a share, most relevant ones only where there are too many, in reading order."""
        values = relevance(scored)
        present = [at for at in groups if _text(scored, groups[at]).strip()]
        order = [present[at] for at in best_first([values[passage] for passage in present])]
        return sorted(order[: max(budget.limit // self.least, 1)])

    def _placed(self, scored: Context, group: Sequence[int], answer: str) -> dict[int, Sequence[Segment]]:
        """The summary's sentences in place of the passage's, each resting on the sentences it repeats."""
        sources = [scored.segments[at] for at in group]
        pieces = [answer[start:end] for start, end in bounds(self.segmenter(answer.strip()))] if answer.strip() else []
        new = []
        for piece in pieces:
            on = rests_on(piece, [segment.text for segment in sources]) or range(len(sources))
            support = tuple(span for at in on for span in sources[at].support)
            scores = [sources[at].score for at in on]
            new.append(Segment(piece, support, max((s for s in scores if s is not None), default=None)))
        once = list(dict.fromkeys(new))  # a model that repeats itself is heard once
        return {at: once if at == group[0] else [] for at in group}


def _fault(answer: Any, source: str, demand: int, budget: TokenBudget) -> str:
    """Why an answer can't be used; "" when it can."""
    if isinstance(answer, Exception):
        return f"the model failed ({type(answer).__name__}: {answer})"
    if not isinstance(answer, str):
        return f"the model gave {type(answer).__name__}, no text"
    if budget.count(answer) > max(demand, 1):
        return f"the summary has {budget.count(answer)} tokens, its passage {demand}"
    false = invented(answer, source)
    return f"the summary says {', '.join(false[:3])}, which the passage does not" if false else ""


def _extract(scored: Context, group: Sequence[int], share: int, budget: TokenBudget) -> dict[int, Sequence[Segment]]:
    segments = [scored.segments[at] for at in group]
    costs = [budget.count(segment.text.strip()) for segment in segments]
    best = set(top_under(best_first([segment.score for segment in segments]), costs, share))
    return {
        at: [segment] if place in best else [] for place, (at, segment) in enumerate(zip(group, segments, strict=True))
    }


def _applied(scored: Context, kept: Sequence[int], new: Mapping[int, Sequence[Segment]], notes: list[str]) -> Context:
    chosen = sorted(kept)
    place = {at: number for number, at in enumerate(chosen)}
    context = scored.keep(chosen, "passage less relevant")
    before = len(context.dropped)
    result = context.rewrite({place[at]: segments for at, segments in new.items()})
    gone = tuple(replace(one, reason="summarised") for one in result.dropped[before:])
    result = replace(result, dropped=(*result.dropped[:before], *gone))
    for note in notes:
        result = result.note(note, "unfaithful")
    return result


def _by_passage(context: Context) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for at, segment in enumerate(context.segments):
        groups.setdefault(segment.support[0].passage, []).append(at)
    return groups


def _text(context: Context, group: Sequence[int]) -> str:
    return "".join(context.segments[at].text for at in group)
