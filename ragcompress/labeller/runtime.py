"""The joint labeller at run time: numpy and onnxruntime, no torch.

A passage and a query are encoded apart, once (`ragcompress.encoders`). `match` compares them; the joint graph then
reads their middle states together and says of every token how much it should be kept, and of the passage how well
it ranks. `JointModel.parts` turns that into numbers per sentence, whose weighted sum is its score. Training calls the
same `match`.

After PreTTR (MacAvaney et al., SIGIR 2020), whose split makes the passage half storable, and Provence (Chirkova et
al., ICLR 2025), which prunes and reranks in one pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.encoders import Encoded
from ragcompress.errors import InvalidInput, ModelError
from ragcompress.select import one_or_none
from ragcompress.sessions import LateSession, cpu_gains_from_int8, run_all

__all__ = [
    "JOINT",
    "PARTS",
    "PASSAGE_PARTS",
    "JointModel",
    "Matched",
    "Query",
    "log_mean_exp",
    "match",
    "passage_parts",
    "read_query",
    "unit",
    "windows",
]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

# What a sentence's score is the weighted sum of. The last two, shares of the context's best BM25, come from the scorer.
PARTS = (
    "passage_cosine", "sentence_cosine", "late_interaction", "passage_late_interaction",
    "keep_mean", "keep_best", "rank", "words", "passage_words",
)  # fmt: skip
JOINT = 7  # how many of them `JointModel.parts` gives
LEARNED = slice(4, JOINT)  # which of them the joint reading gives

# What a passage's score is the weighted sum of: two of its own parts, and the score of its best sentence.
PASSAGE_PARTS = ("passage_cosine", "passage_late_interaction", "best_sentence")

FILES = {"int8": "labeller-int8.onnx", "float": "labeller-half.onnx"}
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
        states: Middle states, query then passage; shape [tokens, dim].
        features: Best cosine, same piece, sentence cosine, passage cosine of every token; shape [tokens, 4].
        untrained: Passage cosine, sentence cosine, late interaction, passage late interaction; [sentences, 4].
        spans: Half-open token ranges of the sentences inside ``states``.
    """

    states: Floats
    features: Floats
    untrained: Floats
    spans: list[tuple[int, int]]


def read_query(encoded: Encoded) -> Query:
    """Prepare an encoded query.

    Raises:
        ModelError: The encoder gives no middle states or piece ids, which the joint labeller needs.
    """
    if encoded.middle is None or encoded.ids is None:
        raise ModelError("the joint labeller needs an encoder with middle states: OnnxEncoder.embedded()")
    words = encoded.offsets[:, 0] >= 0
    words = words if words.any() else np.ones(len(words), dtype=bool)
    return Query(encoded.middle, unit(encoded.last), words, unit(encoded.last.mean(axis=0)), encoded.ids)


def match(query: Query, passage: Encoded, rows: Ints, spans: Sequence[tuple[int, int]], vector: Floats) -> Matched:
    """Compare a query with the token rows ``rows`` of a passage.

    Args:
        query: From `read_query`.
        passage: The whole encoded passage.
        rows: The rows that this window shows, the first being the start token.
        spans: Half-open ranges into ``rows``, one per sentence, none empty.
        vector: Unit mean of the passage's last states, shape [dim].
    """
    assert passage.middle is not None
    assert passage.ids is not None
    last = unit(passage.last[rows])
    cosines = query.last @ last.T  # [query tokens, rows]
    spoken = cosines[query.words]
    passage_cosine = float(query.vector @ vector)
    ahead = len(query.ids)
    features = np.zeros((ahead + len(rows), 4), dtype=np.float32)
    features[:ahead, 0], features[ahead:, 0] = cosines.max(axis=1), spoken.max(axis=0)
    ids = passage.ids[rows]
    features[:ahead, 1], features[ahead:, 1] = np.isin(query.ids, ids), np.isin(ids, query.ids[1:-1])
    features[:, 3] = passage_cosine
    untrained = np.empty((len(spans), 4), dtype=np.float32)
    untrained[:, 0], untrained[:, 3] = passage_cosine, spoken.max(axis=1).mean()
    for at, (start, end) in enumerate(spans):
        cosine = float(query.vector @ unit(passage.last[rows[start:end]].mean(axis=0)))
        features[ahead + start : ahead + end, 2] = cosine
        untrained[at, 1:3] = cosine, spoken[:, start:end].max(axis=1).mean()
    states = np.concatenate([query.middle, passage.middle[rows]])
    return Matched(states, features, untrained, [(ahead + start, ahead + end) for start, end in spans])


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
    starts, ends = passage.offsets[text, 0], passage.offsets[text, 1]
    ranges = [
        (int(np.searchsorted(ends, a, side="right")), int(np.searchsorted(starts, b, side="left")))
        for a, b in sentences
    ]
    result = []
    for group in _groups(ranges):
        begin, stop = min(ranges[at][0] for at in group), max(ranges[at][1] for at in group)
        stop = min(stop, begin + 2 * WINDOW)
        tail = [len(passage.offsets) - 1] if stop == len(text) else []
        rows = np.concatenate([head, np.arange(first + begin, first + stop), tail]).astype(np.int64)
        spans = [(len(head) + ranges[at][0] - begin, len(head) + min(ranges[at][1], stop) - begin) for at in group]
        result.append((rows, group, spans))
    return result


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


class JointModel:
    """The shipped joint graph with its weights and calibration; thread-safe.

    Attributes:
        settings: What ``labeller.json`` holds.
        weights: Of `PARTS`, float32 [9].
        folder: Where its graphs are; None: in the package.
    """

    def __init__(self, graph: Any, settings: Mapping[str, Any], folder: Path | None = None) -> None:
        self._graph = graph
        self.settings, self.folder = settings, folder
        self.weights = np.array([settings["weights"].get(name, 0.0) for name in PARTS], dtype=np.float32)

    @classmethod
    def embedded(cls, precision: str | None = None) -> JointModel:
        """The labeller shipped in the package; one shared instance per precision (``"int8"``, ``"float"``)."""
        return _embedded(precision or _best_precision())

    def with_settings(self, settings: Mapping[str, Any]) -> JointModel:
        """The same graph with other weights and calibration."""
        return JointModel(self._graph, {**self.settings, **settings}, self.folder)

    def with_graphs(self, folder: Path) -> JointModel:
        """The graphs of a folder, the one that suits the processor, with these weights and calibration."""
        file = folder / FILES[_best_precision()]
        if not file.is_file():
            raise ModelError(f"{file} is missing; keep the folder that `tune --layers` wrote beside its file")
        return JointModel(LateSession(file.read_bytes), self.settings, folder)

    def half_graph(self) -> bytes:
        """The float graph, which training goes on from."""
        return (self.folder or _shipped()).joinpath(FILES["float"]).read_bytes()

    def student(self) -> JointModel:
        """The same without the joint reading: the other parts alone, their weights fitted anew near this model's.

        What it needs of a passage can be stored in full, so that a query costs little more than its own encoding; the
        cheap judge of a cascade, as in IDCM (Hofstätter et al., SIGIR 2021).
        """
        return self.with_settings({"name": f"{self.settings['name']}, student", **self.settings["student"]})

    def __repr__(self) -> str:
        return f"JointModel({self.settings['name']!r})"

    def parts(self, query: Query, passages: Sequence[tuple[Encoded, Sequence[tuple[int, int]]]]) -> list[Floats]:
        """The first seven `PARTS` of every passage's sentences.

        Args:
            query: From `read_query`.
            passages: Each encoded, with the character ranges of its sentences.

        Returns:
            Per passage [sentences, 7]; NaN for a sentence without tokens. Parts of the joint reading are 0 where none
            of them has a weight.
        """
        found = [np.full((len(sentences), JOINT), np.nan, dtype=np.float32) for _, sentences in passages]
        compared = [
            (parts, numbers, matched)
            for parts, (encoded, sentences) in zip(found, passages, strict=True)
            for numbers, matched in _compare(query, encoded, sentences)
        ]
        read = self._read([matched for *_, matched in compared], len(query.ids))
        for (parts, numbers, matched), learned in zip(compared, read, strict=True):
            parts[numbers, :4] = matched.untrained
            parts[numbers, LEARNED] = learned
        return found

    def _read(self, windows: Sequence[Matched], ahead: int) -> list[Floats]:
        """Mean and smooth maximum of the sentences' keep logits, and the passage's rank logit, each [sentences, 3]."""
        if not self.weights[LEARNED].any():
            return [np.zeros((len(matched.spans), 3), dtype=np.float32) for matched in windows]
        sides = [(np.arange(len(matched.states)) >= ahead).astype(np.int64) for matched in windows]
        feeds = [
            {"states": matched.states[None], "features": matched.features[None], "side": side[None]}
            for matched, side in zip(windows, sides, strict=True)
        ]
        result = []
        for matched, (logits, rank) in zip(windows, run_all(self._graph, ["logits", "rank"], feeds), strict=True):
            keep = [logits[0, start:end, 1] for start, end in matched.spans]
            rows = [[own.mean(), log_mean_exp(own), rank[0]] for own in keep]
            result.append(np.array(rows, dtype=np.float32))
        return result

    def probabilities(self, parts: Floats, owners: Ints) -> tuple[Doubles, dict[int, float]]:
        """Who supports the answer: calibrated probabilities of the sentences, and of the passages.

        Sentences are weighed against each other and against "nothing here does", and so are passages; either sum to
        at most 1, and what is missing to 1 is the probability of nothing.

        Args:
            parts: `PARTS` of each sentence [n, 9]; one with a NaN gets probability 0.
            owners: Number of each sentence's passage [n].

        Returns:
            Keep probabilities [n], and by number those of passages with sentences.
        """
        scores = (parts @ self.weights).astype(np.float64)
        read = ~np.isnan(scores)
        keep = np.zeros(len(scores))
        keep[read] = one_or_none(scores[read], self.settings["keep"])
        passages = dict.fromkeys(owners.tolist(), 0.0)
        if read.any():
            numbers, rows = passage_parts(parts[read], scores[read], owners[read])
            own = self.settings["passages"]
            found = one_or_none(rows @ np.array([own["weights"][name] for name in PASSAGE_PARTS]), own["keep"])
            passages |= dict(zip(numbers.tolist(), found.tolist(), strict=True))
        return keep, passages


def passage_parts(parts: NDArray[Any], scores: Doubles, owners: Ints) -> tuple[Ints, Doubles]:
    """Numbers of the passages that own sentences, and their `PASSAGE_PARTS` [passages, 3].

    Args:
        parts: `PARTS` of the sentences [n, 9].
        scores: Of the sentences [n].
        owners: Number of each sentence's passage [n].
    """
    numbers = np.unique(owners)
    columns = [PARTS.index(name) for name in PASSAGE_PARTS[:2]]
    rows = [
        [*parts[own][:, columns].max(axis=0), scores[own].max()] for own in (owners == number for number in numbers)
    ]
    return numbers, np.array(rows, dtype=np.float64).reshape(-1, len(PASSAGE_PARTS))


def _compare(query: Query, passage: Encoded, sentences: Sequence[tuple[int, int]]) -> list[tuple[list[int], Matched]]:
    """For each window of a passage the numbers of its sentences, and how it matches the query."""
    vector = unit(passage.last.mean(axis=0))
    return [
        (numbers, match(query, passage, rows, spans, vector)) for rows, numbers, spans in windows(passage, sentences)
    ]


def log_mean_exp(values: Floats) -> float:
    """A smooth maximum: log of the mean of exponentials."""
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).mean()))


def unit(rows: Floats) -> Floats:
    """Rows of length 1 [..., dim]; rows of zeros stay."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _best_precision() -> str:
    return "int8" if cpu_gains_from_int8() else "float"


def _shipped() -> Any:
    return resources.files("ragcompress").joinpath("weights")


@lru_cache(maxsize=2)
def _embedded(precision: str) -> JointModel:
    if precision not in FILES:
        raise InvalidInput(f"precision must be 'int8' or 'float', not {precision!r}")
    settings = json.loads(_shipped().joinpath("labeller.json").read_text(encoding="utf-8"))
    return JointModel(LateSession(_shipped().joinpath(FILES[precision]).read_bytes), settings)
