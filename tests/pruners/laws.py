"""The laws of HOUSE.md, checked on a few contexts that have broken compressors before."""

from __future__ import annotations

from ragcompress import Context, Passage, TokenBudget, counter, render
from ragcompress.protocols import Compressor

LOVELACE = (
    "Ada Lovelace was born in London in 1815. She was a mathematician. She wrote the first program for a machine. "
    "It rained often in London that year."
)
CONTEXTS = (
    Context.of("Who wrote the first program?", [LOVELACE, "Bob read it. He did not like it.", LOVELACE]),
    Context.of(
        "What does the table say?",
        [
            Passage("# Prices\n\n| tea | 3 |\n| milk | 2 |\n\nTea is dear. “Too dear”, he said.", "t", "Shop", 2.0),
            Passage("```py\nprint(1)\n```\nCall it once; never twice.", "c", "Code", 1.0),
        ],
    ),
    Context.of("何が首都ですか", ["東京は日本の首都です。大阪は大きい。", ""]),
    Context.of("x", ["\ud800 broken \x00 text", "   ", "a"]),
    Context.of("anything", []),
)


def check(compressor: Compressor, limits: tuple[int, ...] = (0, 1, 7, 20, 60, 1000)) -> None:
    """Assert every law for ``compressor`` under additive and other counters."""
    for context in CONTEXTS:
        for limit in limits:
            for count in (len, lambda text: len(text.split()) + 2, counter(len)):
                budget = TokenBudget(limit, count)
                out = compressor(context, budget)
                assert out.query is context.query
                assert out.passages is context.passages
                text = render(out, budget)
                assert not out.segments or count(text) <= limit
                assert len(text) <= len(render(context, budget))
                for at, segment in enumerate(out.segments):
                    assert segment.support
                    assert out.is_verbatim(at) or len(segment.text) > 0
                assert out == compressor(context, budget)
