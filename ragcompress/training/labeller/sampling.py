"""What a training step sees: questions varied, beside fresh hard negatives from the whole pool."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ragcompress.models.labeller.matching import Query, read_query
from ragcompress.training.labeller.batch import Crop, Window, make_windows
from ragcompress.training.labeller.config import TrainConfig
from ragcompress.training.labeller.corpus import Corpus
from ragcompress.training.labeller.data import Example, Item, keywords, merge, named, thinned
from ragcompress.training.labeller.store import encoder
from ragcompress.training.reader.swaps import swap_question

__all__ = ["Batch", "Sampler"]

Batch = list[tuple[Example, list[Window]]]

SOURCES = ("squad", "shifts", "fever", "2wiki", "subject")
ARTICLES = ("squad", "shifts")  # those with many passages of one article, and questions that may leave its subject out
SEARCHED = 0.5  # share of held-out questions of those that are put as a search meets them
HARD = 14  # how many of the densest passages count as hard
SIBLINGS = 8  # the same of one article's
WORDY = 14  # the same of those that BM25 finds


class Sampler:
    """Draws training batches and held-out questions from a corpus."""

    def __init__(self, corpus: Corpus, config: TrainConfig) -> None:
        self.corpus, self.config = corpus, config
        self.encoder: Any = encoder()
        self._folded = [passage.text.casefold() for passage in corpus.pool]
        self._vectors = np.array(corpus.store.vectors)
        from ragcompress.retriever.lexical import LexicalIndex  # a floor above; training alone needs it

        self._words = LexicalIndex.build(f"{passage.title} {passage.text}" for passage in corpus.pool)
        self._siblings: dict[str, list[int]] = defaultdict(list)
        for number, passage in enumerate(corpus.pool):
            self._siblings[passage.title].append(number)
        self._train: dict[str, list[Item]] = defaultdict(list)
        self._held: dict[str, list[Item]] = defaultdict(list)
        for item in corpus.items:
            (self._held if item.held_out else self._train)[item.source].append(item)
        self._sources = [source for source in SOURCES if self._train[source]]
        self._shares = [config.mix[SOURCES.index(source)] for source in self._sources]
        self._asked_in: dict[str, list[str]] = defaultdict(list)
        for item in self._train["squad"]:
            self._asked_in[self._article(item)].append(item.question)

    def batches(self, start: int = 0, *, run: str = "run") -> Iterator[Batch]:
        """Endless batches; batch ``n`` depends on the seed, the run's name and ``n`` alone.

        So a resumed run goes on alike, and a run that starts from another's weights draws other questions than it did.
        """
        step = start
        while True:
            rng = random.Random(f"{self.config.seed}/{run}/{step}")
            yield [self._varied(rng) for _ in range(self.config.batch)]
            step += 1

    def held_out(self, sizes: dict[str, int], *, passages: int) -> list[Example]:
        """So many held-out questions of each source, each beside ``passages`` passages; the same ones every time."""
        rng = random.Random(f"{self.config.seed}/held out")
        items: list[Item] = []
        for source, size in sizes.items():
            items += rng.sample(self._held[source], min(size, len(self._held[source])))
        return [self.draw(item, rng, passages=passages, searched=self._searched(item, rng, SEARCHED)) for item in items]

    def _searched(self, item: Item, rng: random.Random, share: float) -> bool:
        """By chance whether a question of an article is put as a search meets it."""
        return item.source in ARTICLES and rng.random() < share

    def draw(self, item: Item, rng: random.Random, *, passages: int, searched: bool = False) -> Example:
        """A question with its supporting passages and negatives, shuffled; all of them titled, or none.

        Args:
            item: The question.
            rng: For every choice.
            passages: How many to show.
            searched: As a search of a collection shows it: the question names its subject, the negatives are of other
                articles, titles are shown.
        """
        gold = sorted({place[0] for group in item.groups for place in group})
        if searched:
            item = replace(item, question=named(item.question, self.corpus.pool[gold[0]].name, rng))
        rest = self._negatives(item, gold, max(passages - len(gold), 2), rng, elsewhere=searched)
        shown = [*gold, *rest]
        rng.shuffle(shown)
        # the second passage of a bridge question is found by its title alone
        titled = searched or item.source == "2wiki" or rng.random() >= self.config.untitled
        return Example(item.question, tuple(shown), item.groups, frozenset(item.masked), item.spans, titled)

    def windows(self, example: Example, crop: Crop | None = None) -> list[Window]:
        """The example's passages beside its question; without ``crop`` as whole as the room allows."""
        crop = crop or Crop(self.config.max_tokens)
        store = self.corpus.store if example.titled else self.corpus.untitled
        return make_windows(example, self._query(example.question), store, self.corpus.pool, crop=crop)

    def _query(self, question: str) -> Query:
        return read_query(self.encoder.query(question))

    def _varied(self, rng: random.Random) -> tuple[Example, list[Window]]:
        """One training example: any source, by chance thinned, as keywords, without support, swapped, or merged."""
        while True:
            example, windows = self._draw_varied(rng)
            if windows:  # what is left without its support may be nothing, or nothing with text
                return example, windows

    def _draw_varied(self, rng: random.Random) -> tuple[Example, list[Window]]:
        config = self.config
        item = rng.choice(self._train[rng.choices(self._sources, self._shares)[0]])
        searched = self._searched(item, rng, config.p_searched)
        example = self.draw(item, rng, passages=config.passages, searched=searched)
        example = self._asked(self._thinned(example, rng), rng)
        if rng.random() < config.p_irrelevant:
            gold = {place[0] for group in example.groups for place in group}
            rest = tuple(passage for passage in example.passages if passage not in gold)
            example = Example(example.question, rest, (), titled=example.titled)
        elif item.source == "squad" and rng.random() < config.p_swapped:
            example = self._swapped(example, self._article(item), rng)
        elif rng.random() < config.p_pair:
            other = self.draw(rng.choice(self._train["squad"]), rng, passages=3)
            example = merge(example, other, rng)
        # what a pronoun stands for is seen only beside the sentence that begins with it
        crop = Crop(config.max_tokens, 1.0 if item.source == "subject" else config.p_full, rng=rng)
        return example, self.windows(example, crop)

    def _swapped(self, example: Example, article: str, rng: random.Random) -> Example:
        """The same passages under a question that none of them answers, where it has a part to exchange."""
        question = swap_question(example.question, self._asked_in[article], rng)
        return example if question is None else Example(question, example.passages, (), titled=example.titled)

    def _article(self, item: Item) -> str:
        return self.corpus.pool[item.groups[0][0][0]].title

    def _thinned(self, example: Example, rng: random.Random) -> Example:
        """By chance the question as someone asks who has not seen the evidence."""
        if not example.spans or rng.random() >= self.config.p_thinned:
            return example
        number, sentence = example.groups[0][0]
        passage = self.corpus.pool[number]
        start, end = passage.sentences[sentence]
        return replace(example, question=thinned(example.question, passage.text[start:end], passage.title, rng))

    def _asked(self, example: Example, rng: random.Random) -> Example:
        """The question as people type it: by chance only its keywords, or without its question mark."""
        question = example.question
        if rng.random() < self.config.p_keywords:
            question = keywords(question)
        if rng.random() < self.config.p_unmarked:
            question = question.rstrip("?")
        return replace(example, question=question)

    def _negatives(
        self, item: Item, gold: Sequence[int], count: int, rng: random.Random, *, elsewhere: bool
    ) -> list[int]:
        """Passages that do not hold the answer: by meaning, of the same article, by words, and any."""
        answers = [answer.casefold() for answer in item.answers]
        article = self._siblings[self._article(item)]
        barred = frozenset(article if elsewhere else gold)

        def allowed(number: int) -> bool:
            return number not in barred and not any(answer in self._folded[number] for answer in answers)

        likeness = self._vectors @ self._query(item.question).vector
        reach = 40 + len(barred)
        densest = np.argsort(-likeness)[:reach].tolist()
        hard = [number for number in densest if allowed(number)][:HARD]
        siblings = sorted(filter(allowed, article), key=lambda number: -likeness[number])[:SIBLINGS]
        wordy = [number for number in self._words.top(item.question, reach).tolist() if allowed(number)][:WORDY]
        kinds = (hard, siblings or hard, wordy, range(len(self._folded)))
        chosen = rng.sample(item.own, min(count - 1, len(item.own)))
        for _ in range(50 * count):
            if len(chosen) >= count:
                break
            kind = rng.choices(kinds, self.config.negatives)[0] or kinds[-1]
            number = rng.choice(kind)
            if number not in chosen and allowed(number):
                chosen.append(number)
        return chosen
