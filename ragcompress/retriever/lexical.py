"""BM25 over passages (bm25s), with a tokenisation that knows no language.

A token is a word, or, in scripts written without spaces, a character and each pair of neighbours.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require

__all__ = ["LexicalIndex", "words"]

# Han, kana, Bopomofo, Thai, Lao, Myanmar, Khmer: written without spaces.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u312f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)


def words(text: str) -> list[str]:
    """Split into lower-case tokens.

    >>> words("The cat's 9 lives")
    ['the', 'cat', 's', '9', 'lives']
    >>> words("東京は FAISS")
    ['東', '東京', '京', '京は', 'は', 'faiss']
    """
    out: list[str] = []
    for match in _pattern().finditer(unicodedata.normalize("NFKC", text).casefold()):
        if match[1]:
            out.append(match[1])
            continue
        run = match[2]
        for place, char in enumerate(run):
            out.append(char)
            if place + 1 < len(run):
                out.append(run[place : place + 2])
    return out


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    r"""Words with their combining marks, which ``\w`` leaves out, or runs of unspaced script."""
    marks = "".join(
        char for char in map(chr, range(0x300, min(0x20000, sys.maxunicode))) if unicodedata.category(char)[0] == "M"
    )
    spaced = rf"(?:(?![{UNSPACED}])[\w{re.escape(marks)}])+"
    return re.compile(rf"({spaced})|([{UNSPACED}]+)")


class LexicalIndex:
    """BM25 scores of every token in every passage, computed beforehand (Lù 2024, "BM25S").

    Args:
        vocabulary: Token to column.
        columns: ``data`` (scores, float32), ``indices`` (passages) and ``indptr`` (where a token's entries start).
        n: How many passages.
    """

    def __init__(self, vocabulary: dict[str, int], columns: dict[str, NDArray[Any]], n: int) -> None:
        self._vocabulary, self._columns, self._n = vocabulary, columns, n

    @classmethod
    def build(cls, texts: Iterable[str]) -> LexicalIndex:
        """Index texts; their places are the passage numbers."""
        vocabulary: dict[str, int] = {}
        documents = [[vocabulary.setdefault(word, len(vocabulary)) for word in words(text)] for text in texts]
        if not vocabulary:
            empty: dict[str, NDArray[Any]] = {
                "data": np.zeros(0, np.float32),
                "indices": np.zeros(0, np.int32),
                "indptr": np.zeros(1, np.int64),
            }
            return cls({}, empty, len(documents))
        bm25 = require("bm25s", "retrieval").BM25(method="lucene")
        bm25.index((documents, vocabulary), show_progress=False, create_empty_token=False)
        return cls(vocabulary, {name: bm25.scores[name] for name in ("data", "indices", "indptr")}, len(documents))

    def top(self, query: str, k: int) -> NDArray[np.int64]:
        """The places of the ``k`` best passages that share a token with the query, best first, ties by place."""
        scores = np.zeros(self._n, dtype=np.float32)
        data, indices, starts = (self._columns[name] for name in ("data", "indices", "indptr"))
        for word in words(query):
            column = self._vocabulary.get(word)
            if column is not None:
                entries = slice(int(starts[column]), int(starts[column + 1]))
                scores[indices[entries]] += data[entries]
        found = np.flatnonzero(scores > 0)
        return found[np.argsort(-scores[found], kind="stable")[:k]]

    def writers(self) -> dict[str, Callable[[Path], None]]:
        """The files of a generation."""

        def write_words(path: Path) -> None:
            path.write_text(json.dumps(list(self._vocabulary)), encoding="ascii")

        def writer(array: NDArray[Any]) -> Callable[[Path], None]:
            return lambda path: np.save(path, array)

        out: dict[str, Callable[[Path], None]] = {"bm25.words.json": write_words}
        return out | {f"bm25.{name}.npy": writer(array) for name, array in self._columns.items()}

    @classmethod
    def load(cls, folder: Path, *, n: int, mmap: bool) -> LexicalIndex:
        """Open saved files."""
        vocabulary = {word: place for place, word in enumerate(json.loads((folder / "bm25.words.json").read_text()))}
        mode: Any = "r" if mmap else None
        columns = {
            name: np.load(folder / f"bm25.{name}.npy", mmap_mode=mode, allow_pickle=False)
            for name in ("data", "indices", "indptr")
        }
        return cls(vocabulary, columns, n)
