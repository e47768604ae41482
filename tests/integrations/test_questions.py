"""What a tool's answer is judged by."""

from __future__ import annotations

import doctest

import pytest

from ragcompress.integrations import questions
from ragcompress.integrations.questions import asked, call_words, is_substantial, last_substantial


def test_examples():
    assert doctest.testmod(questions).failed == 0


@pytest.mark.parametrize("text", ["Yes please.", "continue", "   ", "Thanks!", "?", "ja bitte"])
def test_small_talk_asks_for_nothing(text):
    assert not is_substantial(text)


@pytest.mark.parametrize("text", ["Tampere?", "泵在哪里生产?", "fix test_login", "E4", "Где делают насос?"])
def test_what_names_something_asks(text):
    assert is_substantial(text)


def test_only_small_talk_is_better_than_nothing():
    assert last_substantial(["hm", "yes"]) == "hm"
    assert last_substantial(["yes", "thanks"]) == "thanks"
    assert last_substantial([]) == ""


def test_arguments_that_are_no_json_are_words_themselves():
    assert call_words("SELECT 1") == "SELECT 1"
    assert call_words(None) == ""
    assert call_words('{"a": {"b": ["x", 3, ["y"]]}}') == "x y"


def test_arguments_come_beside_the_question_once():
    assert asked(["Find retry limit now"], {"q": "retry limit"}) == "Find retry limit now"
    assert asked([], {"q": "retry"}) == "retry"
    assert asked([], None, "search") == "search"


def test_deep_arguments_do_not_break():
    deep = "[" * 100_000 + "]" * 100_000
    assert call_words(deep) == deep
