"""The joint labeller at run time: numpy and onnxruntime, no torch.

A passage and a query are encoded apart, once (`ragcompress.models.encoders`), and compared
(`ragcompress.models.labeller.matching`);
the joint graph then reads their middle states together and says of every token how much it should be kept, and of the
passage how well it ranks. `JointModel.read` turns that into numbers per sentence, whose weighted sum is its score.

After PreTTR (MacAvaney et al., SIGIR 2020), whose split makes the passage half storable, and Provence (Chirkova et
al., ICLR 2025), which prunes and reranks in one pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import ModelError
from ragcompress.core.select import one_or_none
from ragcompress.core.shipped import shipped
from ragcompress.models.encoders import Encoded
from ragcompress.models.labeller.bridges import Mention, bridged
from ragcompress.models.labeller.matching import Matched, Query, compare, match_stored, token_ranges
from ragcompress.models.sessions import LateSession, Shared, run_all
from ragcompress.models.stored import UnitVectors

__all__ = ["JOINT", "LEARNED", "PARTS", "PASSAGE_PARTS", "JointModel", "Reading", "log_mean_exp", "passage_parts"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

# What a sentence's score is the weighted sum of. The last two, shares of the context's best BM25, come from the scorer.
PARTS = (
    "passage_cosine", "sentence_cosine", "late_interaction", "passage_late_interaction",
    "keep_mean", "keep_best", "rank", "words", "passage_words",
)  # fmt: skip
JOINT = 7  # how many of them `JointModel.read` gives
LEARNED = slice(4, JOINT)  # which of them the joint reading gives

# What a passage's score is the weighted sum of: two of its own parts, and the score of its best sentence.
PASSAGE_PARTS = ("passage_cosine", "passage_late_interaction", "best_sentence")

FILE = "labeller-int8.onnx"


class Reading(NamedTuple):
    """What the labeller says of one passage.

    Attributes:
        parts: The first seven `PARTS` of its sentences [sentences, 7]; NaN for a sentence without tokens. Those of the
            joint reading are 0 where none of them has a weight.
        windows: Which window of the passage each sentence is in [sentences]; -1 for one without tokens.
        labels: How much each token is part of what answers, its answer-like and its keep logit together [tokens]; -inf
            for special tokens, those of no sentence, and all where there is no joint reading.
    """

    parts: Floats
    windows: Ints
    labels: Floats

    @classmethod
    def blank(cls, sentences: int, tokens: int) -> Reading:
        """Of which nothing is known."""
        parts = np.full((sentences, JOINT), np.nan, dtype=np.float32)
        return cls(parts, np.full(sentences, -1), np.full(tokens, -np.inf, dtype=np.float32))

    @classmethod
    def stored(cls, query: Query, units: UnitVectors) -> Reading:
        """What the student needs, from what an index stored of a passage; its tokens are not told apart."""
        found = cls.blank(len(units.spans), 0)
        found.parts[:, :4] = match_stored(query, units)
        full = ~np.isnan(found.parts[:, 0])
        found.parts[full, LEARNED], found.windows[full] = 0, 0
        return found


class JointModel(Shared):
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
    def embedded(cls) -> JointModel:
        """The labeller shipped in the package; one shared instance."""
        return _embedded()

    def with_settings(self, settings: Mapping[str, Any]) -> JointModel:
        """The same graph with other weights and calibration."""
        return JointModel(self._graph, {**self.settings, **settings}, self.folder)

    def with_graphs(self, folder: Path) -> JointModel:
        """The graph of a folder with these weights and calibration."""
        file = folder / FILE
        if not file.is_file():
            raise ModelError(f"{file} is missing; keep the folder that `tune --layers` wrote beside its file")
        return JointModel(LateSession(file.read_bytes), self.settings, folder)

    def graph(self) -> bytes:
        """The graph's file, which training goes on from."""
        return shipped(FILE) if self.folder is None else self.folder.joinpath(FILE).read_bytes()

    def student(self) -> JointModel:
        """The same without the joint reading: the other parts alone, their weights fitted anew near this model's.

        What it needs of a passage can be stored in full, so that a query costs little more than its own encoding; the
        cheap judge of a cascade, as in IDCM (Hofstätter et al., SIGIR 2021).
        """
        return self.with_settings({"name": f"{self.settings['name']}, student", **self.settings["student"]})

    def __repr__(self) -> str:
        return f"JointModel({self.settings['name']!r})"

    @property
    def reads(self) -> bool:
        """Whether it reads query and passage together at all; its student does not."""
        return bool(self.weights[LEARNED].any())

    def read(
        self,
        query: Query,
        passages: Sequence[tuple[Encoded, Sequence[tuple[int, int]]]],
        *,
        together: bool = True,
    ) -> list[Reading]:
        """What every passage and its sentences have to do with the query.

        Args:
            query: From `read_query`.
            passages: Each encoded, with the character ranges of its sentences.
            together: Whether to read query and passages together, which is what costs.
        """
        found = [Reading.blank(len(sentences), len(encoded.offsets)) for encoded, sentences in passages]
        compared = [
            (reading, firsts, numbers, matched)
            for reading, (encoded, sentences) in zip(found, passages, strict=True)
            for firsts, numbers, matched in _placed(query, encoded, sentences)
        ]
        for reading, _, numbers, matched in compared:
            reading.windows[numbers] = reading.windows.max(initial=-1) + 1
            reading.parts[numbers, :4], reading.parts[numbers, LEARNED] = matched.untrained, 0
        if together and self.reads:
            read = self._read([matched for *_, matched in compared], len(query.ids))
            for (reading, firsts, numbers, matched), (logits, rank) in zip(compared, read, strict=True):
                keep = [logits[start:end, 1] for start, end in matched.spans]
                reading.parts[numbers, LEARNED] = [[own.mean(), log_mean_exp(own), rank] for own in keep]
                for first, (start, end) in zip(firsts, matched.spans, strict=True):
                    reading.labels[first : first + end - start] = logits[start:end].sum(axis=1)
        return found

    def _read(self, windows: Sequence[Matched], ahead: int) -> list[tuple[Floats, float]]:
        """Of each window its tokens' logits, answer-like and keep [tokens, 2], and the passage's rank logit."""
        sides = [(np.arange(len(matched.features)) >= ahead).astype(np.int64) for matched in windows]
        feeds = [
            {"states": matched.states[None], "features": matched.features[None], "side": side[None]}
            for matched, side in zip(windows, sides, strict=True)
        ]
        return [(logits[0], float(rank[0])) for logits, rank in run_all(self._graph, ["logits", "rank"], feeds)]

    def probabilities(
        self, parts: Floats, owners: Ints, mentions: Sequence[Mention] = ()
    ) -> tuple[Doubles, dict[int, float]]:
        """Who supports the answer: calibrated probabilities of the sentences, and of the passages.

        Sentences are weighed against each other and against "nothing here does", and so are passages; either sum to
        at most 1, and what is missing to 1 is the probability of nothing.

        Args:
            parts: `PARTS` of each sentence [n, 9]; one with a NaN gets probability 0.
            owners: Number of each sentence's passage [n].
            mentions: Which sentences name which passages, from `ragcompress.models.labeller.bridges`.

        Returns:
            Keep probabilities [n], and by number those of passages with sentences.
        """
        scores = bridged((parts @ self.weights).astype(np.float64), owners, mentions, self.settings["bridge"])
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


def _placed(
    query: Query, encoded: Encoded, sentences: Sequence[tuple[int, int]]
) -> Iterator[tuple[list[int], list[int], Matched]]:
    """The windows of a passage, each with its sentences' first tokens and numbers."""
    ahead = int(np.argmax(encoded.offsets[:, 0] >= 0))
    ranges = token_ranges(encoded, sentences)
    for numbers, matched in compare(query, encoded, sentences):
        yield [ahead + ranges[number][0] for number in numbers], numbers, matched


def log_mean_exp(values: Floats) -> float:
    """A smooth maximum: log of the mean of exponentials."""
    top = float(values.max())
    return top + float(np.log(np.exp(values - top).mean()))


@lru_cache(maxsize=1)
def _embedded() -> JointModel:
    return JointModel(LateSession(partial(shipped, FILE)), json.loads(shipped("labeller.json"))).of(_embedded)
