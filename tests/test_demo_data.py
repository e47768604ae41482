"""The demo corpus says what its questions claim it says."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ragcompress.core.types import Passage
from ragcompress.demo import DemoQuestion, load_corpus, load_questions

CORPUS = load_corpus()
QUESTIONS = load_questions()
TEXTS = {passage.id: passage.text for passage in CORPUS}
ANSWERABLE = [question for question in QUESTIONS if question.answerable]


def test_counts() -> None:
    assert len(CORPUS) >= 64
    assert len(ANSWERABLE) == 25
    assert len(QUESTIONS) == 27


def test_ids_titles_and_texts_are_unique() -> None:
    assert len(TEXTS) == len(CORPUS)
    assert len({passage.text for passage in CORPUS}) == len(CORPUS)
    titles = Counter(passage.title for passage in CORPUS)
    assert max(titles.values()) == 1
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)


def test_one_long_page_and_short_passages() -> None:
    lengths = {passage.id: len(passage.text.split()) for passage in CORPUS}
    long = [passage_id for passage_id, words in lengths.items() if words >= 1200]
    assert long == ["hist-booklet"]
    assert all(60 <= words <= 180 for passage_id, words in lengths.items() if passage_id not in long)


def test_kinds_of_text_are_present() -> None:
    assert sum("|---|" in text for text in TEXTS.values()) >= 3
    assert any("```" in text for text in TEXTS.values())
    assert sum(bool(re.search(r"^- ", text, re.M)) for text in TEXTS.values()) >= 2
    assert {passage.metadata["language"] for passage in CORPUS} == {"en", "fr", "de"}


@pytest.mark.parametrize("passage", CORPUS, ids=lambda passage: passage.id)
def test_passage_is_tidy(passage: Passage) -> None:
    assert passage.text == passage.text.strip()
    assert "\r" not in passage.text
    assert {"section", "year", "kind", "language"} <= set(passage.metadata)
    assert re.fullmatch(r"[a-z0-9-]+", passage.id)


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question.id)
def test_support_is_in_the_corpus_and_carries_the_answer(question: DemoQuestion) -> None:
    assert question.answers
    for passage_id, sentence in question.supporting:
        assert TEXTS[passage_id].count(sentence) == 1
    evidence = "\n".join(sentence for _, sentence in question.supporting)
    assert all(answer in evidence for answer in question.answers)


def test_unanswerable_questions_have_no_evidence() -> None:
    unanswerable = [question for question in QUESTIONS if not question.answerable]
    assert all(question.answers == () and question.supporting == () for question in unanswerable)
    assert not any("axle load" in text.lower() or "1965" in text for text in TEXTS.values())


def test_a_few_questions_need_two_passages() -> None:
    assert sum(len({pid for pid, _ in question.supporting}) >= 2 for question in ANSWERABLE) >= 4


def test_every_superseded_edition_has_one_in_force_that_answers_a_question() -> None:
    superseded = [p.id for p in CORPUS if p.metadata.get("status") == "superseded"]
    in_force = {p.id for p in CORPUS if p.metadata.get("status") == "in force"}
    assert len(superseded) >= 7
    cited = {passage_id for question in ANSWERABLE for passage_id, _ in question.supporting}
    stems = {passage_id.rsplit("-", 1)[0] for passage_id in in_force & cited}
    assert {passage_id.rsplit("-", 1)[0] for passage_id in superseded} <= stems
