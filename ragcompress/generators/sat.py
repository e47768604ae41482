"""Sentence segmentation by a model, for text without punctuation (Segment any Text, Frohmann et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.segment import MAX_PROSE, Segmenter, sanitise, tiles, words

__all__ = ["model_sentences"]


def model_sentences(model: Any = "sat-3l-sm") -> Segmenter:
    """A segmenter by wtpsplit: transcripts, chats, scraped text, where full stops are missing.

    Args:
        model: A SaT model's name or folder that is on this machine, or an object with ``split(text) -> list of str``,
            such as a ``wtpsplit.SaT``. It is loaded at first use.

    Returns:
        A segmenter as every pruner takes it; its tiles join to the text, byte for byte, whatever the model drops.

    Raises:
        InvalidInput: ``model`` is neither.
    """
    if not isinstance(model, str) and not callable(getattr(model, "split", None)):
        raise InvalidInput(f"model must be a name or an object with split(text), not {type(model).__name__}")

    @lru_cache(maxsize=1024)
    def segment(text: str) -> tuple[tuple[int, int], ...]:
        if not text.strip():
            return tiles(text, [])
        pieces = _loaded(model).split(sanitise(text))
        return tiles(text, [*_ends(text, pieces), *_forced(text, pieces)])

    return segment


@lru_cache(maxsize=4)
def _by_name(name: str) -> Any:
    library = require("wtpsplit", "segment")
    try:
        return library.SaT(name)
    except Exception as error:
        raise ModelError(
            f"can't load the segmenter {name!r}: {error}; pass a folder or a loaded wtpsplit.SaT"
        ) from error


def _loaded(model: Any) -> Any:
    return _by_name(model) if isinstance(model, str) else model


def _ends(text: str, pieces: Sequence[str]) -> list[int]:
    """Where each piece ends in the text; what the model left out belongs to the piece before."""
    clean = sanitise(text)
    position = 0
    ends: list[int] = []
    for piece in pieces:
        body = piece.strip()
        start = clean.find(body, position) if body else -1
        if start < 0:
            continue  # a piece that the model changed: its text joins the next one
        position = start + len(body)
        while position < len(text) and text[position].isspace():
            position += 1
        ends.append(position)
    return ends


def _forced(text: str, pieces: Sequence[str]) -> list[int]:
    """Cuts at word borders in what is longer than a model window holds."""
    ends: list[int] = []
    last = 0
    cuts = {0, *_ends(text, pieces), len(text)}
    for start, end in words(text):
        last = start if start in cuts else last
        if end - last > MAX_PROSE:
            ends.append(start)
            last = start
    return ends
