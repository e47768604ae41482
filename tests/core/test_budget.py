from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcompress.core.budget import TokenBudget, allocate, costs, embedded_count, embedded_tokenizer
from ragcompress.core.context import Context
from ragcompress.core.counters import counter
from ragcompress.core.errors import InvalidInput
from ragcompress.core.render import marked


@pytest.mark.parametrize("limit", [-1, 2.5, "3", None, True])
def test_a_limit_is_a_whole_number_from_zero(limit):
    with pytest.raises(InvalidInput, match="token budget"):
        TokenBudget(limit, len)


def test_numpy_integers_are_numbers_too():
    np = pytest.importorskip("numpy")
    assert TokenBudget(np.int64(7), len).limit == 7


def test_a_count_must_be_callable():
    with pytest.raises(InvalidInput, match="counter"):
        TokenBudget(3, "gpt-4")  # type: ignore[arg-type]


def test_prompt_budget_is_what_is_left():
    budget = TokenBudget.for_prompt(100, "x" * 30, answer_reserve=20, count=len)
    assert budget.limit == 50
    with pytest.raises(InvalidInput, match="exceed the window of 40 by 10"):
        TokenBudget.for_prompt(40, "x" * 30, answer_reserve=20, count=len)


def test_embedded_count_takes_any_text():
    assert embedded_count("") == 0
    assert embedded_count("hello world") == 2
    assert embedded_count("a\ud800b\x00") >= 1
    long = "word " * 100_000
    assert embedded_count(long) == 100_000


def test_counter_from_a_tokenizer_leaves_it_as_it_was():
    tokenizer = type(embedded_tokenizer()).from_str(embedded_tokenizer().to_str())
    tokenizer.enable_truncation(4)
    assert counter(tokenizer)("one two three four five six") == 6
    assert tokenizer.truncation["max_length"] == 4


def test_counter_from_tiktoken_langchain_and_transformers_alike():
    class Tiktoken:
        def encode_ordinary(self, text):
            return text.split()

    class ChatModel:
        def get_num_tokens(self, text):
            return len(text.split())

        def __call__(self, text):
            raise AssertionError("a model is asked to count, not to talk")

    class HuggingFace:
        def encode(self, text, add_special_tokens=True, truncation=None, verbose=True):
            return text.split() + ["[SEP]"] * add_special_tokens

        def decode(self, ids):
            return ""

    for source in (Tiktoken(), ChatModel(), HuggingFace()):
        assert counter(source)("a b c") == 3


def test_counter_refuses_the_rest():
    with pytest.raises(InvalidInput, match="can't count tokens with a int"):
        counter(3)


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 200), st.floats(0.1, 10)), max_size=8))
def test_allocate_gives_all_it_can_and_never_more_than_asked(limit, pairs):
    demands = [demand for demand, _ in pairs]
    shares = allocate(limit, demands, [weight for _, weight in pairs])
    assert all(0 <= share <= demand for share, demand in zip(shares, demands, strict=True))
    assert sum(shares) == min(limit, sum(demands))


def test_allocate_by_weight():
    assert allocate(10, [100, 100], [0, 1]) == (0, 10)
    assert allocate(0, [5]) == (0,)
    assert allocate(5, []) == ()
    with pytest.raises(InvalidInput):
        allocate(5, [1, 2], [1])


def _pairs():
    """A tokenizer that is not word-wise: letters, merged where "a" and "b" meet."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE

    letters = {letter: at for at, letter in enumerate("abcd .")}
    return Tokenizer(BPE({**letters, "ab": 9}, [("a", "b")]))


def test_costs_of_units_come_from_one_reading_of_their_passage():
    from ragcompress.core.budget import OffsetCounter

    read: list[str] = []
    tokenizer = _pairs()

    def offsets(text):
        read.append(text)
        return tokenizer.encode(text).offsets

    context = Context.of("q", ["ab cd. dab. b", "cc"]).split(
        lambda text: [(0, 7), (7, len(text))] if text[2:] else [(0, 2)]
    )
    found = costs(context, TokenBudget(9, OffsetCounter(offsets)))
    assert found == [5, 5, 2]
    assert found == [len(tokenizer.encode(s.text.strip()).ids) for s in context.segments]
    assert read == ["ab cd. dab. b", "cc"]
    assert counter(tokenizer)("ab cd") == 4


def test_a_token_that_two_units_share_is_counted_for_both():
    context = Context.of("q", ["cabd"]).split(lambda _: [(0, 2), (2, 4)])
    assert costs(context, TokenBudget(9, counter(_pairs()))) == [2, 2]


def test_a_counter_without_offsets_is_asked_once_per_unit():
    asked: list[str] = []

    def count(text):
        asked.append(text)
        return len(text)

    context = Context.of("q", ["one. two. one. "]).split(lambda _: [(0, 5), (5, 10), (10, 15)])
    for _ in range(3):
        assert costs(context, TokenBudget(9, count)) == [4, 4, 4]
    assert asked == ["one.", "two."]

    class Unhashable(list):
        def __call__(self, text):
            return len(text)

    assert costs(context, TokenBudget(9, Unhashable())) == [4, 4, 4]


def test_a_budget_for_a_prompt_takes_a_rendering() -> None:
    budget = TokenBudget.for_prompt(100, "x" * 30, answer_reserve=20, count=len, render=marked)
    assert (budget.limit, budget.render) == (50, marked)
