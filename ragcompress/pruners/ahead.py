"""Passages of several questions encoded side by side before the first question is asked: each once, like lengths
together, on all cores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.whole import about_whole
from ragcompress.scorers.guard import reads_english

__all__ = ["encode_ahead"]

MOST = 200_000  # characters of one question's passages; what is longer would push the rest out of the encoder's cache


def encode_ahead(compressor: Any, items: Iterable[Any]) -> None:
    """Fill the encoder's cache with what a compressor will look for there; nothing for one that encodes nothing.

    Args:
        compressor: Its scorer, or what a guarded scorer guards, may have an ``encoder``.
        items: What may be pairs of a query and its passages; what is wrong with one is said when its turn comes.
    """
    scorer = getattr(compressor, "scorer", None)
    encoder: Any = getattr(getattr(scorer, "scorer", scorer), "encoder", None)
    if not hasattr(encoder, "units_of"):
        return
    given = (passage for context in _contexts(items) for passage in context.passages)
    different = {(passage.title, passage.text): passage for passage in given}.values()
    try:
        encoder.passages([passage for passage in different if encoder.units_of(passage) is None])
    except Exception:  # each question meets it again, and falls back with the reason
        return


def _contexts(items: Iterable[Any]) -> Iterator[Context]:
    """Of the questions whose passages are a list, of bearable length, and English."""
    for item in items:
        try:
            query, passages = item
            context = Context.unopened(query, passages if isinstance(passages, list | tuple) else ())
        except (TypeError, ValueError, InvalidInput):
            continue
        size = sum(len(passage.text) for passage in context.passages)
        if 0 < size <= MOST and not about_whole(context.query) and reads_english(context):
            yield context
