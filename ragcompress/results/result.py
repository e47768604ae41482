"""What `ragcompress.compress` returns: the text to send, the numbers, and what went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ragcompress.core.context import Context
from ragcompress.core.notes import Warning, typed
from ragcompress.core.types import Dropped, Segment, Span

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["Compressed", "brief"]


def brief(method: str) -> str:
    """A method's name for a line of text: of a long one, which says all its settings, what stands before them.

    >>> brief("labeller")
    'labeller'
    """
    return method if len(method) <= 60 else f"{method.partition('(')[0]}(…)"


@dataclass(frozen=True, slots=True, repr=False)
class Compressed:
    """A compressed context with its rendering and its account; ``str()`` of it is the text to send.

    Attributes:
        context: The compressed context; its passages are those given, its segments what was kept.
        text: The rendered context: what to send to the reader. In plain text nothing shows where something was left
            out; a budget with ``render=ragcompress.marked`` shows it.
        tokens_in: Tokens of the uncompressed rendering, by the budget's count.
        tokens_out: Tokens of ``text``.
        limit: The token limit that was held.
        method: The method's name where it was chosen by name; otherwise the compressor's own.
        passage_scores: One relevance per passage, higher is more relevant, in the order given.
        timings: Seconds by step.
    """

    context: Context
    text: str
    tokens_in: int
    tokens_out: int
    limit: int
    method: str
    passage_scores: tuple[float, ...]
    timings: Mapping[str, float] = field(compare=False)

    @property
    def kept_fraction(self) -> float:
        """Tokens out over tokens in; 1.0 when there was nothing to compress."""
        return self.tokens_out / self.tokens_in if self.tokens_in else 1.0

    @property
    def compression_ratio(self) -> float:
        """Tokens in over tokens out, 4.0 meaning a quarter is left; infinite when nothing is, 1.0 for empty input."""
        if not self.tokens_in:
            return 1.0
        return self.tokens_in / self.tokens_out if self.tokens_out else float("inf")

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What went and why, in passage order."""
        return tuple(sorted(self.context.dropped, key=lambda gone: gone.segment.support[0]))

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """What the user should know: fallbacks, text that could not be read, limits that could not be met.

        Each is a str with a ``code`` (`ragcompress.core.notes`).
        """
        return typed(self.context.notes)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        used = {span.passage for segment in self.context.segments for span in segment.support}
        passages = f"{len(used)} of {len(self.context.passages)} passages"
        return f"Compressed({self.tokens_in:,} → {self.tokens_out:,} tokens, {passages}, {brief(self.method)})"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; every kept and dropped span with its passage's id and offsets."""
        ratio = self.compression_ratio
        return {
            "query": self.context.query,
            "text": self.text,
            "method": self.method,
            "limit": self.limit,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "kept_fraction": self.kept_fraction,
            "compression_ratio": ratio if ratio != float("inf") else None,
            "passage_scores": list(self.passage_scores),
            "segments": [self._row(segment) for segment in self.context.segments],
            "dropped": [{**self._row(gone.segment), "reason": gone.reason} for gone in self.dropped],
            "warnings": list(map(str, self.warnings)),
            "warning_codes": [warning.code for warning in self.warnings],
            "timings": dict(self.timings),
        }

    def to_html(self) -> str:
        """One self-contained page: the passages with what was kept highlighted in place."""
        from ragcompress.results.page import page

        return page(self)

    def _repr_html_(self) -> str:
        from ragcompress.results.page import fragment

        return fragment(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The passages with what was kept highlighted, for terminals."""
        from ragcompress.results.show import rich_lines

        yield from rich_lines(self, colour=console.color_system is not None and not console.no_color)

    def _row(self, segment: Segment) -> dict[str, Any]:
        spans = {"support": self._spans(segment.support), "needs": self._spans(segment.needs)}
        return {"text": segment.text, "score": segment.score, **spans}

    def _spans(self, spans: Iterable[Span]) -> list[dict[str, Any]]:
        passages = self.context.passages
        return [{"passage": s.passage, "id": passages[s.passage].id, "start": s.start, "end": s.end} for s in spans]
