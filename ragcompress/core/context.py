"""The one noun: a `Context` is a query, its passages, and the segments of them that a reader would see.

Compressed and uncompressed contexts are the same type. Six pure verbs make a new context from an old one:
`Context.of`, `split`, `with_scores`, `keep`, `reorder`, `rewrite`. What a verb lets go of is remembered in
``dropped``, so that a result can say what went and why.

>>> context = Context.of("Who?", ["Ada wrote it. Bob read it."]).split(sentences)
>>> [segment.text for segment in context.keep([1]).segments]
['Bob read it.']
>>> context.keep([1]).dropped[0].reason
'not selected'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from ragcompress.core.asking import asking
from ragcompress.core.clock import ticking
from ragcompress.core.errors import InvalidInput
from ragcompress.core.notes import Code, Warning
from ragcompress.core.segment import Segmenter, sentences
from ragcompress.core.types import Dropped, Passage, Segment, Span, Unit

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """A query, its passages, and the segments that stand for them.

    Attributes:
        query: What is asked.
        passages: What was retrieved; no verb ever changes or reorders it.
        segments: What the reader would see, in the order in which it would see it.
        dropped: What was let go on the way here, with the reason.
        passage_scores: One relevance per passage (higher is more relevant), empty before scoring.
        notes: What the user should be told (fallbacks, things that could not be done).
    """

    query: str
    passages: tuple[Passage, ...]
    segments: tuple[Segment, ...]
    dropped: tuple[Dropped, ...] = ()
    passage_scores: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from ragcompress.results.page import context_fragment

        return context_fragment(self)

    @classmethod
    def of(cls, query: str, passages: Iterable[str | Passage]) -> Context:
        """A context of whole passages, one segment each.

        Raises:
            InvalidInput: The query is no str, or ``passages`` is no collection of str and Passage.
        """
        return cls.unopened(query, passages).opened()

    @classmethod
    def unopened(cls, query: str, passages: Iterable[str | Passage]) -> Context:
        """A context without segments: all that must be done with ten thousand passages before work can begin.

        Raises:
            InvalidInput: As `of`.
        """
        if not isinstance(query, str):
            raise InvalidInput(f"query must be a str, not {type(query).__name__}")
        return cls(query, tuple([_as_passage(item, at) for at, item in enumerate(_items(passages))]), ())

    def opened(self) -> Context:
        """With one segment per passage, whatever the segments were."""
        texts = enumerate(passage.text for passage in ticking(self.passages))
        return replace(self, segments=tuple(Segment(text, (Span(at, 0, len(text)),)) for at, text in texts))

    @property
    def asked(self) -> str:
        """The part of the query that asks: what scorers and models read, so that a long one costs bounded time."""
        return asking(self.query)

    def split(self, segmenter: Segmenter = sentences) -> Context:
        """Cut every verbatim segment into the tiles of ``segmenter``; rewritten segments stay as they are.

        A tile is ``(start, end)`` or a `Unit`, whose needs and kind become the segment's. A tile without needs of its
        own keeps those of the segment that it was cut from. A unit is not read into units again: away from its page a
        row is no row.
        """
        result: list[Segment] = []
        reads_units = False
        for at, segment in enumerate(ticking(self.segments)):
            if not self.is_verbatim(at) or (segment.kind and reads_units):
                result.append(segment)
                continue
            pieces = segmenter(segment.text)
            reads_units = any(isinstance(piece, Unit) for piece in pieces[:1])
            result.extend(
                [segment] if segment.kind and reads_units else (self._cut(segment, piece) for piece in pieces)
            )
        return replace(self, segments=tuple(result))

    def _cut(self, segment: Segment, piece: tuple[int, int] | Unit) -> Segment:
        source, offset, _ = segment.support[0]
        span = Span(source, offset + piece[0], offset + piece[1])
        text = self.read(span)
        if not isinstance(piece, Unit):
            return replace(segment, text=text, support=(span,))
        needs = tuple(Span(source, offset + start, offset + end) for start, end in piece.needs)
        return replace(segment, text=text, support=(span,), needs=needs or segment.needs, kind=piece.kind)

    def with_scores(self, scores: Sequence[float], passage_scores: Sequence[float] | None = None) -> Context:
        """Give every segment its score, and, where the scorer has them, every passage its relevance.

        Raises:
            InvalidInput: The number of scores is not the number of segments (or passages).
        """
        if len(scores) != len(self.segments):
            raise InvalidInput(f"{len(scores)} scores for {len(self.segments)} segments; give one each")
        if passage_scores is not None and len(passage_scores) != len(self.passages):
            raise InvalidInput(f"{len(passage_scores)} passage scores for {len(self.passages)} passages")
        scored = (replace(segment, score=float(s)) for segment, s in zip(self.segments, scores, strict=True))
        relevance = self.passage_scores if passage_scores is None else tuple(map(float, passage_scores))
        return replace(self, segments=tuple(scored), passage_scores=relevance)

    def keep(self, indices: Iterable[int], reason: str = "not selected") -> Context:
        """Keep the segments at ``indices``, in their present order; the others go to ``dropped`` with ``reason``."""
        wanted = set(indices)
        _check_indices(wanted, len(self.segments))
        kept = tuple(segment for at, segment in enumerate(self.segments) if at in wanted)
        gone = tuple(Dropped(s, reason) for at, s in enumerate(self.segments) if at not in wanted)
        return replace(self, segments=kept, dropped=self.dropped + gone)

    def reorder(self, indices: Sequence[int]) -> Context:
        """Put the segments into the order ``indices``.

        Raises:
            InvalidInput: ``indices`` is not a permutation of all segment numbers.
        """
        if sorted(indices) != list(range(len(self.segments))):
            raise InvalidInput(f"reorder needs each of 0..{len(self.segments) - 1} once; use keep to drop segments")
        return replace(self, segments=tuple(self.segments[at] for at in indices))

    def rewrite(self, replacements: Mapping[int, Sequence[Segment]]) -> Context:
        """Replace segments by new text that names its support; the only way for new text to enter.

        Args:
            replacements: Segment number -> the segments that take its place (none: it vanishes).

        Raises:
            InvalidInput: A new segment has no support, or a support span lies outside its passage.
        """
        _check_indices(replacements, len(self.segments))
        result: list[Segment] = []
        for at, old in enumerate(self.segments):
            for segment in replacements.get(at, (old,)):
                self._check_support(segment)
                result.append(segment)
        gone = tuple(Dropped(self.segments[at], "rewritten to nothing") for at, new in replacements.items() if not new)
        return replace(self, segments=tuple(result), dropped=self.dropped + gone)

    def note(self, message: str, code: Code = "other") -> Context:
        """Add something that the user should be told, once; ``code`` says to programs what it is about."""
        return self if message in self.notes else replace(self, notes=(*self.notes, Warning(message, code)))

    def read(self, span: Span) -> str:
        """The passage text under a span."""
        return self.passages[span.passage].text[span.start : span.end]

    def is_verbatim(self, at: int) -> bool:
        """Whether segment number ``at`` is exactly the text under its one span."""
        segment = self.segments[at]
        return len(segment.support) == 1 and segment.text == self.read(segment.support[0])

    def _check_support(self, segment: Segment) -> None:
        if not segment.support:
            raise InvalidInput("a rewritten segment must name at least one support span")
        for span in segment.support:
            inside = 0 <= span.passage < len(self.passages)
            if not inside or not 0 <= span.start <= span.end <= len(self.passages[span.passage].text):
                raise InvalidInput(f"support {span} lies outside the {len(self.passages)} passages given")


def _items(passages: object) -> Iterable[object]:
    if isinstance(passages, str | Passage | bytes) or not isinstance(passages, Iterable):
        raise InvalidInput(
            f"passages must be a list of str or Passage, not a single {type(passages).__name__}; wrap it in a list"
        )
    if isinstance(passages, Mapping) or hasattr(passages, "iterrows"):  # both would be read as their keys
        raise InvalidInput(
            f"passages must be a list of str or Passage, not a {type(passages).__name__}; pass its texts, with their "
            "keys as ids: [Passage(text, id=key) for key, text in passages.items()]"
        )
    if isinstance(passages, AbstractSet):
        raise InvalidInput("passages must be in an order, best first, and a set has none; pass a list")
    return passages


def _as_passage(item: object, at: int) -> Passage:
    if isinstance(item, Passage):
        return item
    if isinstance(item, str):
        return Passage(item)
    raise InvalidInput(f"passage {at} must be a str or a ragcompress.Passage, not {type(item).__name__}")


def _check_indices(indices: Iterable[int], size: int) -> None:
    outside = [at for at in indices if not 0 <= at < size]
    if outside:
        raise InvalidInput(f"segment {outside[0]} does not exist; there are {size}")
