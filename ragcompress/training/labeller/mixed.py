"""What a step of the multilingual labeller's training sees: questions of all sets, negatives from the whole pool."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.types import Passage, Span
from ragcompress.models.encoders import TokenEncoder
from ragcompress.models.labeller.matching import Query, read_query
from ragcompress.retriever.lexical import LexicalIndex
from ragcompress.training.labelled import Labelled
from ragcompress.training.labeller.batch import Crop, Window, make_windows
from ragcompress.training.labeller.config import TrainConfig
from ragcompress.training.labeller.data import Example, Item, PoolPassage, keywords, merge, named, thinned
from ragcompress.training.labeller.mixture import LiveStates, Mixture
from ragcompress.training.labeller.sampling import Batch

__all__ = ["MixedSampler", "labelled_of"]

ARTICLES = ("squad", "shifts")
NEAR = 12  # how many of the best by words, of the same article, or by meaning count as hard
IRRELEVANT = 0.15  # share of calibration questions that lose their supporting passages
KINDS = (0.4, 0.2, 0.25, 0.1, 0.05)  # by words, same article, by meaning, same set, any


class MixedSampler:
    """Draws batches and held-out questions from a mixture.

    Args:
        mixture: Pool and questions.
        encoder: Of the states; what it has read stays in its cache.
        config: Of the run.
    """

    def __init__(self, mixture: Mixture, encoder: TokenEncoder, config: TrainConfig) -> None:
        self.mixture, self.encoder, self.config = mixture, encoder, config
        self.states = {titled: LiveStates(encoder, mixture.pool, titled) for titled in (True, False)}
        self._folded = [passage.text.casefold() for passage in mixture.pool]
        self._words = LexicalIndex.build(f"{passage.title} {passage.text}" for passage in mixture.pool)
        self._article: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._source: dict[str, list[int]] = defaultdict(list)
        for number, passage in enumerate(mixture.pool):
            self._source[passage.source].append(number)
            if passage.title:
                self._article[passage.source, passage.title].append(number)
        pairs = list(zip(mixture.items, mixture.languages, strict=True))
        self._train = [pair for pair in pairs if not pair[0].held_out]
        self.held = [pair for pair in pairs if pair[0].held_out]
        self._mergeable = [item for item, language in self._train if language == "en" and item.groups]

    def batches(self, start: int = 0, *, run: str = "run") -> Iterator[Batch]:
        """Endless batches; which questions batch ``n`` shows depends on the seed, the run's name and ``n``."""
        step = start
        while True:
            rng = random.Random(f"{self.config.seed}/{run}/{step}")
            drawn = (self._varied(rng) for _ in range(self.config.batch))
            yield [pair for pair in drawn if pair[1]]
            step += 1

    def held_out(self, count: int, *, passages: int) -> list[tuple[Example, list[Window]]]:
        """So many held-out questions with their windows, the same ones every time."""
        rng = random.Random(f"{self.config.seed}/held out")
        items = [item for item, _ in self.held if item.groups]
        drawn = [self.draw(item, rng, passages=passages) for item in rng.sample(items, min(count, len(items)))]
        return [(example, self.windows(example)) for example in drawn]

    def labelled(self, count: int, *, passages: int) -> Iterator[Labelled]:
        """So many held-out questions, unanswerable ones among them, and some without their supporting passages."""
        rng = random.Random(f"{self.config.seed}/calibrate")
        for item, _ in rng.sample(self.held, min(count, len(self.held))):
            example = self.draw(item, rng, passages=passages)
            yield labelled_of(example, self.mixture.pool, relevant=rng.random() >= IRRELEVANT)

    def draw(self, item: Item, rng: random.Random, *, passages: int) -> Example:
        """A question with its supporting passages, its own distractors and negatives, shuffled; titled or not."""
        gold = sorted({place[0] for group in item.groups for place in group})
        shown = [*gold, *self._negatives(item, gold, max(passages - len(gold), 2), rng)]
        rng.shuffle(shown)
        titled = item.source in {"2wiki", "hotpot", "musique"} or rng.random() >= self.config.untitled
        return Example(item.question, tuple(shown), item.groups, frozenset(item.masked), item.spans, titled)

    def windows(self, example: Example, crop: Crop | None = None) -> list[Window]:
        """The example's passages beside its question; without ``crop`` as whole as the room allows."""
        crop = crop or Crop(self.config.max_tokens)
        query = self._query(example.question)
        return make_windows(example, query, self.states[example.titled], self.mixture.pool, crop=crop)

    def _query(self, question: str) -> Query:
        return read_query(self.encoder.query(question))

    def _varied(self, rng: random.Random) -> tuple[Example, list[Window]]:
        config = self.config
        item, language = rng.choice(self._train)
        if item.source in ARTICLES and rng.random() < config.p_searched:
            item = replace(item, question=named(item.question, self.mixture.pool[item.groups[0][0][0]].name, rng))
        example = self.draw(item, rng, passages=config.passages)
        if language == "en":
            example = self._asked(example, rng)
        if item.groups and rng.random() < config.p_irrelevant:
            gold = {place[0] for group in example.groups for place in group}
            rest = tuple(passage for passage in example.passages if passage not in gold)
            example = Example(example.question, rest, (), titled=example.titled)
        elif item.groups and language == "en" and rng.random() < config.p_pair:
            other = self.draw(rng.choice(self._mergeable), rng, passages=3)
            example = merge(example, other, rng)
        crop = Crop(config.max_tokens, config.p_full, rng=rng)
        return example, self.windows(example, crop)

    def _asked(self, example: Example, rng: random.Random) -> Example:
        """An English question as people type it: by chance thinned, as keywords, or without its question mark."""
        question = example.question
        if example.spans and rng.random() < self.config.p_thinned:
            number, sentence = example.groups[0][0]
            passage = self.mixture.pool[number]
            start, end = passage.sentences[sentence]
            question = thinned(question, passage.text[start:end], passage.title, rng)
        if rng.random() < self.config.p_keywords:
            question = keywords(question)
        if rng.random() < self.config.p_unmarked:
            question = question.rstrip("?")
        return replace(example, question=question)

    def _negatives(self, item: Item, gold: list[int], count: int, rng: random.Random) -> list[int]:
        """The question's own distractors first; then passages near by words, article or meaning, and any."""
        answers = [answer.casefold() for answer in item.answers]
        home = self.mixture.pool[gold[0] if gold else item.own[0]]

        def allowed(number: int) -> bool:
            return number not in gold and not any(answer in self._folded[number] for answer in answers)

        chosen = rng.sample(item.own, min(count - 1, len(item.own)))
        if len(chosen) >= count:
            return chosen
        wordy = [number for number in self._words.top(item.question, 3 * NEAR).tolist() if allowed(number)][:NEAR]
        article = [number for number in self._article[home.source, home.title] if allowed(number)]
        near = [number for number in self._dense(item.question) if allowed(number)][:NEAR]
        kinds = (wordy, article, near, self._source[home.source], range(len(self._folded)))
        for _ in range(40 * count):
            kind = rng.choices(kinds, KINDS)[0] or kinds[-1]
            number = rng.choice(kind)
            if number not in chosen and allowed(number):
                chosen.append(number)
            if len(chosen) >= count:
                break
        return chosen

    def _dense(self, question: str) -> list[int]:
        """The nearest by meaning among the passages that were read so far."""
        known = self.states[True].vectors
        if len(known) < 200:
            return []
        numbers = list(known)
        rows: NDArray[np.float32] = np.stack([known[number] for number in numbers])
        likeness = rows @ self._query(question).vector
        return [numbers[at] for at in np.argsort(-likeness)[: 3 * NEAR]]


def labelled_of(example: Example, pool: Sequence[PoolPassage], *, relevant: bool) -> Labelled:
    """A drawn question as `ragcompress.training.tuning` reads it, with its supporting passages or without."""
    gold = {place[0] for group in example.groups for place in group}
    shown = [number for number in example.passages if relevant or number not in gold]

    def span(place: tuple[int, int]) -> Span:
        return Span(shown.index(place[0]), *pool[place[0]].sentences[place[1]])

    return Labelled(
        example.question,
        tuple(Passage(pool[number].text, title=pool[number].title if example.titled else "") for number in shown),
        tuple(tuple(span(place) for place in group) for group in example.groups) if relevant else (),
        tuple(span(place) for place in example.masked if place[0] in shown),
    )
