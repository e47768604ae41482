"""Questions about the whole are told from questions about something in it, and answered by coverage."""

from __future__ import annotations

import pytest

import ragcompress as rc
from ragcompress.core.whole import about_whole
from ragcompress.pruners.coverage import cover

WHOLE = """Summarise this text.|What is this about?|Give me the key points.|Translate the text into French.|Continue
List all the dates that are mentioned.|Is anything wrong in this text?|TL;DR|Can you summarize this for me?
How many orders are listed?|How many rows does the table have?|Summarize the document in three bullet points|Go on
Fasse den Text zusammen.|Worum geht es in dem Text?|Nenne alle Daten im Text|Wie viele Personen werden genannt?
Résume ce texte|De quoi parle ce document ?|Liste toutes les dates|Resume el texto|¿De qué trata el texto?
Traduce este documento al inglés|Riassumi il testo|总结一下这篇文章|この文章を要約してください|Кратко изложи текст"""
PART = """How many arches has the bridge?|How many people live in Karsk?|What is the summary judgment?|Who wrote it?
List the ingredients of bread|Who translated the Bible into German?|Is there a pool in the hotel?
What are the main causes of asthma?|What is the main idea of Kant's ethics?|How many episodes are there in season 2?
What is the movie about the tower about?|Translate 'good morning' into French|¿En qué traducción influyó Lutero?"""
TOPICS = ("bridge", "harbour", "library", "market")
PASSAGES = [
    f"The {topic} is old. The {topic} of Karsk was built by many hands. Somebody painted a door of the {topic} red."
    for topic in TOPICS
]


def questions(text: str) -> list[str]:
    return [question for line in text.splitlines() for question in line.split("|")]


@pytest.mark.parametrize("question", questions(WHOLE))
def test_a_question_about_the_whole_is_recognised(question):
    assert about_whole(question)


@pytest.mark.parametrize("question", questions(PART))
def test_a_question_about_something_in_it_is_not(question):
    assert not about_whole(question)


@pytest.mark.parametrize("method", [None, "lexical", "cascade", rc.LabellingPruner()])
def test_a_whole_question_is_answered_by_coverage_and_it_is_said(method):
    out = rc.compress("Summarise this text.", PASSAGES, budget=0.5, compressor=method)
    assert all(topic in out.text for topic in TOPICS)
    assert out.tokens_out <= out.limit
    assert out.warnings == (
        "the question is about the whole text, not about something in it; units were chosen to cover it, not by "
        "relevance",
    )


def test_without_a_budget_a_whole_question_keeps_everything():
    out = rc.compress("Translate the text into French.", PASSAGES)
    assert out.kept_fraction == 1.0
    assert "without a budget, all of it was kept" in out.warnings[0]


def test_what_a_user_brings_is_asked_as_it_is():
    def first(context, budget):
        return context.keep([0])

    out = rc.compress("Summarise this text.", PASSAGES, budget=60, compressor=first)
    assert out.text == PASSAGES[0]
    assert out.warnings == ()


def test_coverage_takes_what_adds_and_keeps_the_laws():
    context = rc.Context.of("q", ["A red door. A red door. A blue window."])
    out = cover(context, rc.TokenBudget(7, lambda text: len(text.split())))
    assert [segment.text.strip() for segment in out.segments] == ["A red door.", "A blue window."]
    from ragcompress.testing import check_compressor

    check_compressor(cover, cases=40)
