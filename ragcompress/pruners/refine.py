"""Extract and restructure: verbatim extracts grouped under titles (Refiner, Li et al. 2024)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import ModelError
from ragcompress.core.protocols import Generator, Scorer, Segmenter
from ragcompress.core.render import fit
from ragcompress.core.types import Passage, Segment, Span
from ragcompress.core.view import in_view
from ragcompress.generators.rewriters import as_generator
from ragcompress.pruners.common import overlap
from ragcompress.pruners.failopen import attempt, or_extract
from ragcompress.pruners.faithful import invented
from ragcompress.pruners.locate import locate
from ragcompress.scorers import FusedScorer, GuardedScorer
from ragcompress.structure import units

__all__ = ["PROMPT", "RefinePruner", "Section", "parse"]

PROMPT = """Copy from the numbered passages what helps to answer the question, word for word, with the context needed \
to understand it. Change nothing inside an extract. Group extracts that belong together under a short title.
Use at most {words} words. If no passage helps, write NOTHING.

Write it like this:
## Title
[2] An extract from passage 2.
[5] An extract from passage 5.

Question: {query}

{passages}

Extracts:"""

_EXTRACT = re.compile(r"\s*(?:[-*•]\s*)?\[?(?:passage\s*)?(\d{1,4})\]?\s*[:.)]?\s+(\S.*)", re.IGNORECASE)
_TITLE = re.compile(r"#{1,6}\s+(.+)|\*\*(.+?)\*\*:?$")


class Section(NamedTuple):
    """A title ("" when the model gave none) with its extracts: (passage number from 1, or None; text)."""

    title: str
    extracts: list[tuple[int | None, str]]


@dataclass(frozen=True, slots=True)
class RefinePruner:
    """A language model picks verbatim extracts and groups them; every extract is looked up in its source.

    What can't be found is dropped and reported; text found is read from the source, never from the model. Titles are
    the model's own words, marked as rewritten text whose support is the section's extracts; a title with a name or
    number that neither they nor the query hold goes.

    Attributes:
        model: A LangChain chat model, or any ``prompt -> completion``.
        titles: Keep the section titles.
        strict: Raise `ModelError` where the model fails or nothing it says can be found, instead of extracting.
        timeout_s: Seconds the model may take.
        prompt: With the places ``{query}``, ``{passages}`` and ``{words}``.
        scorer: Ranks sentences for the fallback.
        segmenter: Cuts sentences for the fallback.
    """

    model: Any
    titles: bool = True
    strict: bool = False
    timeout_s: float | None = None
    prompt: str = field(default=PROMPT, repr=False)
    scorer: Scorer = field(default_factory=lambda: GuardedScorer(FusedScorer()), repr=False)
    segmenter: Segmenter = field(default=units, repr=False)
    _generate: Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_generate", as_generator(self.model))

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Compress ``context`` to at most ``budget.limit`` rendered tokens."""
        scored = in_view(self.scorer(context.split(self.segmenter)))
        if not scored.segments or not budget.limit:
            return fit(scored, budget)
        name = f"RefinePruner({type(self.model).__name__})"
        return or_extract(lambda: self._refined(scored, budget), scored, budget, name=name, strict=self.strict)

    def _refined(self, scored: Context, budget: TokenBudget) -> Context:
        asked = self.prompt.format(query=scored.asked, passages=_numbered(scored), words=max(budget.limit * 3 // 4, 1))
        answer = attempt(lambda: self._generate(asked), self.timeout_s)
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, str):
            raise ModelError(f"the model gave {type(answer).__name__}, no text")
        sections = parse(answer)
        if not sections and re.search(r"\bNOTHING\b", answer):
            return scored.keep([], "found irrelevant by the model")
        found, lost = _located(sections, scored.passages)
        if not found:
            raise ModelError(f"none of the {lost} extracts is in the passages: {answer[:80]!r}")
        result = _assembled(scored, found, titles=self.titles)
        said = f"{lost} extracts are not in the passages and were dropped"
        return result.note(said, "unfaithful") if lost else result


def parse(answer: str) -> list[Section]:
    """Titles and extracts from the model's answer; lines that are neither continue the extract above."""
    sections: list[Section] = []
    for line in filter(str.strip, answer.splitlines()):
        title, extract = _TITLE.match(line.strip()), _EXTRACT.match(line)
        if title:
            sections.append(Section((title[2] or title[1].rstrip("#")).strip(), []))
        elif extract:
            sections = sections or [Section("", [])]
            sections[-1].extracts.append((int(extract.group(1)), extract.group(2).strip()))
        elif sections and sections[-1].extracts:
            number, text = sections[-1].extracts[-1]
            sections[-1].extracts[-1] = (number, f"{text}\n{line.strip()}")
    return [section for section in sections if section.extracts]


def _located(sections: Sequence[Section], passages: Sequence[Passage]) -> tuple[list[tuple[str, list[Span]]], int]:
    """Every section as its title and the spans found, each text once, and how many extracts were not found."""
    taken: list[Span] = []
    result: list[tuple[str, list[Span]]] = []
    lost = 0
    for title, extracts in sections:
        spans: list[Span] = []
        for number, text in extracts:
            found = locate(text, passages, first=None if number is None else number - 1)
            lost += not found
            fresh = [span for span in found if not any(overlap(span, other) for other in taken)]
            taken.extend(fresh)
            spans.extend(fresh)
        if spans:
            result.append((title, spans))
    return result, lost


def _assembled(scored: Context, found: Sequence[tuple[str, list[Span]]], *, titles: bool) -> Context:
    """Extracts in the model's order, falling scores, the title a little below its section's last extract."""
    pieces: list[Segment] = []
    heads: dict[int, tuple[Segment, ...]] = {}
    for title, spans in found:
        at = len(pieces)
        pieces.extend(
            Segment(scored.read(span), (span,), -float(at + n), part_of=_unit_around(scored, span))
            for n, span in enumerate(spans)
        )
        text = " ".join(segment.text for segment in pieces[at:])
        if titles and title and not invented(_sentence_case(title), f"{scored.asked}\n{text}"):
            heads[at] = (Segment(f"{title}\n", tuple(spans), 0.5 - len(pieces)), pieces[at])
    kept = [piece.support[0] for piece in pieces]
    gone = [at for at, s in enumerate(scored.segments) if not any(overlap(s.support[0], span) for span in kept)]
    dropped = scored.keep(set(range(len(scored.segments))) - set(gone), "not extracted").dropped
    return replace(scored, segments=tuple(pieces), dropped=dropped).rewrite(heads)


def _sentence_case(title: str) -> str:
    """A title whose words are all capitalised says nothing about names: in lower case it is judged by its numbers."""
    words = [word for word in title.split() if len(word) > 3]
    return title.casefold() if all(word[:1].isupper() for word in words) else title


def _numbered(context: Context) -> str:
    """The passages as the model sees them: what is still there of each, under its number."""
    texts: dict[int, str] = {}
    for segment in context.segments:
        at = segment.support[0].passage
        texts[at] = texts.get(at, "") + segment.text
    heads = {at: f"[{at + 1}] {context.passages[at].title}".rstrip() for at in texts}
    return "\n\n".join(f"{heads[at]}\n{text.strip()}" for at, text in texts.items())


def _unit_around(scored: Context, span: Span) -> Span | None:
    """The unit that an extract is a part of, which then shows "…"; None where it is a whole one, or of several."""
    for unit in (segment.support[0] for segment in scored.segments if len(segment.support) == 1):
        if unit.passage == span.passage and unit.start <= span.start and span.end <= unit.end:
            left, right = unit._replace(end=span.start), unit._replace(start=span.end)
            return unit if scored.read(left).strip() or scored.read(right).strip() else None
    return None
