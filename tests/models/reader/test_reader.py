"""The embedded reader: windows, exact offsets, spans that stay in one stretch, abstention."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.segment import sentences
from ragcompress.core.types import Passage, Segment, Span
from ragcompress.models.reader.reader import ExtractiveReader
from ragcompress.models.reader.windows import CONTEXT_TOKENS, windows

QUESTION = "When was Ada Lovelace born?"
ADA = "Ada Lovelace was born in London in 1815. She wrote about Babbage's engine. She died in 1852."
RAIN = "It rained all day. Nobody went out."


class Graph:
    """Stands in for the network: ``score(token id, column)`` gives the logits, ``nothing`` those of "no answer"."""

    def __init__(self, score: Callable[[int, int], float], nothing: float = 0.0) -> None:
        self.score, self.nothing, self.shapes = score, nothing, []  # type: ignore[var-annotated]

    def run(self, names: list[str], feed: dict[str, Any]) -> list[Any]:
        ids = feed["ids"]
        self.shapes.append(ids.shape)
        logits = np.array([[[self.score(int(i), c) for c in (0, 1)] for i in row] for row in ids], np.float32)
        logits[:, 0, :] = self.nothing / 2
        return [logits]


def _reader(score: Callable[[int, int], float], *, threshold: float = 0.0, nothing: float = 0.0) -> ExtractiveReader:
    reader = ExtractiveReader(threshold=threshold)
    reader._graph = Graph(score, nothing)
    return reader


def _likes(*words: str) -> Callable[[int, int], float]:
    """High logits for the first word as start and the last as end."""
    vocabulary = embedded_tokenizer().get_vocab()
    first, last = vocabulary[words[0]], vocabulary[words[-1]]
    return lambda token, column: 9.0 if token == (first, last)[column] else -1.0


def test_every_token_of_a_context_is_in_some_window_with_exact_offsets() -> None:
    long = Passage(" ".join(f"Sentence {n} has some words, doesn't it?" for n in range(90)))
    context = Context.of(QUESTION, [ADA, long, RAIN])
    seen: set[Span] = set()
    for window in windows(QUESTION, context, embedded_tokenizer()):
        assert len(window.places) <= CONTEXT_TOKENS
        assert len(window.ids) == window.context_from + len(window.places) + 1
        for token, place in zip(window.ids[window.context_from :], window.places, strict=False):
            assert place is not None  # no titles here
            text = context.passages[place.passage].text[place.start : place.end]
            assert embedded_tokenizer().id_to_token(token).removeprefix("##") == text.lower()
            seen.add(Span(place.passage, place.start, place.end))
    for at, passage in enumerate(context.passages):
        own = sorted(span for span in seen if span.passage == at)
        gaps = [passage.text[a.end : b.start] for a, b in pairwise(own)]
        assert all(not gap.strip() for gap in gaps)


def test_each_passage_is_read_by_itself_and_beside_the_others() -> None:
    found = windows(QUESTION, Context.of(QUESTION, [ADA, "", RAIN, " \n"]), embedded_tokenizer())
    assert [{place.passage for place in window.places if place} for window in found] == [{0}, {2}, {0, 2}]
    assert len(windows(QUESTION, Context.of(QUESTION, [ADA]), embedded_tokenizer())) == 1  # the same is read once
    assert windows(QUESTION, Context.of(QUESTION, []), embedded_tokenizer()) == []


def test_a_title_is_read_before_its_passage_but_never_answers() -> None:
    long = " ".join(f"Sentence {n} has some words, doesn't it?" for n in range(90))
    titled = Context.of(QUESTION, [Passage(long, title="The year 1815"), Passage(ADA, title="Ada Lovelace")])
    found = windows(QUESTION, titled, embedded_tokenizer())
    parts = [window for window in found if window.places[-1] and window.places[-1].passage == 0]
    assert len(parts) > 2
    assert all(window.places[:4] == (None,) * 4 and window.places[4] for window in parts)
    start = parts[1].context_from
    assert embedded_tokenizer().decode(list(parts[1].ids[start : start + 4])) == "the year 1815."
    assert max(len(window.places) for window in found) <= CONTEXT_TOKENS
    assert all(window.places[0] for window in found if window not in parts)  # its text begins with its title
    answer = _reader(_likes("1815")).answer(QUESTION, [Passage("It was dry.", title="1815"), ADA])
    assert answer.support == Span(1, ADA.index("1815"), ADA.index("1815") + 4)


def test_answer_is_read_from_its_span() -> None:
    answer = _reader(_likes("1815")).answer(QUESTION, [RAIN, ADA])
    assert answer.text == "1815"
    assert answer.support == Span(1, ADA.index("1815"), ADA.index("1815") + 4)
    assert 0 <= answer.score <= 1


def test_a_span_never_crosses_what_was_dropped() -> None:
    context = Context.of(QUESTION, [ADA]).split(sentences)
    reader = _reader(_likes("1815", "1852"))
    assert reader.answer(QUESTION, context).text == ADA[ADA.index("1815") : ADA.index("1852") + 4]
    gappy = reader.answer(QUESTION, context.keep([0, 2]))
    assert gappy.support is not None
    assert "She died" not in gappy.text or "1815" not in gappy.text


def test_a_span_never_crosses_passages() -> None:
    answer = _reader(_likes("1852", "day")).answer(QUESTION, [ADA, RAIN])
    assert "1852" not in answer.text or "day" not in answer.text


def test_kept_segments_alone_are_read() -> None:
    context = Context.of(QUESTION, [ADA]).split(sentences).keep([1])
    answer = _reader(_likes("1815")).answer(QUESTION, context)
    assert "1815" not in answer.text


def test_words_are_whole() -> None:
    text = "He studied electrodynamics there."
    tokens = embedded_tokenizer().encode(text, add_special_tokens=False).tokens
    assert any(token.startswith("##") for token in tokens)
    vocabulary = embedded_tokenizer().get_vocab()
    part = vocabulary[next(token for token in tokens if token.startswith("##"))]
    answer = _reader(lambda token, column: 9.0 if token == part else -1.0).answer("What?", [text])
    assert answer.text == "electrodynamics"


def test_rewritten_text_can_be_read() -> None:
    context = Context.of(QUESTION, [ADA]).rewrite({0: [Segment("Born: 1815!", (Span(0, 0, 40),))]})
    answer = _reader(_likes("1815")).answer(QUESTION, context)
    assert (answer.text, answer.support) == ("1815", Span(0, 0, 40))


def test_abstains_when_nothing_is_the_better_answer() -> None:
    reader = _reader(_likes("1815"), threshold=0.5, nothing=60.0)
    answer = reader.answer(QUESTION, [ADA])
    assert (answer.text, answer.support) == ("", None)
    assert answer.score < 0.5
    never = _reader(_likes("1815"), threshold=0.0, nothing=60.0)
    assert never.answer(QUESTION, [ADA]).text == "1815"


@pytest.mark.parametrize("passages", [[], [""], ["  "]])
def test_nothing_to_read_is_an_abstention(passages: list[str]) -> None:
    answer = _reader(_likes("1815")).answer(QUESTION, passages)
    assert (answer.text, answer.score, answer.support) == ("", 0.0, None)


def test_order_of_passages_does_not_change_the_answer() -> None:
    reader = ExtractiveReader(threshold=0)
    long = " ".join([RAIN] * 40)
    one, two = reader.answer(QUESTION, [ADA, long]), reader.answer(QUESTION, [long, ADA])
    assert one.text == two.text


def test_wrong_use_is_named() -> None:
    reader = _reader(_likes("1815"))
    with pytest.raises(InvalidInput, match="question"):
        reader.answer("  ", [ADA])
    with pytest.raises(InvalidInput, match="list"):
        reader.answer(QUESTION, ADA)
    with pytest.raises(InvalidInput, match="threshold"):
        ExtractiveReader(threshold=2)


def test_batches_hold_windows_of_like_length() -> None:
    reader = _reader(_likes("1815"))
    long = " ".join(["Some words that say nothing about it."] * 200)
    reader.answer(QUESTION, [long, ADA])
    assert all(rows * columns <= 2_048 for rows, columns in reader._graph.shapes)
    assert len(reader._graph.shapes) > 1


CASES = (
    ("When was Ada Lovelace born?", "1815"),
    ("Where was Ada Lovelace born?", "London"),
    ("In which year did Ada Lovelace die?", "1852"),
)


@pytest.mark.parametrize(("question", "expected"), CASES)
def test_the_shipped_weights_answer(question: str, expected: str) -> None:
    answer = ExtractiveReader().answer(question, [RAIN, ADA])
    assert answer.text == expected
    assert answer.support is not None
    assert ADA[answer.support.start : answer.support.end] == expected


def test_the_shipped_weights_abstain() -> None:
    answer = ExtractiveReader().answer("How tall is the Eiffel Tower?", [RAIN, ADA])
    assert answer.text == ""


def test_same_question_same_answer() -> None:
    reader = ExtractiveReader()
    assert reader.answer(QUESTION, [RAIN, ADA]) == reader.answer(QUESTION, [RAIN, ADA])
