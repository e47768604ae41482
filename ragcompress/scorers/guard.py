"""What the embedded model can't read, words alone judge, and the result says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ragcompress.core.budget import embedded_tokenizer, embedded_words
from ragcompress.core.context import Context
from ragcompress.core.protocols import Scorer
from ragcompress.core.segment import sanitise
from ragcompress.scorers.lexical import LexicalScorer

__all__ = ["GuardedScorer", "unreadable_share"]

UNREADABLE = 0.35  # English and its relatives stay below 0.15, scripts outside the vocabulary lie above 0.6
MAX_CHARS = 1_000_000


def unreadable_share(text: str) -> float:
    """The share of pieces that are unknown to the embedded tokenizer or single letters: 0 reads well, 1 not at all.

    >>> unreadable_share("How tall is the tower?") < 0.1 < 0.6 < unreadable_share("東京タワーの高さは")
    True
    """
    ids, _ = embedded_words().pieces(sanitise(text))
    judged = [bad for number in ids.tolist() if (bad := _is_bad(number)) is not None]
    return sum(judged) / len(judged) if judged else 0.0


@cache
def _is_bad(number: int) -> bool | None:
    """Whether a piece is unknown or a single letter; None: it is no word."""
    piece = str(embedded_tokenizer().id_to_token(number)).removeprefix("##")
    if piece == "[UNK]" or not piece.isalpha():
        return True if piece == "[UNK]" else None
    return len(piece) == 1 and piece not in "aio"


@dataclass(frozen=True, slots=True)
class GuardedScorer:
    """A neural scorer where it can read, BM25 where it can't.

    Attributes:
        scorer: Used when query and passages are readable and not too long.
        fallback: Used otherwise, with a note on the context.
        max_chars: Passage characters beyond which an encoder would take minutes.
    """

    scorer: Scorer
    fallback: Scorer = field(default_factory=LexicalScorer)
    max_chars: int = MAX_CHARS

    def __call__(self, context: Context) -> Context:
        """Score with the one that can, and say so when it is the fallback."""
        reason = self._reason(context)
        return self.fallback(context).note(reason) if reason else self.scorer(context)

    def _reason(self, context: Context) -> str:
        size = sum(len(passage.text) for passage in context.passages)
        if size > self.max_chars:
            return f"{size:,} characters are too many for the encoder ({self.max_chars:,}); scored by words alone"
        sample = " ".join(passage.text[:200] for passage in context.passages[:50])
        share = max(unreadable_share(context.query), unreadable_share(sample))
        if share > UNREADABLE:
            return (
                f"the embedded model can't read this language ({share:.0%} unknown pieces); scored by words alone: "
                "pass a multilingual encoder for better results"
            )
        return ""
