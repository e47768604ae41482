"""A query and a passage, encoded apart, compared: windows, untrained scores, features. Training calls the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import ModelError
from ragcompress.models.encoders import Encoded
from ragcompress.models.stored import UnitVectors

__all__ = [
    "Matched",
    "Query",
    "compare",
    "match",
    "match_stored",
    "over",
    "read_query",
    "token_ranges",
    "unit",
    "windows",
]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

WINDOW = 320  # passage tokens that one joint forward reads; longer passages are read in several


class Query(NamedTuple):
    """A query, ready to meet passages.

    Attributes:
        middle: Middle states, shape [tokens, dim].
        last: Last states as unit rows, same shape.
        words: True for the text's own tokens, False for special ones; shape [tokens].
        vector: Unit mean of the last states; shape [dim].
        ids: Vocabulary numbers; shape [tokens].
    """

    middle: Floats
    last: Floats
    words: NDArray[np.bool_]
    vector: Floats
    ids: Ints


class Matched(NamedTuple):
    """A passage window beside its query: what the joint graph reads, and the untrained scores.

    Attributes:
        query: The query.
        passage: The whole passage.
        rows: Which of its tokens this window shows.
        features: Best cosine, same piece, sentence cosine, passage cosine of every token; shape [tokens, 4].
        untrained: Passage cosine, sentence cosine, late interaction, passage late interaction; [sentences, 4].
        spans: Half-open token ranges of the sentences inside ``states``.
    """

    query: Query
    passage: Encoded
    rows: Ints
    features: Floats
    untrained: Floats
    spans: list[tuple[int, int]]

    @property
    def states(self) -> Floats:
        """Middle states, query then passage; shape [tokens, dim]. Made when asked for: the student never does."""
        assert self.passage.middle is not None
        return np.concatenate([self.query.middle, self.passage.middle[self.rows]])


def read_query(encoded: Encoded) -> Query:
    """Prepare an encoded query.

    Raises:
        ModelError: The encoder gives no middle states or piece ids, which the joint labeller needs.
    """
    if encoded.middle is None or encoded.ids is None:
        raise ModelError("the joint labeller needs an encoder with middle states: OnnxEncoder.embedded()")
    words = encoded.offsets[:, 0] >= 0
    words = words if words.any() else np.ones(len(words), dtype=bool)
    return Query(encoded.middle, unit(encoded.last), words, encoded.vector, encoded.ids)


def compare(query: Query, passage: Encoded, sentences: Sequence[tuple[int, int]]) -> list[tuple[list[int], Matched]]:
    """For each window of a passage the numbers of its sentences, and how it matches the query.

    Args:
        query: From `read_query`.
        passage: Encoded.
        sentences: Character ranges, in order.
    """
    return [
        (numbers, match(query, passage, rows, spans, passage.vector))
        for rows, numbers, spans in windows(passage, sentences)
    ]


def match(query: Query, passage: Encoded, rows: Ints, spans: Sequence[tuple[int, int]], vector: Floats) -> Matched:
    """Compare a query with the token rows ``rows`` of a passage.

    Args:
        query: From `read_query`.
        passage: The whole encoded passage.
        rows: The rows that this window shows, the first being the start token.
        spans: Half-open ranges into ``rows``, one per sentence, none empty.
        vector: Unit mean of the passage's last states, shape [dim].
    """
    assert passage.ids is not None
    shown = slice(None) if len(rows) == len(passage.ids) else rows  # all of it needs no copy
    last = passage.last[shown]
    cosines = (query.last @ last.T) / passage.lengths[shown]  # [query tokens, rows]
    spoken = cosines[query.words]
    passage_cosine = float(query.vector @ vector)
    ahead = len(query.ids)
    features = np.zeros((ahead + len(rows), 4), dtype=np.float32)
    features[:ahead, 0], features[ahead:, 0] = cosines.max(axis=1), spoken.max(axis=0)
    ids = passage.ids[shown]
    same = query.ids[:, None] == ids[None, :]  # [query tokens, rows]
    features[:ahead, 1], features[ahead:, 1] = same.any(axis=1), same[query.words].any(axis=0)
    features[:, 3] = passage_cosine
    untrained = np.empty((len(spans), 4), dtype=np.float32)
    untrained[:, 0], untrained[:, 3] = passage_cosine, spoken.max(axis=1).mean()
    untrained[:, 1] = unit(over(np.add, last, spans)) @ query.vector  # a sum points where a mean does
    untrained[:, 2] = over(np.maximum, spoken.T, spans).mean(axis=1)
    for (start, end), cosine in zip(spans, untrained[:, 1], strict=True):
        features[ahead + start : ahead + end, 2] = cosine
    shifted = [(ahead + start, ahead + end) for start, end in spans]
    return Matched(query, passage, rows, features, untrained, shifted)


def match_stored(query: Query, units: UnitVectors) -> Floats:
    """The untrained scores of stored units, as `Matched.untrained`; NaN for a unit without tokens; [units, 4]."""
    assert units.tokens is not None
    found = np.full((len(units.spans), 4), np.nan, dtype=np.float32)
    full = np.flatnonzero(units.ranges[:, 0] < units.ranges[:, 1])
    if len(full):
        spoken = units.tokens.cosines(query.last[query.words])
        found[full, 0], found[full, 3] = query.vector @ units.vector, spoken.max(axis=1).mean()
        found[full, 1] = units.rows[full] @ query.vector
        found[full, 2] = over(np.maximum, spoken.T, units.ranges[full].tolist()).mean(axis=1)
    return found


def over(reduce: np.ufunc, rows: Floats, spans: Sequence[tuple[int, int]]) -> Floats:
    """``reduce`` (`numpy.add`, `numpy.maximum`) over the rows of each span, none empty: [rows, n] -> [spans, n]."""
    edges = np.array(spans, dtype=np.int64).reshape(-1)
    if not len(edges):
        return np.zeros((0, rows.shape[1]), dtype=np.float32)
    padded = rows if edges.max() < len(rows) else np.concatenate([rows, rows[:1]])  # every edge must be a row
    return np.asarray(reduce.reduceat(padded, edges, axis=0)[::2])


def windows(
    passage: Encoded, sentences: Sequence[tuple[int, int]]
) -> list[tuple[Ints, list[int], list[tuple[int, int]]]]:
    """The passage in windows of whole sentences.

    Args:
        passage: Encoded.
        sentences: Character ranges, in order.

    Returns:
        Per window: token rows (start and title tokens, then the sentences', then the end token), the numbers of its
        sentences, and their ranges within the rows. Sentences without tokens are in no window; one that exceeds
        `WINDOW` has a window of its own.
    """
    text = np.flatnonzero(passage.offsets[:, 0] >= 0)
    if not len(text):
        return []
    head, first = np.arange(text[0]), int(text[0])
    ranges = token_ranges(passage, sentences)
    result = []
    for group in _groups(ranges):
        begin, stop = min(ranges[at][0] for at in group), max(ranges[at][1] for at in group)
        stop = min(stop, begin + 2 * WINDOW)
        tail = [len(passage.offsets) - 1] if stop == len(text) else []
        rows = np.concatenate([head, np.arange(first + begin, first + stop), tail]).astype(np.int64)
        spans = [(len(head) + ranges[at][0] - begin, len(head) + min(ranges[at][1], stop) - begin) for at in group]
        result.append((rows, group, spans))
    return result


def token_ranges(encoded: Encoded, sentences: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Half-open ranges of text tokens, counted from the first one, that each sentence overlaps."""
    text = encoded.offsets[:, 0] >= 0
    starts, ends = encoded.offsets[text].T
    begins, stops = np.array(sentences, dtype=np.int64).reshape(-1, 2).T
    first, last = np.searchsorted(ends, begins, side="right"), np.searchsorted(starts, stops, side="left")
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _groups(ranges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Runs of sentence numbers whose tokens together fit a window."""
    groups: list[list[int]] = []
    begin = 0
    for at, (start, end) in enumerate(ranges):
        if end <= start:
            continue
        if not groups or end - begin > WINDOW:
            groups.append([])
            begin = start
        groups[-1].append(at)
    return groups


def unit(rows: Floats) -> Floats:
    """Rows of length 1 [..., dim]; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, np.where(lengths > 0, lengths, 1), dtype=np.float32)
