"""Ways to count: none asks the network, all can be pickled, and none counts nothing."""

from __future__ import annotations

import pickle
import socket
from copy import deepcopy

import pytest

import ragcompress as rc
from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.errors import InvalidInput


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def fake(**fields):
    models = pytest.importorskip("langchain_core.language_models")
    return models.FakeListChatModel(responses=["x"], **fields)


def test_a_chat_model_without_a_tokenizer_is_refused_with_the_way_out(offline):
    with pytest.raises(InvalidInput, match=r"no tokenizer of its own.*custom_get_token_ids"):
        rc.counter(fake())


def test_a_chat_model_that_was_told_how_to_count_counts_so(offline):
    assert rc.counter(fake(custom_get_token_ids=lambda text: [1] * len(text.split())))("a b c") == 3


def test_a_model_that_brings_its_tokenizer_is_counted_with_it(offline):
    class Local:
        tokenizer = embedded_tokenizer()

        def get_num_tokens(self, text):
            raise AssertionError("its tokenizer is there")

    assert rc.counter(Local())("Ada wrote it.") == 4


def test_counters_pickle_with_their_tokenizer():
    count = rc.counter(embedded_tokenizer())
    for same in (pickle.loads(pickle.dumps(count)), deepcopy(count)):
        assert same("Ada wrote it in 1843.") == count("Ada wrote it in 1843.")


@pytest.mark.parametrize("given", [0, -3, 2.5, None, "7", True])
def test_a_counter_that_gives_no_token_counts_is_refused_before_any_work(given):
    def never(context, budget):
        raise AssertionError("work began")

    with pytest.raises(InvalidInput, match="count "):
        rc.compress("Who?", ["Ada wrote it."], rc.TokenBudget(5, lambda text: given), never)


def test_numpy_counts_are_counts():
    np = pytest.importorskip("numpy")
    assert rc.compress("Who?", ["Ada."], rc.TokenBudget(5, lambda text: np.int64(len(text.split())))).text == "Ada."


def test_a_model_behind_a_wrapper_is_seen(offline):
    """``bind`` and ``with_retry`` pass a model's methods through: the model itself is asked how it counts."""
    model = fake()
    for wrapped in (model.bind(stop=["."]), model.with_retry(), model.with_fallbacks([model])):
        with pytest.raises(InvalidInput, match="FakeListChatModel has no tokenizer of its own"):
            rc.counter(wrapped)
    told = fake(custom_get_token_ids=lambda text: [1] * len(text.split()))
    assert rc.counter(told.bind(stop=["."]).with_retry())("a b c") == 3


def test_a_counter_that_goes_blind_later_is_replaced_and_said():
    def blind(text):
        return 10 if text.startswith("The quick") else 0

    out = rc.compress(
        "Who wrote it?", ["Ada wrote it in 1843. " + "It rained that day. " * 20], rc.TokenBudget(9, blind)
    )
    assert out.text == "Ada wrote it in 1843."
    assert "count gave 0 tokens" in out.warnings[0]
    assert out.tokens_out == 6
