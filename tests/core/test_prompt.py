from __future__ import annotations

import doctest

import pytest

import ragcompress.core.prompt
from ragcompress.core.budget import embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.core.prompt import prompt, prompt_budget
from ragcompress.facade import compress


def test_what_is_compressed_to_the_prompt_budget_fits_the_window():
    passages = [f"Fact number {at} is about towers and bread." for at in range(200)]
    budget = prompt_budget("What of towers?", 400, count=embedded_count, answer_reserve=50)
    sent = prompt("What of towers?", compress("What of towers?", passages, budget=budget).text)
    assert 300 < embedded_count(sent) <= 350


def test_a_window_too_small_for_the_frame_is_named():
    with pytest.raises(InvalidInput, match="exceed the window of 20"):
        prompt_budget("What?", 20, count=embedded_count)


def test_the_example():
    assert doctest.testmod(ragcompress.core.prompt).failed == 0
